//! Configurations by chance, of everything that the engine obeys. The literals leave nothing to a default: a field that is
//! added does not compile before it is drawn here, and `every_field_is_varied` fails if it is always the same.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use host::{
    Command, Family, LinkName, MacAddress, NextHop, Prefix, Route, Rule, RuleAction, VirtualLink,
    VirtualLinkKind,
};
use sim::chance::Chance;
use vrrp::Config;
use vrrp::config::{
    AnnounceConfig, AnnouncePace, Authentication, Deletion, FileConfig, Firewall, GroupConfig, Hmac, HmacKey,
    HmacMode, InstanceConfig, LinkDelay, Mode, NotifyScripts, OwnLink, PaceGroup, Peer, PollMethod,
    PolledLink, Preemption, Priority, ProcessConfig, ProcessMatch, ReceiveBuffer, ScriptConfig, Settings,
    Statics, TrackFile, TrackLink, TrackNamed, TrackScript, UnicastChecksum, Version, VirtualAddress,
    VirtualRoute, VirtualRule, Vrid, Weight,
};

/// Chance of one instance. From seed 0 everything is as plain as can be, which is what failures shrink to.
struct Draw {
    chance: Chance,
    plain: bool,
}

impl Draw {
    fn happens(&mut self, permille: u16) -> bool {
        let happens = self.chance.happens(permille);
        happens && !self.plain
    }

    fn some<T>(&mut self, permille: u16, what: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.happens(permille).then(|| what(self))
    }

    fn below(&mut self, limit: u8) -> u8 {
        let drawn = u8::try_from(self.chance.below(limit.into())).unwrap();
        if self.plain { 0 } else { drawn }
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::from(self.below(u8::try_from(of.len()).unwrap()))].clone()
    }

    /// So many at most, each by its number from 1.
    fn several<T>(&mut self, most: u8, mut what: impl FnMut(&mut Self, u8) -> T) -> Vec<T> {
        let mut all = Vec::new();
        for number in 1..=most {
            if self.happens(400) {
                all.push(what(self, number));
            }
        }
        all
    }

    fn millis(&mut self, of: &[u64]) -> Duration {
        Duration::from_millis(self.one(of))
    }

    fn command(&mut self, name: &str) -> Option<Box<Command>> {
        self.some(300, |_| Box::new(Command { argv: vec![name.to_owned()], account: None }))
    }

    /// One that makes a fault of what is good is drawn now and then: such an instance never begins.
    fn weight(&mut self) -> Weight {
        let reverse = self.happens(100);
        match self.below(3) {
            0 => Weight::Fault { reverse },
            1 => Weight::Points { points: 20, reverse },
            _ => Weight::Points { points: -20, reverse },
        }
    }
}

pub(crate) fn link(number: u8) -> LinkName {
    LinkName::new(&format!("eth{number}")).unwrap()
}

/// An address that no other virtual router has.
fn prefix(vrid: u8, six: bool, last: u8) -> Prefix {
    if six {
        Prefix::new(Ipv6Addr::new(0x2001, 0xdb8, 0, vrid.into(), 0, 0, 0, last.into()).into(), 64).unwrap()
    } else {
        Prefix::new(Ipv4Addr::new(192, 0, vrid, last).into(), 24).unwrap()
    }
}

fn address(draw: &mut Draw, vrid: u8, six: bool, last: u8) -> VirtualAddress {
    let plain = VirtualAddress::plain(prefix(vrid, six, last));
    VirtualAddress {
        prefix: plain.prefix,
        link: draw.some(400, |draw| link(draw.below(2))),
        own_link: None,
        peer: None,
        broadcast: if six { None } else { draw.some(100, |_| Ipv4Addr::new(192, 0, vrid, 255)) },
        scope: if six { 0 } else { draw.one(&[0, 0, 253]) },
        label: if six { None } else { draw.some(100, |_| "eth0:vip".to_owned()) },
        flags: plain.flags,
        preferred_lifetime: if six { draw.some(200, |_| 0) } else { None },
        track: !draw.happens(200),
    }
}

fn route(draw: &mut Draw, vrid: u8, last: u8) -> VirtualRoute {
    let on = link(draw.below(2));
    let hop =
        NextHop { via: None, link: Some(on), weight: 1, onlink: false, realms: None, encapsulation: None };
    let to = Prefix::new(Ipv4Addr::new(198, 51, vrid, last).into(), 32).unwrap();
    let (table, metric) = (draw.one(&[254, 100]), draw.some(200, |_| 7));
    VirtualRoute {
        route: Route { hops: vec![hop], table, metric, ..Route::to(to) },
        track: !draw.happens(200),
    }
}

fn rule(draw: &mut Draw, vrid: u8, last: u8) -> VirtualRule {
    let number = u32::from(vrid) * 10 + u32::from(last);
    let action = RuleAction::Table(draw.one(&[100, 101]));
    VirtualRule { rule: Rule::plain(Family::V4, number, action), track: !draw.happens(200) }
}

fn virtual_link(draw: &mut Draw, vrid: u8, name: &str, base: u8, six: bool) -> VirtualLink {
    let family = if six { 2 } else { 1 };
    VirtualLink {
        name: LinkName::new(&format!("{name}{vrid}.{base}")).unwrap(),
        base: link(base),
        kind: VirtualLinkKind::Vmac(MacAddress([0, 0, 0x5e, 0, family, vrid])),
        group: draw.some(200, |_| 7),
        family: if six { Family::V6 } else { Family::V4 },
        both_families: draw.happens(200),
    }
}

fn own_link(draw: &mut Draw, vrid: u8, base: u8, six: bool, by_base: bool) -> OwnLink {
    let link = virtual_link(draw, vrid, "vrrp.", base, six);
    if draw.happens(200) {
        let kind = VirtualLinkKind::Ipvlan(draw.one(&[0, 1]));
        let name = LinkName::new(&format!("ipvlan.{vrid}.{base}")).unwrap();
        let last = 200;
        let address = Prefix::host(if six {
            IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, vrid.into(), last))
        } else {
            IpAddr::V4(Ipv4Addr::new(198, 18, vrid, 200))
        });
        return OwnLink {
            link: VirtualLink { kind, name, ..link },
            adverts_by_base: false,
            address: Some(address),
        };
    }
    OwnLink { link, adverts_by_base: by_base || draw.happens(300), address: None }
}

fn mode(draw: &mut Draw, six: bool) -> Mode {
    if !draw.happens(300) {
        return Mode::Multicast { group: if six { Mode::GROUP_V6 } else { Mode::GROUP_V4 } };
    }
    let peers = draw.several(2, |draw, number| Peer {
        address: if six {
            IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x90 + u16::from(number)))
        } else {
            IpAddr::V4(Ipv4Addr::new(198, 18, 9, number))
        },
        ttl: draw.one(&[(0, 255), (254, 255)]),
    });
    Mode::Unicast { peers, ttl: draw.some(300, |_| 64), check_source: draw.happens(500) }
}

fn announce(draw: &mut Draw) -> AnnounceConfig {
    AnnounceConfig {
        repeat: draw.one(&[5, 1]),
        delay: draw.millis(&[5000, 0, 700]),
        refresh: draw.millis(&[0, 0, 900]),
        refresh_repeat: draw.one(&[1, 2]),
        lower_priority_repeat: draw.one(&[5, 0]),
        lower_priority_delay: draw.millis(&[5000, 0]),
        heals: !draw.happens(200),
        elsewhere: draw.millis(&[0, 0, 1100]),
        everywhere: draw.happens(200),
    }
}

fn notify(draw: &mut Draw) -> NotifyScripts {
    NotifyScripts {
        master: draw.command("master"),
        backup: draw.command("backup"),
        fault: draw.command("fault"),
        stop: draw.command("stop"),
        any: draw.command("any"),
        lower_priority_heard: draw.command("lower"),
    }
}

fn hmac(draw: &mut Draw) -> Hmac {
    Hmac {
        keys: [1, 2].map(|id| HmacKey { id, secret: vec![id; 32] }).into(),
        active: draw.one(&[1, 2]),
        window: draw.millis(&[5000, 60_000]),
        monotonic: draw.happens(300),
        mode: draw.one(&[HmacMode::Enforce, HmacMode::Permissive, HmacMode::ReceiveOnly]),
    }
}

/// The virtual router of a number, as `seed` has it; `alike` decides what makes it the same one or another.
pub(crate) fn instance(vrid: u8, seed: u64, alike: u64) -> InstanceConfig {
    let draw = &mut Draw { chance: Chance::new(alike), plain: alike == 0 };
    let (six, on, mode) = (draw.happens(300), draw.below(2), mode(draw, draw.plain));
    let mode = match mode {
        Mode::Multicast { .. } => {
            Mode::Multicast { group: if six { Mode::GROUP_V6 } else { Mode::GROUP_V4 } }
        }
        mode @ Mode::Unicast { .. } => mode,
    };
    with(vrid, seed, six, on, mode)
}

fn with(vrid: u8, seed: u64, six: bool, on: u8, mode: Mode) -> InstanceConfig {
    let draw = &mut Draw { chance: Chance::new(seed), plain: seed == 0 };
    let version = draw.one(&[Version::V3, Version::V2]);
    let owner = draw.happens(100);
    let authentication = match version {
        Version::V2 if !six => draw.one(&[
            Authentication::None,
            Authentication::Password(*b"12345678"),
            Authentication::Header(*b"12345678"),
        ]),
        Version::V2 | Version::V3 => Authentication::None,
    };
    let mut addresses: Vec<_> = draw.several(4, |draw, last| address(draw, vrid, six, last));
    addresses.extend(addresses.is_empty().then(|| VirtualAddress::plain(prefix(vrid, six, 1))));
    let mut excluded = draw.several(2, |draw, last| address(draw, vrid, !six, last));
    let address_links = draw.several(1, |draw, _| virtual_link(draw, vrid, "vip.", 1 - on, six));
    for made in &address_links {
        let carried = VirtualAddress::plain(prefix(vrid, six, 99));
        let (link, own_link) = (Some(made.base.clone()), Some(made.name.clone()));
        let carried = VirtualAddress { link, own_link, ..carried };
        if draw.happens(500) { addresses.push(carried) } else { excluded.push(carried) }
    }
    let mut settings = settings(draw, vrid, six, on, (version, mode));
    settings.hmac = settings.hmac.filter(|_| authentication == Authentication::None);
    InstanceConfig {
        name: if draw.happens(300) { format!("other {vrid}") } else { format!("VI_{vrid}") },
        link: Some(link(on)),
        vrid: Vrid::new(vrid).unwrap(),
        priority: if owner { Priority::OWNER } else { Priority(100 + draw.below(100)) },
        wants_master: draw.happens(300),
        source: draw.some(200, |_| match six {
            true => IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 7, vrid.into())),
            false => IpAddr::V4(Ipv4Addr::new(198, 18, 7, vrid)),
        }),
        authentication,
        addresses,
        excluded,
        settings: Arc::new(Settings { address_links, ..settings }),
    }
}

fn settings(draw: &mut Draw, vrid: u8, six: bool, on: u8, (version, mode): (Version, Mode)) -> Settings {
    let unicast = matches!(mode, Mode::Unicast { .. });
    Settings {
        version,
        family: if six { Family::V6 } else { Family::V4 },
        interval: match version {
            Version::V2 => Duration::from_secs(1),
            Version::V3 => draw.millis(&[1000, 250, 100]),
        },
        down_timer_adverts: draw.one(&[3, 2, 5]),
        mode,
        routes: draw.several(2, |draw, last| route(draw, vrid, last)),
        rules: draw.several(2, |draw, last| rule(draw, vrid, last)),
        own_link: draw.some(300, |draw| own_link(draw, vrid, on, six, unicast)),
        address_links: Vec::new(),
        lifetime: draw.some(200, |draw| draw.one(&[3, 20])),
        preemption: draw.one(&[
            Preemption::Allowed,
            Preemption::Never,
            Preemption::Delayed(Duration::from_secs(2)),
            Preemption::Delayed(Duration::from_secs(3)),
        ]),
        skip_address_check: draw.happens(200),
        lower_priority_no_advert: draw.happens(200),
        higher_priority_send_advert: draw.happens(200),
        heal_hooks: draw.happens(200),
        checksum_as_v2: draw.happens(200),
        announce: announce(draw),
        track_own_link: !draw.happens(200),
        track_links: draw.several(1, |draw, _| TrackLink { link: link(1 - on), weight: draw.weight() }),
        track_scripts: draw.several(1, |draw, _| TrackScript { script: "chk".into(), weight: draw.weight() }),
        track_files: draw.several(1, |draw, _| TrackFile {
            file: "load".into(),
            weight: draw.one(&[0, 1, -1]),
            reverse: draw.happens(100),
        }),
        track_processes: draw.several(1, |draw, _| TrackNamed { name: "web".into(), weight: draw.weight() }),
        track_bfds: draw.several(1, |draw, _| TrackNamed { name: "path".into(), weight: draw.weight() }),
        step_down: draw.happens(200),
        notify: notify(draw),
        deletion: draw.some(200, |draw| Deletion { script: draw.command("gone") }),
        mail: draw.happens(200),
        tell_priority: draw.happens(200),
        accept: !draw.happens(300),
        track_source: draw.happens(300),
        owner_ignores_adverts: draw.happens(200),
        late_master_yields_to: draw.some(200, |_| Priority(200)),
        fault_without_peer: draw.happens(200),
        unicast_checksum: draw.one(&[UnicastChecksum::Learn, UnicastChecksum::Old, UnicastChecksum::Right]),
        promote_secondaries: draw.happens(200),
        receive_buffer: draw.some(300, |draw| {
            let few = draw.happens(500);
            let (bytes, times) = if few { (65_536, 3) } else { (131_072, 9) };
            draw.one(&[ReceiveBuffer::Bytes(bytes), ReceiveBuffer::Mtu(times), ReceiveBuffer::Advert(times)])
        }),
        hmac: draw.some(200, hmac),
    }
}

/// The whole of a configuration with these instances, whose names and numbers differ.
pub(crate) fn config(instances: Vec<InstanceConfig>, seed: u64) -> Config {
    let draw = &mut Draw { chance: Chance::new(seed), plain: seed == 0 };
    let members: Vec<String> = instances.iter().take(2).map(|it| it.name.clone()).collect();
    let groups = if members.len() > 1 && draw.happens(500) {
        let (name, notify, mail) = ("G".to_owned(), notify(draw), draw.happens(200));
        vec![GroupConfig { name, members, notify, mail }]
    } else {
        Vec::new()
    };
    let tracks = |what: &dyn Fn(&InstanceConfig) -> bool| instances.iter().any(what);
    let script = tracks(&|it| !it.track_scripts.is_empty()).then(|| script(draw));
    let file = tracks(&|it| !it.track_files.is_empty()).then(|| file(draw));
    let set = tracks(&|it| !it.track_processes.is_empty()).then(|| set(draw));
    Config {
        groups,
        scripts: script.into_iter().collect(),
        files: file.into_iter().collect(),
        processes: set.into_iter().collect(),
        pace: pace(draw),
        statics: Statics {
            addresses: draw.several(2, |draw, last| {
                let six = draw.happens(300);
                (link(last - 1), address(draw, 200, six, last))
            }),
            routes: draw.several(1, |draw, last| route(draw, 200, last)),
            rules: draw.several(1, |draw, last| rule(draw, 200, last)),
        },
        startup_delay: draw.millis(&[0, 0, 1500]),
        pace_groups: draw.several(1, |draw, _| PaceGroup {
            links: vec![link(0), link(1)],
            shared: draw.happens(500),
            pace: pace(draw),
        }),
        link_delays: draw.several(1, |draw, _| LinkDelay {
            link: link(draw.below(2)),
            down: draw.millis(&[0, 300]),
            up: draw.millis(&[0, 300]),
        }),
        polled_links: draw.several(1, |draw, _| PolledLink {
            link: link(draw.below(2)),
            method: draw.one(&[None, Some(PollMethod::Mii), Some(PollMethod::Ethtool)]),
        }),
        firewall: Firewall {
            table: draw.one(&["keepalived", "other"]).to_owned(),
            priority: draw.one(&[-1, 5]),
            counters: draw.happens(300),
            by_index: draw.happens(300),
            no_local_reports: draw.happens(300),
        },
        tell_strangers: draw.happens(300),
        instances,
    }
}

fn pace(draw: &mut Draw) -> AnnouncePace {
    AnnouncePace { arp: draw.millis(&[0, 0, 10]), neighbour: draw.millis(&[0, 0, 10]) }
}

fn script(draw: &mut Draw) -> ScriptConfig {
    ScriptConfig {
        name: "chk".into(),
        command: Command { argv: vec![draw.one(&["chk", "chk2"]).to_owned()], account: None },
        interval: draw.millis(&[1000, 2000]),
        timeout: draw.millis(&[1000, 500]),
        rise: draw.one(&[1, 2]),
        fall: draw.one(&[1, 3]),
        starts_failed: draw.happens(300),
    }
}

fn file(draw: &mut Draw) -> FileConfig {
    FileConfig {
        name: "load".into(),
        path: draw.one(&["/load", "/other"]).to_owned(),
        init: draw.some(300, |_| (0, false)),
    }
}

fn set(draw: &mut Draw) -> ProcessConfig {
    ProcessConfig {
        name: "web".into(),
        process: draw.one(&["web", "nginx"]).to_owned(),
        matching: draw.one(&[ProcessMatch::Name, ProcessMatch::Command]),
        quorum: draw.one(&[(1, u32::MAX), (2, 3)]),
        terminate_delay: draw.millis(&[0, 100]),
        fork_delay: draw.millis(&[0, 100]),
    }
}
