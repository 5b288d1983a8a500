//! From text to what a check engine obeys.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use check::Config;
use check::config::{
    Check, CheckKind, HttpVersion, Leaving, Member, PatternOption, QueryType, RealServer, ReplyByte, Source,
    TableCare, Target, UrlCheck, VirtualServer,
};
use config::{Assumed, InMemory, Loaded, Request, load};
use host::ipvs::{Forwarding, Granularity, Service, Timeouts, Transport, Tunnel, TunnelChecksum};
use host::{Family, LinkName};

const GLOBAL: &str = "global_defs {\nenable_script_security\nscript_user root\n}\n";

fn read(text: &str) -> Loaded {
    load(&Request::new("k"), &InMemory::one("k", format!("{GLOBAL}{text}")), &Assumed::default())
}

/// What is found besides that load balancing is not yet obeyed.
fn codes(loaded: &Loaded) -> Vec<String> {
    loaded.diagnostics.iter().map(|found| found.code.to_string()).filter(|code| code != "SF0901").collect()
}

fn services(text: &str) -> Config {
    let loaded = read(text);
    assert_eq!(codes(&loaded), [""; 0], "{}", loaded.render(false));
    loaded.effective.expect("nothing is wrong with it").check
}

/// A virtual server of `lines`, whose last lines are those of a real server.
fn virtual_server(lines: &str, real: &str) -> VirtualServer {
    let text = format!(
        "virtual_server 192.0.2.1 80 {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n{lines}\n\
         real_server 192.0.2.2 8080 {{\n{real}\n}}\n}}\n"
    );
    services(&text).virtual_servers.remove(0)
}

fn real_server(lines: &str) -> RealServer {
    virtual_server("", lines).real_servers.remove(0)
}

fn check(lines: &str) -> Check {
    let mut checks = real_server(lines).checks;
    assert_eq!(checks.len(), 1);
    checks.remove(0)
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn what_is_not_said_of_a_virtual_server_has_a_default() {
    let server = virtual_server("", "");
    assert_eq!(server.target, Target::Address { address: [192, 0, 2, 1].into(), port: 80 });
    assert_eq!(server.transport, Some(Transport::Tcp));
    assert_eq!((server.family, server.service.scheduler.as_str()), (Family::V4, "rr"));
    assert_eq!((server.quorum.needed, server.quorum.hysteresis), (1, 0));
    assert_eq!((server.service.persistence, server.sorry_server, server.mails), (None, None, false));
    assert!(server.service.flags == 0 && !server.fails_at_stop && !server.suspends_without_address);
    let [real] = server.real_servers.as_slice() else { panic!() };
    assert_eq!((real.address, real.port, real.weight), ([192, 0, 2, 2].into(), 8080, 1));
    assert_eq!(real.forwarding, Forwarding::Masquerade);
    assert!(real.mails && !real.starts_failed && !real.inhibit_on_failure);
    assert!(real.checks.is_empty() && real.notify.is_none());
}

/// "no scheduler set, setting default 'wlc'", "no protocol set - defaulting to UDP", "no forwarding method set".
#[test]
fn what_a_virtual_server_must_say_is_assumed_with_a_complaint() {
    let loaded = read("virtual_server 192.0.2.1 80 {\nreal_server 192.0.2.2 {\n}\n}\n");
    assert_eq!(codes(&loaded), ["SF0702", "SF0702", "SF0702"]);
    let server = &loaded.effective.unwrap().check.virtual_servers[0];
    assert_eq!(server.transport, Some(Transport::Udp));
    assert_eq!(server.service.scheduler, "wlc");
    assert_eq!(
        (server.real_servers[0].forwarding, server.real_servers[0].port),
        (Forwarding::Masquerade, 80)
    );
}

/// What keeps the service alive: a server whose checks nobody makes would be taken out for ever, or never come in.
#[test]
fn a_check_that_is_not_yet_made_says_what_that_means() {
    let of = |checks: &str| {
        let text = format!(
            "bfd_instance B {{\nneighbor_ip 192.0.2.2\n}}\nvirtual_server 192.0.2.1 80 {{\nlvs_sched rr\nlvs_method NAT\n\
             protocol TCP\nreal_server 192.0.2.2 {{\n{checks}}}\n}}\n"
        );
        let loaded = read(&text);
        assert_eq!(loaded.test_status(), 0);
        let found = loaded.diagnostics.iter().map(|found| (found.code.to_string(), found.message.clone()));
        found.collect::<Vec<_>>()
    };
    let found = of("TCP_CHECK {\n}\n");
    let [(code, message)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(code, "SF0901");
    assert_eq!(message, "`TCP_CHECK` is not yet supported: 192.0.2.2 is not checked and counts as up");
    let found = of("TCP_CHECK {\n}\nBFD_CHECK {\nname B\n}\n");
    let [(code, message)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(code, "SF0901");
    assert_eq!(message, "`TCP_CHECK` is not yet supported; the other checks of 192.0.2.2 decide");
    assert!(of("BFD_CHECK {\nname B\n}\n").is_empty() && of("").is_empty());
}

#[test]
fn the_table_as_a_whole_is_cared_for_as_global_defs_say() {
    let check = |lines: &str| read(&format!("global_defs {{\n{lines}\n}}\n")).effective.unwrap().check;
    assert_eq!(check("").table, TableCare::default());
    let all = check("lvs_flush\nlvs_flush_on_stop VS\nlvs_timeouts tcp 900 udp 0\nrs_init_notifies");
    let timeouts = Timeouts { tcp: Some(900), tcp_fin: None, udp: None };
    assert_eq!(all.table, TableCare { flush: true, stop: Leaving::Services, timeouts });
    assert!(all.initial_notifies);
    assert_eq!(check("lvs_flush_on_stop").table.stop, Leaving::Everything);
}

#[test]
fn persistence_is_switched_on_by_any_of_its_keywords() {
    let persistence = |lines: &str| virtual_server(lines, "").service.persistence.unwrap();
    assert_eq!(persistence("persistence_timeout").timeout, 360);
    assert_eq!(persistence("persistence_timeout 50").timeout, 50);
    let alone = persistence("persistence_granularity 255.255.0.0");
    assert_eq!(alone.timeout, 360);
    assert_eq!(alone.granularity, Granularity::Mask([255, 255, 0, 0].into()));
    // Differs: keepalived takes 0.0.0.24.
    let bits = persistence("persistence_granularity 24").granularity;
    assert_eq!(bits, Granularity::Mask([255, 255, 255, 0].into()));
    let engine = "protocol UDP\npersistence_timeout 9\npersistence_engine sip";
    assert_eq!(persistence(engine).engine.as_deref(), Some("sip"));
}

#[test]
fn flags_belong_to_their_scheduler() {
    assert_eq!(virtual_server("flag-1\nflag-3", "").service.flags, Service::FLAG_1 | Service::FLAG_3);
    // Linux: IP_VS_SVC_F_SCHED_SH_FALLBACK is flag 1, IP_VS_SVC_F_SCHED_SH_PORT flag 2.
    assert_eq!(virtual_server("lvs_sched sh\nsh-port", "").service.flags, Service::FLAG_2);
    assert_eq!(virtual_server("lvs_sched mh\nmh-fallback", "").service.flags, Service::FLAG_1);
}

#[test]
fn tunnels_have_kinds_ports_and_checksums() {
    let method = |words: &str| real_server(&format!("lvs_method {words}")).forwarding;
    assert_eq!(method("NAT"), Forwarding::Masquerade);
    let tunnel = |words: &str| {
        let text = format!(
            "virtual_server 192.0.2.1 80 {{\nlvs_sched rr\nprotocol TCP\nreal_server 192.0.2.2 {{\nlvs_method {words}\n}}\n}}"
        );
        services(&text).virtual_servers[0].real_servers[0].forwarding
    };
    assert_eq!(tunnel("DR"), Forwarding::Direct);
    assert_eq!(tunnel("TUN"), Forwarding::Tunnel(Tunnel::Ipip));
    assert_eq!(
        tunnel("TUN type gre csum"),
        Forwarding::Tunnel(Tunnel::Gre { checksum: TunnelChecksum::Full })
    );
    let gue = Tunnel::Gue { port: 6080, checksum: TunnelChecksum::Remote };
    assert_eq!(tunnel("TUN type gue port 6080 remcsum"), Forwarding::Tunnel(gue));
}

/// "`WARNING - virtual server … and real server … ports don't match - resetting`"
#[test]
fn without_nat_a_real_server_has_the_port_of_its_virtual_server() {
    let text = "virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method DR\nprotocol TCP\n\
                real_server 192.0.2.2 8080 {\nTCP_CHECK {\n}\n}\nreal_server 192.0.2.3 {\n}\n}\n";
    let loaded = read(text);
    assert_eq!(codes(&loaded), ["SF0704"]);
    let servers = &loaded.effective.unwrap().check.virtual_servers[0].real_servers;
    assert_eq!((servers[0].port, servers[1].port), (80, 80));
    let CheckKind::Tcp(connection) = &servers[0].checks[0].kind else { panic!() };
    assert_eq!(connection.port, 8080);
}

#[test]
fn what_is_said_of_forwarding_counts_for_what_stands_behind_it() {
    let text = "virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n\
                real_server 192.0.2.2 {\n}\nlvs_method DR\nreal_server 192.0.2.3 {\n}\nweight 7\n}\n";
    let servers = &services(text).virtual_servers[0].real_servers;
    assert_eq!((servers[0].forwarding, servers[1].forwarding), (Forwarding::Masquerade, Forwarding::Direct));
    // Weights and times count wherever they stand.
    assert_eq!((servers[0].weight, servers[1].weight), (7, 7));
}

#[test]
fn the_quorum_is_brought_within_what_the_real_servers_weigh() {
    let quorum = |lines: &str| {
        let text = format!(
            "virtual_server 192.0.2.1 80 {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n{lines}\n\
             real_server 192.0.2.2 {{\nweight 2\n}}\nreal_server 192.0.2.3 {{\n}}\n}}\n"
        );
        let loaded = read(&text);
        let found = codes(&loaded);
        let quorum = loaded.effective.unwrap().check.virtual_servers.remove(0).quorum;
        (quorum.needed, quorum.hysteresis, found)
    };
    assert_eq!(quorum("quorum 2\nhysteresis 1"), (2, 1, vec![]));
    assert_eq!(quorum("quorum 9"), (3, 0, vec!["SF0703".into()]));
    assert_eq!(quorum("quorum 2\nhysteresis 2"), (2, 1, vec!["SF0703".into()]));
    // Keepalived would never gain it: worth a warning that a test does not count.
    let loaded = read(
        "virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nquorum 2\nhysteresis 1\n\
         real_server 192.0.2.2 {\nweight 2\n}\n}\n",
    );
    assert_eq!((codes(&loaded), loaded.test_status()), (vec!["SF0703".to_owned()], 0));
}

#[test]
fn a_sorry_server_knows_how_it_is_reached() {
    let sorry = |lines: &str| virtual_server(lines, "").sorry_server.unwrap();
    let plain = sorry("sorry_server 192.0.2.9 81");
    assert_eq!((plain.port, plain.forwarding, plain.inhibit), (81, Forwarding::Masquerade, false));
    assert_eq!(sorry("sorry_server 192.0.2.9").port, 80);
    let own = sorry("sorry_server 192.0.2.9\nsorry_server_inhibit\nsorry_server_lvs_method TUN");
    assert_eq!((own.forwarding, own.inhibit), (Forwarding::Tunnel(Tunnel::Ipip), true));
}

#[test]
fn a_group_has_addresses_ranges_prefixes_and_marks() {
    let text = "virtual_server_group g {\n192.0.2.1 80\n192.0.2.5-9 81\n198.51.100.0/30 82\n2001:db8::1-ff 83\n\
                192.0.2.250-192.0.3.1 84\nfwmark 5 inet6\n}\n\
                virtual_server group g {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 192.0.2.2 80 {\n}\n}\n";
    let server = services(text).virtual_servers.remove(0);
    let Target::Group { name, members } = server.target else { panic!() };
    let range = |first: &str, last: &str, port| Member::Addresses {
        first: first.parse().unwrap(),
        last: last.parse().unwrap(),
        port,
    };
    assert_eq!(name, "g");
    assert_eq!(
        members,
        [
            range("192.0.2.1", "192.0.2.1", 80),
            range("192.0.2.5", "192.0.2.9", 81),
            range("198.51.100.0", "198.51.100.3", 82),
            range("2001:db8::1", "2001:db8::ff", 83),
            range("192.0.2.250", "192.0.3.1", 84),
            Member::Mark { mark: NonZeroU32::new(5).unwrap(), family: Some(Family::V6) },
        ]
    );
}

#[test]
fn the_family_of_a_mark_is_that_of_its_real_servers() {
    let family = |real: &str, method: &str| {
        let text = format!(
            "virtual_server fwmark 7 {{\nlvs_sched rr\nlvs_method {method}\nreal_server {real} {{\n}}\n}}\n"
        );
        let server = services(&text).virtual_servers.remove(0);
        (server.target, server.family, server.transport)
    };
    let mark = Target::Mark(NonZeroU32::new(7).unwrap());
    assert_eq!(family("2001:db8::2", "NAT"), (mark.clone(), Family::V6, None));
    assert_eq!(family("2001:db8::2", "TUN"), (mark.clone(), Family::V6, None));
    assert_eq!(family("192.0.2.2", "NAT"), (mark.clone(), Family::V4, None));
}

/// Differs: keepalived puts the real servers of both into one entry of the kernel's table.
#[test]
fn a_second_virtual_server_for_the_same_packets_is_left_out() {
    let one = "virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 192.0.2.2 {\n}\n}\n";
    let loaded = read(&(one.to_owned() + one + &one.replace("TCP", "UDP")));
    assert_eq!((codes(&loaded), loaded.test_status()), (vec!["SF0708".to_owned()], 0));
    let found = loaded.diagnostics.iter().find(|found| found.code.to_string() == "SF0708").unwrap();
    assert_eq!(loaded.sources.place(found.span.unwrap()).line, 12);
    assert_eq!(loaded.effective.unwrap().check.virtual_servers.len(), 2);
}

#[test]
fn times_are_inherited_from_the_nearest_block_that_says_them() {
    let plain = check("TCP_CHECK {\n}");
    assert_eq!((plain.pace.interval, plain.pace.warmup), (seconds(60), seconds(60)));
    assert_eq!((plain.pace.retries, plain.pace.retry_delay), (1, seconds(1)));
    let CheckKind::Tcp(connection) = &plain.kind else { panic!() };
    assert_eq!((connection.port, connection.timeout, &connection.source), (8080, seconds(5), &None));
    let lines = "delay_loop 10\nwarmup 0\nretry 4\ndelay_before_retry 2.5\nconnect_timeout 3\nalpha";
    let server = virtual_server(
        lines,
        "retry 5\nTCP_CHECK {\ndelay_before_retry 0.1\nalpha no\n}\nMISC_CHECK {\nmisc_path /x\n}",
    );
    let [tcp, misc] = server.real_servers[0].checks.as_slice() else { panic!() };
    assert_eq!((tcp.pace.interval, tcp.pace.warmup, tcp.pace.retries), (seconds(10), seconds(0), 5));
    assert_eq!((tcp.pace.retry_delay, tcp.starts_failed), (Duration::from_millis(100), false));
    assert!(server.real_servers[0].starts_failed && misc.starts_failed);
    assert_eq!((misc.pace.retries, misc.pace.retry_delay), (5, Duration::from_millis(2500)));
    let CheckKind::Misc(own) = &misc.kind else { panic!() };
    assert_eq!((own.timeout, own.dynamic), (seconds(10), false));
}

#[test]
fn each_kind_of_check_has_habits_of_its_own() {
    let pace = |lines: &str| {
        let pace = check(lines).pace;
        (pace.retries, pace.retry_delay)
    };
    assert_eq!(pace("HTTP_GET {\nurl {\npath /\n}\n}"), (1, seconds(3)));
    assert_eq!(pace("DNS_CHECK {\n}"), (3, seconds(60)));
    assert_eq!(pace("DNS_CHECK {\ndelay_loop 7\n}"), (3, seconds(7)));
    assert_eq!(pace("MISC_CHECK {\nmisc_path /x\n}"), (0, seconds(1)));
    assert_eq!(pace("SMTP_CHECK {\n}"), (1, seconds(1)));
}

#[test]
fn a_check_may_go_elsewhere_and_come_from_somewhere() {
    let lines = "TCP_CHECK {\nconnect_ip 2001:db8::9\nconnect_port 99\nbindto 2001:db8::1\nbind_port 7\n\
                 bind_if eth0\nfwmark 3\nconnect_timeout 0.5\nlog_all_failures\n}";
    let check = check(lines);
    let CheckKind::Tcp(connection) = check.kind else { panic!() };
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    assert_eq!((connection.address, connection.port), (address("2001:db8::9"), 99));
    assert_eq!(connection.timeout, Duration::from_millis(500));
    let source = Source {
        address: Some(address("2001:db8::1")),
        port: Some(7),
        link: Some(LinkName::new("eth0").unwrap()),
        mark: 3,
    };
    assert_eq!(connection.source.as_deref(), Some(&source));
    assert!(check.logs_all_failures);
}

fn url(lines: &str) -> UrlCheck {
    let CheckKind::Http(_, mut own) = check(&format!("SSL_GET {{\nurl {{\n{lines}\n}}\n}}")).kind else {
        panic!()
    };
    assert!(own.tls);
    own.urls.remove(0)
}

#[test]
fn a_page_is_good_by_status_digest_and_pattern() {
    let plain = url("path /a");
    assert_eq!((&*plain.path, &plain.status), ("/a", &vec![(200, 299)]));
    assert_eq!((&plain.host, plain.digest, &plain.pattern, plain.closes_tls), (&None, None, &None, false));
    let full = url(
        "path /a\nstatus_code 200 301-302\nstatus_code 404\ndigest 000102030405060708090a0b0c0d0eFF\n\
         regex 'he\"l'lo\\x41\"\\\"\"\nregex_options multiline caseless\nregex_min_offset 5\nregex_max_offset 9\n\
         regex_no_match\nregex_stack 10 20\ntls_compliant",
    );
    assert_eq!(full.status, [(200, 200), (301, 302), (404, 404)]);
    assert_eq!(full.digest, Some([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]));
    let pattern = full.pattern.unwrap();
    assert_eq!(&*pattern.text, "he\"lloA\"");
    assert_eq!(pattern.options, [PatternOption::Caseless, PatternOption::Multiline]);
    assert_eq!((pattern.least_offset, pattern.most_offset, pattern.stack), (5, Some(9), Some((10, 20))));
    assert!(pattern.inverted && full.closes_tls);
}

/// Host: url virtualhost, else checker, RS, VS virtualhost.
#[test]
fn the_host_header_is_the_nearest_virtualhost() {
    let hosts = |vs: &str, rs: &str, own: &str, page: &str| {
        let lines = format!("{rs}\nHTTP_GET {{\n{own}\nurl {{\npath /\n{page}\n}}\n}}");
        let mut checks = virtual_server(vs, &lines).real_servers.remove(0).checks;
        let CheckKind::Http(_, mut own) = checks.remove(0).kind else { panic!() };
        own.urls.remove(0).host
    };
    let host = |name: &str| Some(name.into());
    assert_eq!(hosts("", "", "", ""), None);
    assert_eq!(hosts("virtualhost a", "", "", ""), host("a"));
    assert_eq!(hosts("virtualhost a", "virtualhost b", "", ""), host("b"));
    assert_eq!(hosts("virtualhost a", "virtualhost b", "virtualhost c", ""), host("c"));
    assert_eq!(hosts("virtualhost a", "virtualhost b", "virtualhost c", "virtualhost d"), host("d"));
}

#[test]
fn http_checks_know_their_version_and_their_name() {
    let http = |lines: &str| {
        let CheckKind::Http(_, own) = check(&format!("HTTP_GET {{\n{lines}\nurl {{\npath /\n}}\n}}")).kind
        else {
            panic!()
        };
        own
    };
    assert_eq!(http("").version, HttpVersion::V1_0);
    assert_eq!(http("http_protocol 1.0c").version, HttpVersion::V1_0Close);
    assert_eq!(http("http_protocol 1.1").version, HttpVersion::V1_1);
    assert!(!http("").sends_name && http("enable_sni").sends_name && http("fast_recovery").fast_recovery);
    let named = http("sni_name x");
    assert!(named.sends_name && named.name.as_deref() == Some("x"));
}

#[test]
fn datagrams_are_written_in_hexadecimal() {
    let udp = |lines: &str| {
        let CheckKind::Udp(_, own) = check(&format!("UDP_CHECK {{\n{lines}\n}}")).kind else { panic!() };
        own
    };
    assert_eq!((udp("").payload.clone(), udp("").reply.clone(), udp("").most), (None, None, 255));
    let payload = |words: &str| udp(&format!("payload {words}")).payload.unwrap();
    // "6 f 6b" = 06 0f 6b; 6f6 = 6f 06
    assert_eq!(*payload("\"6 f 6b\""), [6, 15, 0x6b]);
    assert_eq!(*payload("6 f 6b"), [6, 15, 0x6b]);
    assert_eq!(*payload("6f6"), [0x6f, 6]);
    let byte = |value, mask| ReplyByte { value, mask };
    let reply = udp("require_reply 6x6bXX").reply.unwrap();
    assert_eq!(*reply, [byte(0x60, 0xf0), byte(0x6b, 0xff), byte(0, 0)]);
    assert_eq!(udp("require_reply").reply.as_deref(), Some(&[][..]));
}

#[test]
fn other_checks_know_what_they_ask_for() {
    let CheckKind::Dns(_, dns) = check("DNS_CHECK {\ntype aaaa\nname www.example.com.\n}").kind else {
        panic!()
    };
    assert_eq!((dns.query, &*dns.name), (QueryType::AAAA, "www.example.com"));
    // Differs: keepalived takes a first label of one character for an empty one.
    let CheckKind::Dns(_, dns) = check("DNS_CHECK {\nname a.example\n}").kind else { panic!() };
    assert_eq!((dns.query, &*dns.name), (QueryType::SOA, "a.example"));
    let CheckKind::Smtp(_, name) = check("SMTP_CHECK {\nhelo_name me\n}").kind else { panic!() };
    assert_eq!(&*name, "me");
    let lines = "MISC_CHECK {\nmisc_path \"/bin/x 'a b'\"\nmisc_timeout 4\nmisc_dynamic\nuser alice\n}";
    let CheckKind::Misc(misc) = check(lines).kind else { panic!() };
    assert_eq!(
        (misc.command.argv.as_slice(), misc.timeout),
        (&["/bin/x".to_owned(), "a b".into()][..], seconds(4))
    );
    assert!(misc.dynamic && misc.command.account.is_some());
}

/// A block `host` is a checker of its own, as in 2.2.7.
#[test]
fn hosts_of_a_mail_check_are_checks_of_their_own() {
    let loaded = read(
        "virtual_server 192.0.2.1 25 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 192.0.2.2 25 {\n\
         SMTP_CHECK {\nretry 4\nhelo_name me\nhost {\nconnect_ip 192.0.2.8\n}\nhost {\nconnect_port 26\nretry 5\n}\n}\n}\n}\n",
    );
    assert_eq!((codes(&loaded), loaded.test_status()), (vec!["SF0206".to_owned(); 2], 0));
    let checks = loaded.effective.unwrap().check.virtual_servers.remove(0).real_servers.remove(0).checks;
    let seen: Vec<_> = checks
        .iter()
        .map(|check| {
            let CheckKind::Smtp(connection, _) = &check.kind else { panic!() };
            (connection.address.to_string(), connection.port, check.pace.retries)
        })
        .collect();
    assert_eq!(seen, [("192.0.2.8".to_owned(), 25, 4), ("192.0.2.2".to_owned(), 26, 5)]);
}

#[test]
fn checks_follow_files_and_sessions_that_stand_before_them() {
    let text = "track_file f {\nfile /run/f\nweight -2\n}\nbfd_instance b {\nneighbor_ip 192.0.2.9\n}\n\
                virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 192.0.2.2 {\n\
                FILE_CHECK {\ntrack_file f\n}\nFILE_CHECK {\ntrack_file f\nweight 3 reverse\n}\nBFD_CHECK {\nname b\nalpha\n}\n}\n}\n";
    let checks = services(text).virtual_servers.remove(0).real_servers.remove(0).checks;
    let files: Vec<_> = checks[..2]
        .iter()
        .map(|check| {
            let CheckKind::File(file) = &check.kind else { panic!() };
            (file.path.as_str(), file.weight, file.reverse)
        })
        .collect();
    assert_eq!(files, [("/run/f", -2, false), ("/run/f", 3, true)]);
    assert_eq!(checks[2].kind, CheckKind::Bfd("b".into()));
    assert!(checks[2].starts_failed);
}

#[test]
fn mail_and_logging_are_inherited_from_the_daemon_as_a_whole() {
    let text = |global: &str| {
        let text = format!(
            "global_defs {{\n{global}\n}}\nvirtual_server 192.0.2.1 80 {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n\
             real_server 192.0.2.2 {{\nTCP_CHECK {{\n}}\n}}\n}}\n"
        );
        let loaded = read(&text);
        let server = loaded.effective.unwrap().check.virtual_servers.remove(0);
        (server.mails, server.real_servers[0].mails, server.real_servers[0].checks[0].logs_all_failures)
    };
    assert_eq!(text(""), (false, true, false));
    assert_eq!(text("smtp_alert"), (true, true, false));
    assert_eq!(text("smtp_alert\nsmtp_alert_checker off\nchecker_log_all_failures"), (false, false, true));
}

#[test]
fn the_last_of_several_identities_counts() {
    let loaded = read("SSL {\nca /a\npassword x\n}\nSSL {\nca /b\n}\n");
    assert_eq!(codes(&loaded), ["SF0401"]);
    let tls = loaded.effective.unwrap().check.tls;
    assert_eq!((tls.authorities.as_deref(), tls.password), (Some("/b"), None));
}

/// Each complaint stands where the mistake is.
#[test]
fn complaints_have_places() {
    let place = |lines: &str, code: &str| {
        let text = format!(
            "virtual_server 192.0.2.1 80 {{\nlvs_sched rr\nlvs_method DR\nprotocol TCP\n{lines}\n\
             real_server 192.0.2.2 {{\n}}\n}}\n"
        );
        let loaded = load(&Request::new("k"), &InMemory::one("k", text), &Assumed::default());
        let found = loaded.diagnostics.iter().find(|found| found.code.to_string() == code);
        let found = found.unwrap_or_else(|| panic!("{lines}: {}", loaded.render(false)));
        assert!(!found.message.contains('\n'));
        let place = loaded.sources.place(found.span.unwrap());
        (place.line, place.column)
    };
    assert_eq!(place("lvs_sched foo", "SF0305"), (5, 11));
    assert_eq!(place(" quorum 0", "SF0302"), (5, 9));
    assert_eq!(place("quorum 9", "SF0703"), (5, 8));
    assert_eq!(place("ops", "SF0606"), (5, 1));
    assert_eq!(place("sorry_server 2001:db8::9", "SF0605"), (5, 14));
    assert_eq!(place("real_server 192.0.2.2 {\n}", "SF0401"), (7, 13));
    assert_eq!(place("real_server 192.0.2.3 81 {\n}", "SF0704"), (5, 13));
    assert_eq!(place("real_server 192.0.2.3 {\nHTTP_GET {\n}\n}", "SF0706"), (6, 1));
    assert_eq!(
        place("real_server 192.0.2.3 {\nHTTP_GET {\nurl {\nstatus_code 200 x\n}\n}\n}", "SF0302"),
        (8, 17)
    );
    assert_eq!(place("lvs_method TUN type gre remcsum", "SF0606"), (5, 25));
    assert_eq!(place("lvs_method TUN type gue", "SF0606"), (5, 12));
}
