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

/// Reads the requests in what a client sent behind the end of a body, and adds their hosts and
/// heads to `facts`. Returns how many bytes of the last one's body are still to come; `None` where
/// that is not known, or where no request stood: then the anomalies say that one may be missed.
pub fn requests_in_segment(segment: &[u8], facts: &mut Facts) -> Option<u64> {
    http1::segment(segment, facts)
}
