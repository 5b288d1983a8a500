use std::time::Duration;

use super::*;

const SHELL: u32 = 2;

fn config(name: &str, process: &str, matching: ProcessMatch) -> ProcessConfig {
    ProcessConfig {
        name: name.into(),
        process: process.into(),
        matching,
        quorum: (1, u32::MAX),
        terminate_delay: Duration::ZERO,
        fork_delay: Duration::ZERO,
    }
}

fn named() -> ProcessConfig {
    config("p", "tpsleep", ProcessMatch::Name)
}

/// A process that was started with these words; its name is the file's, cut to what the kernel keeps.
fn seen(line: &str) -> Seen {
    let words: Vec<Vec<u8>> = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
    let file = line.split(' ').next().unwrap().rsplit('/').next().unwrap();
    Seen { name: file.bytes().take(15).collect(), words }
}

struct Bench {
    processes: Processes,
    now: Instant,
}

impl Bench {
    fn new(configs: &[ProcessConfig]) -> Self {
        let mut processes = Processes::default();
        processes.configure(configs);
        processes.survey(&BTreeMap::new());
        processes.changes();
        Self { processes, now: Instant::ZERO }
    }

    /// A shell starts a program.
    fn start(&mut self, pid: u32, line: &str) -> Vec<(String, bool)> {
        self.processes.forked(SHELL, pid, self.now);
        self.processes.executed(pid, &seen(line), self.now);
        self.processes.changes()
    }

    fn fork(&mut self, parent: u32, child: u32) -> Vec<(String, bool)> {
        self.processes.forked(parent, child, self.now);
        self.processes.changes()
    }

    fn end(&mut self, pid: u32) -> Vec<(String, bool)> {
        self.processes.ended(pid, self.now);
        self.processes.changes()
    }

    fn rename(&mut self, pid: u32, name: &str) -> Vec<(String, bool)> {
        self.processes.renamed(pid, name.as_bytes(), self.now);
        self.processes.changes()
    }

    fn wait(&mut self, ms: u64) -> Vec<(String, bool)> {
        self.now += Duration::from_millis(ms);
        self.processes.wake(self.now);
        self.processes.changes()
    }
}

fn gained(name: &str) -> Vec<(String, bool)> {
    vec![(name.into(), true)]
}

fn lost(name: &str) -> Vec<(String, bool)> {
    vec![(name.into(), false)]
}

/// The table of vrrp-behaviour §18, with what keepalived did.
///
/// vrrp-behaviour §18.
#[test]
fn processes_are_told_by_name_or_by_command_line() {
    let words = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
    let path = "/tmp/tpsleep";
    for (process, matching, line, expected) in [
        ("tpsleep", ProcessMatch::Name, "/tmp/tpsleep 1", true),
        (path, ProcessMatch::Name, "/tmp/tpsleep 1", false),
        ("averyverylongprocessname", ProcessMatch::Name, "averyverylongprocessname", false),
        ("averyverylongpr", ProcessMatch::Name, "averyverylongprocessname", true),
        ("tpsleep", ProcessMatch::Command, "tpsleep 999", true),
        ("tpsleep", ProcessMatch::Command, "/tmp/tpsleep 999", false),
        (path, ProcessMatch::Exact(words("4242")), "/tmp/tpsleep 4242", true),
        (path, ProcessMatch::Exact(words("4242")), "/tmp/tpsleep 4242 1", false),
        (path, ProcessMatch::Exact(vec![]), "/tmp/tpsleep 4242", false),
        (path, ProcessMatch::Exact(vec![]), "/tmp/tpsleep", true),
        (path, ProcessMatch::FirstWords(words("42")), "/tmp/tpsleep 42 43", true),
        (path, ProcessMatch::FirstWords(words("42")), "/tmp/tpsleep 4242", false),
        (path, ProcessMatch::FirstWords(words("24")), "/tmp/tpsleep 42 24", false),
        (path, ProcessMatch::Beginning(words("42")), "/tmp/tpsleep 4242", true),
        (path, ProcessMatch::Beginning(words("1 42")), "/tmp/tpsleep 1 4240 5", true),
        (path, ProcessMatch::Beginning(words("1 42")), "/tmp/tpsleep 10 4240", false),
        (path, ProcessMatch::Beginning(words("42")), "/tmp/tpsleep", false),
        (path, ProcessMatch::Beginning(vec![]), "/tmp/tpsleep x", true),
    ] {
        let set = Set::new(config("p", process, matching.clone()));
        assert_eq!(set.matches(&seen(line)), expected, "{process} {matching:?}: {line}");
    }
}

/// As observed: B18-03.
#[test]
fn a_set_is_complete_between_its_least_and_its_most() {
    let mut bench = Bench::new(&[ProcessConfig { quorum: (2, 3), ..named() }]);
    assert_eq!(bench.start(11, "tpsleep"), []);
    assert_eq!(bench.start(12, "tpsleep"), gained("p"));
    assert_eq!(bench.start(13, "tpsleep"), []);
    assert_eq!(bench.start(14, "tpsleep"), lost("p"));
    assert_eq!(bench.end(14), gained("p"));
    assert_eq!(bench.end(13), []);
    assert_eq!(bench.end(12), lost("p"));
}

/// "`quorum_max 0` alone sets quorum to 0 = 'must not run'".
#[test]
fn a_process_that_must_not_run_is_a_complete_set_while_it_does_not() {
    let mut processes = Processes::default();
    processes.configure(&[ProcessConfig { quorum: (0, 0), ..named() }]);
    processes.survey(&BTreeMap::new());
    assert_eq!(processes.changes(), gained("p"));
    processes.survey(&BTreeMap::from([(7, seen("tpsleep"))]));
    assert_eq!(processes.changes(), lost("p"));
}

#[test]
fn a_look_at_all_counts_at_once() {
    let delays = Duration::from_secs(9);
    let config = ProcessConfig { terminate_delay: delays, fork_delay: delays, ..named() };
    let mut bench = Bench::new(&[config]);
    bench.processes.survey(&BTreeMap::from([(7, seen("tpsleep")), (8, seen("other"))]));
    assert_eq!(bench.processes.changes(), gained("p"));
    bench.processes.survey(&BTreeMap::new());
    assert_eq!(bench.processes.changes(), lost("p"));
}

/// "a shell starting the program is fork + exec, so `fork_delay` has no effect there"; exit starts `terminate_delay`.
///
/// vrrp-behaviour §18.
#[test]
fn another_program_counts_at_once_and_an_end_after_its_delay() {
    let config = ProcessConfig {
        terminate_delay: Duration::from_secs(3),
        fork_delay: Duration::from_secs(2),
        ..named()
    };
    let mut bench = Bench::new(&[config]);
    assert_eq!(bench.start(11, "tpsleep"), gained("p"));
    assert_eq!(bench.end(11), []);
    assert_eq!(bench.wait(2_999), []);
    assert_eq!(bench.wait(1), lost("p"));
    assert_eq!(bench.processes.deadline(), None);
}

#[test]
fn an_end_that_is_made_good_in_time_does_not_count() {
    let config = ProcessConfig { terminate_delay: Duration::from_secs(3), ..named() };
    let mut bench = Bench::new(&[config]);
    bench.start(11, "tpsleep");
    assert_eq!(bench.end(11), []);
    assert_eq!(bench.wait(2_000), []);
    assert_eq!(bench.start(12, "tpsleep"), []);
    assert_eq!(bench.wait(5_000), []);
}

/// As recorded: fork without exec and `fork_delay 2` → gained two seconds later.
///
/// vrrp-behaviour §18.
#[test]
fn a_child_of_a_counted_process_counts_after_the_fork_delay() {
    let delay = Duration::from_secs(2);
    let mut bench = Bench::new(&[ProcessConfig { quorum: (2, 9), fork_delay: delay, ..named() }]);
    assert_eq!(bench.start(11, "tpsleep"), []);
    assert_eq!(bench.fork(11, 12), []);
    assert_eq!(bench.wait(1_000), []);
    assert_eq!(bench.fork(11, 13), [], "the delay counts from the first");
    let status = bench.processes.statuses().remove(0);
    assert_eq!((status.number, status.fork_delay_runs, status.terminate_delay_runs), (3, true, false));
    assert_eq!(bench.wait(1_000), gained("p"));
    assert_eq!(bench.end(13), []);
    assert_eq!(bench.end(12), lost("p"));
}

#[test]
fn a_child_that_becomes_another_program_is_counted_no_more() {
    let mut bench = Bench::new(&[ProcessConfig { quorum: (2, 9), ..named() }]);
    bench.start(11, "tpsleep");
    assert_eq!(bench.fork(11, 12), gained("p"));
    bench.processes.executed(12, &seen("other"), bench.now);
    assert_eq!(bench.processes.changes(), lost("p"));
}

/// As observed: B18-04.
#[test]
fn a_process_that_executes_itself_again_is_counted_once() {
    let mut bench = Bench::new(&[ProcessConfig { quorum: (2, 9), ..named() }]);
    bench.start(11, "tpsleep");
    bench.processes.executed(11, &seen("tpsleep"), bench.now);
    assert_eq!(bench.processes.changes(), []);
}

#[test]
fn a_new_name_counts_at_once_and_for_names_only() {
    let command = config("c", "tpsleep", ProcessMatch::Command);
    let mut bench = Bench::new(&[ProcessConfig { fork_delay: Duration::from_secs(9), ..named() }, command]);
    assert_eq!(bench.start(11, "other"), []);
    assert_eq!(bench.rename(11, "tpsleep"), gained("p"));
    assert_eq!(bench.rename(11, "other"), lost("p"));
}

#[test]
fn a_reload_keeps_what_is_known_of_a_set_that_stays() {
    let mut bench = Bench::new(&[named()]);
    bench.start(11, "tpsleep");
    bench.processes.configure(&[named(), config("q", "other", ProcessMatch::Name)]);
    assert_eq!(bench.processes.changes(), lost("q"), "of the other nothing is known yet");
    assert_eq!(bench.end(11), lost("p"));
}

#[test]
fn without_events_a_look_now_and_then_does_with_the_same_delays() {
    let config = ProcessConfig { terminate_delay: Duration::from_secs(3), ..named() };
    let mut bench = Bench::new(&[config]);
    bench.processes.recount(&BTreeMap::from([(7, seen("tpsleep"))]), bench.now);
    assert_eq!(bench.processes.changes(), gained("p"));
    bench.processes.recount(&BTreeMap::new(), bench.now);
    assert_eq!(bench.processes.changes(), []);
    assert_eq!(bench.wait(3_000), lost("p"));
}
