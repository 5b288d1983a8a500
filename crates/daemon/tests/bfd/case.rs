//! The cases.

use std::net::IpAddr;
use std::time::Duration;

use crate::netns::clock::{sleep, wait_for};
use crate::netns::lab::{Host, Lab};
use crate::peer::{Kind, Peer};
use crate::session::Session;

/// A case and whom it is played with.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) with: &'static [Kind],
    pub(crate) play: fn(Kind),
}

const EVERYBODY: &[Kind] = &[Kind::Keepalived, Kind::Frr, Kind::Bird, Kind::Ours];
/// Debian's keepalived knows one hop only.
const ROUTERS: &[Kind] = &[Kind::Frr, Kind::Bird, Kind::Ours];

pub(crate) const ALL: &[Case] = &[
    Case { name: "either is killed and comes back", with: EVERYBODY, play: silence },
    Case { name: "the link goes and comes", with: EVERYBODY, play: link },
    Case { name: "ours says goodbye", with: EVERYBODY, play: goodbye },
    Case { name: "either is held down", with: ROUTERS, play: held_down },
    Case { name: "either changes its intervals", with: EVERYBODY, play: intervals },
    Case { name: "over routers", with: ROUTERS, play: multihop },
    Case { name: "over IPv6", with: EVERYBODY, play: version_6 },
    Case { name: "ours is passive", with: EVERYBODY, play: passive },
    Case { name: "the peer is passive", with: EVERYBODY, play: passive_peer },
    Case { name: "packets with a wrong TTL", with: EVERYBODY, play: wrong_ttl },
    Case { name: "ours sends a wrong TTL", with: EVERYBODY, play: own_wrong_ttl },
    Case { name: "the peer reflects echoes", with: &[Kind::Ours], play: reflected },
    Case { name: "our host forwards the peer's echoes", with: &[Kind::Frr], play: forwards },
    Case { name: "the peer's host forwards echoes", with: &[Kind::Frr, Kind::Ours], play: forwarded },
    Case { name: "keyed MD5", with: &[Kind::Bird, Kind::Ours], play: md5 },
    Case { name: "meticulous MD5", with: &[Kind::Bird], play: meticulous_md5 },
    Case { name: "keyed SHA1", with: &[Kind::Bird], play: sha1 },
    Case { name: "meticulous SHA1", with: &[Kind::Bird, Kind::Ours], play: meticulous_sha1 },
    Case { name: "a password", with: &[Kind::Bird], play: password },
    Case { name: "a wrong secret", with: &[Kind::Bird, Kind::Ours], play: wrong_secret },
];

struct Stage {
    lab: Lab,
    here: Host,
    there: Host,
}

impl Stage {
    fn new() -> Stage {
        let mut lab = Lab::new();
        let (here, there) = (lab.host("eth0"), lab.host("eth0"));
        Stage { lab, here, there }
    }

    fn session(&self) -> Session {
        Session::between(self.here.v4().into(), self.there.v4().into())
    }

    /// Both sides of a session, started; ours first.
    fn play(&self, kind: Kind, session: &Session) -> (Peer, Peer) {
        let ours = Peer::start(&self.lab, &self.here, Kind::Ours, session);
        (ours, Peer::start(&self.lab, &self.there, kind, &session.turned()))
    }

    /// The same, and both say that it is up.
    fn up(&self, kind: Kind, session: &Session) -> (Peer, Peer) {
        let (ours, peer) = self.play(kind, session);
        ours.await_up(true);
        peer.await_up(true);
        (ours, peer)
    }
}

/// Waits until our log says something.
fn says(ours: &Peer, words: &str) {
    let seen = wait_for(Duration::from_secs(8), || ours.log().contains(words).then_some(()));
    assert!(seen.is_some(), "ours never said “{words}”:\n{}", ours.log());
}

/// Our log says nothing of the sort for a while.
fn never_says(ours: &Peer, words: &str) {
    sleep(Duration::from_millis(1_500));
    assert!(!ours.log().contains(words), "ours said “{words}”:\n{}", ours.log());
}

/// RFC 5880 §6.8.4, both ways around; §6.8.6 when the neighbour is there again.
fn silence(kind: Kind) {
    let stage = Stage::new();
    let (mut ours, mut peer) = stage.up(kind, &stage.session());
    peer.kill();
    ours.await_up(false);
    says(&ours, "Local diagnostic - Control Detection Time Expired");
    peer.restart();
    ours.await_up(true);
    peer.await_up(true);
    ours.kill();
    peer.await_up(false);
    ours.restart();
    ours.await_up(true);
    peer.await_up(true);
}

fn link(kind: Kind) {
    let stage = Stage::new();
    let (ours, peer) = stage.up(kind, &stage.session());
    stage.lab.cut(&stage.there);
    ours.await_up(false);
    peer.await_up(false);
    stage.lab.mend(&stage.there);
    ours.await_up(true);
    peer.await_up(true);
}

/// RFC 5880 §6.8.16. Differs: keepalived says nothing at its end.
fn goodbye(kind: Kind) {
    let stage = Stage::new();
    let (mut ours, peer) = stage.up(kind, &stage.session());
    ours.terminate();
    peer.await_up(false);
    assert!(!peer.log().contains("Expired"), "it was told, and need not find out:\n{}", peer.log());
    says(&ours, "(peer) Entering AdminDown state");
}

fn held_down(kind: Kind) {
    let stage = Stage::new();
    let session = stage.session();
    let (mut ours, mut peer) = stage.up(kind, &session);
    ours.reload(&Session { enabled: false, ..session.clone() });
    says(&ours, "(peer) Entering AdminDown state");
    peer.await_up(false);
    ours.reload(&session);
    ours.await_up(true);
    peer.await_up(true);
    peer.reload(&Session { enabled: false, ..session.turned() });
    ours.await_up(false);
    // BIRD has no word for it: its session is removed, and falls silent.
    if kind != Kind::Bird {
        says(&ours, "Local diagnostic - Neighbor Signaled Session Down");
    }
    peer.reload(&session.turned());
    ours.await_up(true);
}

/// RFC 5880 §6.8.3: by a Poll Sequence, while the session stays up.
fn intervals(kind: Kind) {
    let stage = Stage::new();
    let session = stage.session();
    let (mut ours, mut peer) = stage.up(kind, &session);
    says(&ours, "Sending every 50 ms, detection time 150 ms");
    ours.reload(&Session { interval: 80, ..session.clone() });
    says(&ours, "Sending every 80 ms, detection time 240 ms");
    peer.reload(&Session { interval: 120, ..session.turned() });
    says(&ours, "Sending every 120 ms, detection time 360 ms");
    ours.reload(&Session { interval: 30, ..session.clone() });
    peer.reload(&Session { interval: 40, ..session.turned() });
    says(&ours, "Sending every 40 ms, detection time 120 ms");
    never_says(&ours, "(peer) Entering Down state (Local diagnostic - C");
    assert!(ours.is_up() && peer.is_up());
}

/// The peer dies and comes back, then we die: each is seen to by the other.
fn each_falls(ours: &mut Peer, peer: &mut Peer) {
    peer.kill();
    ours.await_up(false);
    peer.restart();
    ours.await_up(true);
    ours.kill();
    peer.await_up(false);
}

fn multihop(kind: Kind) {
    let stage = Stage::new();
    let session = Session { multihop: true, ..stage.session() };
    let (mut ours, mut peer) = stage.up(kind, &session);
    each_falls(&mut ours, &mut peer);
}

fn version_6(kind: Kind) {
    let stage = Stage::new();
    let local = |host: &Host| -> IpAddr { host.link_local().into() };
    let ends = match kind {
        // Debian's has no word for the link.
        Kind::Keepalived => (stage.here.v6().into(), stage.there.v6().into()),
        Kind::Frr | Kind::Bird | Kind::Ours => (local(&stage.here), local(&stage.there)),
    };
    let link = Some("eth0").filter(|_| kind != Kind::Keepalived);
    let session = Session { link, ..Session::between(ends.0, ends.1) };
    let (mut ours, mut peer) = stage.up(kind, &session);
    each_falls(&mut ours, &mut peer);
}

/// RFC 5880 §6.1.
fn passive(kind: Kind) {
    let stage = Stage::new();
    let session = Session { passive: true, ..stage.session() };
    let ours = Peer::start(&stage.lab, &stage.here, Kind::Ours, &session);
    let active = Session { passive: false, ..session.turned() };
    let mut peer = Peer::start(&stage.lab, &stage.there, kind, &active);
    ours.await_up(true);
    peer.await_up(true);
    peer.kill();
    ours.await_up(false);
    peer.restart();
    ours.await_up(true);
}

fn passive_peer(kind: Kind) {
    let stage = Stage::new();
    let session = stage.session();
    let peer = Peer::start(&stage.lab, &stage.there, kind, &Session { passive: true, ..session.turned() });
    // FRR that hears a neighbour before it has read that it is to be passive stays silent for good.
    peer.await_session_with(&stage.here.v4().to_string());
    let ours = Peer::start(&stage.lab, &stage.here, Kind::Ours, &session);
    ours.await_up(true);
    peer.await_up(true);
}

/// RFC 5881 §5.
fn wrong_ttl(kind: Kind) {
    let stage = Stage::new();
    let session = stage.session();
    let ours = Peer::start(&stage.lab, &stage.here, Kind::Ours, &session);
    let mut far = session.turned();
    match kind {
        Kind::Keepalived | Kind::Ours => far.ttl = Some(64),
        // They have no word for it: their host's packet filter takes the hops away.
        Kind::Frr | Kind::Bird => stage.there.namespace.nft(
            "table ip far { chain out { type filter hook output priority 0; udp dport 3784 ip ttl set 64; }; }",
        ),
    }
    let _peer = Peer::start(&stage.lab, &stage.there, kind, &far);
    says(&ours, "TTL/hop limit 64 is too low");
    never_says(&ours, "Entering Up state");
}

/// The same, the other way around.
fn own_wrong_ttl(kind: Kind) {
    let stage = Stage::new();
    let far = Session { ttl: Some(64), ..stage.session() };
    let near = Session { ttl: None, ..far.turned() };
    let ours = Peer::start(&stage.lab, &stage.here, Kind::Ours, &far);
    let peer = Peer::start(&stage.lab, &stage.there, kind, &near);
    says(&ours, "Entering Down state");
    never_says(&ours, "Entering Up state");
    assert!(!peer.is_up(), "{}", peer.story());
}

/// One of the counters of our session.
fn counter(ours: &Peer, name: &str) -> u64 {
    let status = ours.status();
    status["bfd"]["sessions"][0]["counters"][name].as_u64().unwrap_or_else(|| panic!("{name}: {status}"))
}

/// Waits until echoes go round, and sees that nothing goes down for a while.
fn echoes_go_round(ours: &Peer, peer: &Peer, name: &str) {
    let counted = wait_for(Duration::from_secs(8), || (counter(ours, name) > 20).then_some(()));
    assert!(counted.is_some(), "{name}: {}:\n{}", counter(ours, name), ours.log());
    never_says(ours, "(peer) Entering Down state (Local diagnostic - E");
    assert!(ours.is_up() && peer.is_up(), "{}", ours.log());
}

/// RFC 5881 §4: FRR's echoes are addressed to itself; our host forwards them, and our BFD only allows it. While it does not
/// forward, FRR takes the session down.
fn forwards(kind: Kind) {
    let stage = Stage::new();
    let session = Session { echo: Some("forwarded"), listens: true, ..stage.session() };
    let ours = Peer::start(&stage.lab, &stage.here, Kind::Ours, &session);
    let peer = Peer::start(&stage.lab, &stage.there, kind, &session.turned());
    says(&ours, "Remote diagnostic - Echo Function Failed");
    stage.here.namespace.sysctl("ipv4/ip_forward", "1");
    let steady = wait_for(Duration::from_secs(20), || {
        let before = counter(&ours, "downs");
        sleep(Duration::from_secs(2));
        (counter(&ours, "downs") == before && ours.is_up() && peer.is_up()).then_some(())
    });
    assert!(steady.is_some(), "it never stays up:\n{}", ours.log());
}

/// RFC 5880 §6.8.9.
fn reflected(kind: Kind) {
    let stage = Stage::new();
    let (ours, peer) = stage.up(kind, &Session { echo: Some("reflected"), ..stage.session() });
    echoes_go_round(&ours, &peer, "echo_received");
}

/// RFC 5881 §4: the neighbour's host forwards them, and its BFD has no part in it. §6.8.5: when it does no more, the session
/// goes down.
fn forwarded(kind: Kind) {
    let stage = Stage::new();
    for host in [&stage.here, &stage.there] {
        host.namespace.sysctl("ipv4/ip_forward", "1");
    }
    let (ours, peer) = stage.up(kind, &Session { echo: Some("forwarded"), ..stage.session() });
    echoes_go_round(&ours, &peer, "echo_received");
    assert_eq!(counter(&ours, "echo_reflected"), 0);
    stage.there.namespace.sysctl("ipv4/ip_forward", "0");
    says(&ours, "(peer) Entering Down state (Local diagnostic - Echo Function Failed");
    peer.await_up(false);
}

fn authenticated(kind: Kind, auth: (&'static str, &'static str, &'static str)) {
    let stage = Stage::new();
    let session = Session { auth: Some(auth), ..stage.session() };
    let (mut ours, mut peer) = stage.up(kind, &session);
    peer.kill();
    ours.await_up(false);
    peer.restart();
    ours.await_up(true);
    ours.kill();
    peer.await_up(false);
    ours.restart();
    ours.await_up(true);
    peer.await_up(true);
}

fn md5(kind: Kind) {
    authenticated(kind, ("md5", "keyed md5", "secret"));
}

fn meticulous_md5(kind: Kind) {
    authenticated(kind, ("meticulous_md5", "meticulous keyed md5", "secret"));
}

fn sha1(kind: Kind) {
    authenticated(kind, ("sha1", "keyed sha1", "secret"));
}

fn meticulous_sha1(kind: Kind) {
    authenticated(kind, ("meticulous_sha1", "meticulous keyed sha1", "secret"));
}

fn password(kind: Kind) {
    authenticated(kind, ("simple", "simple", "secret"));
}

fn wrong_secret(kind: Kind) {
    let stage = Stage::new();
    let session = Session { auth: Some(("sha1", "keyed sha1", "right")), ..stage.session() };
    let ours = Peer::start(&stage.lab, &stage.here, Kind::Ours, &session);
    let wrong = Session { auth: Some(("sha1", "keyed sha1", "wrong")), ..session.turned() };
    let peer = Peer::start(&stage.lab, &stage.there, kind, &wrong);
    says(&ours, "(peer) Discarding packet from 10.1.0.2");
    never_says(&ours, "Entering Up state");
    assert!(!peer.is_up());
}
