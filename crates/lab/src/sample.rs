//! The capture that the project brings along: three minutes of a flight.

use crate::pcapng::{Interface, PcapNg};
use crate::scenario::World;
use crate::tls::{self, Hello};
use crate::{app, drone};

/// A phone with a ground app flies for three minutes: everything on, then a minute of Local Data
/// with map tiles exempt, in which a crash report goes out in the open, then everything on again.
/// The file is a pcapng that lost nothing. The station is 192.168.1.23, the window +60s..+120s.
#[must_use]
pub fn capture() -> Vec<u8> {
    let mut world = World::new("sample");
    world.before();
    standard(&mut world);
    aircraft(&mut world);
    world.link_only();
    for millis in [66_000, 83_000, 104_000] {
        world.visit(millis, ("api.mapbox.com", "13.249.9.10"), 500);
    }
    world.lookup(92_000, "android.bugly.qq.com", "101.32.104.4");
    let report = app::http_request("POST", "android.bugly.qq.com", "/rqd/async", 1_800);
    world.recorder.comment("the crash report");
    world.http(92_100, "101.32.104.4", &report);
    world.visit(124_000, ("mydjiflight.dji.com", "52.29.63.44"), 48_000);
    world.after();
    let (_, packets) = world.finish();
    let interface = Interface { digits: 9, ..Interface::lossless(1, packets.len()) };
    let file = PcapNg {
        comment: Some("A made-up flight of three minutes; no packet of it was ever sent.".into()),
        ..PcapNg::new(vec![interface])
    };
    file.write(&packets)
}

/// What an ordinary phone with a ground app does before the window.
fn standard(world: &mut World) {
    world.lookup(3_000, "time.android.com", "216.239.35.0");
    world.datagrams(3_100, crate::scenario::endpoint("216.239.35.0", 123), &[app::ntp()]);
    world.visit(5_000, ("active.dji.com", "52.29.63.20"), 1_400);
    world.visit(11_000, ("account-api.dji.com", "52.29.63.21"), 2_100);
    world.visit(19_000, ("statistical-report.djiservice.org", "52.29.63.22"), 6_000);
    world.lookup(25_000, "mtalk.google.com", "142.250.185.188");
    let push = Hello { alpn: Vec::new(), ..Hello::new("mtalk.google.com") };
    let server = crate::scenario::endpoint("142.250.185.188", 5228);
    world.tls_1_3_to(25_100, &push, server, 300);
    let old = Hello::old("us.djiservice.org", tls::V1_2);
    world.lookup(35_000, "us.djiservice.org", "52.29.63.23");
    world.tls_1_2(
        35_100,
        &old.names.concat(),
        "52.29.63.23",
        &crate::scenario::chain_for("us.djiservice.org"),
        true,
    );
}

/// What is said between the phone and the aircraft's controller, outside the window.
fn aircraft(world: &mut World) {
    for start in [20_000, 150_000] {
        let frames: Vec<Vec<u8>> = (0..40).map(|n| drone::duml(n, 3, 0x43, &[2; 50])).collect();
        world.datagrams(start, crate::scenario::endpoint("192.168.1.10", 10_000), &frames);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_the_same_each_time_and_lasts_three_minutes() {
        let bytes = capture();
        assert_eq!(bytes, capture());
        assert!(bytes.len() < 600_000, "{}", bytes.len());
        let seen = crate::read::packets(&bytes).unwrap();
        assert_eq!(seen.last().unwrap().nanos - seen[0].nanos, 180_000_000_000);
        let count =
            |text: &[u8]| seen.iter().filter(|p| p.bytes.windows(text.len()).any(|w| w == text)).count();
        assert_eq!(count(b"POST /rqd/async"), 1);
        assert_eq!(count(b"api.mapbox.com"), 5);
    }
}
