//! A small internet for tests and demonstrations. For now: captures made packet by packet.
