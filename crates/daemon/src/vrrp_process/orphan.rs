//! The last scripts of a worker whose supervisor is gone.

use std::time::Duration;

use host::{Job, Severity};
use linux::journal::Journal;
use linux::{Poll, clock, process, signal};

use crate::supervisor::jobs::{Finished, Jobs};

/// How long they may take: nobody is left who would end them.
const LIMIT: Duration = Duration::from_secs(5);

/// Runs them as the supervisor would have.
pub(super) fn run(scripts: Vec<(String, Job)>, journal: &mut Journal) {
    if scripts.is_empty() {
        return;
    }
    let Ok(mut poll) = Poll::new() else { return };
    if poll.catch(&[signal::CHILD]).is_err() {
        return;
    }
    let mut jobs = Jobs::default();
    let mut finished = Vec::new();
    let begun = clock::now();
    for (queue, job) in scripts {
        jobs.notify(queue, job, begun, &mut finished);
    }
    let mut abandoned = false;
    while !jobs.is_idle() {
        let limit = (!abandoned).then_some(begun + LIMIT);
        let deadline = jobs.deadline().into_iter().chain(limit).min();
        if poll.wait(deadline, &mut Vec::new()).is_err() {
            return;
        }
        // Read, so that the next one wakes us again.
        let _ = poll.signals();
        let now = clock::now();
        while let Some(pid) = process::any_ended() {
            if jobs.owns(pid) {
                jobs.reap(pid, now, &mut finished);
            } else {
                process::reap_stranger(pid);
            }
        }
        if now >= begun + LIMIT && !abandoned {
            abandoned = true;
            jobs.abandon(now);
        }
        jobs.expire(now, &mut finished);
    }
    for finished in finished {
        if let Finished::Failed { program, outcome } = finished {
            host::Journal::write(journal, Severity::Warning, &format!("Notify script {program} {outcome}"));
        }
    }
}
