//! TLS records, hellos and certificates in clear.
