//! Scenarios by chance: what nobody would think of writing down.
//!
//! From a seed comes a pair or triple of nodes, their configuration, the weather, and a row of misfortunes. Then all
//! is healed, and after a bounded time there must be one master, the right one where preemption decides, and silence
//! but for its adverts. A seed that fails is shrunk: misfortunes that are not needed for the failure are left out.

mod plan;

use std::time::Duration;

use host::Instant;
use vrrp::config::{InstanceConfig, Preemption};

pub use self::plan::Plan;
use crate::invariant::{Promise, Violation};
use crate::scenario::Failure;
use crate::world::World;

/// How often a shrinking failure is run again at most.
const SHRINKING: usize = 300;

/// What a seed stands for: a plan that can be played, and be made simpler by leaving misfortunes out.
pub trait Tale: Clone + Send {
    /// The one of a seed.
    fn of(seed: u64) -> Self;
    /// Plays it to its end, and judges that.
    fn run(&self) -> Result<(), Failure>;
    /// How many misfortunes there are.
    fn misfortunes(&self) -> usize;
    /// The same without one of them, counted from 0.
    fn without(&self, misfortune: usize) -> Self;
    /// The plan, and what happens when it is played.
    fn story(&self) -> String;
}

impl Tale for Plan {
    fn of(seed: u64) -> Self {
        Self::new(seed)
    }

    fn run(&self) -> Result<(), Failure> {
        let scenario = self.scenario();
        let mut world = scenario.build(false);
        scenario.run(&mut world)?;
        judge(self, &mut world).map_err(Failure::Violation)
    }

    fn misfortunes(&self) -> usize {
        self.misfortunes.len()
    }

    fn without(&self, misfortune: usize) -> Self {
        let mut fewer = self.clone();
        fewer.misfortunes.remove(misfortune);
        fewer
    }

    fn story(&self) -> String {
        let scenario = self.scenario();
        let mut world = scenario.build(true);
        // How it ends is told beside it.
        let _ = scenario.run(&mut world);
        format!("{scenario}\n{}", world.story())
    }
}

/// A seed that failed.
#[derive(Clone, Debug)]
pub struct Finding<T> {
    /// The seed.
    pub seed: u64,
    /// What went wrong in the shrunk plan.
    pub failure: Failure,
    /// The fewest misfortunes that were found to bring it about.
    pub plan: T,
}

/// Plays what a seed stands for. What a failure shrinks to, if it fails.
pub fn seed<T: Tale>(seed: u64) -> Result<(), Box<Finding<T>>> {
    let plan = T::of(seed);
    match plan.run() {
        Ok(()) => Ok(()),
        Err(failure) => Err(Box::new(shrink(seed, plan, failure))),
    }
}

/// After everything was healed and had time to settle.
fn judge(plan: &Plan, world: &mut World) -> Result<(), Violation> {
    let now = world.now();
    let violation = |rule, details: String| Err(Violation { at: now, rule, details });
    let names = plan.base.nodes[0].config.instances.iter().map(|instance| &instance.name);
    let mut leaders = Vec::new();
    for name in names {
        let [master] = world.masters(name)[..] else {
            return violation(Promise::EndsLed, format!("{name}: {:?}", world.masters(name)));
        };
        leaders.push(master);
        let instances =
            world.nodes().iter().filter(|node| node.is_working()).filter_map(|node| node.instance(name));
        let preempts = instances.clone().all(|instance| instance.preemption != Preemption::Never);
        let best = instances.map(|instance| instance.priority).max();
        let priority = world.node(master).instance(name).map(|instance| instance.priority);
        if preempts && priority != best {
            let details = format!("{name} of {} with {priority:?} below {best:?}", world.node(master).name);
            return violation(Promise::EndsWithBest, details);
        }
    }
    let grouped = plan.base.nodes.iter().any(|node| !node.config.groups.is_empty());
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
    if instance.announce.refresh > Duration::ZERO && instance.announce.refresh * 2 < plan::quiet(&instance) {
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

fn shrink<T: Tale>(seed: u64, plan: T, failure: Failure) -> Finding<T> {
    let mut finding = Finding { seed, failure, plan };
    let mut at = 0;
    for _ in 0..SHRINKING {
        if at >= finding.plan.misfortunes() {
            break;
        }
        let fewer = finding.plan.without(at);
        match fewer.run() {
            Ok(()) => at += 1,
            Err(failure) => (finding.plan, finding.failure) = (fewer, failure),
        }
    }
    finding
}

/// Seeds from `first` on, so many, on as many threads as the machine has processors. The findings, by seed, of which
/// there may be more once `most` were found.
pub fn seeds<T: Tale>(first: u64, count: u64, most: usize) -> Vec<Finding<T>> {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};
    let next = AtomicU64::new(first);
    let findings = Mutex::new(Vec::new());
    let work = || loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= first + count {
            return;
        }
        if let Err(finding) = seed::<T>(n)
            && let Ok(mut findings) = findings.lock()
        {
            findings.push(*finding);
            if findings.len() >= most {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(work);
        }
    });
    let mut findings = findings.into_inner().unwrap_or_default();
    findings.sort_by_key(|finding| finding.seed);
    findings
}

/// When nothing more should change after `healed`: a backup has run out of patience, was preempted after the longest
/// delay, and that took another master-down time.
fn settling(healed: Instant, instances: &[&InstanceConfig], grouped: bool, scripts: Duration) -> Instant {
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
