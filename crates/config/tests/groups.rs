//! Sync groups, what they and their members track, and the definitions of what is tracked.

use std::time::Duration;

use config::{Assumed, Class, Effective, InMemory, Loaded, Request, load};
use vrrp::config::{HmacMode, ProcessMatch, Weight};

fn read(text: &str) -> Loaded {
    load(&Request::new("k"), &InMemory::one("k", text), &Assumed::default())
}

fn codes(loaded: &Loaded) -> Vec<String> {
    let counted = loaded.diagnostics.iter().filter(|found| found.class > Class::Silent);
    counted.map(|found| found.code.to_string()).collect()
}

fn effective(loaded: Loaded) -> Effective {
    let said = loaded.render(false);
    loaded.effective.unwrap_or_else(|| panic!("{said}"))
}

const DEFINED: &str = "global_defs {\nenable_script_security\nscript_user root\n}\n\
    vrrp_script s {\nscript /bin/x\nweight 4\n}\ntrack_file f {\nfile /tmp/f\nweight 3 reverse\ninit_file 7 overwrite\n}\n\
    vrrp_track_process p {\nprocess haproxy -f x\nparam_match initial\nquorum 2\nquorum_max 4\ndelay 1.5\nweight 2\n}\n\
    bfd_instance b {\nneighbor_ip 192.0.2.9\nweight -5\n}\n";

/// Two instances, the first with these lines, in a group with those.
fn pair(group: &str, first: &str) -> Loaded {
    let one = |name: &str, id: u8, lines: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {id}\nvirtual_ipaddress {{\n192.0.2.{id}\n}}\n{lines}\n}}\n"
        )
    };
    read(&format!(
        "{DEFINED}vrrp_sync_group G {{\ngroup {{\nA\nB\n}}\n{group}\n}}\n{}{}",
        one("A", 1, first),
        one("B", 2, "")
    ))
}

/// vrrp-behaviour §8, §22.2.
#[test]
fn what_a_group_tracks_its_members_track() {
    let lists = "track_interface {\neth1 weight 5\neth0\n}\ntrack_script {\ns\n}\ntrack_file {\nf weight 7\n}\n\
        track_process {\np\n}\ntrack_bfd {\nb reverse\nb weight 6 reverse\n}\n";
    let loaded = pair(lists, "");
    assert_eq!(codes(&loaded), ["SF0305"], "{}", loaded.render(false));
    let config = effective(loaded).vrrp;
    assert_eq!(
        (config.groups[0].name.as_str(), config.groups[0].members.as_slice()),
        ("G", &["A".into(), "B".into()][..])
    );
    for it in &config.instances {
        let points = |points, reverse| Weight::Points { points, reverse };
        assert_eq!(it.track_links.len(), 1, "its own interface is tracked anyway");
        assert_eq!((it.track_links[0].link.as_str(), it.track_links[0].weight), ("eth1", points(5, false)));
        assert_eq!(it.track_scripts[0].weight, points(4, false));
        assert_eq!((it.track_files[0].weight, it.track_files[0].reverse), (7, true));
        assert_eq!(it.track_processes[0].weight, points(2, false));
        assert_eq!(it.track_bfds[0].weight, points(6, true));
    }
    assert_eq!((config.scripts.len(), config.files.len(), config.processes.len()), (1, 1, 1));
}

/// As keepalived: without sync_group_tracking_weight a member's weighted scripts and sessions are not tracked, its files
/// have weight 0, and its interfaces are said to have none and keep it.
///
/// vrrp-behaviour §22.2.
#[test]
fn the_weights_of_members_do_not_count_in_a_group() {
    let lists = "track_interface {\neth1 weight 9\n}\ntrack_script {\ns\n}\ntrack_file {\nf\n}\ntrack_process {\np\n}\ntrack_bfd {\nb\n}\n";
    let loaded = pair("", lists);
    assert_eq!(codes(&loaded), ["SF0408"; 4]);
    let it = &effective(loaded).vrrp.instances[0];
    assert_eq!((it.track_scripts.len(), it.track_bfds.len(), it.track_processes.len()), (0, 0, 1));
    assert_eq!(
        (it.track_files[0].weight, it.track_links[0].weight),
        (0, Weight::Points { points: 9, reverse: false })
    );
    let zero = "track_script {\ns weight 0\n}\ntrack_bfd {\nb weight 0\n}\n";
    let loaded = pair("", zero);
    assert_eq!(codes(&loaded), Vec::<String>::new());
    assert_eq!(effective(loaded).vrrp.instances[0].track_scripts[0].weight, Weight::Fault { reverse: false });
    for keyword in ["sync_group_tracking_weight", "global_tracking"] {
        let it = &effective(pair(keyword, lists)).vrrp.instances[0];
        assert_eq!(
            (it.track_scripts.len(), it.track_bfds.len(), it.track_files[0].weight),
            (1, 1, 3),
            "{keyword}"
        );
    }
}

#[test]
fn what_both_track_is_said_and_the_member_counts() {
    let loaded =
        pair("sync_group_tracking_weight\ntrack_interface {\neth1 weight 5\n}", "track_interface {\neth1\n}");
    assert_eq!(codes(&loaded), ["SF0407"]);
    let instances = effective(loaded).vrrp.instances;
    assert_eq!(instances[0].track_links[0].weight, Weight::Fault { reverse: false });
    assert_eq!(instances[1].track_links[0].weight, Weight::Points { points: 5, reverse: false });
}

/// An owner's priority never changes, so the weights of its group are 0.
#[test]
fn an_owner_in_a_group_takes_its_weights_away() {
    let loaded = pair("track_interface {\neth1 weight 5\n}", "priority 255");
    assert_eq!(codes(&loaded), ["SF0606"]);
    for it in effective(loaded).vrrp.instances {
        assert_eq!(it.track_links[0].weight, Weight::Fault { reverse: false });
    }
}

#[test]
fn members_that_are_not_there_are_left_out() {
    let text = |group: &str| {
        format!(
            "{group}vrrp_instance A {{\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {{\n192.0.2.1\n}}\n}}\n"
        )
    };
    let loaded =
        read(&text("vrrp_sync_group G {\ngroup {\nA\nX\n}\n}\nvrrp_sync_group H {\ngroup {\nA\nY\n}\n}\n"));
    // A is in G already; X and Y are nobody; one member is of no use, none is no group.
    assert_eq!(codes(&loaded), ["SF0401", "SF0402", "SF0409", "SF0402", "SF0309"]);
    let groups = effective(loaded).vrrp.groups;
    assert_eq!((groups.len(), groups[0].members.as_slice()), (1, &["A".to_owned()][..]));
}

#[test]
fn definitions_hold_what_they_say() {
    let config = effective(pair("", "track_file {\nf\n}\ntrack_process {\np\n}")).vrrp;
    let file = &config.files[0];
    assert_eq!((file.name.as_str(), file.path.as_str(), file.init), ("f", "/tmp/f", Some((7, true))));
    let process = &config.processes[0];
    assert_eq!(process.matching, ProcessMatch::Beginning(vec!["-f".into(), "x".into()]));
    assert_eq!((process.process.as_str(), process.quorum), ("haproxy", (2, 4)));
    assert_eq!(
        (process.fork_delay, process.terminate_delay),
        (Duration::from_millis(1500), Duration::from_millis(1500))
    );
    for (lines, matching, quorum) in [
        ("process x", ProcessMatch::Name, (1, u32::MAX)),
        ("process x\nfull_command", ProcessMatch::Command, (1, u32::MAX)),
        ("process x\nparam_match", ProcessMatch::Exact(vec![]), (1, u32::MAX)),
        ("process x a\nquorum_max 0", ProcessMatch::Exact(vec!["a".into()]), (0, 0)),
        ("process x a\nparam_match partial", ProcessMatch::FirstWords(vec!["a".into()]), (1, u32::MAX)),
    ] {
        let text = format!(
            "vrrp_track_process q {{\n{lines}\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 1\n\
             virtual_ipaddress {{\n192.0.2.1\n}}\ntrack_process {{\nq\n}}\n}}\n"
        );
        let process = effective(read(&text)).vrrp.processes.remove(0);
        assert_eq!((process.matching, process.quorum), (matching, quorum), "{lines}");
    }
}

#[test]
fn keys_that_sign() {
    let signed = |lines: &str| {
        read(&format!(
            "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 1\nadvert_int 3\nvirtual_ipaddress {{\n192.0.2.1\n}}\nauth_hmac {{\n{lines}\n}}\n}}\n"
        ))
    };
    let key = "key 5 abcdefghijklmnopqrstuvwxyz0123456789";
    let hmac =
        effective(signed(&format!("{key}\nactive_key 5"))).vrrp.instances.remove(0).hmac.clone().unwrap();
    assert_eq!(
        (hmac.active, hmac.window, hmac.monotonic, hmac.mode),
        (5, Duration::from_secs(9), false, HmacMode::Enforce)
    );
    assert!(!format!("{hmac:?}").contains("abcdef"), "keys must not reach a log");
    let hmac = effective(signed(&format!(
        "key 6 hex:{}\nactive_key 6\ntime_window 60\nanti_replay monotonic\nmode permissive",
        "ab".repeat(32)
    )));
    let hmac = hmac.vrrp.instances[0].hmac.clone().unwrap();
    assert_eq!(
        (hmac.keys[0].secret.len(), hmac.window.as_secs(), hmac.monotonic, hmac.mode),
        (32, 60, true, HmacMode::Permissive)
    );
    let loaded = signed(&format!("{key}\nactive_key 6"));
    assert_eq!(codes(&loaded), ["SF0402"]);
    assert_eq!(effective(loaded).vrrp.instances[0].hmac, None);
}

#[test]
fn links_have_gaps_delays_and_a_pulse() {
    let text = "garp_group {\ngarp_interval 0.1\ngna_interval 0.2\ninterface eth0\ninterface eth1\ninterfaces {\neth2 eth3\neth0\n}\n}\n\
        interface_up_down_delays {\neth0 5 2.5\neth1 1\n}\nlinkbeat_interfaces {\neth0 MII\neth1\n}\n";
    let loaded = read(text);
    assert_eq!(codes(&loaded), ["SF0401"]);
    let config = effective(loaded).vrrp;
    let groups: Vec<_> = config.pace_groups.iter().map(|group| (group.links.len(), group.shared)).collect();
    assert_eq!(groups, [(1, false), (1, false), (2, true)]);
    assert_eq!(config.pace_groups[0].pace.neighbour, Duration::from_millis(200));
    assert_eq!(
        (config.link_delays[0].up, config.link_delays[1].up),
        (Duration::from_millis(2500), Duration::ZERO)
    );
    assert_eq!(
        config.polled_links.iter().map(|link| link.method.is_some()).collect::<Vec<_>>(),
        [true, false]
    );
}

/// vrrp-behaviour §22.3: `linkbeat_use_polling` is a word of the file itself, and, out of date, of an instance.
/// As observed: B22.3-08.
#[test]
fn the_interfaces_of_all_or_of_some_virtual_routers_are_asked_for_their_carriers_but_not_what_they_track() {
    let instance = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nuse_vmac\n\
        virtual_ipaddress {\n192.0.2.1\n192.0.2.2 dev eth1\n}\ntrack_interface {\neth2\n}\n}\n";
    let polled = |text: &str| {
        let links = effective(read(text)).vrrp.polled_links;
        links.into_iter().map(|polled| (polled.link.as_str().to_owned(), polled.method)).collect::<Vec<_>>()
    };
    assert_eq!(polled(instance), []);
    let all = format!("linkbeat_use_polling\n{instance}");
    assert_eq!(polled(&all), [("eth0".into(), None)]);
    let more = polled(&format!("{all}linkbeat_interfaces {{\neth2 ETHTOOL\n}}\n"));
    let ethtool = Some(vrrp::config::PollMethod::Ethtool);
    assert_eq!(more, [("eth0".into(), None), ("eth2".into(), ethtool)]);
    let own = polled(&instance.replace("use_vmac", "linkbeat_use_polling"));
    assert_eq!(own, [("eth0".into(), None)]);
}

#[test]
fn what_is_ours_alone_is_read() {
    let text = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\nstep_down\nvip_lifetime 30\n}\n";
    let it = effective(read(text)).vrrp.instances.remove(0);
    assert_eq!((it.step_down, it.lifetime), (true, Some(30)));
    assert_eq!(codes(&read(&text.replace("30", "2"))), ["SF0302"]);
}
