//! What the interface itself counts, to be held beside what the tap saw: a frame that goes past the
//! tap is in one and not in the other.

/// Frames and bytes of an interface, both ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames that came and went.
    pub packets: u64,
    /// Bytes that came and went.
    pub bytes: u64,
}

/// How the tap and the interface compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// The least that the interface counted while the tap was certainly open, in frames.
    pub least: u64,
    /// The most that it counted while the tap may have been open, in frames.
    pub most: u64,
}

impl Counters {
    /// Reads them from the text of `/proc/net/dev`, which is that of this process's own network;
    /// `None` where it does not have the interface.
    #[must_use]
    pub fn of(text: &str, interface: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| {
            let (name, numbers) = line.rsplit_once(':')?;
            (name.trim() == interface).then_some(numbers)
        })?;
        let numbers: Vec<u64> = line.split_whitespace().map_while(|word| word.parse().ok()).collect();
        // Bytes and packets come first of the eight that came, and of the eight that went.
        let [came_bytes, came, _, _, _, _, _, _, went_bytes, went, ..] = numbers[..] else { return None };
        Some(Self { packets: came.saturating_add(went), bytes: came_bytes.saturating_add(went_bytes) })
    }

    /// What was counted since; `None` where the counters began anew.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Option<u64> {
        self.packets.checked_sub(earlier.packets)
    }
}

impl Compared {
    /// Why the two do not agree, where they do not. `seen` is what came to the tap, the lost ones
    /// included; `large` how many of these were larger than the link carries, each of which the
    /// interface may have counted as `pieces` in all.
    #[must_use]
    pub fn warning(self, seen: u64, large: u64, pieces: u64) -> Option<String> {
        let seen_most = seen.saturating_sub(large).saturating_add(pieces.max(large));
        if seen_most < self.least {
            return Some(format!(
                "the interface counted at least {} frames, and only {seen} came to the tap: some went past it",
                self.least
            ));
        }
        (seen > self.most).then(|| {
            format!(
                "{seen} frames came to the tap, and the interface counted at most {}: its counters leave some out",
                self.most
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 100 2 0 0 0 0 0 0 100 2 0 0 0 0 0 0
  eth0:12345678     900    0    0    0     0          0         0  5000      80    0    0    0     0       0          0
";

    #[test]
    fn counters_are_those_of_the_interface_and_both_ways() {
        assert_eq!(Counters::of(TEXT, "eth0"), Some(Counters { packets: 980, bytes: 12_350_678 }));
        assert_eq!(Counters::of(TEXT, "lo").map(|it| it.packets), Some(4));
        assert_eq!(Counters::of(TEXT, "eth"), None);
        assert_eq!(Counters::of("eth0: 1 2 3", "eth0"), None);
    }

    #[test]
    fn what_went_past_the_tap_is_warned_of() {
        let compared = Compared { least: 100, most: 110 };
        assert_eq!(compared.warning(100, 0, 0), None);
        assert_eq!(compared.warning(110, 0, 0), None);
        assert!(compared.warning(99, 0, 0).unwrap().contains("went past"));
        assert!(compared.warning(111, 0, 0).unwrap().contains("leave some out"));
        // Ten of 50 were large, and may have been sixty on the link.
        assert_eq!(compared.warning(50, 10, 60), None);
        assert!(compared.warning(50, 10, 59).is_some());
    }
}
