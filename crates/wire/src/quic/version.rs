//! Versions of QUIC whose Initial packets can be opened.

use crate::Protocol;

/// Google's version 46: long headers, but the hello in clear.
pub(crate) const Q046: u32 = u32::from_be_bytes(*b"Q046");

/// RFC 9001, 5.2.
const SALT_1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc,
    0xbb, 0x7f, 0x0a,
];
/// RFC 9369, 3.3.1.
const SALT_2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9,
    0xbd, 0x2e, 0xd9,
];
/// draft-ietf-quic-v2-00 and the drafts with version 0x709a50c4, 3.
const SALT_2_DRAFT: [u8; 20] = [
    0xa7, 0x07, 0xc2, 0x03, 0xa5, 0x9b, 0x47, 0x18, 0x4a, 0x1d, 0x62, 0xca, 0x57, 0x04, 0x06, 0xea, 0x7a,
    0xe3, 0xe5, 0xd3,
];
/// draft-ietf-quic-tls-29 to 32, 5.2.
const SALT_DRAFT_29: [u8; 20] = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43,
    0x90, 0xa8, 0x99,
];
/// draft-ietf-quic-tls-23 to 28, 5.2.
const SALT_DRAFT_23: [u8; 20] = [
    0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe,
    0xf9, 0xf5, 0x02,
];
/// draft-ietf-quic-tls-22, 5.2.
const SALT_DRAFT_22: [u8; 20] = [
    0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a, 0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a,
    0x02, 0x64, 0x4a,
];
/// Google's versions Q050, T050 and T051, as Chromium has them.
const SALT_Q050: [u8; 20] = [
    0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94, 0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3,
    0xb5, 0x6b, 0x45,
];
const SALT_T050: [u8; 20] = [
    0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80, 0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60,
    0x48, 0x83, 0x10,
];
const SALT_T051: [u8; 20] = [
    0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50, 0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda,
    0x6e, 0x03, 0x3d,
];

/// Who made the version, and so what its frames and hello are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// The IETF: its frames and a TLS hello.
    Ietf,
    /// Google, with the hello of TLS.
    GoogleTls,
    /// Google, with a hello of its own.
    GoogleCrypto,
}

/// A version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) salt: [u8; 20],
    /// Whether keys are derived with the labels of version 2.
    pub(crate) second_labels: bool,
    /// Whether packet types have the numbers of version 2.
    pub(crate) second_types: bool,
    pub(crate) family: Family,
}

/// A version that only provokes a negotiation has no keys of its own. Clients that do so were
/// seen to take those of the drafts.
pub(crate) const PROVOKING: Version = Version::first(SALT_DRAFT_29, Family::Ietf);

impl Version {
    /// The version with this number, if it can be opened.
    pub(crate) const fn of(number: u32) -> Option<Self> {
        Some(match number {
            // Facebook's 0xfaceb003 is version 1 under another number.
            1 | 0xff00_0021 | 0xff00_0022 | 0xface_b003 => Self::first(SALT_1, Family::Ietf),
            0x6b33_43cf => Self::second(SALT_2, true),
            0x709a_50c4 => Self::second(SALT_2_DRAFT, true),
            0xff02_0000 => Self::second(SALT_2_DRAFT, false),
            0xff00_001d..=0xff00_0020 => Self::first(SALT_DRAFT_29, Family::Ietf),
            0xff00_0017..=0xff00_001c | 0xface_b002 | 0xface_b00e => Self::first(SALT_DRAFT_23, Family::Ietf),
            0xff00_0016 | 0xface_b001 => Self::first(SALT_DRAFT_22, Family::Ietf),
            // "Q050", "T050", "T051".
            0x5130_3530 => Self::first(SALT_Q050, Family::GoogleCrypto),
            0x5430_3530 => Self::first(SALT_T050, Family::GoogleTls),
            0x5430_3531 => Self::first(SALT_T051, Family::GoogleTls),
            _ => return None,
        })
    }

    const fn first(salt: [u8; 20], family: Family) -> Self {
        Self { salt, second_labels: false, second_types: false, family }
    }

    const fn second(salt: [u8; 20], second_types: bool) -> Self {
        Self { salt, second_labels: true, second_types, family: Family::Ietf }
    }

    /// Whether a long header with this first byte is of an Initial packet (RFC 9000, 17.2.2;
    /// RFC 9369, 3.2). The fixed bit is not looked at: it may be greased (RFC 9287).
    pub(crate) const fn is_initial(&self, first: u8) -> bool {
        first & 0x30 == if self.second_types { 0x10 } else { 0 }
    }

    /// Whether it is of a Retry packet, which has no length.
    pub(crate) const fn is_retry(&self, first: u8) -> bool {
        first & 0x30 == if self.second_types { 0 } else { 0x30 }
    }

    pub(crate) const fn protocol(&self) -> Protocol {
        match self.family {
            Family::Ietf => Protocol::Quic,
            Family::GoogleTls | Family::GoogleCrypto => Protocol::GoogleQuic,
        }
    }
}

/// Whether a number is one of those that only provoke a negotiation (RFC 9000, 15).
pub(crate) const fn is_grease(number: u32) -> bool {
    number & 0x0f0f_0f0f == 0x0a0a_0a0a
}
