//! Proof that every promise is watched: somebody breaks it, and is found out.
//!
//! A sabotaged worker is told less, or something else, than happened, or what it does is changed on its way into the
//! world. The books are not told. That a promise is broken among the first seeds shows both that its books see it and
//! that chance brings about what it is about.

mod paths;
mod routers;

use crate::explore::{Plan, Tale};
use crate::invariant::{Promise, Violation};
use crate::scenario::Failure;

/// What comes between a world and its workers.
#[derive(Debug)]
pub(crate) struct Sabotage<I, E> {
    /// What a node's worker is told in the place of this, if anything.
    pub(crate) told: fn(usize, I) -> Option<I>,
    /// Changes what a node's worker did in its turn.
    pub(crate) done: fn(usize, &mut Vec<E>),
}

impl<I, E> Default for Sabotage<I, E> {
    fn default() -> Self {
        Self { told: |_, input| Some(input), done: |_, _| {} }
    }
}

/// The first of so many seeds by which `play` breaks a promise. Others may be broken before.
fn first_seed<T: Tale>(
    promise: Promise,
    seeds: u64,
    play: impl Fn(Plan<T>) -> Result<(), Failure>,
) -> Option<u64> {
    (1..=seeds).find(|seed| {
        let outcome = play(Plan::of(*seed));
        matches!(outcome, Err(Failure::Violation(Violation { rule, .. })) if rule == promise)
    })
}

/// Both explorations together leave no promise unproved.
#[test]
fn every_promise_has_somebody_who_breaks_it() {
    let broken: Vec<Promise> =
        routers::all().map(|it| it.promise).chain(paths::all().map(|it| it.0)).collect();
    for promise in Promise::ALL {
        assert!(broken.contains(&promise), "nobody breaks `{promise}`");
    }
}
