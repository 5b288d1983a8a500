//! From text to what the VRRP engine obeys.

mod bare;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bare::Bare;
use config::{Assumed, InMemory, Loaded, Request, load};
use host::{Family, LinkName, Prefix};
use vrrp::config::{
    AnnouncePace, Authentication, InstanceConfig, Mode, Preemption, Priority, ReceiveBuffer, Version, Weight,
};

fn read(text: &str) -> Loaded {
    load(&Request::new("k.conf"), &InMemory::one("k.conf", text), &Assumed::default())
}

fn codes(loaded: &Loaded) -> Vec<String> {
    loaded.diagnostics.iter().map(|found| found.code.to_string()).collect()
}

/// An instance of `lines`, with what every instance needs.
fn instance(global: &str, lines: &str) -> (InstanceConfig, Vec<String>) {
    let text = format!(
        "global_defs {{\nenable_script_security\nscript_user root\n{global}\n}}\nvrrp_script chk {{\nscript /bin/true\nweight -11\n}}\n\
         vrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 51\n{lines}\n}}\n"
    );
    let loaded = read(&text);
    let found = codes(&loaded).into_iter().filter(|code| code != "SF0405").collect();
    let instance = loaded.effective.as_ref().and_then(|effective| effective.vrrp.instances.first().cloned());
    (instance.unwrap_or_else(|| panic!("{}", loaded.render(false))), found)
}

const VIP: &str = "virtual_ipaddress {\n192.0.2.100/24\n}\n";

#[test]
fn receive_buffers_are_sized_by_a_policy_unless_an_instance_says_how_large() {
    let of = |global: &str, own: &str| instance(global, &format!("{VIP}{own}")).0.receive_buffer;
    assert_eq!(of("", ""), None);
    assert_eq!(of("vrrp_rx_bufs_policy MTU", ""), Some(ReceiveBuffer::Mtu(3)));
    let seven = "vrrp_rx_bufs_policy advert\nvrrp_rx_bufs_multiplier 7";
    assert_eq!(of(seven, ""), Some(ReceiveBuffer::Advert(7)));
    assert_eq!(of("vrrp_rx_bufs_policy 9000", ""), Some(ReceiveBuffer::Bytes(9_000)));
    assert_eq!(of(seven, "kernel_rx_buf_size 20000"), Some(ReceiveBuffer::Bytes(20_000)));
}

/// The file of a typical guide.
#[test]
fn the_pair_of_a_guide_is_understood() {
    let loaded = read(
        "! Configuration File for keepalived
global_defs {
   notification_email {
     acassen@firewall.loc failover@firewall.loc
   }
   notification_email_from Alexandre.Cassen@firewall.loc
   smtp_server 192.168.200.1
   smtp_connect_timeout 20
   router_id LVS_DEVEL
   vrrp_skip_check_adv_addr
   enable_script_security
   script_user root
}
vrrp_script chk_haproxy {
    script \"/usr/bin/killall -0 haproxy\"   # cheaper than pidof
    interval 3
    fall 3
    rise 1
    weight -11
}
vrrp_instance VI_1 {
    state MASTER
    interface ens33
    virtual_router_id 51
    priority 100
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        192.168.200.16/24 brd + dev ens33 label ens33:vip scope global
    }
    track_script { chk_haproxy }
    notify_master \"/etc/keepalived/n.sh master\" root root
}
",
    );
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.render(false));
    assert_eq!((loaded.test_status(), loaded.refusal()), (0, None));
    let effective = loaded.effective.unwrap();
    assert_eq!(effective.daemon.router_id, "LVS_DEVEL");
    assert!(effective.daemon.script_security);
    let mail = &effective.daemon.mail;
    assert_eq!(mail.to, ["acassen@firewall.loc", "failover@firewall.loc"]);
    assert_eq!((mail.server.as_deref(), mail.port, mail.timeout_seconds), (Some("192.168.200.1"), 25, 20));
    let config = &effective.vrrp;
    assert_eq!(config.pace, AnnouncePace::default());
    let script = &config.scripts[0];
    assert_eq!(script.command.argv, ["/usr/bin/killall", "-0", "haproxy"]);
    assert_eq!((script.interval, script.timeout), (Duration::from_secs(3), Duration::from_secs(3)));
    assert_eq!((script.fall, script.rise, script.starts_failed), (3, 1, false));
    let instance = &config.instances[0];
    assert_eq!(
        (instance.name.as_str(), instance.link.as_ref().unwrap().as_str(), instance.vrid.get()),
        ("VI_1", "ens33", 51)
    );
    assert_eq!((instance.version, instance.family), (Version::V2, Family::V4));
    assert_eq!((instance.priority, instance.wants_master), (Priority(100), true));
    assert_eq!(instance.authentication, Authentication::Password(*b"1111\0\0\0\0"));
    assert_eq!(instance.mode, Mode::Multicast { group: Mode::GROUP_V4 });
    assert!(instance.skip_address_check);
    let address = &instance.addresses[0];
    assert_eq!(address.prefix, Prefix::new(IpAddr::from([192, 168, 200, 16]), 24).unwrap());
    assert_eq!(address.broadcast, Some(Ipv4Addr::new(192, 168, 200, 255)));
    assert_eq!((address.label.as_deref(), address.scope), (Some("ens33:vip"), 0));
    assert_eq!(instance.track_scripts[0].weight, Weight::Points { points: -11, reverse: false });
    assert_eq!(instance.notify.master.as_ref().unwrap().argv, ["/etc/keepalived/n.sh", "master"]);
}

/// R9568-5.2.4-01: "The priority value for the VRRP Router that owns the IPvX address associated with the Virtual
/// Router MUST be 255 (decimal)."
/// R3768-5.3.4-01: "The priority value for the VRRP router that owns the IP address(es) associated with the virtual
/// router MUST be 255 (decimal)."
#[test]
fn a_master_without_priority_owns_the_addresses() {
    let (got, found) = instance("", &format!("state MASTER\n{VIP}"));
    assert_eq!((got.priority, got.wants_master, found.len()), (Priority::OWNER, true, 0));
    let (got, _) = instance("", &format!("priority 255\n{VIP}"));
    assert!(got.wants_master);
}

/// R9568-5.2.4-02: "VRRP Routers backing up a Virtual Router MUST use priority values between 1-254 (decimal)."
/// R9568-5.2.4-03: "The default priority value for VRRP Routers backing up a Virtual Router is 100 (decimal)."
/// R9568-5.2.7-02: "The default is 100 centiseconds (1 second)."
/// R9568-6.1-03 (VRID): "Configurable value in the range 1-255 (decimal)."
/// R9568-6.1-08 (Preempt_Mode): "Default is True."
/// R3768-5.3.4-02: "VRRP routers backing up a virtual router MUST use priority values between 1-254 (decimal)."
#[test]
fn priorities_and_identifiers_have_their_ranges_and_defaults() {
    let (got, _) = instance("", VIP);
    assert_eq!((got.priority, got.interval), (Priority(100), Duration::from_secs(1)));
    assert_eq!(got.preemption, Preemption::Allowed);
    for (written, meant) in [("1", 1), ("254", 254), ("255", 255), ("0", 100), ("256", 100)] {
        let (got, found) = instance("", &format!("priority {written}\n{VIP}"));
        assert_eq!((got.priority.0, found.is_empty()), (meant, meant != 100), "{written}: {found:?}");
    }
    for (vrid, sound) in [("0", false), ("1", true), ("255", true), ("256", false)] {
        let text = format!("vrrp_instance a {{\ninterface eth0\nvirtual_router_id {vrid}\n{VIP}}}\n");
        assert_eq!(read(&text).effective.is_some(), sound, "{vrid}");
    }
}

/// As keepalived: packets to the addresses are accepted unless the file says otherwise, or strict mode does.
///
/// R9568-6.1-10 (Accept_Mode): "The default is False."
#[test]
fn accept_mode_is_off_by_default_in_strict_mode_only() {
    for (global, lines, accepted) in [
        ("", "version 3", true),
        ("", "version 3\nno_accept", false),
        ("vrrp_strict", "version 3", false),
        ("vrrp_strict", "version 3\naccept", true),
        ("vrrp_strict", "version 3\npriority 255\nstate MASTER", true),
    ] {
        let (got, _) = instance(global, &format!("{lines}\n{VIP}"));
        assert_eq!(got.accept, accepted, "{global} {lines}");
    }
}

/// R9568-3-03: "There is no restriction against reusing a VRID with a different address mapping on different LANs,
/// nor is there a restriction against using the same VRID number for a set of IPv4 addresses and a set of IPv6
/// addresses."
#[test]
fn an_identifier_may_be_used_again_on_another_link_and_in_the_other_family() {
    let one = |name: &str, link: &str, address: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface {link}\nvirtual_router_id 51\nvirtual_ipaddress {{\n{address}\n}}\n}}\n"
        )
    };
    let text = one("a", "eth0", "192.0.2.1") + &one("b", "eth1", "192.0.2.2") + &one("c", "eth0", "fe80::1");
    let loaded = read(&text);
    assert_eq!(loaded.effective.map(|effective| effective.vrrp.instances.len()), Some(3));
}

/// As keepalived: strict mode complains, and goes on.
///
/// R9568-5.2.9-01: "For IPv6, the first address MUST be the IPv6 link-local address associated with the Virtual
/// Router."
/// R9568-6.1-01 (IPv6_Addresses): "The first address MUST be the Link-Local address associated with the Virtual
/// Router."
/// vrrp-behaviour §6.
#[test]
fn strict_mode_wants_a_link_local_address_first() {
    let lines = |first: &str, second: &str| format!("virtual_ipaddress {{\n{first}\n{second}\n}}");
    let (_, found) = instance("vrrp_strict", &lines("fe80::1/64", "2001:db8::1/64"));
    assert_eq!(found, [""; 0]);
    let (got, found) = instance("vrrp_strict", &lines("2001:db8::1/64", "fe80::1/64"));
    assert_eq!((got.addresses.len(), found), (2, vec!["SF0607".to_owned()]));
}

/// R9568-7.3-01: "IPv4 case: 00-00-5E-00-01-{VRID} (in hex, in network byte order)"
/// R9568-7.3-02: "IPv6 case: 00-00-5E-00-02-{VRID} (in hex, in network byte order)"
/// R3768-7.3-01: "00-00-5E-00-01-{VRID} (in hex in internet standard bit-order)"
#[test]
fn a_vmac_has_the_hardware_address_of_its_virtual_router() {
    for (address, fifth) in [("192.0.2.1", 1), ("fe80::1", 2)] {
        let (got, _) = instance("", &format!("use_vmac\nvirtual_ipaddress {{\n{address}\n}}"));
        let own = got.own_link.clone().expect("it was asked for");
        let host::VirtualLinkKind::Vmac(mac) = own.link.kind else { panic!("{own:?}") };
        assert_eq!(mac.0, [0, 0, 0x5e, 0, fifth, 51]);
    }
}

/// R9568-E8301-01: "Configurable value in the range 1-4095 (centiseconds)."
/// R9568-5.2.7-01: "The Max Advertise Interval is a 12-bit field that indicates the time interval (in centiseconds)
/// between advertisements."
/// vrrp-behaviour §4.
#[test]
fn intervals_are_rounded_as_the_version_allows() {
    for (version, written, seconds, complaints) in [
        (2, "1.4", 1.0, 1),
        (2, "0.2", 1.0, 1),
        (2, "255", 255.0, 0),
        (3, "0.2", 0.2, 0),
        (3, "0.015", 0.02, 1),
        (3, "60", 40.95, 1),
        (3, "300", 1.0, 1),
    ] {
        let (got, found) = instance("", &format!("version {version}\nadvert_int {written}\n{VIP}"));
        assert_eq!(got.interval, Duration::from_secs_f64(seconds), "{version} {written}");
        assert_eq!(found.len(), complaints, "{version} {written}: {found:?}");
    }
}

#[test]
fn announcements_inherit_from_global_defs_and_from_one_another() {
    let (got, _) = instance(
        "vrrp_garp_master_repeat 2\nvrrp_garp_master_delay 7",
        &format!("garp_master_delay 3\n{VIP}"),
    );
    assert_eq!((got.announce.repeat, got.announce.delay), (2, Duration::from_secs(3)));
    assert_eq!(
        (got.announce.lower_priority_repeat, got.announce.lower_priority_delay),
        (2, Duration::from_secs(3))
    );
    let (got, found) = instance("vrrp_garp_master_repeat 0", VIP);
    assert_eq!((got.announce.repeat, found), (1, vec!["SF0304".into()]));
    let (got, _) = instance("vrrp_min_garp", VIP);
    assert_eq!((got.announce.repeat, got.announce.delay), (1, Duration::ZERO));
}

/// The first address decides the family; others are left out.
///
/// R9568-5.2.9-02: "The address family of the addresses, IPv4 or IPv6 but not both, MUST be the same as the VRRP
/// packet's IPvX header address family."
/// R5798-5.2.9-01: "This field contains either one or more IPv4 addresses, or one or more IPv6 addresses, that is,
/// IPv4 and IPv6 MUST NOT both be carried in one IPvX Address field."
#[test]
fn one_family_is_advertised() {
    let (got, found) = instance(
        "",
        "virtual_ipaddress {\nfe80::1/64\n192.0.2.1\n}\nvirtual_ipaddress_excluded {\n192.0.2.1\n}",
    );
    assert_eq!(
        (got.family, got.version, got.addresses.len(), got.excluded.len()),
        (Family::V6, Version::V3, 1, 1)
    );
    assert_eq!(found, ["SF0605"]);
    assert_eq!(got.mode, Mode::Multicast { group: Mode::GROUP_V6 });
}

#[test]
fn unicast_peers_bring_bounds_of_their_own() {
    let (got, found) = instance(
        "",
        &format!(
            "unicast_src_ip 192.0.2.1\nunicast_ttl 64\nunicast_peer {{\n192.0.2.2 min_ttl 64\n192.0.2.3\n192.0.2.2\n::1\n}}\n{VIP}"
        ),
    );
    assert_eq!(found, ["SF0406", "SF0605"]);
    assert_eq!(got.source, Some(IpAddr::from([192, 0, 2, 1])));
    let Mode::Unicast { peers, ttl, check_source } = &got.mode else { panic!("{:?}", got.mode) };
    assert_eq!((peers.len(), peers[0].ttl, ttl, check_source), (2, (64, 255), &Some(64), &true));
}

/// R9568-6.1-08 (Preempt_Mode): "Default is True."
/// vrrp-behaviour §4.1.
#[test]
fn preemption_obeys_what_stands_beside_it() {
    for (lines, wanted, complaints) in [
        ("nopreempt", Preemption::Never, 0),
        ("nopreempt\npreempt", Preemption::Allowed, 0),
        ("preempt_delay 2.5", Preemption::Delayed(Duration::from_millis(2500)), 0),
        ("preempt_delay 2\nnopreempt", Preemption::Never, 1),
        ("state MASTER\npriority 100\npreempt_delay 2", Preemption::Allowed, 1),
        ("state MASTER\npriority 100\nnopreempt", Preemption::Allowed, 1),
        ("preempt_delay 2000", Preemption::Allowed, 1),
    ] {
        let (got, found) = instance("", &format!("{lines}\n{VIP}"));
        assert_eq!((got.preemption, found.len()), (wanted, complaints), "{lines}: {found:?}");
    }
}

/// vrrp-behaviour §6.
#[test]
fn an_authentication_header_is_for_version_2_over_ipv4_and_begins_as_backup() {
    let with = |lines: &str, pass: &str| {
        let pass = if pass.is_empty() { String::new() } else { format!("auth_pass {pass}\n") };
        instance("", &format!("authentication {{\nauth_type AH\n{pass}}}\n{lines}"))
    };
    let header = Authentication::Header(*b"1111\0\0\0\0");
    for (lines, wanted, complaints) in [
        (VIP, &header, [""; 0].as_slice()),
        (&format!("state MASTER\npriority 100\n{VIP}"), &header, &["SF0606"]),
        (&format!("version 3\n{VIP}"), &Authentication::None, &["SF0606"]),
        ("virtual_ipaddress {\nfe80::1\n}\nversion 2", &Authentication::None, &["SF0606"]),
    ] {
        let (got, found) = with(lines, "1111");
        assert_eq!(got.authentication, *wanted, "{lines}");
        assert_eq!(found, complaints, "{lines}");
        assert!(!got.wants_master, "{lines}");
    }
    let (owner, found) = with(&format!("state MASTER\npriority 255\n{VIP}"), "1111");
    assert_eq!(
        (owner.wants_master, found.len()),
        (true, 0),
        "nobody else has numbers that an owner waits for"
    );
    let (got, found) = with(VIP, "");
    assert_eq!(got.authentication, Authentication::None);
    assert_eq!(found, ["SF0606"]);
}

/// What strict mode undoes is said, so that `-t` ends with the status of keepalived's; what it does not mind is not.
///
/// vrrp-behaviour §6.
/// As observed: B6-01.
#[test]
fn strict_mode_says_what_it_undoes() {
    let owner = "state MASTER\npriority 255\n";
    for (lines, expected) in [
        ("", None),
        ("state MASTER", Some("SF0607")),
        ("state BACKUP\npriority 255", Some("SF0607")),
        (owner, None),
        ("nopreempt", None),
        ("nopreempt\nstate MASTER\npriority 255", Some("SF0606")),
        ("preempt_delay 5", Some("SF0606")),
        ("preempt_delay 0", None),
        ("authentication {\nauth_type AH\nauth_pass x\n}", Some("SF0606")),
        ("accept", Some("SF0607")),
        ("accept\nversion 3", None),
        ("accept\nstate MASTER\npriority 255", None),
        ("no_accept", None),
        ("garp_lower_prio_repeat 3", Some("SF0607")),
        ("garp_lower_prio_repeat 0", None),
        ("garp_lower_prio_delay 3", Some("SF0607")),
        ("lower_prio_no_advert off", Some("SF0607")),
        ("lower_prio_no_advert", None),
        ("higher_prio_send_advert", Some("SF0607")),
        ("use_vmac", None),
        ("use_vmac\nvmac_xmit_base", Some("SF0607")),
        ("use_vmac 02:00:00:00:00:01", Some("SF0607")),
        ("down_timer_adverts 4", Some("SF0607")),
        ("unicast_peer {\n192.0.2.2\n}", None),
    ] {
        let priority = if lines.contains("priority") { "" } else { "priority 100\n" };
        for (global, own) in [("vrrp_strict", ""), ("", "strict_mode\n"), ("vrrp_strict", "strict_mode on\n")]
        {
            let (_, found) = instance(global, &format!("{priority}{own}{lines}\n{VIP}"));
            assert_eq!(found, Vec::from_iter(expected), "{lines}");
        }
        if !lines.contains("nopreempt\nstate") {
            let (_, found) = instance("vrrp_strict", &format!("{priority}strict_mode off\n{lines}\n{VIP}"));
            assert!(!found.iter().any(|code| code == "SF0607"), "{lines}, without strict mode: {found:?}");
        }
    }
    let (got, found) = instance("vrrp_strict\nvrrp_down_timer_adverts 4\nvrrp_higher_prio_send_advert", VIP);
    assert_eq!((got.down_timer_adverts, got.higher_priority_send_advert), (3, false));
    assert_eq!(found, ["SF0607"], "of the global ones down_timer_adverts alone is worth a word");
}

/// As keepalived 2.2.7, against its manual: they are used.
///
/// As observed: B6-02.
#[test]
fn strict_mode_keeps_unicast_peers() {
    let (got, _) = instance("vrrp_strict", &format!("unicast_peer {{\n192.0.2.2\n}}\n{VIP}"));
    assert!(matches!(got.settings.mode, Mode::Unicast { .. }), "{:?}", got.settings.mode);
}

#[test]
fn strict_mode_sets_what_the_rfc_says() {
    let lines =
        format!("priority 100\nstate MASTER\nauthentication {{\nauth_type PASS\nauth_pass x\n}}\n{VIP}");
    let (got, found) = instance("vrrp_strict", &lines);
    assert_eq!(found, ["SF0607", "SF0606"]);
    assert_eq!((got.wants_master, &got.authentication), (false, &Authentication::None));
    assert!(got.lower_priority_no_advert && !got.higher_priority_send_advert);
    assert_eq!((got.announce.lower_priority_repeat, got.announce.lower_priority_delay), (0, Duration::ZERO));
}

/// vrrp-behaviour §9.
/// As observed: B9-04.
#[test]
fn an_owner_tracks_nothing_that_weighs_something() {
    let tracks = |priority: u8| {
        let text = format!(
            "global_defs {{\nenable_script_security\nscript_user root\n}}\nvrrp_script s {{\nscript /usr/bin/true\n}}\n\
             track_file f {{\nfile /tmp/f\n}}\nvrrp_track_process p {{\nprocess x\n}}\nbfd_instance b {{\nneighbor_ip 192.0.2.2\n}}\n\
             vrrp_instance I {{\ninterface eth0\nvirtual_router_id 1\npriority {priority}\ntrack_interface {{\neth1 weight 5\neth2\n}}\n\
             track_script {{\ns weight 5\n}}\ntrack_file {{\nf\n}}\ntrack_process {{\np weight 5\n}}\ntrack_bfd {{\nb weight 5\n}}\n{VIP}}}\n"
        );
        let loaded = read(&text);
        let found: Vec<_> = codes(&loaded).into_iter().filter(|code| code == "SF0606").collect();
        (loaded.effective.unwrap().vrrp.instances.remove(0), found.len())
    };
    let (usual, said) = tracks(254);
    assert_eq!(
        (usual.track_links.len(), usual.track_scripts.len(), usual.track_bfds.len(), said),
        (2, 1, 1, 0)
    );
    let (owner, said) = tracks(255);
    assert_eq!(
        (owner.track_links.len(), owner.track_scripts.len(), owner.track_bfds.len(), said),
        (1, 0, 0, 4)
    );
    assert_eq!((owner.track_files[0].weight, owner.track_processes.len()), (0, 1));
}

#[test]
fn tracking_takes_scripts_defined_before_and_links_that_are_there() {
    let (got, found) = instance(
        "",
        &format!(
            "track_script {{\nchk weight 5 reverse\nlate\nchk\n}}\ntrack_interface {{\neth1 weight -2\neth0\n}}\n{VIP}\n}}\nvrrp_script late {{\nscript /bin/true"
        ),
    );
    assert_eq!(found, ["SF0401", "SF0402", "SF0401"], "own interface, unknown script, script twice");
    assert_eq!(got.track_scripts[0].weight, Weight::Points { points: 5, reverse: true });
    assert_eq!(got.track_links[0].weight, Weight::Points { points: -2, reverse: false });
}

/// R9568-5.2.5-02: "The minimum value is 1."
#[test]
fn what_must_not_run_is_refused() {
    for (text, code) in [
        ("vrrp_instance a {\ninterface eth0\nvirtual_ipaddress {\n192.0.2.1\n}\n}", "SF0601"),
        ("vrrp_instance a {\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n}", "SF0602"),
        ("vrrp_instance a {\ninterface eth0\nvirtual_router_id 1\nversion 3\n}", "SF0603"),
        ("vrrp_instance a {\ninterface\n}", "SF0301"),
        ("~SEQ(i,2) vrrp_instance a$i {\n~SEQ(i,2) } ", ""),
    ] {
        let loaded = read(text);
        assert!(loaded.effective.is_none(), "{text}");
        assert!(loaded.refusal().is_some());
        assert!(code.is_empty() || codes(&loaded).contains(&code.into()), "{text}: {:?}", codes(&loaded));
    }
    let twice = "interface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n";
    let loaded = read(&format!("vrrp_instance a {{\n{twice}vrrp_instance b {{\n{twice}"));
    assert_eq!((codes(&loaded), loaded.test_status()), (vec!["SF0604".to_owned()], 5));
    assert!(loaded.effective.is_none());
}

/// Exit statuses of `-t`.
#[test]
fn the_most_severe_class_decides_the_status() {
    let good = format!("vrrp_instance a {{\ninterface eth0\nvirtual_router_id 1\n{VIP}}}\n");
    for (more, status) in [
        ("", 0),
        ("include nothing\n", 0),
        ("includea nothing\n", 6),
        ("nonsense\n", 5),
        ("vrrp_script s {\nscript /bin/true\n}\n", 6),
        ("vrrp_script s {\nscript /bin/true\n}\nnonsense\n", 6),
        ("global_defs {\nsmtp_server\n}\nnonsense\n", 2),
    ] {
        assert_eq!(read(&format!("{good}{more}")).test_status(), status, "{more}");
    }
}

/// A number with rubbish behind it: a warning, and under `-t` an error.
#[test]
fn lax_numbers_are_taken_unless_it_is_a_test() {
    let text = format!("vrrp_instance a {{\ninterface eth0\nvirtual_router_id 1\nversion 3x\n{VIP}}}\n");
    let mut request = Request::new("k.conf");
    let files = InMemory::one("k.conf", text);
    let daemon = load(&request, &files, &Assumed::default());
    request.test = true;
    let test = load(&request, &files, &Assumed::default());
    assert_eq!((codes(&daemon), codes(&test)), (vec!["SF0303".to_owned()], vec!["SF0302".to_owned()]));
    let version = |loaded: Loaded| loaded.effective.unwrap().vrrp.instances[0].version;
    assert_eq!((version(daemon), version(test)), (Version::V3, Version::V2));
}

/// Differs: keepalived reads the lines of an unknown block as lines of the block around it.
#[test]
fn an_unknown_block_is_left_out_as_a_whole() {
    let (got, found) =
        instance("", &format!("foo {{ interface eth9\nbar {{ priority 7 }} }}\nadvert_int 2\n{VIP}"));
    assert_eq!(
        (got.link.as_ref().unwrap().as_str(), got.priority, got.interval.as_secs()),
        ("eth0", Priority::DEFAULT, 2)
    );
    assert_eq!(found, ["SF0201"]);
}

#[test]
fn braces_may_stand_anywhere_and_their_lack_is_seen() {
    for (text, wanted) in [
        ("global_defs{ vrrp_version 3 }", vec![]),
        ("global_defs\n{ vrrp_version 3\n}", vec![]),
        ("global_defs\nvrrp_version 3\n}", vec!["SF0202"]),
        ("global_defs {\nvrrp_version 3", vec!["SF0203"]),
        ("}\nglobal_defs { }", vec!["SF0204"]),
        ("{ a b }", vec!["SF0205"]),
        ("global_defs { router_id { x y } }", vec!["SF0205", "SF0301"]),
        ("global_defs { router_id \"a b }", vec!["SF0203", "SF0207", "SF0301"]),
    ] {
        let mut found = codes(&read(text));
        found.sort_unstable();
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn adverts_do_not_go_to_a_loopback() {
    let loaded =
        read("vrrp_instance a {\ninterface lo\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n}");
    assert_eq!(codes(&loaded), ["SF0307", "SF0602"]);
    assert!(loaded.effective.is_none());
}

/// As keepalived since 2.4.3; 2.2.7 refuses both ("Unknown interface!").
///
/// vrrp-behaviour §20.
#[test]
fn a_routing_domain_or_nothing_stands_for_the_interface_of_an_instance_that_speaks_to_peers() {
    let of = |lines: &str, address: &str| {
        read(&format!(
            "vrrp_instance a {{\nvirtual_router_id 1\n{lines}\nvirtual_ipaddress {{\n{address}\n}}\n}}"
        ))
    };
    let peers = "unicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2\n}";
    let links = |loaded: &Loaded| {
        let instance = &loaded.effective.as_ref().unwrap().vrrp.instances[0];
        let address = instance.addresses[0].link.as_ref().unwrap();
        let link = instance.link.as_ref().map_or("any", LinkName::as_str);
        (link.to_owned(), address.to_string(), instance.own_link.is_some())
    };
    let good = of(&format!("vrf blue\n{peers}"), "192.0.2.100 dev eth3");
    assert_eq!((codes(&good), links(&good)), (vec![], ("blue".into(), "eth3".into(), false)));
    // As keepalived: the default interface; and there is nothing to put a link on.
    let homeless = of(&format!("vrf blue\n{peers}\nuse_vmac"), "192.0.2.100");
    assert_eq!(codes(&homeless), ["SF0606", "SF0304"]);
    assert_eq!(links(&homeless), ("blue".into(), "eth0".into(), false));
    // As keepalived since 2.4.3: neither is needed.
    let neither = of(peers, "192.0.2.100 dev eth3");
    assert_eq!((codes(&neither), links(&neither)), (vec![], ("any".into(), "eth3".into(), false)));
    // An interface is enough, and a loopback is none.
    let both = of(&format!("interface eth3\nvrf blue\n{peers}"), "192.0.2.100 dev eth4");
    assert_eq!((codes(&both), links(&both)), (vec!["SF0606".into()], ("eth3".into(), "eth4".into(), false)));
    let loopback = of(&format!("vrf lo\n{peers}"), "192.0.2.100 dev eth3");
    assert_eq!((codes(&loopback), links(&loopback).0), (vec!["SF0307".into()], "any".into()));
    for speechless in [
        "",
        "unicast_peer {\n192.0.2.2\n}",
        "unicast_src_ip 192.0.2.1",
        "unicast_src_ip fe80::1\nunicast_peer {\nfe80::2\n}",
    ] {
        let address = if speechless.contains("fe80") { "fe80::3 dev eth3" } else { "192.0.2.100 dev eth3" };
        for place in ["vrf blue\n", ""] {
            let loaded = of(&format!("{place}{speechless}"), address);
            assert!(codes(&loaded).contains(&"SF0602".into()), "{speechless}: {:?}", codes(&loaded));
            assert!(loaded.effective.is_none());
        }
    }
}

#[test]
fn an_interface_that_is_no_routing_domain_stands_for_no_interface() {
    let text = "vrrp_instance a {\nvrf eth0\nvirtual_router_id 1\nunicast_src_ip 192.0.2.1\n\
                unicast_peer {\n192.0.2.2\n}\nvirtual_ipaddress {\n192.0.2.3 dev eth0\n}\n}";
    let loaded = load(&Request::new("k"), &InMemory::one("k", text), &Bare(&["eth0"]));
    assert_eq!(codes(&loaded), ["SF0307"]);
    assert_eq!(loaded.effective.unwrap().vrrp.instances[0].link, None);
    // What is not there yet may become one.
    let later = InMemory::one("k", text.replace("vrf eth0", "vrf blue"));
    assert_eq!(codes(&load(&Request::new("k"), &later, &Bare(&["eth0"]))), Vec::<String>::new());
}

/// As keepalived: without dynamic_interfaces an interface that is not there fails a test of the file, wherever it is
/// named. Differs: the daemon itself waits for it.
#[test]
fn an_interface_that_is_not_there_is_refused() {
    for (interface, dev, track) in
        [("eth1", "eth0", "eth0"), ("eth0", "eth1", "eth0"), ("eth0", "eth0", "eth1")]
    {
        let instance = format!(
            "vrrp_instance a {{\ninterface {interface}\nvirtual_router_id 1\nvirtual_ipaddress {{\n192.0.2.1 dev {dev}\n\
             192.0.2.2\n}}\ntrack_interface {{\n{track}\n}}\n}}\n"
        );
        let daemon = load(&Request::new("k"), &InMemory::one("k", instance.clone()), &Bare(&["eth0"]));
        assert!(daemon.effective.is_some());
        let test = Request { test: true, ..Request::new("k") };
        let one = load(&test, &InMemory::one("k", instance.clone()), &Bare(&["eth0"]));
        assert!(codes(&one).contains(&"SF0404".into()));
        assert_eq!((one.refusal(), one.test_status(), one.effective.is_none()), (Some(2), 5, true));
        let dynamic = format!("global_defs {{\ndynamic_interfaces\n}}\n{instance}");
        assert!(load(&test, &InMemory::one("k", dynamic), &Bare(&["eth0"])).effective.is_some());
    }
}

/// As keepalived: "Invalid address prefix len 33 … using 32".
#[test]
fn an_impossible_prefix_length_leaves_the_address_alone() {
    let (got, found) =
        instance("", "virtual_ipaddress {\n192.0.2.1/33\nnonsense\n192.0.2.2 peer 192.0.2.3/24\n}");
    assert_eq!(found, ["SF0304", "SF0306", "SF0311"]);
    // The kernel has one length for both ends.
    assert_eq!(got.addresses.iter().map(|address| address.prefix.length()).collect::<Vec<_>>(), [32, 24]);
}

#[test]
fn a_script_line_tolerates_what_other_lines_do_not() {
    let (got, found) = instance(
        "",
        &format!("notify '/etc/n.sh \"a b\"' root :root\nnotify_stop /etc/n.sh\\#\n{VIP}notify_stop /b"),
    );
    assert_eq!(found, ["SF0401"]);
    assert_eq!(got.notify.any.as_ref().unwrap().argv, ["/etc/n.sh", "a b"]);
    assert_eq!(got.notify.stop.as_ref().unwrap().argv, ["/etc/n.sh#"]);
}

/// Differs: Keepalived refuses a gap of 0; here it means what it says, and without complaint.
#[test]
fn a_gap_of_0_between_announcements_is_no_gap() {
    let text = "global_defs {\nvrrp_garp_interval 0\nvrrp_gna_interval 0\n}\n";
    let loaded = load(&Request::new("k"), &InMemory::one("k", text), &Assumed::default());
    assert_eq!(loaded.render(false), "");
    assert_eq!(loaded.effective.unwrap().vrrp.pace, vrrp::config::AnnouncePace::default());
}

#[test]
fn healing_is_on_unless_the_file_says_that_nothing_is_sent() {
    for (global, line, heals) in [
        ("", "", true),
        ("", "garp_lower_prio_repeat 0", false),
        ("vrrp_garp_lower_prio_repeat 0", "", false),
        ("vrrp_garp_lower_prio_repeat 0", "heal_announce on", true),
        ("vrrp_heal_announce off", "", false),
        ("vrrp_heal_announce off", "heal_announce", true),
        ("vrrp_strict", "", true),
    ] {
        let (got, found) = instance(global, &format!("{line}\n{VIP}"));
        assert_eq!((got.announce.heals, found.len()), (heals, 0), "{global} {line} {found:?}");
        assert!(!got.heal_hooks);
    }
    assert!(instance("", &format!("heal_notify\n{VIP}")).0.heal_hooks);
    assert!(instance("vrrp_heal_notify", VIP).0.heal_hooks);
    assert!(!instance("vrrp_heal_notify", &format!("heal_notify off\n{VIP}")).0.heal_hooks);
}

#[test]
fn announcements_on_further_links_come_from_the_instance_or_from_all() {
    let announce = |global, line| instance(global, &format!("{line}\n{VIP}")).0.announce;
    let got = announce("vrrp_garp_extra_if 30", "");
    assert_eq!((got.elsewhere, got.everywhere), (Duration::from_secs(30), false));
    let got = announce("vrrp_garp_extra_if 30", "garp_extra_if all 5");
    assert_eq!((got.elsewhere, got.everywhere), (Duration::from_secs(5), true));
    assert_eq!(announce("vrrp_garp_extra_if 30", "garp_extra_if 0").elsewhere, Duration::ZERO);
}
