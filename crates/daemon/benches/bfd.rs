//! How soon a silent neighbour is noticed, how soon a pair that tracks a path takes over, and what many sessions cost: ours,
//! keepalived and FRR's bfdd in turn.
//!
//! The neighbour, always ours, is killed as by a power-off. Counted is the time from its last packet of a session to the first
//! of the daemon under test that says Down with the diagnostic of an expired detection time, by the kernel's stamps on the
//! wire; the detection time is taken off. Prints tables for `docs/performance.md`.
//!
//! `cargo bench -p standfast-daemon --bench bfd -- --trials 5 --sessions 100` for less than the whole.

#[path = "../tests/bfd/failover.rs"]
#[expect(dead_code, reason = "shared with the tests")]
mod failover;

#[path = "../tests/netns/mod.rs"]
#[expect(dead_code, reason = "shared by several programs, each of which uses its part")]
mod netns;
#[path = "../tests/bfd/peer.rs"]
#[expect(dead_code, reason = "shared with the tests")]
mod peer;
#[path = "../tests/bfd/probe.rs"]
mod probe;
#[path = "../tests/bfd/session.rs"]
mod session;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use netns::capture::Capture;
use netns::clock::{Stamp, sleep, sleep_until};
use netns::daemon::Make;
use netns::lab::{Host, Lab};
use netns::packet::Packet;
use netns::runner::end_on_signals;
use nix::unistd::geteuid;
use peer::{Kind, Peer};
use session::Session;

/// Who is measured.
const KINDS: [Kind; 3] = [Kind::Ours, Kind::Keepalived, Kind::Frr];
/// Sessions whose neighbour falls silent at once.
const AT_ONCE: u16 = 10;
/// How long they have to come up, and to agree on their intervals.
const COMING_UP: Duration = Duration::from_secs(4);
/// How late a neighbour's end may be noticed to be counted at all.
const LATE: Duration = Duration::from_millis(500);
/// How long processor time is counted, and how long everything has to come up before.
const WEIGHING: Duration = Duration::from_secs(4);
const SETTLING: Duration = Duration::from_secs(8);

fn main() -> ExitCode {
    let Some(options) = Options::read() else { return ExitCode::SUCCESS };
    if !geteuid().is_root() || Make::Ours.program().is_none() || Make::Theirs.program().is_none() {
        say("SKIPPED: bfd: needs root and keepalived");
        return ExitCode::SUCCESS;
    }
    end_on_signals();
    say(&format!(
        "From a neighbour's last packet to Down on the wire, beyond the detection time, milliseconds: median, 99 %, most \
         of {}\n",
        options.trials * usize::from(AT_ONCE)
    ));
    say("| sessions | standfast | keepalived | bfdd |\n|---|---|---|---|");
    for multiplier in [3, 5] {
        let cells = KINDS.map(|kind| spread(detect(kind, multiplier, options.trials, false)));
        say(&format!("| 10 ms × {multiplier} | {} |", cells.join(" | ")));
    }
    let cell = spread(detect(Kind::Ours, 5, options.trials, true));
    say(&format!("| 10 ms × 5, all processors busy, real time | {cell} | | |"));
    say(&format!(
        "\nFrom the cut of a master's path at 10 ms × 3 until a client beyond it is answered by the backup, milliseconds: \
         median, 99 %, most of {}\n\n| standfast | keepalived |\n|---|---|",
        options.trials
    ));
    let cells = [Make::Ours, Make::Theirs].map(|make| spread(take_over(make, options.trials)));
    say(&format!("| {} |", cells.join(" | ")));
    let downs = false_downs(options.busy);
    say(&format!(
        "\nSessions that went down for no reason in {} s at 10 ms × 5 with all processors busy and real time: {downs}\n",
        options.busy.as_secs()
    ));
    say(
        "Processor, ms a second\n\n| sessions | interval | standfast | keepalived | bfdd |\n|---|---|---|---|---|",
    );
    for count in options.sessions {
        for interval in [100, 50] {
            let cells = KINDS.map(|kind| weigh(kind, count, interval));
            say(&format!("| {count} | {interval} ms | {} |", cells.join(" | ")));
        }
    }
    ExitCode::SUCCESS
}

/// What the command line asks for.
struct Options {
    trials: usize,
    sessions: Vec<u16>,
    busy: Duration,
}

impl Options {
    /// Nothing unless cargo asks for a benchmark: `cargo test` builds and starts this program too.
    fn read() -> Option<Options> {
        let mut options = Options { trials: 10, sessions: vec![100, 1000], busy: Duration::from_secs(60) };
        let mut asked = false;
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--bench" => asked = true,
                "--trials" => options.trials = words.next()?.parse().ok()?,
                "--sessions" => options.sessions = vec![words.next()?.parse().ok()?],
                "--busy" => options.busy = Duration::from_secs(words.next()?.parse().ok()?),
                _ => {}
            }
        }
        asked.then_some(options)
    }
}

/// Keywords that give the bfd worker a real-time priority.
const REAL_TIME: &str = "global_defs {\n    bfd_rt_priority 50\n    bfd_no_swap\n}\n";

/// Lateness of each session in each trial, in milliseconds.
fn detect(kind: Kind, multiplier: u8, trials: usize, busy: bool) -> Vec<f64> {
    let stage = Stage::new();
    let wire = Capture::start(&stage.lab, &[&stage.here, &stage.there]);
    let plain = Session::between(stage.here.v4().into(), stage.there.v4().into());
    let [mut subject, mut silent] =
        stage.texts(kind, AT_ONCE, &Session { interval: 10, multiplier, ..plain });
    if busy {
        subject.insert_str(0, REAL_TIME);
    }
    silent.insert_str(0, REAL_TIME);
    let _subject = Peer::start_with(&stage.lab, &stage.here, kind, &subject);
    let mut silent = Peer::start_with(&stage.lab, &stage.there, Kind::Ours, &silent);
    let load = busy.then(Load::start);
    let mut late = Vec::new();
    for trial in 0..trials {
        if trial > 0 {
            silent.restart();
        }
        sleep(COMING_UP);
        let since = Stamp::now();
        silent.kill();
        sleep(Duration::from_millis(10 * u64::from(multiplier)) + LATE);
        for number in 1..=AT_ONCE {
            let ends = [address(0, number), address(1, number)];
            let down = |packet: &Packet| state_of(packet, ends) == Some((1, 1));
            let Some(down) = wire.wait(&stage.here, since, Duration::ZERO, down) else { continue };
            let [ours, theirs] = ends;
            let heard = |packet: &Packet| {
                packet.at > since.minus(LATE)
                    && packet.at < down.at
                    && state_of(packet, [theirs, ours]).is_some()
            };
            let heard = wire.all(&stage.there, heard);
            let Some(last) = heard.last() else { continue };
            late.push(down.at.since(last.at) * 1000.0 - 10.0 * f64::from(multiplier));
        }
    }
    drop(load);
    late
}

/// Milliseconds of each takeover.
fn take_over(make: Make, trials: usize) -> Vec<f64> {
    let rig = failover::Rig::start(make, 3);
    let trial = |_| {
        rig.settle();
        let taken = rig.fail_over();
        rig.mend();
        taken
    };
    (0..trials).map(trial).collect()
}

/// How often ours goes down though nothing happens but that all processors are busy.
fn false_downs(span: Duration) -> usize {
    let mut lab = Lab::new();
    let (here, there) = (lab.host("eth0"), lab.host("eth0"));
    let plain = Session::between(here.v4().into(), there.v4().into());
    let session = Session { interval: 10, multiplier: 5, ..plain };
    let text = |session: &Session| REAL_TIME.to_owned() + &session.text(Kind::Ours);
    let ours = Peer::start_with(&lab, &here, Kind::Ours, &text(&session));
    let theirs = Peer::start_with(&lab, &there, Kind::Ours, &text(&session.turned()));
    ours.await_up(true);
    theirs.await_up(true);
    let load = Load::start();
    sleep_until(Stamp::now().plus(span));
    drop(load);
    let downs = |peer: &Peer| peer.log().matches("Expired after").count();
    downs(&ours) + downs(&theirs)
}

/// Programs that keep every processor busy.
struct Load(Vec<Child>);

impl Load {
    fn start() -> Load {
        let count = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let spin = || Command::new("sh").args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn();
        Load((0..count * 2).map(|_| spin().expect("there is a shell")).collect())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill().and_then(|()| child.wait());
        }
    }
}

/// State and diagnostic of a control packet over IPv4 between two addresses, if it is one.
fn state_of(packet: &Packet, [from, to]: [Ipv4Addr; 2]) -> Option<(u8, u8)> {
    let frame = &packet.frame;
    let is_control = frame.get(12..14)? == [8, 0] && frame.get(23)? == &17;
    let ends = frame.get(26..30)? == from.octets() && frame.get(30..34)? == to.octets();
    let port = frame.get(36..38)? == 3784_u16.to_be_bytes();
    (is_control && ends && port).then_some((frame.get(43)? >> 6, frame.get(42)? & 31))
}

fn spread(mut late: Vec<f64>) -> String {
    late.sort_by(f64::total_cmp);
    let Some(most) = late.last() else { return "—".into() };
    let at = |share: usize| late.get(late.len() * share / 100).unwrap_or(most);
    format!("{:.2}, {:.2}, {most:.2}", at(50), at(99))
}

/// Two hosts, with any number of addresses for sessions.
struct Stage {
    lab: Lab,
    here: Host,
    there: Host,
}

/// The address of a session on one side.
fn address(side: u8, number: u16) -> Ipv4Addr {
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(10, 16 + high, low, 1 + side)
}

impl Stage {
    fn new() -> Stage {
        let mut lab = Lab::new();
        let (here, there) = (lab.host("eth0"), lab.host("eth0"));
        Stage { lab, here, there }
    }

    /// Gives both hosts addresses, and words so many sessions like one: for the daemon under test, and for ours.
    fn texts(&self, kind: Kind, count: u16, like: &Session) -> [String; 2] {
        let mut texts = [String::new(), String::new()];
        let mut lines = [String::new(), String::new()];
        for number in 1..=count {
            let ends: [IpAddr; 2] = [address(0, number).into(), address(1, number).into()];
            let session = Session { ends: (ends[0], ends[1]), ..like.clone() };
            for (side, (kind, session)) in
                [(kind, session.clone()), (Kind::Ours, session.turned())].into_iter().enumerate()
            {
                let name = format!("bfd_instance s{number} ");
                texts[side] += &session.text(kind).replace("bfd_instance peer ", &name).replace("bfd\n", "");
                let _ = writeln!(lines[side], "addr add {}/32 dev lo", ends[side]);
            }
        }
        // Behind one next hop each: the kernel keeps no thousand neighbours.
        let sides = [(&self.here, &lines[0], &self.there), (&self.there, &lines[1], &self.here)];
        for (host, lines, other) in sides {
            host.namespace.ip(lines.trim_end());
            host.namespace.ip(&format!("route add 10.16.0.0/12 via {} dev eth0", other.v4()));
        }
        if kind == Kind::Frr {
            // Its block ends with its last line.
            texts[0] = format!("bfd\n{}!\n", texts[0].replace(" !\n!\n", " !\n"));
        }
        texts
    }
}

/// What a number of sessions costs, in milliseconds of a processor a second; and how many are up, if not all.
fn weigh(kind: Kind, count: u16, interval: u32) -> String {
    let stage = Stage::new();
    let plain = Session::between(stage.here.v4().into(), stage.there.v4().into());
    let [subject, other] = stage.texts(kind, count, &Session { interval, multiplier: 5, ..plain });
    let mut subject = Peer::start_with(&stage.lab, &stage.here, kind, &subject);
    let other = Peer::start_with(&stage.lab, &stage.there, Kind::Ours, &other);
    sleep(SETTLING + Duration::from_millis(u64::from(count)));
    let before = subject.processor();
    let began = Stamp::now();
    sleep(WEIGHING);
    let used = subject.processor() - before;
    let share = used.as_secs_f64() * 1000.0 / Stamp::now().since(began);
    match count_up(&other.log()) {
        up if up == usize::from(count) => format!("{share:.1}"),
        up => format!("{share:.1} ({up} up)"),
    }
}

/// How many sessions are up, as a log of ours has it.
fn count_up(log: &str) -> usize {
    let mut up = BTreeSet::new();
    for line in log.lines() {
        let Some((before, state)) = line.split_once(") Entering ") else { continue };
        let name = before.rsplit('(').next().unwrap_or_default();
        if state.starts_with("Up ") {
            up.insert(name)
        } else {
            up.remove(name)
        };
    }
    up.len()
}

fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
