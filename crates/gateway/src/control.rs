//! How a gateway that runs is asked what it does, and told to change its mode: one line of JSON
//! each way over a Unix socket, whose folder says who may.

mod ask;
mod protocol;
mod socket;

pub use ask::{AskError, ask};
pub use protocol::{
    Answer, Difference, FlowLine, FlowLines, LINE_BYTES_MAX, Request, Status, Wanted, Watched,
};
pub(crate) use protocol::{read, write};
pub use socket::{ControlSocket, SocketError, running};
