//! Listens, asks the [core](crate::core), and dials and relays what it lets out.
//!
//! The way of a connection: it is accepted by a front-end, which learns the name that was asked
//! for (`listen`, `proxy`, `socks`); its start waits at a door until the decision
//! (`connection`); then the name is resolved and dialled here (`dial`), which makes the flow's
//! entry durable before its first packet; its bytes are moved (`relay`) and counted by the
//! kernel (`ending`). Datagrams go the same way, conversation by conversation (`datagrams`).

mod clock;
mod connection;
mod control;
mod datagrams;
mod desk;
mod dial;
mod ending;
mod gateway;
mod keep;
mod listen;
mod messages;
mod on_wire;
mod packet;
mod pipes;
mod ports;
mod proxy;
mod record;
mod relay;
mod resolver;
mod runtime;
mod socks;
mod tally;

pub use control::{Compose, Refused};
pub use datagrams::DatagramPort;
pub use desk::Change;
pub use gateway::{Config, Gateway, Stations, Uplink};
pub use keep::Keep;
pub use listen::Listeners;
pub(crate) use on_wire::{Ends, Left, Look, OnWire, Wrong};
pub use packet::answer_socket;
pub use record::RecordError;
pub use resolver::{Server, ServerError};
pub use runtime::block_on;
pub(crate) use runtime::{raise_limit, signalled};
pub use tally::{Line, Summary};
