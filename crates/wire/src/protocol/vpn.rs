//! Tunnels: WireGuard (its protocol page, "Protocol & Cryptography") and OpenVPN (its
//! documentation of the wire protocol).

use crate::Protocol;
use crate::stream::{Heads, Learnt, Want};

const HARD_RESET_CLIENT: u8 = 7 << 3;
const HARD_RESET_CLIENT_V3: u8 = 10 << 3;
const HARD_RESET_SERVER: u8 = 8 << 3;
const OPENVPN_PORT: u16 = 1194;

/// Whether a datagram is WireGuard's first or second handshake message.
pub(crate) fn is_wireguard(payload: &[u8], wire_len: usize) -> bool {
    matches!((payload, wire_len), ([1, 0, 0, 0, ..], 148) | ([2, 0, 0, 0, ..], 92))
}

/// A client's opening of OpenVPN, remembered until the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opening {
    session: [u8; 8],
}

impl Opening {
    /// Reads a client's first packet: its session identifier follows the operation.
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        match packet {
            [HARD_RESET_CLIENT | HARD_RESET_CLIENT_V3, a, b, c, d, e, f, g, h, _, _, _, _, _, ..] => {
                Some(Self { session: [*a, *b, *c, *d, *e, *f, *g, *h] })
            }
            _ => None,
        }
    }

    /// Whether the server's packet answers this opening: it acknowledges the session, unless that
    /// too is encrypted, when only the usual port lets it count.
    pub(crate) fn is_answered_by(self, packet: &[u8], port: u16) -> bool {
        let [HARD_RESET_SERVER, rest @ ..] = packet else {
            return false;
        };
        rest.windows(8).skip(8).any(|window| window == self.session)
            || (port == OPENVPN_PORT && packet.len() >= 54)
    }
}

/// Whether a packet is a client's opening without authentication: nothing acknowledged, packet 0,
/// and that is all.
pub(crate) fn is_plain_opening(packet: &[u8]) -> bool {
    matches!(packet, [HARD_RESET_CLIENT, session @ .., 0, 0, 0, 0, 0]
        if session.len() == 8 && session.iter().any(|byte| *byte != 0))
}

/// Reads OpenVPN over TCP: each packet behind its length.
pub(crate) fn read_openvpn(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    let length = match heads.client {
        [0, length, HARD_RESET_CLIENT | HARD_RESET_CLIENT_V3, ..] => usize::from(*length),
        _ => return None,
    };
    if !(14..=128).contains(&length) {
        return None;
    }
    let undecided = |want: Want| (want != Want::Nothing).then_some(want);
    let Some(packet) = heads.client.get(2..2 + length) else {
        return undecided(heads.ask(2 + length, usize::MAX));
    };
    let opening = Opening::read(packet)?;
    let is = is_plain_opening(packet)
        || match heads.server {
            [high, low, rest @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                match rest.get(..length) {
                    Some(answer) => opening.is_answered_by(answer, heads.server_port),
                    None if length <= 512 => return undecided(heads.ask(usize::MAX, length + 2)),
                    None => false,
                }
            }
            _ => return undecided(heads.ask(usize::MAX, 2)),
        };
    is.then(|| {
        learnt.facts.add_layer(Protocol::OpenVpn);
        Want::Nothing
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: &[u8] = b"\x01\x02\x03\x04\x05\x06\x07\x08";

    #[test]
    fn openings_without_authentication_stand_alone() {
        let plain = [&[0x38][..], SESSION, &[0; 5]].concat();
        assert!(is_plain_opening(&plain));
        assert!(!is_plain_opening(&plain[..13]));
        assert!(!is_plain_opening(&[&[0x38][..], &[0; 13]].concat()));
    }

    #[test]
    fn authenticated_openings_need_their_answer() {
        let opening = [&[0x38][..], SESSION, &[9; 45]].concat();
        let opening = Opening::read(&opening).unwrap();
        let answer = [&[0x40][..], &[7; 8], &[3; 28], &[1, 0, 0, 0, 0], SESSION, &[0; 4]].concat();
        assert!(opening.is_answered_by(&answer, 443));
        let other = [&[0x40][..], &[7; 60]].concat();
        assert!(!opening.is_answered_by(&other, 443));
        assert!(opening.is_answered_by(&other, 1194), "its acknowledgement may be encrypted");
    }

    #[test]
    fn wireguard_has_two_lengths() {
        let first = [&[1, 0, 0, 0][..], &[5; 144]].concat();
        assert!(is_wireguard(&first, 148));
        assert!(!is_wireguard(&first, 149));
        assert!(!is_wireguard(&[1, 0, 0, 1], 148));
        assert!(is_wireguard(&[2, 0, 0, 0], 92));
    }
}
