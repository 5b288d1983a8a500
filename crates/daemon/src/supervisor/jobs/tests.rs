use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use linux::{Poll, clock};

use super::*;

/// A place where scripts run. One at a time: a process has one set of children.
struct Bench {
    jobs: Jobs,
    directory: PathBuf,
    now: Instant,
    finished: Vec<Finished>,
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Bench {
    fn new(most: usize) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let directory = std::env::temp_dir().join(format!("standfast-jobs-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        // Stands for this executable, which in a test is no daemon: leaves out the part and the account.
        let launcher = directory.join("launcher");
        // While there is a file `full`, it finds no descriptor (ENFILE).
        let full = directory.join("full");
        let text = format!(
            "#!/bin/sh\ntest -e {} && {{ printf '\\000\\000\\000\\027'; exit 1; }}\nshift 2\nexec \"$@\"\n",
            full.display()
        );
        fs::write(&launcher, text).unwrap();
        fs::set_permissions(&launcher, fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            jobs: Jobs::new(launcher, most),
            directory,
            now: Instant::from_millis(1000),
            finished: Vec::new(),
            _alone: alone,
        }
    }

    /// A shell's line, with a limit of ten seconds.
    fn job(&self, line: &str) -> Job {
        let line = line.replace('@', self.directory.to_str().unwrap());
        let command = host::Command { argv: vec!["/bin/sh".into(), "-c".into(), line], account: None };
        Job { command, limit: Some(Duration::from_secs(10)) }
    }

    fn notify(&mut self, queue: &str, line: &str) {
        let job = self.job(line);
        self.jobs.notify(queue.into(), job, self.now, &mut self.finished);
    }

    fn track(&mut self, id: u64, line: &str) {
        let job = self.job(line);
        self.jobs.track(JobId(id), job, self.now, &mut self.finished);
    }

    /// Time passes for the jobs, not for the test.
    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.jobs.expire(self.now, &mut self.finished);
    }

    /// Waits until something is true, reaping what ends.
    fn until(&mut self, what: impl Fn(&Self) -> bool) {
        let limit = clock::now() + Duration::from_secs(20);
        let mut poll = Poll::new().unwrap();
        while !what(self) {
            assert!(clock::now() < limit, "never happened; {:?}", self.jobs);
            poll.wait(Some(clock::now() + Duration::from_millis(2)), &mut Vec::new()).unwrap();
            while let Some(pid) = process::any_ended() {
                assert!(self.jobs.owns(pid));
                self.jobs.reap(pid, self.now, &mut self.finished);
            }
        }
    }

    fn until_idle(&mut self) {
        self.until(|bench| bench.jobs.is_idle());
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.directory.join(name)).unwrap_or_default()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

#[test]
fn notify_scripts_of_one_instance_run_one_after_the_other() {
    let mut bench = Bench::new(MAX_RUNNING);
    for number in 0..5 {
        bench.notify(
            "VI_1",
            &format!("echo begin {number} >> @/log; sleep 0.0$((5 - {number})); echo end {number} >> @/log"),
        );
    }
    bench.until_idle();
    let expected: String = (0..5).map(|number| format!("begin {number}\nend {number}\n")).collect();
    assert_eq!(bench.text("log"), expected);
    assert_eq!(bench.finished, []);
}

#[test]
fn notify_scripts_of_different_instances_run_side_by_side() {
    let mut bench = Bench::new(MAX_RUNNING);
    bench.notify("VI_1", "until test -e @/other; do sleep 0.01; done");
    bench.notify("VI_2", "touch @/other");
    bench.until_idle();
    assert_eq!(bench.finished, []);
}

#[test]
fn a_full_queue_drops_the_oldest_that_waits() {
    let mut bench = Bench::new(MAX_RUNNING);
    bench.notify("VI_1", "until test -e @/go; do sleep 0.01; done");
    for number in 0..MAX_QUEUED + 2 {
        bench.notify("VI_1", &format!("echo {number} >> @/log"));
    }
    assert_eq!(bench.finished, vec![Finished::Dropped { queue: "VI_1".into() }; 2]);
    assert_eq!(bench.jobs.load(), (1, MAX_QUEUED));
    fs::write(bench.directory.join("go"), "").unwrap();
    bench.until_idle();
    let lines = bench.text("log");
    assert_eq!(lines.lines().next(), Some("2"));
    assert_eq!(lines.lines().last(), Some((MAX_QUEUED + 1).to_string().as_str()));
}

#[test]
fn a_tracking_script_answers_with_how_it_ended() {
    let mut bench = Bench::new(MAX_RUNNING);
    bench.track(1, "exit 0");
    bench.track(2, "exit 3");
    bench.track(3, "kill -9 $$");
    bench.until(|bench| bench.finished.len() == 3);
    bench.finished.sort_by_key(|finished| format!("{finished:?}"));
    let expected = [
        Finished::Tracking(JobId(1), Outcome::Exited(0)),
        Finished::Tracking(JobId(2), Outcome::Exited(3)),
        Finished::Tracking(JobId(3), Outcome::Signalled(9)),
    ];
    assert_eq!(bench.finished, expected);
}

/// cli-and-files: "Overrun: TERM, 2 s later KILL."
#[test]
fn a_script_that_takes_too_long_is_asked_and_then_forced_with_all_it_started() {
    let mut bench = Bench::new(MAX_RUNNING);
    bench
        .track(1, "trap 'echo asked > @/asked' TERM; sleep 1000 & echo $! > @/child; while :; do wait; done");
    bench.until(|bench| !bench.text("child").is_empty());
    bench.pass(Duration::from_millis(9_999));
    assert_eq!(bench.jobs.deadline(), Some(Instant::from_millis(11_000)));
    bench.pass(Duration::from_millis(1));
    bench.until(|bench| bench.text("asked") == "asked\n");
    assert_eq!(bench.finished, []);
    assert_eq!(bench.jobs.deadline(), Some(Instant::from_millis(13_000)));
    bench.pass(GRACE);
    bench.until_idle();
    assert_eq!(bench.finished, [Finished::Tracking(JobId(1), Outcome::TimedOut)]);
    let child = bench.text("child");
    bench.until(|_| is_over(&child));
}

#[test]
fn what_a_script_started_ends_with_it_when_it_takes_too_long() {
    let mut bench = Bench::new(MAX_RUNNING);
    bench.track(1, "(trap '' TERM; echo > @/ready; sleep 1000) & echo $! > @/child; wait");
    bench.until(|bench| !bench.text("ready").is_empty() && !bench.text("child").is_empty());
    bench.pass(Duration::from_secs(10));
    // The shell ends by SIGTERM, its child does not.
    bench.until_idle();
    let child = bench.text("child");
    bench.until(|_| is_over(&child));
}

#[test]
fn a_script_that_is_no_longer_wanted_ends_without_an_answer() {
    let mut bench = Bench::new(MAX_RUNNING);
    bench.track(1, "sleep 1000");
    bench.track(2, "sleep 1000");
    bench.jobs.end(JobId(1), bench.now);
    bench.until(|bench| bench.jobs.load() == (1, 0));
    bench.jobs.end_tracking(bench.now);
    bench.until_idle();
    assert_eq!(bench.finished, []);
}

#[test]
fn more_than_the_most_do_not_run_at_once() {
    let mut bench = Bench::new(1);
    bench.track(1, "until test -e @/go; do sleep 0.01; done");
    bench.track(2, "exit 0");
    assert_eq!(bench.finished, [Finished::Tracking(JobId(2), Outcome::NotStarted(process::TRY_AGAIN))]);
    bench.notify("VI_1", "echo > @/notified");
    assert_eq!(bench.jobs.load(), (1, 1));
    fs::write(bench.directory.join("go"), "").unwrap();
    bench.until_idle();
    assert_eq!(bench.text("notified"), "\n");
}

#[test]
fn a_script_that_cannot_be_started_says_so_and_the_next_runs() {
    let mut bench = Bench::new(MAX_RUNNING);
    let launcher = std::mem::replace(&mut bench.jobs.launcher, "/nonexistent".into());
    bench.track(1, "exit 0");
    bench.notify("VI_1", "exit 0");
    let missing = Outcome::NotStarted(2);
    let failed = Finished::Failed { program: "/bin/sh".into(), outcome: missing };
    assert_eq!(bench.finished, [Finished::Tracking(JobId(1), missing), failed]);
    bench.jobs.launcher = launcher;
    bench.notify("VI_1", "echo > @/next");
    bench.until_idle();
    assert_eq!(bench.text("next"), "\n");
}

/// What a script could not look at is as it was, and who was to be told has to be.
#[test]
fn scripts_for_which_there_is_no_descriptor_wait_in_their_order_which_is_said_once() {
    let mut bench = Bench::new(MAX_RUNNING);
    let full = bench.directory.join("full");
    fs::write(&full, "").unwrap();
    bench.track(1, "exit 3");
    bench.track(2, "exit 0");
    bench.notify("VI_1", "echo first >> @/log");
    bench.notify("VI_1", "echo second >> @/log");
    let rest = |bench: &Bench| bench.jobs.load() == (0, 4);
    for _ in 0..3 {
        bench.until(rest);
        assert_eq!(bench.finished, [Finished::Short(23)]);
        assert_eq!(bench.jobs.deadline(), Some(bench.now + AGAIN));
        bench.pass(AGAIN);
    }
    bench.until(rest);
    bench.jobs.end(JobId(2), bench.now);
    fs::remove_file(&full).unwrap();
    bench.pass(AGAIN);
    bench.until_idle();
    assert_eq!(bench.text("log"), "first\nsecond\n");
    assert_eq!(bench.finished, [Finished::Short(23), Finished::Tracking(JobId(1), Outcome::Exited(3))]);
    assert_eq!(bench.jobs.deadline(), None);
}

#[test]
fn an_abandoned_queue_does_not_run_on() {
    let mut bench = Bench::new(MAX_RUNNING);
    bench.notify("VI_1", "sleep 1000");
    bench.notify("VI_1", "echo > @/second");
    bench.jobs.abandon(bench.now);
    bench.until_idle();
    assert_eq!(bench.text("second"), "");
}

/// Whether a process is gone, or waits to be buried by whoever took it over.
fn is_over(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}
