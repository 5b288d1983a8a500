//! How a plan must end.

use std::time::Duration;

use host::Instant;
use vrrp::config::{InstanceConfig, Preemption};

use super::{Routers, quiet};
use crate::explore::Plan;
use crate::invariant::{Promise, Violation};
use crate::node::Node;
use crate::world::World;

/// After everything was healed and had time to settle.
pub(super) fn judge(plan: &Plan<Routers>, world: &mut World) -> Result<(), Violation> {
    let now = world.now();
    let violation = |rule, details: String| Err(Violation { at: now, rule, details });
    let names = plan.tale.base.nodes[0].config.instances.iter().map(|instance| &instance.name);
    let mut leaders = Vec::new();
    for name in names {
        let [master] = world.masters(name)[..] else {
            return violation(Promise::EndsLed, format!("{name}: {:?}", world.masters(name)));
        };
        leaders.push(master);
        let working = world.nodes().iter().filter(|node| node.is_working());
        let mut instances = working.clone().filter_map(|node| node.instance(name));
        let preempts = instances.all(|instance| instance.preemption != Preemption::Never);
        let effective = |node: &Node| {
            let it = node.instance(name)?;
            node.standing(it).priority(it.priority)
        };
        let best = working.filter_map(effective).max();
        let priority = effective(world.node(master));
        if preempts && priority != best {
            let details = format!("{name} of {} with {priority:?} below {best:?}", world.node(master).name);
            return violation(Promise::EndsWithBest, details);
        }
    }
    let grouped = plan.tale.base.nodes.iter().any(|node| !node.config.groups.is_empty());
    if grouped && leaders.iter().any(|leader| *leader != leaders[0]) {
        return violation(Promise::EndsTogether, format!("{leaders:?}"));
    }
    if let Some(last) = world.takeovers().last()
        && last.at > plan.settled()
    {
        return violation(Promise::EndsQuiet, format!("taken at {} by {}", last.at, last.node));
    }
    if let Some(last) = world.watch.last_order()
        && last > plan.settled() + world.watch.settling
    {
        return violation(Promise::EndsIdle, format!("one at {last}"));
    }
    leaders.into_iter().enumerate().try_for_each(|(which, master)| client_reaches(world, which, master))
}

/// Where announcements are repeated, the client finds the master however it was cut off meanwhile.
fn client_reaches(world: &mut World, which: usize, master: usize) -> Result<(), Violation> {
    let Some(instance) = world.node(master).config.instances.get(which).cloned() else { return Ok(()) };
    if instance.announce.refresh > Duration::ZERO && instance.announce.refresh * 2 < quiet(&instance) {
        for vip in instance.addresses.iter().chain(&instance.excluded) {
            let address = vip.prefix.address();
            let answers = world.answers(which, address);
            if answers != Some(master) {
                let details = format!("{address} answers at {answers:?}, master is {master}");
                return Err(Violation { at: world.now(), rule: Promise::EndsReached, details });
            }
        }
    }
    Ok(())
}

/// When nothing more should change after `healed`: a backup has run out of patience, was preempted after the longest
/// delay, and that took another master-down time.
pub(super) fn settling(
    healed: Instant,
    instances: &[&InstanceConfig],
    grouped: bool,
    scripts: Duration,
) -> Instant {
    let patience =
        |it: &&InstanceConfig| it.interval * (u32::from(it.down_timer_adverts) + 1) + Duration::from_secs(1);
    let delay = |it: &&InstanceConfig| match it.preemption {
        Preemption::Delayed(delay) => delay + it.interval,
        Preemption::Allowed | Preemption::Never => Duration::ZERO,
    };
    let patience = instances.iter().map(patience).max().unwrap_or_default();
    let delay = instances.iter().map(delay).max().unwrap_or_default();
    // A member of a sync group that is ready before the others waits another time.
    healed + patience * if grouped { 4 } else { 2 } + delay + scripts + Duration::from_millis(100)
}
