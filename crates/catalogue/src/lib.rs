//! Who runs a host and what it takes: the service catalogue, parsed strictly and looked up by name.
