//! Names inside CONNECT and SOCKS.
