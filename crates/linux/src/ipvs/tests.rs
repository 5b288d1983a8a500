//! Orders to a real kernel, and what `ipvsadm` says of them; what `ipvsadm` orders, and what is told of it.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::num::NonZeroU32;
use std::process::Command;
use std::time::Duration;

use host::ipvs::{
    Destination, DestinationEntry, DestinationKey, Forwarding, Granularity, Persistence, Service,
    ServiceEntry, ServiceKey, SyncRole, Timeouts, Traffic, Transport, Tunnel, TunnelChecksum,
};
use host::{Arrival, Family, Ipvs as _, LinkName, Ticket};

use super::*;
use crate::Machine;
use crate::testbed::{ip, skipped};

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn service_on(transport: Transport, text: &str, port: u16) -> ServiceKey {
    ServiceKey::Address { transport, address: address(text), port }
}

fn tcp(text: &str, port: u16) -> ServiceKey {
    service_on(Transport::Tcp, text, port)
}

fn mark(mark: u32, family: Family) -> ServiceKey {
    ServiceKey::Mark { mark: NonZeroU32::new(mark).unwrap(), family }
}

fn web() -> ServiceKey {
    tcp("10.0.0.100", 80)
}

fn by(scheduler: &str) -> Service {
    Service { scheduler: scheduler.into(), flags: 0, persistence: None }
}

fn persistent(timeout: u32, granularity: Granularity) -> Option<Persistence> {
    Some(Persistence { timeout, granularity, engine: None })
}

fn server(text: &str, port: u16) -> DestinationKey {
    DestinationKey { address: address(text), port }
}

fn share(weight: u32, forwarding: Forwarding) -> Destination {
    Destination { weight, forwarding, upper_threshold: 0, lower_threshold: 0 }
}

const NAT: Forwarding = Forwarding::Masquerade;
const FINEST: Granularity = Granularity::Mask(Ipv4Addr::BROADCAST);

/// Runs a test on a host with IPVS, on which nothing is served yet.
fn with_ipvs(run: impl FnOnce(&mut Ipvs) + Send) {
    let test = || {
        ip("link set lo up");
        ip("addr add 10.0.0.1/24 dev lo");
        ip("addr add fd00::1/64 dev lo nodad");
        run(&mut Ipvs::default());
    };
    Namespace::create().unwrap().run(test).unwrap();
}

/// Runs `ipvsadm` where the thread is.
fn ipvsadm(arguments: &str) -> String {
    let output = Command::new("ipvsadm").args(arguments.split_whitespace()).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ipvsadm {arguments}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// The lines of `ipvsadm -Sn`, which saves the table as orders to itself.
#[track_caller]
fn saved(expected: &[&str]) {
    let saved = ipvsadm("-Sn");
    let mut lines: Vec<&str> = saved.lines().map(str::trim_end).collect();
    let mut expected = expected.to_vec();
    lines.sort_unstable();
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

#[track_caller]
fn done(ipvs: &mut Ipvs, op: IpvsOp) {
    assert_eq!(ipvs.perform(&op), Ok(()), "{op:?}");
}

/// Puts a service with one destination.
#[track_caller]
fn put(ipvs: &mut Ipvs, key: ServiceKey, service: Service, to: DestinationKey, destination: Destination) {
    done(ipvs, IpvsOp::PutService(key, service));
    done(ipvs, IpvsOp::PutDestination(key, to, destination));
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn services_of_every_kind_are_put_as_ipvsadm_knows_them() {
    with_ipvs(|ipvs| {
        let to = server("10.0.0.11", 80);
        put(ipvs, web(), by("rr"), to, share(1, NAT));
        let dns = service_on(Transport::Udp, "10.0.0.100", 53);
        let one_packet = Service { flags: Service::ONE_PACKET, ..by("rr") };
        put(ipvs, dns, one_packet, server("10.0.0.11", 53), share(3, NAT));
        let signalling = service_on(Transport::Sctp, "10.0.0.100", 132);
        put(ipvs, signalling, by("wlc"), server("10.0.0.11", 132), share(0, Forwarding::Direct));
        put(ipvs, tcp("fd00::100", 80), by("wrr"), server("fd00::12", 80), share(2, NAT));
        put(ipvs, mark(7, Family::V4), by("rr"), server("10.0.0.12", 0), share(1, NAT));
        put(ipvs, mark(7, Family::V6), by("rr"), server("fd00::12", 0), share(1, Forwarding::Direct));
        saved(&[
            "-A -t 10.0.0.100:80 -s rr",
            "-a -t 10.0.0.100:80 -r 10.0.0.11:80 -m -w 1",
            "-A -u 10.0.0.100:53 -s rr -o",
            "-a -u 10.0.0.100:53 -r 10.0.0.11:53 -m -w 3",
            "-A --sctp-service 10.0.0.100:132 -s wlc",
            "-a --sctp-service 10.0.0.100:132 -r 10.0.0.11:132 -g -w 0",
            "-A -t [fd00::100]:80 -s wrr",
            "-a -t [fd00::100]:80 -r [fd00::12]:80 -m -w 2",
            "-A -f 7 -s rr",
            "-a -f 7 -r 10.0.0.12:0 -m -w 1",
            "-A -f 7 -6 -s rr",
            "-a -f 7 -6 -r [fd00::12]:0 -g -w 1",
        ]);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn schedulers_flags_and_persistence_are_put_as_ipvsadm_knows_them() {
    with_ipvs(|ipvs| {
        let both = Service::FLAG_1 | Service::FLAG_2;
        let mut port = 80;
        let mut add = |service: Service| {
            port += 1;
            done(ipvs, IpvsOp::PutService(tcp("10.0.0.100", port), service));
        };
        add(Service { flags: Service::FLAG_2, ..by("sh") });
        add(Service { flags: both, ..by("mh") });
        add(Service { flags: Service::FLAG_1, ..by("rr") });
        add(Service { persistence: persistent(360, FINEST), ..by("rr") });
        let coarse = Granularity::Mask(Ipv4Addr::new(255, 255, 0, 0));
        add(Service { persistence: persistent(50, coarse), ..by("rr") });
        // As keepalived: a number where a mask is expected is taken for one.
        let odd = Granularity::Mask(Ipv4Addr::new(0, 0, 0, 24));
        add(Service { persistence: persistent(50, odd), ..by("rr") });
        let six = Service { persistence: persistent(360, Granularity::Prefix(64)), ..by("rr") };
        done(ipvs, IpvsOp::PutService(tcp("fd00::100", 80), six));
        let any = Service { persistence: persistent(360, FINEST), ..by("rr") };
        put(ipvs, tcp("10.0.0.101", 0), any, server("10.0.0.11", 0), share(1, NAT));
        let engine = Some("sip".into());
        let sip = Persistence { timeout: 300, granularity: FINEST, engine };
        let calls = Service { persistence: Some(sip), flags: Service::ONE_PACKET, ..by("rr") };
        done(ipvs, IpvsOp::PutService(service_on(Transport::Udp, "10.0.0.100", 5060), calls));
        saved(&[
            "-A -t 10.0.0.100:81 -s sh -b sh-port",
            "-A -t 10.0.0.100:82 -s mh -b mh-fallback,mh-port",
            "-A -t 10.0.0.100:83 -s rr -b flag-1",
            "-A -t 10.0.0.100:84 -s rr -p 360",
            "-A -t 10.0.0.100:85 -s rr -p 50 -M 255.255.0.0",
            "-A -t 10.0.0.100:86 -s rr -p 50 -M 0.0.0.24",
            "-A -t [fd00::100]:80 -s rr -p 360 -M 64",
            "-A -t 10.0.0.101:0 -s rr -p 360",
            "-a -t 10.0.0.101:0 -r 10.0.0.11:0 -m -w 1",
            "-A -u 10.0.0.100:5060 -s rr -p 300 --pe sip -o",
        ]);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn ways_to_destinations_are_put_as_ipvsadm_knows_them() {
    with_ipvs(|ipvs| {
        done(ipvs, IpvsOp::PutService(web(), by("rr")));
        let mut last = 10;
        let mut add = |forwarding| {
            last += 1;
            let to = server(&format!("10.0.0.{last}"), 80);
            done(ipvs, IpvsOp::PutDestination(web(), to, share(1, forwarding)));
        };
        add(Forwarding::Direct);
        add(Forwarding::Tunnel(Tunnel::Ipip));
        for checksum in [TunnelChecksum::None, TunnelChecksum::Full, TunnelChecksum::Remote] {
            add(Forwarding::Tunnel(Tunnel::Gue { port: 6080, checksum }));
        }
        for checksum in [TunnelChecksum::None, TunnelChecksum::Full] {
            add(Forwarding::Tunnel(Tunnel::Gre { checksum }));
        }
        let across = share(1, Forwarding::Tunnel(Tunnel::Ipip));
        done(ipvs, IpvsOp::PutDestination(web(), server("fd00::11", 80), across));
        saved(&[
            "-A -t 10.0.0.100:80 -s rr",
            "-a -t 10.0.0.100:80 -r 10.0.0.11:80 -g -w 1",
            "-a -t 10.0.0.100:80 -r 10.0.0.12:80 -i -w 1 --tun-type ipip",
            "-a -t 10.0.0.100:80 -r 10.0.0.13:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum",
            "-a -t 10.0.0.100:80 -r 10.0.0.14:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum",
            "-a -t 10.0.0.100:80 -r 10.0.0.15:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum",
            "-a -t 10.0.0.100:80 -r 10.0.0.16:80 -i -w 1 --tun-type gre --tun-nocsum",
            "-a -t 10.0.0.100:80 -r 10.0.0.17:80 -i -w 1 --tun-type gre --tun-csum",
            "-a -t 10.0.0.100:80 -r [fd00::11]:80 -i -w 1 --tun-type ipip",
        ]);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn thresholds_and_the_greatest_weight_are_put() {
    with_ipvs(|ipvs| {
        let limited = Destination {
            weight: i32::MAX.cast_unsigned(),
            upper_threshold: 100,
            lower_threshold: 20,
            ..share(1, NAT)
        };
        put(ipvs, web(), by("rr"), server("10.0.0.11", 80), limited);
        assert!(ipvsadm("-Sn").contains("-w 2147483647"));
        let listed = ipvsadm("-Ln --thresholds");
        let words: Vec<_> = listed.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(words, ["->", "10.0.0.11:80", "100", "20", "0", "0"]);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn what_is_put_again_is_brought_into_shape() {
    with_ipvs(|ipvs| {
        ipvsadm("-A -t 10.0.0.100:80 -s lc -p 50");
        ipvsadm("-a -t 10.0.0.100:80 -r 10.0.0.11:80 -g -w 9 -x 5 -y 2");
        put(ipvs, web(), by("rr"), server("10.0.0.11", 80), share(2, NAT));
        saved(&["-A -t 10.0.0.100:80 -s rr", "-a -t 10.0.0.100:80 -r 10.0.0.11:80 -m -w 2"]);
        let entry = &ipvs.survey().unwrap().services[&web()];
        assert_eq!(entry.destinations[&server("10.0.0.11", 80)].destination, share(2, NAT));
    });
}

/// What `ipvsadm` put is read as the very orders that would put it: put by them, the table stays as it is.
#[test]
#[ignore = "needs a kernel with IPVS"]
fn what_is_told_of_a_table_puts_it_again() {
    with_ipvs(|ipvs| {
        for order in [
            "-A -t 10.0.0.100:80 -s sh -b sh-port,sh-fallback",
            "-a -t 10.0.0.100:80 -r 10.0.0.11:80 -g -w 3 -x 100 -y 50",
            "-a -t 10.0.0.100:80 -r [fd00::11]:80 -i -w 4 --tun-type ipip",
            "-a -t 10.0.0.100:80 -r 10.0.0.12:80 -i -w 4 --tun-type gue --tun-port 6080 --tun-remcsum",
            "-A -u 10.0.0.100:53 -s rr -o",
            "-A -u [fd00::100]:5060 -s rr -p 300 -M 64 --pe sip",
            "-A -f 9 -6 -s wlc",
            "-a -f 9 -6 -r [fd00::12]:0 -m -w 0",
            "-A -t 10.0.0.101:0 -s rr -p 360 -M 255.255.255.0",
        ] {
            ipvsadm(order);
        }
        let before = ipvsadm("-Sn");
        let table = ipvs.survey().unwrap();
        assert_eq!(table.services.len(), 5);
        done(ipvs, IpvsOp::Flush);
        saved(&[]);
        for (key, entry) in &table.services {
            done(ipvs, IpvsOp::PutService(*key, entry.service.clone()));
            for (to, entry) in &entry.destinations {
                done(ipvs, IpvsOp::PutDestination(*key, *to, entry.destination));
            }
        }
        saved(&before.lines().map(str::trim_end).collect::<Vec<_>>());
        assert_eq!(ipvs.survey().unwrap(), table);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn what_is_not_there_counts_as_taken() {
    with_ipvs(|ipvs| {
        let to = server("10.0.0.11", 80);
        done(ipvs, IpvsOp::RemoveService(web()));
        done(ipvs, IpvsOp::RemoveDestination(web(), to));
        done(ipvs, IpvsOp::Sync(SyncOp::Stop(SyncRole::Master)));
        put(ipvs, web(), by("rr"), to, share(1, NAT));
        for _ in 0..2 {
            done(ipvs, IpvsOp::RemoveDestination(web(), to));
            saved(&["-A -t 10.0.0.100:80 -s rr"]);
        }
        done(ipvs, IpvsOp::RemoveService(web()));
        saved(&[]);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn what_the_kernel_refuses_is_told_in_words() {
    with_ipvs(|ipvs| {
        let to = server("10.0.0.11", 80);
        let mut refused = |op: IpvsOp| ipvs.perform(&op).unwrap_err().to_string();
        let why = refused(IpvsOp::PutDestination(web(), to, share(1, NAT)));
        assert_eq!(why, "there is no such service (error 3)");
        let why = refused(IpvsOp::PutService(web(), by("no-such")));
        assert_eq!(why, "the kernel has no such scheduler, or no such persistence engine (error 2)");
        done(ipvs, IpvsOp::PutService(web(), by("rr")));
        let mut refused = |destination| {
            ipvs.perform(&IpvsOp::PutDestination(web(), to, destination)).unwrap_err().to_string()
        };
        let why = "the weight is too large, or the lower threshold above the upper one (error 34)";
        assert_eq!(refused(share(u32::MAX, NAT)), why);
        let upside_down = Destination { upper_threshold: 1, lower_threshold: 2, ..share(1, NAT) };
        assert_eq!(refused(upside_down), why);
    });
}

/// The kernel gives IPVS another number when its module is loaded anew; here it is ours that is wrong.
#[test]
#[ignore = "needs a kernel with IPVS"]
fn orders_and_surveys_go_on_when_ipvs_was_loaded_anew() {
    with_ipvs(|ipvs| {
        let forget = |ipvs: &mut Ipvs| ipvs.line().unwrap().family = u16::MAX;
        forget(ipvs);
        done(ipvs, IpvsOp::PutService(web(), by("rr")));
        forget(ipvs);
        assert_eq!(ipvs.survey().unwrap().services.len(), 1);
        forget(ipvs);
        done(ipvs, IpvsOp::RemoveService(web()));
        saved(&[]);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn timeouts_are_set_one_by_one_and_told() {
    with_ipvs(|ipvs| {
        let before = ipvs.survey().unwrap().timeouts;
        assert_eq!(before, Timeouts { tcp: Some(900), tcp_fin: Some(120), udp: Some(300) });
        done(ipvs, IpvsOp::SetTimeouts(Timeouts { udp: Some(17), ..Timeouts::default() }));
        assert_eq!(ipvs.survey().unwrap().timeouts, Timeouts { udp: Some(17), ..before });
        assert_eq!(ipvsadm("-L --timeout").trim_end(), "Timeout (tcp tcpfin udp): 900 120 17");
        done(ipvs, IpvsOp::SetTimeouts(before));
        assert_eq!(ipvs.survey().unwrap().timeouts, before);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn a_flush_takes_what_others_put_too() {
    with_ipvs(|ipvs| {
        ipvsadm("-A -t 10.0.0.100:81 -s lc");
        put(ipvs, web(), by("rr"), server("10.0.0.11", 80), share(1, NAT));
        done(ipvs, IpvsOp::Flush);
        saved(&[]);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn synchronising_daemons_start_change_and_stop() {
    with_ipvs(|ipvs| {
        ip("link add sync0 type veth peer name sync1");
        ip("addr add 10.9.0.1/24 dev sync0");
        ip("link set sync0 up");
        ip("link set sync1 up");
        let daemon = |role| SyncDaemon {
            role,
            link: LinkName::new("sync0").unwrap(),
            id: 9,
            longest: None,
            group: None,
            port: None,
            ttl: None,
        };
        let listed = || ipvsadm("-L --daemon");
        for role in [SyncRole::Master, SyncRole::Backup, SyncRole::Master] {
            done(ipvs, IpvsOp::Sync(SyncOp::Start(daemon(role))));
        }
        let both = "(mcast=sync0, syncid=9, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)";
        assert_eq!(listed(), format!("master sync daemon {both}\nbackup sync daemon {both}\n"));
        let full = SyncDaemon {
            longest: Some(1472),
            group: Some(address("224.0.0.81")),
            port: Some(8848),
            ttl: Some(1),
            ..daemon(SyncRole::Master)
        };
        let backup = SyncDaemon { role: SyncRole::Backup, ..full.clone() };
        assert_eq!(ipvs.survey().unwrap().sync_daemons, [full, backup]);
        done(ipvs, IpvsOp::Sync(SyncOp::Stop(SyncRole::Backup)));
        let group = Some(address("224.0.0.90"));
        let (longest, port, ttl) = (Some(1400), Some(8849), Some(3));
        let changed = SyncDaemon { longest, group, port, ttl, ..daemon(SyncRole::Master) };
        done(ipvs, IpvsOp::Sync(SyncOp::Start(changed.clone())));
        assert_eq!(
            listed(),
            "master sync daemon (mcast=sync0, syncid=9, maxlen=1400, group=224.0.0.90, port=8849, ttl=3)\n"
        );
        assert_eq!(ipvs.survey().unwrap().sync_daemons, [changed]);
        let lost = SyncDaemon { link: LinkName::new("no-such").unwrap(), ..daemon(SyncRole::Backup) };
        let refused = ipvs.perform(&IpvsOp::Sync(SyncOp::Start(lost))).unwrap_err();
        assert_eq!(refused.code, libc::ENODEV);
        done(ipvs, IpvsOp::Sync(SyncOp::Stop(SyncRole::Master)));
        assert_eq!(listed(), "");
    });
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn traffic_is_told_and_lives_through_changes() {
    with_ipvs(|ipvs| {
        let dns = service_on(Transport::Udp, "10.0.0.1", 53);
        let to = server("10.0.0.1", 5353);
        put(ipvs, dns, by("rr"), to, share(1, NAT));
        let server = UdpSocket::bind("10.0.0.1:5353").unwrap();
        server.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let client = UdpSocket::bind("10.0.0.1:0").unwrap();
        client.send_to(b"question", "10.0.0.1:53").unwrap();
        server.recv(&mut [0; 64]).unwrap();
        put(ipvs, dns, by("wrr"), to, share(5, NAT));
        // Kernels since 6.2 sum up every two seconds only.
        let entry = (0..50).find_map(|_| {
            let entry = ipvs.survey().unwrap().services.remove(&dns).unwrap();
            if entry.traffic.total.packets_in > 0 && entry.destinations[&to].traffic.total.packets_in > 0 {
                return Some(entry);
            }
            let _ = rustix::event::poll(&mut [], Some(&Duration::from_millis(100).try_into().unwrap()));
            None
        });
        let entry = entry.unwrap();
        let DestinationEntry { destination, active, inactive, persistent, traffic } = entry.destinations[&to];
        assert_eq!(destination, share(5, NAT));
        assert_eq!((active, inactive, persistent), (0, 1, 0));
        assert_eq!((traffic.total.connections, traffic.total.packets_in, traffic.total.bytes_in), (1, 1, 36));
        assert_eq!(entry.traffic.total, traffic.total);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn a_table_of_thousands_is_told_whole() {
    with_ipvs(|ipvs| {
        for port in 1..=3000 {
            done(ipvs, IpvsOp::PutService(tcp("10.0.0.100", port), by("rr")));
        }
        for last in 0..3000_u16 {
            let [high, low] = last.to_be_bytes();
            let to = DestinationKey { address: Ipv4Addr::new(10, 1, high, low).into(), port: 1 };
            done(ipvs, IpvsOp::PutDestination(tcp("10.0.0.100", 1), to, share(1, NAT)));
        }
        let table = ipvs.survey().unwrap();
        assert_eq!(table.services.len(), 3000);
        assert_eq!(table.services[&tcp("10.0.0.100", 1)].destinations.len(), 3000);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn a_machine_answers_with_tickets_in_order_and_serves_another_namespace() {
    let elsewhere = Namespace::create().unwrap();
    elsewhere.run(|| drop(ip("link set lo up"))).unwrap();
    let place = Namespace::at(std::path::Path::new(&format!(
        "/proc/{}/fd/{}",
        std::process::id(),
        std::os::fd::AsRawFd::as_raw_fd(&std::os::fd::AsFd::as_fd(&elsewhere))
    )))
    .unwrap();
    with_ipvs(|_| {
        let mut machine = Machine::open().unwrap();
        machine.place_ipvs(Some(place));
        machine.balance(Ticket(1), IpvsOp::PutService(web(), by("rr")));
        machine.balance(Ticket(2), IpvsOp::RemoveService(tcp("10.0.0.100", 81)));
        machine.survey_ipvs();
        let mut arrivals = Vec::new();
        machine.wait(None, &mut arrivals, &mut Vec::new()).unwrap();
        let service =
            ServiceEntry { service: by("rr"), traffic: Traffic::default(), destinations: [].into() };
        let [first, second, Arrival::IpvsSurveyed(Ok(table)), ..] = &arrivals[..] else {
            panic!("{arrivals:#?}");
        };
        assert_eq!(*first, Arrival::Settled { ticket: Ticket(1), result: Ok(()) });
        assert_eq!(*second, Arrival::Settled { ticket: Ticket(2), result: Ok(()) });
        assert_eq!(table.services, [(web(), service)].into());
        saved(&[]);
    });
    elsewhere.run(|| saved(&["-A -t 10.0.0.100:80 -s rr"])).unwrap();
}

#[test]
fn a_kernel_without_ipvs_says_so() {
    if skipped("a_kernel_without_ipvs_says_so") {
        return;
    }
    if let Err(refusal) = Ipvs::default().survey() {
        assert_eq!(refusal, Refusal { code: NO_IPVS, why: "the kernel has no IPVS".into() });
    }
}
