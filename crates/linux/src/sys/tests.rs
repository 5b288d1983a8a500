use std::net::UdpSocket;
use std::os::fd::AsFd;

use socket2::SockRef;

use super::*;
use crate::testbed::skipped;

#[test]
fn an_option_that_is_set_is_set() {
    let socket = UdpSocket::bind("[::1]:0").unwrap();
    set_option(socket.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_UNICAST_HOPS, 77).unwrap();
    assert_eq!(SockRef::from(&socket).unicast_hops_v6().unwrap(), 77);
    assert!(set_option(socket.as_fd(), libc::IPPROTO_IPV6, 9999, 1).is_err());
}

#[test]
fn a_link_layer_address_is_one_of_a_packet_socket() {
    let address = link_layer_address(LinkIndex(3), MacAddress::BROADCAST, 0x0806);
    assert_eq!(i32::from(address.family()), libc::AF_PACKET);
    assert_eq!(usize::try_from(address.len()).unwrap(), size_of::<libc::sockaddr_ll>());
}

#[test]
fn packets_leave_and_come_in_batches_with_what_is_told_beside_them() {
    let receiver = UdpSocket::bind("[::1]:0").unwrap();
    let sender = UdpSocket::bind("[::1]:0").unwrap();
    SockRef::from(&receiver).set_recv_hoplimit_v6(true).unwrap();
    let to = SockAddr::from(receiver.local_addr().unwrap());
    let texts: Vec<Vec<u8>> = (0..40).map(|number| vec![number; usize::from(number) + 1]).collect();
    let packets: Vec<_> = texts.iter().map(|bytes| Outgoing { to: &to, control: &[], bytes }).collect();
    assert_eq!(send_many(sender.as_fd(), &packets, 0).unwrap(), BATCH);
    assert_eq!(send_many(sender.as_fd(), &packets[BATCH..], 0).unwrap(), 8);
    assert_eq!(send_many(sender.as_fd(), &[], 0).unwrap(), 0);

    let mut inbox = Inbox::new();
    let mut seen = Vec::new();
    while let Ok(count) = inbox.receive(receiver.as_fd()) {
        for index in 0..count {
            let packet = inbox.packet(index);
            assert_eq!(packet.source, sender.local_addr().unwrap());
            assert!(!packet.control.is_empty());
            seen.push(packet.bytes.to_vec());
        }
    }
    assert_eq!(seen, texts);
}

#[test]
fn the_sender_is_told_in_its_own_family() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.send_to(b"x", receiver.local_addr().unwrap()).unwrap();
    let mut inbox = Inbox::new();
    assert_eq!(inbox.receive(receiver.as_fd()).unwrap(), 1);
    assert_eq!(inbox.packet(0).source, sender.local_addr().unwrap());
}

#[test]
fn a_packet_that_is_too_long_is_cut_and_a_failed_call_says_why() {
    let receiver = UdpSocket::bind("[::1]:0").unwrap();
    let sender = UdpSocket::bind("[::1]:0").unwrap();
    sender.send_to(&vec![1; LARGEST + 100], receiver.local_addr().unwrap()).unwrap();
    let mut inbox = Inbox::new();
    assert_eq!(inbox.receive(receiver.as_fd()).unwrap(), 1);
    assert_eq!(inbox.packet(0).bytes.len(), LARGEST);
    assert_eq!(inbox.receive(receiver.as_fd()).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    let to = SockAddr::from("127.0.0.1:9".parse::<std::net::SocketAddr>().unwrap());
    let wrong = Outgoing { to: &to, control: &[1, 2, 3], bytes: b"x" };
    assert!(send_many(receiver.as_fd(), &[wrong], 0).is_err());
}

#[test]
fn a_policy_that_does_not_exist_is_refused() {
    if skipped("a_policy_that_does_not_exist_is_refused") {
        return;
    }
    assert_eq!(set_policy(Policy::RoundRobin(100)).unwrap_err().raw_os_error(), Some(libc::EINVAL));
    set_policy(Policy::Other).unwrap();
}

#[test]
fn local_time_is_less_than_a_day_from_that_of_greenwich() {
    let noon = local_time(12 * 3600).unwrap();
    assert!((1969..=1970).contains(&noon.year), "{noon:?}");
    assert!(noon.day == 1 || noon.day == 2 || noon.day == 31);
    assert_eq!(local_time(i64::MAX), None);
}

/// Pages of a file that is mapped for reading and executing, in kB: those that are in memory.
fn resident_code() -> u64 {
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut lines = maps.lines().skip_while(|line| !line.contains(" r-xp "));
    let size = lines.find_map(|line| line.strip_prefix("Rss:")).unwrap();
    size.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn code_that_is_let_go_of_is_there_again_when_it_is_called() {
    let before = resident_code();
    drop_code();
    assert!(resident_code() < before);
    assert_eq!(local_time(0).map(|time| time.second), Some(0));
}
