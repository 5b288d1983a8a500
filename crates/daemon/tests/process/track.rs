//! Tracked files and processes.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::bench::{Bench, NamedNamespace, PROGRAM, programs};
use super::control::status;

/// The present effective priority.
fn priority(bench: &Bench) -> u64 {
    status(bench)["vrrp"]["instances"][0]["effective_priority"].as_u64().unwrap_or_default()
}

fn configure(bench: &Bench, blocks: &str, more: &str) {
    bench.configure(more);
    bench.write("conf", &format!("{blocks}\n{}", bench.text("conf")));
}

/// vrrp-behaviour §9.2: "File read at start, then inotify on its directory (close-write, move, delete; absence = 0)".
#[test]
fn a_tracked_files_number_is_added_to_the_priority() {
    let Some(bench) = Bench::new("a_tracked_files_number_is_added_to_the_priority") else { return };
    bench.write("number", "20\n");
    let file = "track_file f {\n file @/number\n weight 2\n}";
    configure(&bench, file, "track_file {\n  f\n }");
    let daemon = bench.start(&[]).master();
    assert_eq!(priority(&bench), 140, "read before the first decision");
    bench.write("number", "-3");
    bench.until("the written number", || priority(&bench) == 94);
    bench.write("other", "5");
    fs::rename(bench.path("other"), bench.path("number")).unwrap();
    bench.until("the number put in place", || priority(&bench) == 110);
    fs::remove_file(bench.path("number")).unwrap();
    bench.until("no number", || priority(&bench) == 100);
    bench.write("number", "-127");
    bench.await_log("(VI_1) Entering FAULT STATE");
    bench.write("number", "0");
    bench.until("its way back", || bench.count("(VI_1) Entering MASTER STATE") == 2);
    configure(&bench, &file.replace("number", "third"), "track_file {\n  f\n }");
    bench.write("third", "7");
    daemon.signal("HUP");
    bench.until("the number of the other file", || priority(&bench) == 114);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_tracked_file_begins_with_a_number_that_a_crash_does_not_bring_back() {
    let test = "a_tracked_file_begins_with_a_number_that_a_crash_does_not_bring_back";
    let Some(bench) = Bench::new(test) else { return };
    bench.write("kept", "3\n");
    bench.write("over", "3\n");
    let blocks = ["new", "kept", "over"].map(|name| {
        let overwrite = if name == "over" { " overwrite" } else { "" };
        format!("track_file {name} {{\n file @/{name}\n init_file 5{overwrite}\n}}\n")
    });
    configure(&bench, &blocks.concat(), "track_file {\n  new\n  kept\n  over\n }");
    let daemon = bench.start(&[]).master();
    assert_eq!(["new", "kept", "over"].map(|name| bench.text(name)), ["5\n", "3\n", "5\n"]);
    assert_eq!(priority(&bench), 113);
    bench.write("over", "1");
    bench.until("the new number", || priority(&bench) == 109);
    super::bench::send(bench.pid("vrrp.pid"), "KILL");
    bench.await_log("died: Respawning");
    bench.until("the next worker", || priority(&bench) == 109);
    assert_eq!(bench.text("over"), "1");
    assert_eq!(daemon.stop(), Some(0));
}

/// A program of its own name, which ends with the test.
struct Program(Child);

impl Program {
    fn start(bench: &Bench, name: &str) -> Self {
        if !bench.path(name).exists() {
            fs::copy("/bin/sleep", bench.path(name)).unwrap();
        }
        Self(Command::new(bench.path(name)).arg("1000").spawn().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// In a network namespace of its own the kernel tells nothing of processes, so they are looked at each second.
///
/// As observed: B18-01, B18-02.
#[test]
fn tracked_processes_count() {
    let Some(bench) = Bench::new("tracked_processes_count") else { return };
    let name = format!("sf{}", std::process::id());
    let blocks = format!(
        "vrrp_track_process two {{\n process {name}\n quorum 2\n weight 10\n}}\n\
         vrrp_track_process none {{\n process @/{name} 1000\n quorum_max 0\n weight 5\n}}"
    );
    configure(&bench, &blocks, "track_process {\n  two\n  none\n }");
    let first = Program::start(&bench, &name);
    let daemon = bench.start(&[]).master();
    assert_eq!(priority(&bench), 100);
    assert_eq!(bench.count("Quorum"), 0, "{}", bench.text("log"));
    let second = Program::start(&bench, &name);
    bench.await_log("Quorum gained for tracked process two");
    bench.until("both", || priority(&bench) == 110);
    drop((first, second));
    bench.await_log("Quorum lost for tracked process two");
    bench.await_log("Quorum gained for tracked process none");
    bench.until("their end", || priority(&bench) == 105);
    assert_eq!(daemon.stop(), Some(0));
}

/// By the name that the kernel has, which is fifteen bytes of the file's; by the first word of the command line; and by the
/// words behind it: all of them, the first of them, or all but the end of the last. A number that is not to be reached is
/// lost and gained again.
///
/// vrrp-behaviour §18.
/// As observed: B18-01, B18-02, B18-03.
#[test]
fn every_way_of_naming_processes_counts_those_that_it_names() {
    let test = "every_way_of_naming_processes_counts_those_that_it_names";
    let Some(bench) = Bench::new(test) else { return };
    let name = format!("sn{}", std::process::id());
    let long = format!("{name}-of-more-than-fifteen-bytes");
    let ways = [
        ("byname", name.clone(), "weight 1"),
        ("bypath", format!("@/{name}"), "weight 2"),
        ("exact", format!("@/{name} 4242"), "weight 4"),
        ("initial", format!("@/{name} 42"), "weight 8\n param_match initial"),
        ("partial", format!("@/{name} 24"), "weight 16\n param_match partial"),
        ("noargs", format!("@/{name}"), "weight 32\n param_match"),
        ("whole", long.clone(), "weight 64"),
        ("cut", long[..15].to_owned(), "weight 100"),
    ];
    let mut blocks = String::new();
    for (tracker, process, more) in &ways {
        blocks += &format!("vrrp_track_process {tracker} {{\n process {process}\n {more}\n}}\n");
    }
    let most = format!("vrrp_track_process most {{\n process {name}\n quorum_max 2\n weight -50\n}}\n");
    let names = ways.map(|(tracker, ..)| tracker).join("\n  ");
    configure(&bench, &(blocks + &most), &format!("track_process {{\n  {names}\n  most\n }}"));
    bench.write("conf", &bench.text("conf").replace("priority 100", "priority 101"));
    let daemon = bench.start(&[]).ready();
    let comes_to = |what: &str, wanted: u64| bench.until(what, || priority(&bench) == wanted);
    // Nothing runs, and at least one should: 50 less.
    comes_to("nothing", 51);
    let run = |program: &str, word: &str| {
        if !bench.path(program).exists() {
            fs::copy("/bin/sleep", bench.path(program)).unwrap();
        }
        Program(Command::new(bench.path(program)).arg(word).spawn().unwrap())
    };
    let first = run(&name, "4242");
    // By its name, exactly, and by the beginning of its last word.
    comes_to("one", 101 + 1 + 4 + 8);
    let second = run(&name, "999");
    let third = run(&name, "998");
    // Three are more than two.
    comes_to("more than the most", 101 + 1 + 4 + 8 - 50);
    drop(third);
    comes_to("no more than the most", 101 + 1 + 4 + 8);
    drop((first, second));
    comes_to("nothing again", 51);
    let cut = run(&long, "997");
    comes_to("a long name", 51 + 100);
    drop(cut);
    assert_eq!(daemon.stop(), Some(0));
}

/// Whether what the kernel tells of processes can be tried here; says so if it cannot.
fn kernel_tells_of_processes(test: &str) -> bool {
    let opened = linux::watch_process::ProcessWatch::open();
    if let Err(error) = &opened {
        println!("SKIPPED: {test}: the kernel tells nothing of processes: {error}");
    }
    opened.is_ok()
}

/// Here it tells of them: the daemon is started in the initial namespace, and asks before it goes into another.
#[test]
fn the_kernel_tells_of_tracked_processes() {
    let test = "the_kernel_tells_of_tracked_processes";
    if !kernel_tells_of_processes(test) {
        return;
    }
    let Some(bench) = Bench::new(test) else { return };
    let Some(namespace) = NamedNamespace::new(test) else { return };
    let name = format!("sk{}", std::process::id());
    let blocks = format!(
        "net_namespace {}\nvrrp_track_process p {{\n process {name}\n weight 10\n terminate_delay 0.5\n}}",
        namespace.0
    );
    configure(&bench, &blocks, "track_process {\n  p\n }");
    let daemon = bench.spawn_here(&mut bench.command()).ready();
    bench.await_log("(VI_1) Entering MASTER STATE");
    assert_eq!(bench.count("The kernel tells nothing of processes"), 0, "{}", bench.text("log"));
    let before = linux::clock::now();
    let program = Program::start(&bench, &name);
    bench.await_log("Quorum gained for tracked process p");
    assert_eq!(priority(&bench), 110);
    let gained = linux::clock::now().since(before);
    drop(program);
    let ended = linux::clock::now();
    bench.await_log("Quorum lost for tracked process p");
    assert!(linux::clock::now().since(ended).as_millis() >= 490, "not before its delay");
    println!("gained after {gained:?}");
    assert_eq!(daemon.stop(), Some(0));
}

/// A process that sets its own name (`prctl(PR_SET_NAME)`, which Perl does for `$0`), forks without becoming another program,
/// and ends its child, as it is told.
struct Forker(Child);

impl Forker {
    const PROGRAM: &str = r#"
        $| = 1;
        my $child;
        while (my $line = <STDIN>) {
            my ($what, $name) = split ' ', $line;
            if ($what eq 'name') { $0 = $name }
            elsif ($what eq 'fork') { $child = fork; if ($child == 0) { sleep 600; exit } }
            else { kill 'KILL', $child; waitpid $child, 0 }
            print "done\n";
        }
    "#;

    fn start() -> std::io::Result<Self> {
        let mut command = Command::new("perl");
        command.args(["-e", Self::PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map(Self)
    }

    /// Has it do something; it has done it when this returns.
    fn tell(&mut self, what: &str) {
        writeln!(self.0.stdin.as_mut().unwrap(), "{what}").unwrap();
        let mut done = [0; 5];
        self.0.stdout.as_mut().unwrap().read_exact(&mut done).unwrap();
    }
}

impl Drop for Forker {
    fn drop(&mut self) {
        // Its child, if it has one, has the pipe too and would live on.
        let _ = writeln!(self.0.stdin.as_mut().unwrap(), "end");
        let _ = self.0.stdout.as_mut().unwrap().read_exact(&mut [0; 5]);
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The same is asked of ours and of the distribution's.
///
/// vrrp-behaviour §18.
/// As observed: B18-05, B18-06.
#[test]
fn a_child_that_stays_what_it_is_counts_after_its_delay_and_a_new_name_at_once() {
    let test = "a_child_that_stays_what_it_is_counts_after_its_delay_and_a_new_name_at_once";
    if !kernel_tells_of_processes(test) {
        return;
    }
    for program in programs() {
        let Some(bench) = Bench::new(test) else { return };
        let Some(namespace) = NamedNamespace::new(test) else { return };
        let Ok(mut forker) = Forker::start() else {
            println!("SKIPPED: {test}: there is no perl");
            return;
        };
        let (one, other) = (format!("so{}", std::process::id()), format!("sp{}", std::process::id()));
        let blocks = format!(
            "net_namespace {}\n\
             vrrp_track_process two {{\n process {one}\n quorum 2\n fork_delay 1\n weight 10\n}}\n\
             vrrp_track_process other {{\n process {other}\n fork_delay 5\n weight 5\n}}",
            namespace.0
        );
        configure(&bench, &blocks, "track_process {\n  two\n  other\n }");
        forker.tell(&format!("name {one}"));
        let mut daemon = bench.spawn_here(&mut bench.command_of(program));
        bench.await_log("(VI_1) Entering MASTER STATE");
        assert_eq!(bench.count("Quorum"), 0, "{}", bench.text("log"));

        let forked = linux::clock::now();
        forker.tell("fork");
        bench.await_log("Quorum gained for tracked process two");
        let waited = linux::clock::now().since(forked);
        assert!((990..2_000).contains(&waited.as_millis()), "{program:?} waited {waited:?}");
        forker.tell("end");
        bench.await_log("Quorum lost for tracked process two");

        let renamed = linux::clock::now();
        forker.tell(&format!("name {other}"));
        bench.await_log("Quorum gained for tracked process other");
        forker.tell(&format!("name {one}"));
        bench.await_log("Quorum lost for tracked process other");
        let waited = linux::clock::now().since(renamed);
        assert!(waited.as_millis() < 2_000, "{program:?} waited {waited:?}, though a name counts at once");
        daemon.signal("TERM");
        assert_eq!(daemon.ended().code(), Some(0));
    }
}

/// What has a weight is left out, with a word each but for processes, which change nothing either; a file counts as one
/// without, so that a number in it is a fault.
///
/// vrrp-behaviour §9.
/// As observed: B9-04.
#[test]
fn an_owner_minds_a_file_and_nothing_that_weighs_something() {
    let Some(bench) = Bench::new("an_owner_minds_a_file_and_nothing_that_weighs_something") else { return };
    bench.write("number", "0\n");
    let blocks = format!(
        "vrrp_script s {{\n script /bin/false\n interval 1\n}}\ntrack_file f {{\n file @/number\n}}\n\
         vrrp_track_process p {{\n process so{}\n}}",
        std::process::id()
    );
    let tracked =
        "track_interface {\n  lo weight 5\n }\n track_script {\n  s weight -9\n }\n track_file {\n  f\n }";
    configure(&bench, &blocks, &format!("{tracked}\n track_process {{\n  p weight 7\n }}"));
    bench.write("conf", &bench.text("conf").replace("priority 100", "priority 255"));
    let began = linux::clock::now();
    let daemon = bench.start(&[]).master();
    let later = began + std::time::Duration::from_secs(2);
    bench.until("runs of the script", || linux::clock::now() > later);
    assert_eq!(priority(&bench), 255);
    assert_eq!(bench.count("Entering FAULT STATE"), 0, "{}", bench.text("log"));
    assert_eq!(bench.count("Script `s`"), 0, "it does not run, as nobody else tracks it");
    for name in ["lo", "s"] {
        let said = format!("{name} has a weight, and the instance has priority 255; it is not tracked");
        assert_eq!(bench.count(&said), 1, "{said}");
    }
    let said = "f has a weight, and the instance has priority 255; a number that is not 0 is a fault";
    assert_eq!(bench.count(said), 1);
    bench.write("number", "3");
    bench.await_log("(VI_1) Entering FAULT STATE");
    assert!(!bench.has_address());
    bench.write("number", "0");
    bench.until("its return", || bench.has_address());
    assert_eq!(priority(&bench), 255);
    assert_eq!(daemon.stop(), Some(0));
}

/// Differs: keepalived counts it twice.
///
/// vrrp-behaviour §18.
/// As observed: B18-04.
#[test]
fn a_process_that_executes_its_program_again_is_one() {
    let test = "a_process_that_executes_its_program_again_is_one";
    if !kernel_tells_of_processes(test) {
        return;
    }
    for program in programs() {
        let Some(bench) = Bench::new(test) else { return };
        let Some(namespace) = NamedNamespace::new(test) else { return };
        let (again, mark) = (format!("sa{}", std::process::id()), format!("sm{}", std::process::id()));
        fs::copy("/bin/sh", bench.path(&again)).unwrap();
        let blocks = format!(
            "net_namespace {}\n\
             vrrp_track_process one {{\n process {again}\n weight 1\n}}\n\
             vrrp_track_process two {{\n process {again}\n quorum 2\n weight 2\n}}\n\
             vrrp_track_process mark {{\n process {mark}\n weight 3\n}}",
            namespace.0
        );
        configure(&bench, &blocks, "track_process {\n  one\n  two\n  mark\n }");
        let mut daemon = bench.spawn_here(&mut bench.command_of(program));
        bench.await_log("(VI_1) Entering MASTER STATE");
        let own = bench.path(&again).display().to_string();
        let words = format!("read a; exec {own} -c 'read b'");
        let child = Command::new(&own).args(["-c", &words]).stdin(Stdio::piped()).spawn().unwrap();
        let mut child = Program(child);
        bench.await_log("Quorum gained for tracked process one");
        writeln!(child.0.stdin.as_mut().unwrap(), "go").unwrap();
        let is_next =
            || fs::read_to_string(format!("/proc/{}/cmdline", child.0.id())).unwrap().ends_with("read b\0");
        bench.until("the second execution", is_next);
        // The kernel tells of one after the other.
        let marked = Program::start(&bench, &mark);
        bench.await_log("Quorum gained for tracked process mark");
        let twice = bench.count("Quorum gained for tracked process two");
        assert_eq!(twice, usize::from(program != Path::new(PROGRAM)), "{program:?}");
        drop(child);
        bench.await_log("Quorum lost for tracked process one");
        drop(marked);
        daemon.signal("TERM");
        assert_eq!(daemon.ended().code(), Some(0));
    }
}
