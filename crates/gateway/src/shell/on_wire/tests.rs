//! Flows, their packets and their figures, in the orders in which they come.

use super::*;
use creance_ledger::Binding;

fn started(transport: Transport, port: u16) -> FlowStarted {
    let at = |text: &str, port| Endpoint { addr: text.parse().unwrap(), port };
    FlowStarted {
        flow: 1,
        generation: 1,
        station: None,
        service: None,
        name: None,
        binding: Binding::Own,
        blinded: false,
        transport,
        from: at("192.0.2.1", port),
        to: at("192.0.2.53", 53),
    }
}

fn segment(number: u32, payload: u64) -> Left {
    Left::Segment { number, opens: false, payload }
}

const SYN: Left = Left::Segment { number: 99, opens: true, payload: 0 };

/// What is known, with a clock.
struct Table {
    wire: OnWire,
    now: Instant,
}

impl Table {
    fn new() -> Self {
        let wire = OnWire::default();
        wire.watch();
        Self { wire, now: Instant::now() }
    }

    fn take(&self, ends: &Ends, left: Left) -> Option<Wrong> {
        self.wire.look().take(ends, left, self.now)
    }

    fn after(&mut self, seconds: u64) -> Vec<Wrong> {
        self.now += Duration::from_secs(seconds);
        self.wire.compare(self.now)
    }

    fn tcp(&self, flow: u64, given: Option<&Arc<Control>>) -> Ends {
        self.wire.begin(flow, &started(Transport::Tcp, 4000), given)
    }
}

#[test]
fn where_packets_were_missed_the_flows_of_then_are_not_compared() {
    let mut table = Table::new();
    let ends = table.tcp(1, None);
    assert_eq!(table.take(&ends, SYN), None);
    table.wire.missed();
    assert_eq!(table.take(&ends, segment(100_000_100, 10)), None);
    table.wire.end(&ends, Some(10), table.now);
    assert_eq!(table.after(10), []);
    // One that begins later is.
    let later = table.wire.begin(2, &started(Transport::Tcp, 4001), None);
    assert_eq!(table.take(&later, SYN), None);
    assert_eq!(table.take(&later, segment(100, 20)), None);
    table.wire.end(&later, Some(10), table.now);
    assert_eq!(table.after(10), [more(2, later, 20, 10)]);
}

fn more(flow: u64, ends: Ends, left: u64, told: u64) -> Wrong {
    Wrong::More { flow, ends, left, told }
}

#[test]
fn a_flow_is_explained_from_its_beginning_until_some_time_after_its_end() {
    let Table { wire, now: start } = Table::new();
    let udp = started(Transport::Udp, 4000);
    let ends = wire.begin(1, &udp, None);
    let other = Ends { to: udp.from, ..ends };
    let explains = |ends| wire.look().take(ends, Left::Datagram(0), start).is_none();
    assert!(explains(&ends) && !explains(&other));
    assert!(wire.look().explains_part(ends.from.addr, ends.to.addr));
    assert!(!wire.look().explains_part(ends.to.addr, ends.from.addr));
    wire.begin(2, &udp, None);
    let beside = wire.begin(3, &started(Transport::Udp, 4001), None);
    wire.end(&beside, Some(0), start);
    wire.end(&ends, Some(0), start);
    wire.forget(start + LASTS * 2);
    assert!(wire.look().explains_part(ends.from.addr, ends.to.addr), "the other pair of ends is open");
    assert!(explains(&ends), "the second one is open");
    wire.end(&ends, Some(0), start);
    wire.forget(start + LASTS / 2);
    assert!(explains(&ends));
    // It is used again, and its first end does not take it away.
    wire.begin(3, &udp, None);
    wire.forget(start + LASTS * 2);
    assert!(explains(&ends));
    wire.end(&ends, Some(0), start + LASTS * 2);
    wire.forget(start + LASTS * 4);
    assert!(!explains(&ends) && wire.lock().ends.is_empty() && wire.lock().over.is_empty());
}

#[test]
fn as_much_as_the_ledger_says_is_right_and_more_is_not() {
    for (told, wrong, fewer) in
        [(Some(500), true, 0), (Some(501), false, 0), (Some(502), false, 1), (None, false, 0)]
    {
        let mut table = Table::new();
        let ends = table.tcp(7, None);
        for left in [SYN, segment(100, 400), segment(100, 400), segment(500, 101), SYN] {
            assert_eq!(table.take(&ends, left), None);
        }
        table.wire.end(&ends, told, table.now);
        assert_eq!(table.after(1), vec![], "not all of it may have been seen");
        let expected = if wrong { vec![more(7, ends, 501, 500)] } else { vec![] };
        assert_eq!(table.after(2), expected, "{told:?}");
        assert_eq!(table.after(60), vec![], "it is told once");
        let flows = u64::from(told.is_some());
        assert_eq!(table.wire.sums(), Sums { flows, bytes: 501, fewer });
    }
}

#[test]
fn after_its_end_the_same_may_leave_again_and_nothing_new() {
    let mut table = Table::new();
    let ends = table.tcp(7, None);
    table.take(&ends, SYN);
    table.take(&ends, segment(100, 400));
    table.wire.end(&ends, Some(400), table.now);
    assert_eq!(table.take(&ends, segment(500, 1)), None, "it is compared when it is due");
    assert_eq!(table.after(3), vec![more(7, ends, 401, 400)]);
    let ends = table.tcp(8, None);
    table.take(&ends, Left::Segment { number: 5, opens: true, payload: 0 });
    table.wire.end(&ends, Some(1), table.now);
    let mut table = Table::new();
    let ends = table.tcp(9, None);
    table.take(&ends, SYN);
    table.wire.end(&ends, Some(400), table.now);
    assert_eq!(table.after(3), vec![]);
    assert_eq!(table.take(&ends, segment(100, 400)), None);
    assert_eq!(table.take(&ends, segment(101, 400)), Some(more(9, ends, 401, 400)));
    assert_eq!(table.take(&ends, segment(102, 400)), None, "it is told once");
}

#[test]
fn an_open_flow_may_have_sent_what_it_was_given_and_counted_a_little_later() {
    let mut table = Table::new();
    let control = Arc::new(Control::default());
    let ends = table.tcp(7, Some(&control));
    table.take(&ends, SYN);
    control.given.add(300);
    table.take(&ends, segment(100, 500));
    assert_eq!(table.after(2), vec![]);
    control.given.add(200);
    assert_eq!(table.after(2), vec![], "it was given meanwhile");
    table.take(&ends, segment(600, 40));
    control.given.add(39);
    assert_eq!(table.after(4), vec![more(7, ends, 540, 539)]);
    // Without a count only its end tells.
    let mut table = Table::new();
    let ends = table.tcp(8, None);
    table.take(&ends, SYN);
    table.take(&ends, segment(100, 500));
    assert_eq!(table.after(60), vec![]);
}

#[test]
fn figures_of_flows_between_the_same_ends_are_added_up() {
    let mut table = Table::new();
    let udp = started(Transport::Udp, 4000);
    let ends = table.wire.begin(1, &udp, None);
    table.take(&ends, Left::Datagram(50));
    table.wire.end(&ends, Some(50), table.now);
    // The next begins before the first is compared, and before its end in any other order.
    table.wire.begin(2, &udp, None);
    assert_eq!(table.after(3), vec![]);
    table.wire.begin(3, &udp, None);
    table.take(&ends, Left::Datagram(7));
    table.wire.end(&ends, Some(3), table.now);
    table.wire.end(&ends, Some(4), table.now);
    assert_eq!(table.after(3), vec![]);
    assert_eq!(table.wire.sums(), Sums { flows: 3, bytes: 57, fewer: 0 });
    assert_eq!(table.take(&ends, Left::Datagram(1)), Some(more(3, ends, 58, 57)));
}

#[test]
fn a_connection_for_each_flow_and_no_more() {
    let mut table = Table::new();
    let open = |number| Left::Segment { number, opens: true, payload: 0 };
    let ends = table.tcp(1, None);
    assert_eq!(table.take(&ends, open(5)), None);
    table.take(&ends, segment(6, 10));
    table.wire.end(&ends, Some(10), table.now);
    table.tcp(2, None);
    assert_eq!(table.take(&ends, open(70)), None);
    assert_eq!(table.take(&ends, open(70)), None, "again");
    table.take(&ends, segment(71, 20));
    table.wire.end(&ends, Some(20), table.now);
    assert_eq!(table.after(3), vec![]);
    assert_eq!(table.wire.sums(), Sums { flows: 2, bytes: 30, fewer: 0 });
    assert_eq!(table.take(&ends, open(900)), Some(Wrong::Again { flow: 2, ends }));
    assert_eq!(table.take(&ends, open(901)), None, "it is told once");
}

#[test]
fn what_is_remembered_has_a_bound_and_open_flows_stay() {
    let mut known = Known::default();
    let now = Instant::now();
    let ends = |port: u16| {
        let flow = started(Transport::Udp, port);
        Ends { transport: flow.transport, from: flow.from, to: flow.to }
    };
    for port in 0..100 {
        known.ends.insert(ends(port), Open { over: Some(now), ..Open::new() });
        known.over.push_back((now, ends(port)));
    }
    known.ends.get_mut(&ends(3)).unwrap().count = 1;
    known.forget_first(10);
    assert_eq!((known.ends.len(), known.over.len()), (91, 90));
    assert!(known.ends.contains_key(&ends(3)) && !known.ends.contains_key(&ends(4)));
}

#[test]
fn nothing_is_kept_for_a_watch_that_is_not_there() {
    let wire = OnWire::default();
    let ends = wire.begin(1, &started(Transport::Tcp, 4000), None);
    wire.end(&ends, Some(1), Instant::now());
    assert!(wire.lock().due.is_empty());
}
