//! Holds an app to a mode.
//!
//! A name is decided before anything is done with it: a question for a denied name never leaves,
//! and one for an allowed name is answered with an address that is made up for it, so that a
//! connection is tied to its name whatever it speaks. The same name must then stand in the
//! flow's own hello or request, where its service has one. What is let out is dialled by name;
//! an address that an app gives is never used. No name, no route.
//!
//! [`core`] decides; it has no sockets and no clock. [`shell`] listens, dials and relays as it
//! says. [`control`] is how another process of the same user asks it and changes its mode.
//! [`jail`] holds one app in a network that leads to it alone, and [`lan`] puts it between a
//! network of stations and an uplink. What is [sealed](seal) no command loosens.

#[cfg(target_os = "linux")]
pub mod control;
pub mod core;
#[cfg(target_os = "linux")]
pub mod jail;
#[cfg(target_os = "linux")]
pub mod lan;
#[cfg(target_os = "linux")]
pub mod seal;
#[cfg(target_os = "linux")]
pub mod shell;

#[cfg(target_os = "linux")]
mod programs;

#[cfg(target_os = "linux")]
pub use programs::ProgramError;
