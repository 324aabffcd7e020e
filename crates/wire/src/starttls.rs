//! Protocols that turn to TLS midway.
