//! Whether the server holds the key of the certificate that it shows (RFC 5246, 7.4.3;
//! RFC 8422, 5.4).

use super::signature::{self, Scheme};
use crate::SignedKeyExchange;
use crate::bytes::Cursor;

/// The signed part of a `server_key_exchange` message. `None` where there is none: before TLS 1.2
/// the signature is over MD5 and SHA-1, and is not judged.
pub(crate) fn signed_exchange(
    version: u16,
    client_random: &[u8; 32],
    server_random: &[u8; 32],
    body: &[u8],
) -> Option<SignedKeyExchange> {
    // TLS 1.2 and DTLS 1.2.
    if !matches!(version, 0x0303 | 0xfefd) {
        return None;
    }
    let params_len =
        elliptic_len(body).filter(|&len| signed(body, len).is_some()).or_else(|| finite_field_len(body))?;
    let (scheme, signature) = signed(body, params_len)?;
    let params = body.get(..params_len)?;
    let message = [client_random, server_random.as_slice(), params].concat();
    Some(SignedKeyExchange { scheme, message, signature: signature.to_vec() })
}

/// Whether the exchange was signed with the key of the leaf certificate; `None` where the algorithm
/// is not supported.
pub(crate) fn judge(exchange: &SignedKeyExchange, leaf: &[u8]) -> Option<bool> {
    let scheme = Scheme::of_tls(exchange.scheme)?;
    signature::verify_with_certificate(leaf, scheme, &exchange.message, &exchange.signature)
}

/// The length of ECDHE parameters on a named curve.
fn elliptic_len(body: &[u8]) -> Option<usize> {
    let mut cursor = Cursor::new(body);
    let named_curve = cursor.u8()? == 3;
    cursor.u16()?;
    cursor.vec8()?;
    named_curve.then_some(body.len() - cursor.len())
}

/// The length of DHE parameters: prime, generator, public value.
fn finite_field_len(body: &[u8]) -> Option<usize> {
    let mut cursor = Cursor::new(body);
    for _ in 0..3 {
        cursor.vec16().filter(|number| !number.is_empty())?;
    }
    Some(body.len() - cursor.len())
}

/// The scheme and the signature after the parameters, if they fill the message: anonymous and
/// pre-shared-key exchanges do not have this shape.
fn signed(body: &[u8], params_len: usize) -> Option<(u16, &[u8])> {
    let mut cursor = Cursor::new(body.get(params_len..)?);
    let scheme = cursor.u16()?;
    let signature = cursor.vec16()?;
    cursor.is_empty().then_some((scheme, signature))
}
