//! The file table of the whole system is full (ENFILE). It stops whoever lacks CAP_SYS_ADMIN, so A runs without that, as a
//! unit file with a bounding set or a container would have it; B and the trial itself are not stopped.
//!
//! The limit is the whole machine's: only where that is there for tests alone is it tried.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::outage;
use crate::netns::clock::{Stamp, sleep_until, wait_for};
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::lab::Lab;
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::LATE;

const LIMIT: &str = "/proc/sys/fs/file-max";
const WORDS: &str = "Too many open files in system";

/// Trials of this kind come one after the other: who is started while another's table is full does not start.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A full table, until it is dropped.
struct Full {
    before: String,
}

impl Full {
    fn begin() -> Full {
        let before = fs::read_to_string(LIMIT).expect("/proc is there");
        fs::write(LIMIT, "1").expect("root may");
        Full { before }
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        fs::write(LIMIT, &self.before).expect("root may");
    }
}

/// A is worth its 150 by all that needs files while it runs: a file, a process, a script whose first failure is a verdict.
pub(crate) fn tracking_pair(makes: (Make, Make)) -> Pair {
    let mut pair = Pair::on(Lab::new(), makes, |lab, _, _| {
        let path = |name: &str| lab.scratch.path(name).display().to_string();
        fs::write(path("score"), "20\n").expect("the scratch folder is writable");
        fs::copy("/bin/sleep", path(&tracked(lab))).expect("the scratch folder is writable");
        fs::write(path("told"), format!("#!/bin/sh\necho \"$3\" >> {}\n", path("states")))
            .and_then(|()| fs::set_permissions(path("told"), fs::Permissions::from_mode(0o755)))
            .expect("the scratch folder is writable");
        let tracks = "track_file {\n        score weight 1\n    }\n    track_process {\n        tracked\n    }\n    \
                      track_script {\n        runs\n    }";
        let a = Instance::v3(90, 400)
            .with_block(format!("vrrp_track_file score {{\n    file {}\n}}", path("score")))
            .with_block(format!(
                "vrrp_track_process tracked {{\n    process {}\n    weight 40\n}}",
                tracked(lab)
            ))
            .with_block("vrrp_script runs {\n    script /bin/true\n    interval 1\n}")
            .with(tracks)
            .with(format!("notify {}", path("told")));
        (Instance { priority: 150, ..a }.rendered_at(90), Instance::v3(100, 400))
    });
    pair.side_mut(Who::A).daemon.renounce();
    pair
}

pub(crate) fn pair(makes: (Make, Make)) -> Pair {
    let mut pair = outage::pair(makes);
    pair.side_mut(Who::A).daemon.renounce();
    pair.side_mut(Who::B).daemon.renounce();
    pair
}

fn tracked(lab: &Lab) -> String {
    format!("f{}", lab.prefix)
}

/// A process that ends with the trial.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// A master stays master: what it cannot look at is as it was, a reload that cannot read is refused, and scripts wait.
pub(crate) fn under_a_master(pair: &mut Pair) {
    let _alone = alone();
    let program = pair.lab.scratch.path(&tracked(&pair.lab));
    let _running = Running(Command::new(program).arg("600").spawn().expect("it was just copied"));
    pair.establish();
    let began = Stamp::now();
    let full = Full::begin();
    fs::write(pair.lab.scratch.path("score"), "20\n").expect("it is ours");
    let changed = pair.side(Who::A).instance.clone().rendered_at(91);
    pair.side_mut(Who::A).reload(changed);
    pair.side(Who::A).expect_log(&format!("Unable to read the configuration now: {WORDS}"));
    pair.side(Who::A).expect_log("Scripts wait, as they cannot be started now");
    pair.steady(Who::A, began, 6.0);
    pair.held_by_one(began, 0.0, 0.0);
    let sent = pair.wire.adverts(&pair.side(Who::A).host, began, Stamp::now());
    let priorities = sent.iter().filter_map(|packet| packet.advert()).map(|advert| advert.priority);
    assert!(priorities.clone().all(|priority| priority == 150), "{:?}", priorities.collect::<Vec<_>>());

    // What a fault and an election need is there. Its scripts run when they can.
    let cut = outage::down_and_up(pair);
    assert_eq!(states(pair), "BACKUP\nMASTER\n", "there is no descriptor for a script");
    drop(full);
    let within = Duration::from_secs_f64(2.0 + LATE);
    let all = "BACKUP\nMASTER\nFAULT\nBACKUP\nMASTER\n";
    let told = wait_for(within, || (states(pair) == all).then_some(()));
    assert!(told.is_some(), "its scripts said {:?}", states(pair));
    let again = pair.side(Who::A).instance.clone().rendered_at(92);
    let reloaded = pair.side_mut(Who::A).reload(Instance { priority: 152, ..again });
    pair.side(Who::A).expect_log("Reload complete");
    let raised = |priority| {
        pair.wire
            .wait_advert(&pair.side(Who::A).host, reloaded, within, move |advert| advert.priority == priority)
    };
    assert!(raised(152).is_some(), "the reload raises the priority");
    pair.held_by_one(cut, 0.0, pair.side(Who::A).instance.master_down());
}

fn states(pair: &Pair) -> String {
    fs::read_to_string(pair.lab.scratch.path("states")).unwrap_or_default()
}

/// A backup takes over in its time.
pub(crate) fn under_a_backup(pair: &mut Pair) {
    let _alone = alone();
    pair.establish();
    let full = Full::begin();
    sleep_until(Stamp::now().plus(Duration::from_secs(1)));
    let asked = pair.side_mut(Who::A).daemon.terminate();
    pair.becomes_master(Who::B, asked, 0.0, pair.side(Who::B).instance.master_down());
    pair.sole_holder(Who::B);
    pair.held_by_one(asked, 0.0, pair.side(Who::B).instance.skew());
    let status = pair.side_mut(Who::A).daemon.wait();
    assert_eq!(status.code(), Some(0), "A's exit status");
    drop(full);
}

/// A worker that dies is followed by another as soon as there is room, which gives up what it holds no longer by right.
pub(crate) fn under_a_worker_that_dies(pair: &mut Pair) {
    let _alone = alone();
    pair.establish();
    let full = Full::begin();
    let killed = pair.side_mut(Who::A).daemon.kill_worker();
    pair.takes_over(Who::B, killed);
    pair.side(Who::A).expect_log(&format!("Unable to start the VRRP child process: {WORDS}"));
    drop(full);
    let wait = pair.side(Who::A).instance.master_down();
    pair.settles_on(Who::A, 2.0 + wait, 0.5);
    let until = Stamp::now().since(killed);
    pair.held_by_one(killed, until, 0.0);
    assert!(!pair.side(Who::A).daemon.log().contains("Terminating"), "{}", pair.side(Who::A).daemon.log());
}
