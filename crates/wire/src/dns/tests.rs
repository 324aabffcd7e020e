//! Messages by hand.

use super::*;

fn host(text: &str) -> HostName {
    HostName::parse(text).unwrap()
}

/// An answer to a question for `a.test`, with these records behind it; `\xc0\x0c` is that name.
fn answer(records: &[&[u8]]) -> Vec<u8> {
    let count = u8::try_from(records.len()).unwrap();
    let mut message = b"\x00\x07\x81\x80\x00\x01\x00".to_vec();
    message.extend([count, 0, 0, 0, 0]);
    message.extend(b"\x01a\x04test\x00\x00\x01\x00\x01");
    message.extend(records.concat());
    message
}

fn record(kind: u8, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).unwrap();
    [b"\xc0\x0c\x00", &[kind][..], b"\x00\x01\x00\x00\x00\x3c\x00", &[length], data].concat()
}

fn address(name: &str, addr: &str) -> Answer {
    Answer::Address { name: host(name), addr: addr.parse().unwrap(), ttl_seconds: 60 }
}

fn alias_of(target: &str) -> Answer {
    Answer::Alias { name: host("a.test"), target: host(target) }
}

#[test]
fn answers_tie_names_to_addresses_and_to_names() {
    let six = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let message = parse(&answer(&[
        &record(5, b"\x01b\xc0\x0e"),
        &record(1, &[192, 0, 2, 1]),
        &record(28, &six),
        &record(33, b"\0\0\0\0\x01\xbb\x01s\xc0\x0e"),
        &record(16, b"\x03txt"),
    ]))
    .unwrap();
    assert!(!message.malformed && message.response);
    assert_eq!((message.id, message.rcode), (7, 0));
    assert_eq!(message.questions, [Question { name: QueryName::Host(host("a.test")), kind: 1 }]);
    assert_eq!(
        message.answers,
        [
            alias_of("b.test"),
            address("a.test", "192.0.2.1"),
            address("a.test", "2001:db8::1"),
            alias_of("s.test")
        ]
    );
}

#[test]
fn https_records_give_target_hints_and_keys() {
    let data = b"\0\x01\x01t\xc0\x0e\0\x04\0\x08\xc0\0\x02\x01\xc0\0\x02\x02\0\x05\0\x02\xfe\x0d";
    let message = parse(&answer(&[&record(65, data)])).unwrap();
    assert!(!message.malformed);
    assert_eq!(
        message.answers,
        [
            alias_of("t.test"),
            address("t.test", "192.0.2.1"),
            address("t.test", "192.0.2.2"),
            Answer::EchKeys { name: host("a.test") },
        ]
    );
    let own = parse(&answer(&[&record(64, b"\0\x01\0\0\x04\0\x04\xc0\0\x02\x09")])).unwrap();
    assert_eq!(own.answers, [address("a.test", "192.0.2.9")], "the root is the owner");
    let lies = parse(&answer(&[&record(65, b"\0\x01\0\0\x04\0\x09\xc0")])).unwrap();
    assert!(lies.malformed);
}

#[test]
fn what_was_read_before_a_fault_is_kept() {
    let mut message = answer(&[&record(1, &[192, 0, 2, 1]), &record(1, &[192, 0, 2])]);
    let kept = parse(&message).unwrap();
    assert!(kept.malformed);
    assert_eq!(kept.answers, [address("a.test", "192.0.2.1")]);
    message[7] = 200;
    assert!(parse(&message).unwrap().malformed, "more records announced than there are");
    let loops = parse(&answer(&[&record(5, b"\xc0\x28")])).unwrap();
    assert!(loops.malformed && loops.answers.is_empty());
}

#[test]
fn only_answers_tie_names() {
    let mut query = answer(&[&record(1, &[192, 0, 2, 1])]);
    query[2] = 0x01;
    let message = parse(&query).unwrap();
    assert_eq!((message.response, message.answers), (false, vec![]));
    let mut update = answer(&[&record(1, &[192, 0, 2, 1])]);
    update[2] = 0xa8;
    assert_eq!(parse(&update).unwrap().answers, []);
}

#[test]
fn what_is_no_message_is_none() {
    assert_eq!(parse(b""), None);
    assert_eq!(parse(&[0; 12]), None, "nothing in it");
    assert_eq!(parse(b"\x00\x07\x79\x00\x00\x01\0\0\0\0\0\0\x01a\x00\x00\x01\x00\x01"), None, "operation 15");
    assert_eq!(
        parse(b"\x00\x07\x01\x00\x00\x09\0\0\0\0\0\0\x01a\x00\x00\x01\x00\x01"),
        None,
        "nine questions"
    );
    assert_eq!(parse(b"\x00\x07\x01\x00\x00\x01\0\0\0\0\0\0\x41a\x00\x00\x01\x00\x01"), None, "no name");
    assert!(parse(b"\x00\x07\x81\x05\0\0\0\0\0\0\0\0").is_some(), "refused, without the question");
}

#[test]
fn what_may_be_told_without_its_port_is_ordinary() {
    let is_ordinary = |bytes: &[u8]| parse(bytes).is_some_and(|message| message.ordinary);
    let query = b"\x00\x07\x01\x00\x00\x01\0\0\0\0\0\0\x01a\x04test\x00\x00\x01\x00\x01".to_vec();
    assert!(is_ordinary(&query));
    let tidy = answer(&[&record(1, &[192, 0, 2, 1])]);
    assert!(is_ordinary(&tidy));
    for (index, value) in [(2, 0x09), (3, 0x40), (5, 2), (7, 1), (query.len() - 1, 9)] {
        let mut odd = query.clone();
        odd[index] = value;
        assert!(!is_ordinary(&odd), "byte {index}");
    }
    let mut longer = query;
    longer.push(0);
    assert!(!is_ordinary(&longer));
}

#[test]
fn lists_are_bounded() {
    let hints: Vec<u8> = [&b"\0\x01\0\0\x04\0\xf8"[..], &[9; 248]].concat();
    let many = parse(&answer(&[&record(65, &hints), &record(65, &hints), &record(65, &hints)])).unwrap();
    assert_eq!(many.answers.len(), ANSWERS_MAX);
    assert!(many.malformed, "the rest was not read");
    let mut questions = b"\x00\x07\x01\x00\x00\x11\0\0\0\0\0\0".to_vec();
    (0..17).for_each(|_| questions.extend(b"\x01a\x00\x00\x01\x00\x01"));
    let many = parse(&questions).unwrap();
    assert_eq!((many.questions.len(), many.malformed), (16, true));
}
