//! Reloads that find an instance in every state that it can be in, in a world with a rival.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use host::{Instant, LinkIndex, Prefix};
use proptest::prelude::*;
use sim::rehearsal::Held;
use sim::{Command, Latency, Weather, World};
use vrrp::Config;
use vrrp::config::{InstanceConfig, Preemption, Priority, Weight};

use crate::reload::draw;

/// The node that is reloaded, and its rival.
const OURS: usize = 0;
const RIVAL: usize = 1;
const ETH0: LinkIndex = LinkIndex(2);

/// From then on an instance is what it shall be when it is reloaded.
const THEN: Duration = Duration::from_secs(60);
/// From then on nothing is in the way any more.
const HEALED: Duration = Duration::from_secs(75);
/// By then all has settled: a rival that is gone is missed, and what was refused is asked for again.
const SETTLED: Duration = Duration::from_secs(150);

/// What a reload finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Found {
    /// The worker has just begun.
    Beginning,
    /// Its link is down.
    Fault,
    /// The rival is better.
    Backup,
    /// The rival is not.
    Master,
    /// It waits before it preempts.
    Delay,
    /// The worker gets no processor time.
    Pause,
    /// The kernel has orders that it has not carried out.
    Orders,
}

const ALL: [Found; 7] =
    [Found::Beginning, Found::Fault, Found::Backup, Found::Master, Found::Delay, Found::Pause, Found::Orders];

/// One or two virtual routers, whose trackers say nothing that nobody here could tell.
fn config() -> impl Strategy<Value = Config> {
    let instances = proptest::collection::btree_map(1_u8..4, (crate::seed(), 0_u64..3), 1..3);
    (instances, crate::seed()).prop_map(|(seeds, seed)| {
        let instances = seeds.into_iter().map(|(vrid, (seed, alike))| {
            let mut it = draw::instance(vrid, seed, alike);
            // Nobody judges paths here.
            it.track_bfds
                .iter_mut()
                .for_each(|track| track.weight = Weight::Points { points: 5, reverse: false });
            it
        });
        draw::config(instances.collect(), seed)
    })
}

/// The same virtual routers on the rival, of another priority and without anything of their own.
fn rival(config: &Config, priority: u8) -> Config {
    let instances = config.instances.iter().map(|it| {
        let plain = InstanceConfig {
            priority: Priority(priority),
            addresses: it.addresses.clone(),
            authentication: it.authentication.clone(),
            ..InstanceConfig::plain(&it.name, it.link.clone(), it.vrid)
        };
        plain.with(|new| {
            (new.version, new.family, new.interval) = (it.version, it.family, it.interval);
            (new.mode, new.hmac) = (it.mode.clone(), it.hmac.clone());
        })
    });
    Config { instances: instances.collect(), ..Config::default() }
}

/// Every address that must be there for these to send from.
fn own(node: u8, link: u8, configs: &[Config]) -> Vec<Prefix> {
    let plain: [IpAddr; 2] = [
        Ipv4Addr::new(198, 18, link, node).into(),
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, link.into(), node.into()).into(),
    ];
    let on = |it: &&InstanceConfig| it.link == Some(draw::link(link));
    let sources = configs.iter().flat_map(|config| &config.instances).filter(on).filter_map(|it| it.source);
    let sources = sources.filter(|_| node == 1);
    plain.into_iter().chain(sources).map(Prefix::host).collect()
}

fn world(configs: &[Config], first: &Config, rival: Config) -> World {
    let latency = Latency { kernel: (Duration::from_millis(2), Duration::from_millis(2)), ..Latency::EXACT };
    let mut world = World::new(1, latency);
    world.look_away();
    let weather = Weather::fair(Duration::from_micros(100));
    let segments = ["lan", "core"].map(|name| world.add_segment(name, weather));
    for (number, (name, config)) in (1..).zip([("a", first.clone()), ("b", rival)]) {
        let links =
            [0_u8, 1].map(|link| (draw::link(link), segments[usize::from(link)], own(number, link, configs)));
        world.add_node(name, config, &links);
    }
    world
}

/// What the node has, and of what it is master.
fn outcome(world: &World) -> (Held, Vec<String>) {
    let node = world.node(OURS);
    let masters = node.config.instances.iter().map(|it| it.name.clone());
    (Held::of(node.machine()), masters.filter(|name| node.is_master(name)).collect())
}

/// Reloads through these, the first of which it began with, when it is as is said; then everything is healed.
fn reloaded(configs: &[Config], found: Found, gap: Duration) -> (Held, Vec<String>) {
    let mut first = configs[0].clone();
    if found == Found::Delay {
        first.instances.iter_mut().for_each(|it| it.preemption = Preemption::Delayed(THEN));
    }
    let priority = if found == Found::Backup { 254 } else { 1 };
    let mut world = world(configs, &first, rival(&first, priority));
    let at = |world: &mut World, after: Duration, command| world.at(Instant::ZERO + after, command);
    let starts = match found {
        Found::Beginning => THEN - Duration::from_micros(500),
        Found::Delay => THEN - Duration::from_secs(10),
        Found::Backup => Duration::from_secs(20),
        Found::Fault | Found::Master | Found::Pause | Found::Orders => Duration::ZERO,
    };
    if matches!(found, Found::Backup | Found::Delay) {
        at(&mut world, Duration::ZERO, Command::Start(RIVAL));
    }
    at(&mut world, starts, Command::Start(OURS));
    match found {
        Found::Fault => at(&mut world, THEN - Duration::from_secs(5), Command::SetAdmin(OURS, ETH0, false)),
        Found::Pause => at(&mut world, THEN - Duration::from_millis(700), Command::Pause(OURS)),
        Found::Orders => {
            // What is not tracked stays away.
            let vips = configs[0].instances.iter().flat_map(|it| &it.addresses);
            for vip in vips.filter(|vip| vip.link.is_none() && vip.track) {
                let gone = Command::RemoveAddress(OURS, ETH0, vip.prefix.address());
                at(&mut world, THEN - Duration::from_millis(1), gone);
            }
        }
        Found::Beginning | Found::Backup | Found::Master | Found::Delay => {}
    }
    for (number, config) in (0_u32..).zip(&configs[1..]) {
        let after = THEN + gap * number;
        at(&mut world, after, Command::Configure(OURS, Box::new(config.clone())));
        // The two go on speaking the same language.
        at(&mut world, after, Command::Configure(RIVAL, Box::new(rival(config, priority))));
    }
    at(&mut world, HEALED, Command::Stop(RIVAL));
    at(&mut world, HEALED, Command::SetAdmin(OURS, ETH0, true));
    at(&mut world, HEALED, Command::Resume(OURS));
    for prefix in own(1, 0, configs) {
        at(&mut world, HEALED, Command::AddAddress(OURS, ETH0, prefix));
    }
    world.run_until(Instant::ZERO + SETTLED);
    outcome(&world)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_state_a_reload_finds_the_machine_comes_to_hold_what_a_fresh_start_holds(
        configs in proptest::collection::vec(config(), 2..4),
        back in any::<bool>(),
        gap in 0_u64..3000,
    ) {
        let mut configs = configs;
        if back {
            configs.push(configs[0].clone());
        }
        let last = configs.last().unwrap();
        let mut fresh = world(&configs, last, Config::default());
        fresh.at(Instant::ZERO, Command::Start(OURS));
        fresh.run_until(Instant::ZERO + SETTLED);
        for found in ALL {
            let reloaded = reloaded(&configs, found, Duration::from_millis(gap));
            prop_assert_eq!(reloaded, outcome(&fresh), "{:?}", found);
        }
    }
}
