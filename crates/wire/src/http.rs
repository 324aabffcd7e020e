//! HTTP/1 and HTTP/2 heads in clear.

mod head;
mod hpack;
mod http1;
mod http2;
mod huffman;

pub(crate) use head::{Host, shown};
pub(crate) use http1::read as read_http1;
pub(crate) use http2::read as read_http2;

use crate::Facts;

/// Looks whether an in-order segment of a client starts a further request, and adds its host and
/// head to `facts`. A segment that does not start with a request line adds nothing.
pub fn request_in_segment(segment: &[u8], facts: &mut Facts) {
    http1::segment(segment, facts);
}
