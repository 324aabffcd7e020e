//! pcap and pcapng files, encapsulations, the flow table and bounded reassembly.
