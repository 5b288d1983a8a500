//! Load balancing on a kernel with IPVS: what `ipvsadm` says of the daemon's doing.
//!
//! `ipvs/golden` holds configurations with the tables that Keepalived 2.4.3 left for them. A `.conf` says in its `#!` lines
//! what happens; at each `dump` the table is that of the next part of `.expected`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::bench::{Bench, Daemon, ip};
use super::control::status;

/// Where we differ on purpose: of which recording what is what.
const DIFFERENCES: [(&str, &str, &str); 3] = [
    ("05-persistence", "-M 0.0.0.24", "-M 255.255.255.0"),
    // What is found is brought into shape.
    ("34-flush-on-stop-vs", "-A -t 10.0.0.100:80 -s lc\n", "-A -t 10.0.0.100:80 -s rr\n"),
    ("34-flush-on-stop-vs", "-a -t 10.0.0.100:80 -r 10.0.0.15:80 -m -w 1\n", ""),
];

fn ipvsadm(bench: &Bench, words: &str) -> String {
    let output = bench.inside(|| Command::new("ipvsadm").args(words.split_whitespace()).output()).unwrap();
    assert!(output.status.success(), "ipvsadm {words}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The table, a line an entry, sorted; or another listing of it.
fn table(bench: &Bench, listing: &str) -> String {
    let mut lines: Vec<String> = if listing.is_empty() {
        ipvsadm(bench, "-Sn").lines().map(|line| line.trim().to_owned()).collect()
    } else {
        ipvsadm(bench, &format!("-L -n {listing}")).lines().map(|line| line.trim_end().to_owned()).collect()
    };
    lines.retain(|line| !line.is_empty() && !line.starts_with("IP Virtual Server"));
    if listing.is_empty() {
        lines.sort();
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A host that may be served by, or a word why not.
fn host(test: &str) -> Option<Bench> {
    let bench = Bench::new(test)?;
    ip(&bench, "addr add 10.0.0.1/24 dev eth0");
    ip(&bench, "addr add fd00::1/64 dev eth0 nodad");
    Some(bench)
}

/// Waits until the table is this.
fn await_table(bench: &Bench, listing: &str, wanted: &str) {
    bench.until(&format!("the table\n{wanted}"), || table(bench, listing) == wanted);
}

fn recordings() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process/ipvs/golden");
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| {
        let name = path.to_str().unwrap();
        name.ends_with(".conf") && !name.ends_with(".next.conf")
    });
    found.sort();
    found
}

fn play(recording: &Path) {
    let name = recording.file_stem().unwrap().to_str().unwrap();
    let Some(bench) = host(name) else { return };
    let text = fs::read_to_string(recording).unwrap();
    let mut expected = fs::read_to_string(recording.with_extension("expected")).unwrap();
    for (_, theirs, ours) in DIFFERENCES.iter().filter(|(of, ..)| *of == name) {
        assert!(expected.contains(theirs), "{name}");
        expected = expected.replace(theirs, ours);
    }
    let mut tables = expected.split("# t=").skip(1).map(|part| part.split_once('\n').unwrap().1);
    let steps = text.lines().filter_map(|line| line.strip_prefix("#! "));
    let (before, after): (Vec<&str>, Vec<&str>) = steps.partition(|step| !step.starts_with("at "));
    for step in before {
        let words = step.strip_prefix("ipvsadm ").unwrap_or_else(|| panic!("{name}: {step}"));
        ipvsadm(&bench, words);
    }
    bench.write("conf", &text);
    let mut daemon = Some(bench.start(&["-c", bench.path("check.pid").to_str().unwrap()]));
    for step in after {
        let mut words = step.splitn(4, ' ').skip(2);
        match words.next().unwrap() {
            "dump" => await_table(&bench, words.next().unwrap_or_default(), tables.next().unwrap()),
            "reload" => {
                let file = recording.with_file_name(words.next().unwrap());
                bench.write("conf", &fs::read_to_string(file).unwrap());
                daemon.as_ref().unwrap().signal("HUP");
            }
            "term" => assert_eq!(daemon.take().unwrap().stop(), Some(0), "{name}"),
            other => panic!("{name}: {other}"),
        }
    }
    assert!(tables.next().is_none(), "{name}");
    if let Some(daemon) = daemon {
        assert_eq!(daemon.stop(), Some(0), "{name}");
        assert_eq!(table(&bench, ""), "", "{name}");
    }
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn the_kernels_table_is_what_keepalived_makes_of_the_same_file() {
    let recordings = recordings();
    assert!(recordings.len() >= 16);
    for recording in recordings {
        println!("{}", recording.display());
        play(&recording);
    }
}

/// A director with two servers behind it, each with a BFD session of its own.
struct Pair {
    director: Bench,
    servers: Bench,
}

const SERVICE: &str = "-A -t 10.0.0.100:80 -s rr\n";
const FIRST: &str = "-a -t 10.0.0.100:80 -r 10.60.1.11:80 -m -w 1\n";
const SECOND: &str = "-a -t 10.0.0.100:80 -r 10.60.1.12:80 -m -w 2\n";
const SORRY: &str = "-a -t 10.0.0.100:80 -r 10.60.1.14:80 -m -w 1\n";

impl Pair {
    fn new(test: &str) -> Option<Self> {
        let (director, servers) = (host(test)?, Bench::new(test)?);
        director.send_link("eth1", &servers, "far");
        ip(&director, "addr add 10.60.1.1/24 dev eth0");
        ip(&servers, "link set far up");
        for last in [11, 12] {
            ip(&servers, &format!("addr add 10.60.1.{last}/24 dev far"));
        }
        director.script("note", "#!/bin/sh\necho $* >> @/notes\n");
        director.script("reader", "#!/bin/sh\nexec cat $1 >> @/events\n");
        Some(Self { director, servers })
    }

    /// The director's configuration, with `more` in its virtual server.
    fn configure(&self, more: &str) {
        let session = |last: u8| {
            format!(
                "bfd_instance B{last} {{\n neighbor_ip 10.60.1.{last}\n source_ip 10.60.1.1\n min_rx 50\n min_tx 50\n}}\n"
            )
        };
        let server = |last: u8, weight: u8| {
            format!(
                "real_server 10.60.1.{last} 80 {{\n weight {weight}\n notify_up \"@/note up {last}\"\n \
                 notify_down \"@/note down {last}\"\n BFD_CHECK {{\n name B{last}\n }}\n}}\n"
            )
        };
        let text = format!(
            "global_defs {{\n script_user root\n enable_script_security\n lvs_notify_fifo @/fifo\n \
             lvs_notify_fifo_script @/reader\n}}\n{}{}\
             virtual_server 10.0.0.100 80 {{\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n \
             quorum_up \"@/note gained\"\n quorum_down \"@/note lost\"\n sorry_server 10.60.1.14 80\n {more}\n{}{}}}\n",
            session(11),
            session(12),
            server(11, 1),
            server(12, 2)
        );
        self.director.write("conf", &text);
    }

    /// The sessions of the servers, as far as they live.
    fn serve(&self, lasts: &[u8]) -> Daemon<'_> {
        let session = |last: &u8| {
            format!(
                "bfd_instance S{last} {{\n neighbor_ip 10.60.1.1\n source_ip 10.60.1.{last}\n min_rx 50\n min_tx 50\n}}\n"
            )
        };
        let text: String = lasts.iter().map(session).collect();
        self.servers.write("conf", &text);
        let pid = self.servers.path("bfd.pid");
        self.servers.start(&["-b", pid.to_str().unwrap()])
    }

    fn direct(&self, options: &[&str]) -> Daemon<'_> {
        let paths = ["check.pid", "bfd.pid"].map(|name| self.director.path(name));
        let [check, bfd] = paths.each_ref().map(|path| path.to_str().unwrap());
        self.director.start(&[options, &["-c", check, "-b", bfd]].concat())
    }

    fn await_table(&self, lines: &[&str]) {
        await_table(&self.director, "", &lines.concat());
    }
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn servers_come_and_go_with_their_bfd_sessions() {
    let Some(pair) = Pair::new("servers_come_and_go_with_their_bfd_sessions") else { return };
    pair.configure("");
    let servers = pair.serve(&[11, 12]);
    let daemon = pair.direct(&[]);
    pair.await_table(&[SERVICE, FIRST, SECOND]);
    pair.director.until("both sessions", || {
        let log = pair.director.text("log");
        ["B11", "B12"].iter().all(|name| log.contains(&format!("({name}) Entering Up state")))
    });
    assert_eq!(servers.stop(), Some(0));
    // As keepalived: that a neighbour says goodbye says nothing of the path; its silence does.
    pair.await_table(&[SERVICE, SORRY]);
    let servers = pair.serve(&[12]);
    pair.await_table(&[SERVICE, SECOND]);
    drop(servers);
    pair.await_table(&[SERVICE, SORRY]);
    let servers = pair.serve(&[11, 12]);
    pair.await_table(&[SERVICE, FIRST, SECOND]);
    let log = pair.director.text("log");
    for line in [
        "Starting Healthcheck child process, pid=",
        "Activating BFD healthchecker",
        "Received BFD event: instance B11 is in state Down (delivered in ",
        "BFD check of [B11] RS([10.60.1.11]:tcp:80) is DOWN",
        "Removing service [10.60.1.11]:tcp:80 from VS [10.0.0.100]:tcp:80",
        "Lost quorum 1-0=1 > 0 for VS [10.0.0.100]:tcp:80",
        "Adding sorry server [10.60.1.14]:tcp:80 to VS [10.0.0.100]:tcp:80",
        "Gained quorum 1+0=1 <= 2 for VS [10.0.0.100]:tcp:80",
    ] {
        assert!(log.contains(line), "{line}\n{log}");
    }
    pair.director.until("the scripts", || {
        let notes = pair.director.text("notes");
        ["gained", "down 11", "down 12", "lost", "up 11", "up 12"].iter().all(|note| notes.contains(note))
    });
    pair.director.until("the events", || {
        let events = pair.director.text("events");
        [
            "VS [10.0.0.100]:tcp:80 UP\n",
            "RS [10.60.1.12]:tcp:80 [10.0.0.100]:tcp:80 DOWN\nVS [10.0.0.100]:tcp:80 DOWN\n",
            "RS [10.60.1.11]:tcp:80 [10.0.0.100]:tcp:80 UP\nVS [10.0.0.100]:tcp:80 UP\n",
        ]
        .iter()
        .all(|lines| events.contains(lines))
    });
    let status = status(&pair.director);
    let service = &status["check"]["services"][0];
    assert_eq!(
        (service["name"].as_str(), service["weight"].as_u64()),
        (Some("[10.0.0.100]:tcp:80"), Some(3))
    );
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(table(&pair.director, ""), "");
    assert_eq!(servers.stop(), Some(0));
}

/// Differs: keepalived's respawned checker starts with everything up, and stale servers stay.
#[test]
#[ignore = "needs a kernel with IPVS"]
fn a_check_process_that_dies_is_replaced_and_what_is_right_is_not_touched() {
    let test = "a_check_process_that_dies_is_replaced_and_what_is_right_is_not_touched";
    let Some(pair) = Pair::new(test) else { return };
    pair.configure("alpha");
    let servers = pair.serve(&[11, 12]);
    let daemon = pair.direct(&[]);
    pair.await_table(&[SERVICE, FIRST, SECOND]);
    let before = pair.director.count("Adding service");
    // Somebody's hand, which only the next life of the process sees.
    ipvsadm(&pair.director, "-e -t 10.0.0.100:80 -r 10.60.1.12:80 -m -w 9");
    ipvsadm(&pair.director, "-a -t 10.0.0.100:80 -r 10.60.1.15:80 -m");
    pair.director.kill_process("check.pid");
    pair.await_table(&[SERVICE, FIRST, SECOND]);
    assert_eq!(pair.director.count("Adding service"), before, "none came or went");
    drop(servers);
    pair.await_table(&[SERVICE, SORRY]);
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(table(&pair.director, ""), "");
}

#[test]
#[ignore = "needs a kernel with IPVS"]
fn a_bfd_process_that_dies_takes_no_server_from_the_table() {
    let Some(pair) = Pair::new("a_bfd_process_that_dies_takes_no_server_from_the_table") else { return };
    pair.configure("alpha");
    let servers = pair.serve(&[11, 12]);
    let daemon = pair.direct(&[]);
    pair.await_table(&[SERVICE, FIRST, SECOND]);
    let before = pair.director.count("Removing service");
    pair.director.kill_process("bfd.pid");
    pair.director.until("the sessions of the next", || pair.director.count("Entering Up state") >= 4);
    assert_eq!(pair.director.count("Removing service"), before);
    pair.await_table(&[SERVICE, FIRST, SECOND]);
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(servers.stop(), Some(0));
}

/// "`-I` / `--dont-release-ipvs` | stay | stay".
#[test]
#[ignore = "needs a kernel with IPVS"]
fn the_table_may_be_left_as_it_is_at_the_stop() {
    let Some(pair) = Pair::new("the_table_may_be_left_as_it_is_at_the_stop") else { return };
    pair.configure("");
    let servers = pair.serve(&[11, 12]);
    let daemon = pair.direct(&["-I"]);
    pair.await_table(&[SERVICE, FIRST, SECOND]);
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(table(&pair.director, ""), [SERVICE, FIRST, SECOND].concat());
    assert_eq!(servers.stop(), Some(0));
}
