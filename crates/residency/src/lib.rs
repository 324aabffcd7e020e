//! Where an address stands: a stack of evidence from cloud ranges, registries and name tokens.
