//! From text to what the BFD engine obeys.

use std::time::Duration;

use bfd::config::{Audience, AuthKind, EchoRoute, EchoSend, Hops, Path, SessionConfig, Weight};
use config::{Assumed, InMemory, Loaded, Request, load};
use host::LinkName;

fn read(text: &str) -> Loaded {
    load(&Request::new("k"), &InMemory::one("k", text), &Assumed::default())
}

/// What is found besides that BFD is not yet obeyed.
fn codes(loaded: &Loaded) -> Vec<String> {
    loaded.diagnostics.iter().map(|found| found.code.to_string()).collect()
}

fn session(lines: &str) -> SessionConfig {
    let loaded = read(&format!("bfd_instance b {{\nneighbor_ip 192.0.2.2\n{lines}\n}}\n"));
    assert_eq!(codes(&loaded), [""; 0], "{}", loaded.render(false));
    loaded.effective.expect("nothing is wrong with it").bfd.sessions.remove(0)
}

fn rejected(lines: &str) -> Vec<String> {
    let loaded = read(&format!("bfd_instance b {{\nneighbor_ip 192.0.2.2\n{lines}\n}}\n"));
    assert!(loaded.effective.as_ref().is_some_and(|effective| effective.bfd.sessions.is_empty()));
    codes(&loaded)
}

#[test]
fn what_is_not_said_is_as_the_engine_has_it() {
    assert_eq!(session(""), SessionConfig::plain("b", [192, 0, 2, 2].into()));
}

/// Intervals are milliseconds, with three decimals.
#[test]
fn every_keyword_of_keepalived_is_obeyed() {
    let lines = "source_ip 192.0.2.1\nmin_rx 1.5\nmin_tx 20\nidle_tx 2000\nmultiplier 3\npassive\nttl 64\nmax_hops 2\n\
                 multihop\nweight -5 reverse\nvrrp";
    let plain = SessionConfig::plain("b", [192, 0, 2, 2].into());
    let wanted = SessionConfig {
        source: Some([192, 0, 2, 1].into()),
        min_rx: Duration::from_micros(1500),
        min_tx: Duration::from_millis(20),
        idle_tx: Duration::from_secs(2),
        multiplier: 3.try_into().unwrap(),
        passive: true,
        hops: Hops { sent: 64, least: 62 },
        path: Path::Multihop,
        weight: Weight { points: -5, reverse: true },
        audience: Audience { vrrp: true, checker: false },
        ..plain
    };
    assert_eq!(session(lines), wanted);
}

#[test]
fn what_keepalived_does_not_have_is_there_too() {
    let session = session(
        "interface eth0\nenabled off\nauth_type meticulous_sha1\nauth_key 1 sesame\nauth_key 2 0x00ff",
    );
    assert_eq!(session.link, Some(LinkName::new("eth0").unwrap()));
    assert!(!session.enabled);
    let auth = session.auth.unwrap();
    assert_eq!(auth.kind, AuthKind::MeticulousKeyedSha1);
    assert_eq!((auth.keys[0].id(), auth.keys[0].secret()), (1, &b"sesame"[..]));
    assert_eq!((auth.keys[1].id(), auth.keys[1].secret()), (2, &[0, 255][..]));
}

#[test]
fn echo_packets_go_either_way() {
    let echo = |lines: &str| session(lines).echo;
    assert_eq!(echo("echo_rx 50").min_rx, Duration::from_millis(50));
    assert_eq!(echo("echo_rx 50").send, None);
    let forwarded = EchoRoute::Forwarded { source: Some([198, 51, 100, 1].into()) };
    let send = |route| Some(EchoSend { interval: Duration::from_millis(100), route });
    assert_eq!(echo("echo_tx 100\necho_source 198.51.100.1").send, send(forwarded));
    assert_eq!(echo("echo_tx 100\necho_route reflected").send, send(EchoRoute::Reflected));
}

/// A session that should be authenticated must not run without.
#[test]
fn a_session_without_its_key_is_left_out() {
    assert_eq!(rejected("auth_type md5"), ["SF0606"]);
    assert_eq!(rejected("auth_key 1 sesame"), ["SF0606"]);
    assert_eq!(rejected("auth_type md5\nauth_key 1 a_key_of_seventeen"), ["SF0308", "SF0606"]);
    assert_eq!(rejected("auth_type simple\nauth_key 1 0xzz"), ["SF0305", "SF0606"]);
}

#[test]
fn sessions_with_the_same_ends_are_left_out() {
    let two = |first: &str, second: &str| {
        let text = format!(
            "bfd_instance a {{\nneighbor_ip 192.0.2.2\n{first}\n}}\nbfd_instance b {{\nneighbor_ip 192.0.2.2\n{second}\n}}\n"
        );
        let loaded = read(&text);
        let sessions = loaded.effective.as_ref().unwrap().bfd.sessions.len();
        (sessions, codes(&loaded))
    };
    let same = || vec!["SF0802".to_owned()];
    assert_eq!(two("", ""), (1, same()));
    assert_eq!(two("source_ip 192.0.2.1", ""), (1, same()));
    assert_eq!(two("source_ip 192.0.2.1", "source_ip 192.0.2.9"), (2, vec![]));
    assert_eq!(two("multihop", ""), (2, vec![]));
    assert_eq!(two("interface eth0", "interface eth1"), (2, vec![]));
    assert_eq!(two("multihop\ninterface eth0", "multihop\ninterface eth1"), (1, same()));
}

#[test]
fn a_session_of_two_families_or_without_a_neighbour_is_left_out() {
    assert_eq!(rejected("source_ip 2001:db8::1"), ["SF0605"]);
    assert_eq!(rejected("neighbor_ip x"), ["SF0306"]);
    let loaded = read("bfd_instance b {\n}\n");
    assert_eq!((codes(&loaded), loaded.test_status()), (vec!["SF0801".to_owned()], 5));
}

#[test]
fn what_is_out_of_range_is_said_at_its_place() {
    for (line, code) in [
        ("min_rx 0.5", "SF0302"),
        ("idle_tx 999", "SF0302"),
        ("multiplier 256", "SF0302"),
        ("ttl x", "SF0302"),
        ("max_hops -2", "SF0302"),
        ("weight 254", "SF0302"),
        ("multihop maybe", "SF0305"),
        ("max_hops 255\nttl 5", "SF0304"),
        ("auth_type rot13", "SF0305"),
        ("auth_key 256 x", "SF0302"),
    ] {
        let loaded = read(&format!("bfd_instance b {{\nneighbor_ip 192.0.2.2\n{line}\n}}\n"));
        assert_eq!(codes(&loaded), [code], "{line}");
        let found = loaded.diagnostics.iter().find(|found| found.code.to_string() == code).unwrap();
        let place = loaded.sources.place(found.span.unwrap());
        assert_eq!(place.line, 3, "{line}");
        assert_eq!(place.column as usize, line.find(' ').unwrap() + 2, "{line}");
    }
}
