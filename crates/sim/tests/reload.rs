//! Reloads by chance: a configuration, another, the first again, or a third.
#![expect(clippy::unwrap_used, reason = "numbers that are chosen here are in range")]

mod reload {
    pub(crate) mod draw;
    mod states;
}

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use sim::Rehearsal;
use sim::rehearsal::Sent;
use vrrp::Config;
use vrrp::config::{InstanceConfig, Mode};
use vrrp::notice::State;

use reload::draw;

/// Longer than any instance here waits before it is master, and after a change before it rests.
const LONG: Duration = Duration::from_secs(40);

/// A seed. From 0 comes what is as plain as can be.
fn seed() -> impl Strategy<Value = u64> {
    prop_oneof![1 => Just(0), 9 => any::<u64>()]
}

/// Some virtual routers. What makes them the same ones is drawn from a few seeds, so that they often are.
fn config() -> impl Strategy<Value = Config> {
    let instances = proptest::collection::btree_map(1_u8..5, (seed(), 0_u64..4), 0..4);
    (instances, seed()).prop_map(|(seeds, seed)| {
        let instances = seeds.into_iter().map(|(vrid, (seed, alike))| draw::instance(vrid, seed, alike));
        draw::config(instances.collect(), seed)
    })
}

/// What may be there or not, and is there.
const SOMETHING: &str = "something";

/// Where in a configuration which values stand: `instances.announce.repeat` is 1 and 5. Of lists all are one place.
fn values(value: &Value, place: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    match value {
        // A time is one value.
        Value::Object(fields) if fields.contains_key("nanos") => {
            found.entry(place.to_owned()).or_default().insert(value.to_string());
        }
        Value::Object(fields) => {
            found.entry(place.to_owned()).or_default().insert(SOMETHING.to_owned());
            for (name, value) in fields {
                values(value, &format!("{place}.{name}"), found);
            }
        }
        Value::Array(all) => {
            let has = if all.is_empty() { "nothing" } else { SOMETHING };
            found.entry(format!("{place} has")).or_default().insert(has.to_owned());
            all.iter().for_each(|value| values(value, place, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            found.entry(place.to_owned()).or_default().insert(value.to_string());
        }
    }
}

/// What routes, rules and links are like in detail is `host`'s; the engine hands it on as it is. Keys of a signature and
/// words of a command are looked at by nobody on a reload.
const ELSEWHERE: [&str; 12] = [
    ".statics.addresses.own_link",
    ".track_files.file",
    ".track_scripts.script",
    ".route.",
    ".rule.",
    ".keys",
    ".argv",
    ".account",
    "own_link.link.",
    ".peer",
    ".init",
    ".name",
];

/// A keyword that the engine obeys and that no reload here changes would be one that is not tried.
#[test]
fn every_field_is_varied() {
    let mut found = BTreeMap::new();
    for seed in 1..400 {
        let instances = [1, 2, 3].map(|vrid| draw::instance(vrid, seed * 7 + u64::from(vrid), seed));
        let config = draw::config(instances.into(), seed);
        values(&serde_json::to_value(&config).unwrap(), "", &mut found);
    }
    let constant = |(place, values): &(&String, &BTreeSet<String>)| {
        values.len() < 2
            && !values.contains(SOMETHING)
            && !ELSEWHERE.iter().any(|elsewhere| place.contains(elsewhere))
    };
    let same: Vec<_> = found.iter().filter(constant).collect();
    assert!(same.is_empty(), "always the same: {same:#?}");
    assert!(found.len() > 100, "{}", found.len());
}

/// How instances stand, by their names.
fn states(rehearsal: &Rehearsal) -> BTreeMap<String, State> {
    rehearsal.status().instances.into_iter().map(|it| (it.name, it.state)).collect()
}

/// What comes of a fresh start with a configuration.
fn fresh(all: &[&Config], config: &Config) -> Rehearsal {
    let mut rehearsal = Rehearsal::new(all);
    rehearsal.obey(config);
    rehearsal.run_for(LONG);
    rehearsal
}

/// No instance was silent for longer than its interval, the longer of those before and after, while it was master.
fn no_advert_is_late(adverts: &[Sent], longest: Duration) {
    let mut last: BTreeMap<u64, Sent> = BTreeMap::new();
    for sent in adverts {
        if let Some(before) = last.insert(sent.instance, *sent)
            // Whoever gave up is silent by right.
            && before.priority != 0
        {
            let gap = sent.at.since(before.at);
            assert!(gap <= longest, "{gap:?} between {before:?} and {sent:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn after_reloads_the_machine_holds_what_a_fresh_start_holds(
        configs in proptest::collection::vec(config(), 1..4),
        waits in proptest::collection::vec(0_u64..6000, 3),
        back in any::<bool>(),
        kernel_takes in 0_u64..3,
    ) {
        let mut order: Vec<&Config> = configs.iter().collect();
        if back {
            order.push(&configs[0]);
        }
        let all: Vec<&Config> = configs.iter().collect();
        let mut rehearsal = Rehearsal::new(&all);
        // Some reloads find orders on their way.
        rehearsal.kernel_takes = Duration::from_millis(kernel_takes * 400);
        for (at, config) in order.iter().enumerate() {
            rehearsal.obey(config);
            // Some reloads find masters, others find instances on their way there.
            rehearsal.run_for(Duration::from_millis(waits[at % waits.len()]));
        }
        rehearsal.run_for(LONG);
        let last = order.last().unwrap();
        let fresh = fresh(&all, last);
        prop_assert_eq!(rehearsal.held(), fresh.held());
        prop_assert_eq!(states(&rehearsal), states(&fresh));
    }

    #[test]
    fn no_advert_is_later_than_its_interval_over_a_reload(one in config(), other in config(), after in 0_u64..1000) {
        // A virtual router that is new has to wait for its link, and its group with it.
        let identity = |it: &InstanceConfig| {
            (it.link.clone(), it.family, it.vrid, matches!(it.mode, Mode::Unicast { .. }))
        };
        let all = |config: &Config| config.instances.iter().map(identity).collect::<Vec<_>>();
        let (before, then) = (all(&one), all(&other));
        let (mut one, mut other) = (one, other);
        for instance in one.instances.iter_mut().chain(&mut other.instances) {
            let it = identity(instance);
            if !before.contains(&it) || !then.contains(&it) {
                instance.own_link = None;
                instance.address_links.clear();
                // Or for what has to be told first.
                instance.track_scripts.clear();
                instance.track_bfds.clear();
                instance.excluded.retain(|address| address.own_link.is_none());
            }
        }
        let mut rehearsal = Rehearsal::new(&[&one, &other]);
        rehearsal.obey(&one);
        rehearsal.run_for(LONG + Duration::from_millis(after));
        rehearsal.adverts.clear();
        rehearsal.run_for(Duration::from_secs(2));
        rehearsal.obey(&other);
        rehearsal.run_for(Duration::from_secs(2));
        rehearsal.obey(&one);
        rehearsal.run_for(Duration::from_secs(2));
        let intervals = one.instances.iter().chain(&other.instances).map(|instance| instance.interval);
        no_advert_is_late(&rehearsal.adverts, intervals.max().unwrap_or_default());
    }

    #[test]
    fn an_instance_that_does_not_change_is_not_touched(same in config(), other in config(), after in 0_u64..1000) {
        let same = Config { groups: Vec::new(), ..same };
        // The others change, and come and go, around those that stay.
        let kept: Vec<u8> = same.instances.iter().map(|instance| instance.vrid.get()).collect();
        let mut changed = Config { statics: same.statics.clone(), groups: Vec::new(), ..other };
        changed.instances.retain(|instance| !kept.contains(&instance.vrid.get()));
        changed.instances.extend(same.instances.iter().cloned());
        // What they track they track as before.
        changed.link_delays.clone_from(&same.link_delays);
        changed.polled_links.clone_from(&same.polled_links);
        if !same.scripts.is_empty() {
            changed.scripts.clone_from(&same.scripts);
        }
        if !same.files.is_empty() {
            changed.files.clone_from(&same.files);
        }
        if !same.processes.is_empty() {
            changed.processes.clone_from(&same.processes);
        }

        let mut rehearsal = Rehearsal::new(&[&same, &changed]);
        rehearsal.obey(&same);
        rehearsal.run_for(LONG + Duration::from_millis(after));
        let before = rehearsal.held();
        rehearsal.adverts.clear();
        rehearsal.orders.clear();
        rehearsal.notices.clear();
        for config in [&changed, &same] {
            rehearsal.obey(config);
            rehearsal.run_for(Duration::from_secs(5));
            let held = rehearsal.held();
            prop_assert!(before.addresses.is_subset(&held.addresses), "{:?}", rehearsal.orders);
            prop_assert!(before.routes.is_subset(&held.routes) && before.rules.is_subset(&held.rules));
        }
        let enters = |instance: &InstanceConfig| rehearsal.notices.iter().any(|notice| matches!(
            notice,
            vrrp::Notice::Instance { name, fact: vrrp::notice::InstanceFact::Entered { .. } } if *name == instance.name
        ));
        // The engine numbers them in the order they came.
        for (id, instance) in (1_u64..).zip(&same.instances) {
            prop_assert!(!enters(instance), "{} is what it was", instance.name);
            let mut times: Vec<_> =
                rehearsal.adverts.iter().filter(|sent| sent.instance == id).map(|sent| sent.at).collect();
            // Peers are each sent one.
            times.dedup();
            for pair in times.windows(2) {
                prop_assert_eq!(pair[1].since(pair[0]), instance.interval, "{} keeps its rhythm", instance.name);
            }
        }
    }
}
