//! Load for measuring what stands between a client and a server, and the server for it.
//!
//! One conversation: the client sends a real client hello, the server answers with
//! [`ANSWER_BYTES`]. Then the client closes, waits, or asks for bulk with a letter and a number
//! (64 bits, big-endian): `d` has the server send so many bytes, `u` has it take so many and
//! confirm them with one. Threads and blocking calls do the work, so that the cost of neither end
//! depends on a runtime that is being measured.

mod load;
mod sink;

pub use load::{Bulk, Rate, Target, bulk, connections, idle, latency, way};
pub use sink::serve;

/// What the server says to a hello, in bytes: about a server's first flight without certificates.
pub const ANSWER_BYTES: usize = 1200;

/// What is read or written at once in bulk, in bytes.
const AT_ONCE: usize = 256 << 10;

/// Asks the server to send.
const DOWN: u8 = b'd';
/// Asks the server to take.
const UP: u8 = b'u';

/// How large a thread's stack is, in bytes: there may be thousands.
const STACK_BYTES: usize = 128 << 10;
