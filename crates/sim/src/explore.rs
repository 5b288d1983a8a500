//! Tales by chance: what nobody would think of writing down.
//!
//! From a seed comes who takes part, and a row of misfortunes. Then all is healed, and after a bounded time all must be
//! as it should and quiet. A seed that fails is shrunk: misfortunes that are not needed for the failure are left out.
//! [`Routers`] are pairs and triples of vrrp workers; [`crate::paths::Neighbours`] are pairs of bfd workers.

mod routers;

use std::fmt;
use std::time::Duration;

use host::Instant;

pub use self::routers::Routers;
use crate::chance::Chance;
use crate::scenario::Failure;

/// How often a shrinking failure is run again at most.
const SHRINKING: usize = 300;

/// Who takes part, and what can befall them.
pub trait Tale: Clone + fmt::Debug + Send {
    /// Something that goes wrong, or is made right.
    type Deed: Clone + fmt::Debug + Send;
    /// Where it is played.
    type Stage;

    /// Those of a seed.
    fn of(seed: u64, chance: &mut Chance) -> Self;
    /// When things go wrong, and how many.
    fn trouble(&self) -> Trouble;
    /// What happens before anything goes wrong.
    fn beginning(&self, _: &mut Chance) -> Vec<(Instant, Self::Deed)> {
        Vec::new()
    }
    /// One thing that goes wrong, and what makes it right again, if that does not come by itself.
    fn misfortune(&self, at: Instant, chance: &mut Chance) -> (Self::Deed, Option<Self::Deed>);
    /// Where a plan can be played, with all that will happen. Its story is only kept if asked for.
    fn stage(plan: &Plan<Self>, keeps_story: bool) -> Self::Stage;
    /// Plays a plan to its end, and judges that.
    fn play(plan: &Plan<Self>, stage: &mut Self::Stage) -> Result<(), Failure>;
    /// Writes a plan in words.
    fn write(plan: &Plan<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    /// What happened, a line a fact.
    fn story(stage: &Self::Stage) -> String;
}

/// When things go wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trouble {
    /// From then on.
    pub from: Instant,
    /// Until then.
    pub until: Instant,
    /// Most things that go wrong, recoveries not counted.
    pub most: u64,
    /// A time that matters to those who take part: what goes wrong is right again after a share of it, or a few of it.
    pub unit: Duration,
}

/// What a seed stands for: a plan that can be played, and be made simpler by leaving misfortunes out.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan<T: Tale> {
    /// Who takes part.
    pub tale: T,
    /// What befalls them, in order of time.
    pub misfortunes: Vec<(Instant, T::Deed)>,
}

impl<T: Tale> Plan<T> {
    /// The plan of a seed.
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let tale = T::of(seed, &mut chance);
        let Trouble { from, until, most, unit } = tale.trouble();
        let mut misfortunes = tale.beginning(&mut chance);
        for _ in 0..=chance.below(most) {
            let at = from + chance.time((Duration::ZERO, until.since(from)));
            let (wrong, right) = tale.misfortune(at, &mut chance);
            misfortunes.push((at, wrong));
            // Often so soon that a race comes of it, sometimes only when all is healed.
            let after = match chance.below(4) {
                0 => chance.time((Duration::ZERO, unit / 8)),
                1 => chance.time((Duration::ZERO, unit)),
                2 => chance.time((Duration::ZERO, unit * 3)),
                _ => continue,
            };
            misfortunes.extend(right.filter(|_| at + after < until).map(|right| (at + after, right)));
        }
        misfortunes.sort_by_key(|(at, _)| *at);
        Self { tale, misfortunes }
    }

    /// Plays it to its end, and judges that.
    pub fn run(&self) -> Result<(), Failure> {
        T::play(self, &mut T::stage(self, false))
    }

    /// The same without one of the misfortunes, counted from 0.
    #[must_use]
    pub fn without(&self, misfortune: usize) -> Self {
        let mut fewer = self.clone();
        fewer.misfortunes.remove(misfortune);
        fewer
    }

    /// The plan, and what happens when it is played. How it ends is told beside it.
    pub fn story(&self) -> String {
        let mut stage = T::stage(self, true);
        let _ = T::play(self, &mut stage);
        format!("{self}\n{}", T::story(&stage))
    }
}

impl<T: Tale> fmt::Display for Plan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::write(self, f)
    }
}

/// A seed that failed.
#[derive(Clone, Debug)]
pub struct Finding<T: Tale> {
    /// The seed.
    pub seed: u64,
    /// What went wrong in the shrunk plan.
    pub failure: Failure,
    /// The fewest misfortunes that were found to bring it about.
    pub plan: Plan<T>,
}

/// Plays what a seed stands for. What a failure shrinks to, if it fails.
pub fn seed<T: Tale>(seed: u64) -> Result<(), Box<Finding<T>>> {
    let plan = Plan::of(seed);
    match plan.run() {
        Ok(()) => Ok(()),
        Err(failure) => Err(Box::new(shrink(seed, plan, failure))),
    }
}

fn shrink<T: Tale>(seed: u64, plan: Plan<T>, failure: Failure) -> Finding<T> {
    let mut finding = Finding { seed, failure, plan };
    let mut at = 0;
    for _ in 0..SHRINKING {
        if at >= finding.plan.misfortunes.len() {
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
