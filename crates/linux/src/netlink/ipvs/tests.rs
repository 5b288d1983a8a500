//! Orders and the bytes that they become; recorded answers (Linux 6.12) and what is read from them. That the kernel
//! and `ipvsadm` read them as they are meant, the tests of [`crate::ipvs`] show.

use std::num::NonZeroU32;

use host::LinkName;
use host::ipvs::{Counts, Traffic};

use super::*;
use crate::testbed::hex;

/// What was answered, one file an answer: a fuzzer begins with them too. Their counters are made up, so that each can be
/// told from others.
const FAMILY: &[u8] = include_bytes!("../../../../../fuzz/corpus/ipvs/family");
const SERVICE: &[u8] = include_bytes!("../../../../../fuzz/corpus/ipvs/service");
const MARKED: &[u8] = include_bytes!("../../../../../fuzz/corpus/ipvs/marked");
const DESTINATION: &[u8] = include_bytes!("../../../../../fuzz/corpus/ipvs/destination");
const TUNNELLED: &[u8] = include_bytes!("../../../../../fuzz/corpus/ipvs/tunnelled");
const TIMEOUTS: &[u8] = include_bytes!("../../../../../fuzz/corpus/ipvs/timeouts");
const DAEMON: &[u8] = include_bytes!("../../../../../fuzz/corpus/ipvs/daemon");

fn calls() -> (ServiceKey, Service) {
    let address = "10.0.0.100".parse().unwrap();
    let key = ServiceKey::Address { transport: Transport::Udp, address, port: 5060 };
    let granularity = Granularity::Mask([255, 255, 0, 0].into());
    let persistence = Some(Persistence { timeout: 300, granularity, engine: Some("sip".into()) });
    (key, Service { scheduler: "sh".into(), flags: Service::ONE_PACKET | Service::FLAG_2, persistence })
}

fn marked() -> (ServiceKey, Service) {
    let key = ServiceKey::Mark { mark: NonZeroU32::new(9).unwrap(), family: Family::V6 };
    (key, Service { scheduler: "wlc".into(), flags: 0, persistence: None })
}

fn limited() -> (DestinationKey, Destination) {
    let key = DestinationKey { address: "10.0.0.11".parse().unwrap(), port: 5060 };
    let forwarding = Forwarding::Masquerade;
    (key, Destination { weight: 3, forwarding, upper_threshold: 100, lower_threshold: 50 })
}

fn tunnelled() -> (DestinationKey, Destination) {
    let key = DestinationKey { address: "10.0.0.12".parse().unwrap(), port: 0 };
    let gue = Tunnel::Gue { port: 6080, checksum: TunnelChecksum::Remote };
    let forwarding = Forwarding::Tunnel(gue);
    (key, Destination { weight: 4, forwarding, upper_threshold: 0, lower_threshold: 0 })
}

fn sync() -> SyncDaemon {
    SyncDaemon {
        role: SyncRole::Master,
        link: LinkName::new("sync0").unwrap(),
        id: 9,
        longest: Some(1472),
        group: Some("224.0.0.81".parse().unwrap()),
        port: Some(8848),
        ttl: Some(1),
    }
}

fn counted(first: u64) -> Traffic {
    let counts = |first| Counts {
        connections: first,
        packets_in: first + 1,
        packets_out: first + 2,
        bytes_in: first + 3,
        bytes_out: first + 4,
    };
    Traffic { total: counts(first), rate: counts(first + 5) }
}

#[cfg(target_endian = "little")]
#[test]
fn every_order_becomes_the_bytes_of_its_recording() {
    let calls_key =
        "3000 0180 0600 0100 0200 0000 0600 0200 1100 0000 1400 0300 0a000064 00000000 00000000 00000000
                     0600 0400 13c4 0000";
    let (key, service) = calls();
    let recording = "0101 0000 5c00 0180 0600 0100 0200 0000 0600 0200 1100 0000
                     1400 0300 0a000064 00000000 00000000 00000000 0600 0400 13c4 0000
                     0700 0600 736800 00 0c00 0700 15000000 3d000000 0800 0800 2c010000 0800 0900 ffff0000
                     0800 0b00 73697000";
    assert_eq!(put_service(Put::New, &key, &service), hex(recording));
    let (to, destination) = limited();
    let recording = format!(
        "0601 0000 {calls_key}
         4800 0280 0600 0b00 0200 0000 1400 0100 0a00000b 00000000 00000000 00000000 0600 0200 13c4 0000
         0800 0300 00000000 0800 0400 03000000 0800 0500 64000000 0800 0600 32000000"
    );
    assert_eq!(put_destination(Put::Change, &key, &to, &destination), hex(&recording));
    let recording = format!(
        "0701 0000 {calls_key}
         2800 0280 0600 0b00 0200 0000 1400 0100 0a00000b 00000000 00000000 00000000 0600 0200 13c4 0000"
    );
    assert_eq!(remove_destination(&key, &to), hex(&recording));
    assert_eq!(remove_service(&key), hex(&format!("0301 0000 {calls_key}")));

    let marked_key = "0600 0100 0a00 0000 0800 0500 09000000";
    let (key, service) = marked();
    let recording = format!(
        "0201 0000 3800 0180 {marked_key} 0800 0600 776c6300 0c00 0700 00000000 3d000000
         0800 0800 00000000 0800 0900 80000000"
    );
    assert_eq!(put_service(Put::Change, &key, &service), hex(&recording));
    let (to, destination) = tunnelled();
    let recording = format!(
        "0501 0000 1400 0180 {marked_key}
         6000 0280 0600 0b00 0200 0000 1400 0100 0a00000c 00000000 00000000 00000000 0600 0200 0000 0000
         0800 0300 02000000 0800 0400 04000000 0800 0500 00000000 0800 0600 00000000
         0500 0d00 01 000000 0600 0e00 17c0 0000 0600 0f00 0200 0000"
    );
    assert_eq!(put_destination(Put::New, &key, &to, &destination), hex(&recording));

    assert_eq!(flush(), hex("1101 0000"));
    let some = Timeouts { tcp: None, tcp_fin: Some(5), udp: Some(17) };
    assert_eq!(set_timeouts(&some), hex("0c01 0000 0800 0500 05000000 0800 0600 11000000"));
    let recording = "0901 0000 4000 0380 0800 0100 01000000 0a00 0200 73796e633000 0000 0800 0300 09000000
                     0600 0400 c005 0000 0800 0500 e0000051 0600 0700 9022 0000 0500 0800 01 000000";
    assert_eq!(start_sync(&sync()), hex(recording));
    assert_eq!(stop_sync(SyncRole::Backup), hex("0a01 0000 0c00 0380 0800 0100 02000000"));
}

#[cfg(target_endian = "little")]
#[test]
fn every_answer_is_read_as_what_it_was_recorded_of() {
    assert_eq!(read::family_id(FAMILY), Some(23));
    let (key, entry) = read::service(SERVICE).unwrap();
    assert_eq!((key, entry.service, entry.traffic), (calls().0, calls().1, counted(101)));
    let (key, entry) = read::service(MARKED).unwrap();
    assert_eq!((key, entry.service), marked());
    let (key, entry) = read::destination(Family::V4, DESTINATION).unwrap();
    assert_eq!((key, entry.destination), limited());
    assert_eq!(entry.traffic, counted(101));
    let (key, entry) = read::destination(Family::V6, TUNNELLED).unwrap();
    assert_eq!((key, entry.destination), tunnelled());
    let kept = Timeouts { tcp: Some(900), tcp_fin: Some(120), udp: Some(300) };
    assert_eq!(read::timeouts(TIMEOUTS), kept);
    assert_eq!(read::sync_daemon(DAEMON), Some(sync()));
}

/// A kernel before 3.18 says nothing of families of destinations, one before 4.1 counts packets to four bytes, one before
/// 4.3 tells little of synchronising daemons, one before 5.3 knows but one kind of tunnel.
#[cfg(target_endian = "little")]
#[test]
fn what_old_kernels_do_not_say_is_made_up_for() {
    let as_if_unknown = |recording: &[u8], kind: u16| {
        let mut recording = recording.to_vec();
        let header = [kind.to_ne_bytes()].concat();
        let at = (6..recording.len()).step_by(4).find(|at| recording[*at..*at + 2] == header[..]).unwrap();
        recording[at] = 0x7f;
        recording
    };
    let without_families = as_if_unknown(DESTINATION, dest::ADDR_FAMILY);
    let (key, entry) = read::destination(Family::V4, &without_families).unwrap();
    assert_eq!((key, entry.destination), limited());
    let (_, entry) = read::destination(Family::V4, &as_if_unknown(DESTINATION, dest::STATS64)).unwrap();
    assert_eq!(entry.traffic, counted(201));
    let (_, entry) = read::destination(Family::V6, &as_if_unknown(TUNNELLED, dest::TUN_TYPE)).unwrap();
    assert_eq!(entry.destination.forwarding, Forwarding::Tunnel(Tunnel::Ipip));
    let read = read::sync_daemon(&as_if_unknown(DAEMON, daemon::MCAST_GROUP)).unwrap();
    assert_eq!(read, SyncDaemon { group: None, ..sync() });
}

/// Every answer, cut at every place and with every byte turned: nothing panics.
#[test]
fn no_bytes_make_the_reader_panic() {
    for recording in [FAMILY, SERVICE, MARKED, DESTINATION, TUNNELLED, TIMEOUTS, DAEMON] {
        for length in 0..recording.len() {
            read::fuzz_ipvs(&recording[..length]);
        }
        for at in 0..recording.len() {
            for value in [0, 1, 2, 3, 4, 5, 7, 8, 0x7f, 0x80, 0xff] {
                let mut turned = recording.to_vec();
                turned[at] = value;
                read::fuzz_ipvs(&turned);
            }
        }
    }
}
