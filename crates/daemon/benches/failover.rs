//! How fast a pair fails over, ours and keepalived in turn, and what the daemon weighs.
//!
//! All processes of the master are killed at once, as by a power-off; the backup's first advert, its address and its
//! first gratuitous ARP are timed from the dead master's last advert, by the kernel's stamps on the wire. What the
//! protocol asks to wait is taken off: the excess is what the daemon adds. Prints tables for `docs/performance.md`.
//!
//! `cargo bench -p standfast-daemon --bench failover -- --trials 5 --interval 0.1` for less than the whole.

#[path = "../tests/netns/mod.rs"]
#[expect(dead_code, reason = "shared by several programs, each of which uses its part")]
mod netns;

use std::env;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use netns::address::AddressWatch;
use netns::capture::Capture;
use netns::clock::{Stamp, sleep_until, wait_for};
use netns::daemon::{Daemon, Make};
use netns::instance::Instance;
use netns::lab::{Host, Lab};
use netns::packet::Kind;
use netns::runner::end_on_signals;
use nix::unistd::geteuid;

/// How long anything may take before the measurement has failed.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long processor time is counted.
const WEIGHING: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let Some(options) = Options::read() else { return ExitCode::SUCCESS };
    let makes = [Make::Ours, Make::Theirs];
    if !geteuid().is_root() {
        say("SKIPPED: failover: needs root for network namespaces");
        return ExitCode::SUCCESS;
    }
    if let Some(make) = makes.iter().find(|make| make.program().is_none()) {
        say(&format!("SKIPPED: failover: there is no keepalived ({make})"));
        return ExitCode::SUCCESS;
    }
    end_on_signals();
    say(&format!(
        "Excess over the master-down time, median of {} [least–most], milliseconds\n",
        options.trials
    ));
    say("| interval | from the last advert to | standfast | keepalived | ratio |");
    say("|---|---|---|---|---|");
    for plan in options.plans() {
        let taken = measure(&plan, options.trials);
        for (step, [ours, theirs]) in taken {
            say(&format!(
                "| {} | {step} | {ours} | {theirs} | {:.2} |",
                plan.name,
                ours.median / theirs.median
            ));
        }
    }
    say("\nThe whole daemon with one instance, master\n");
    say("| interval | | standfast | keepalived | ratio |");
    say("|---|---|---|---|---|");
    for plan in options.plans() {
        let [ours, theirs] = makes.map(|make| weigh(&plan, make));
        let ratio = ours.memory / theirs.memory;
        say(&format!(
            "| {} | memory (PSS), MiB | {:.2} | {:.2} | {ratio:.2} |",
            plan.name, ours.memory, theirs.memory
        ));
        let ratio = ours.processor / theirs.processor;
        say(&format!(
            "| {} | processor, ms a second | {:.3} | {:.3} | {ratio:.2} |",
            plan.name, ours.processor, theirs.processor
        ));
    }
    ExitCode::SUCCESS
}

/// What the command line asks for.
struct Options {
    trials: usize,
    interval: Option<String>,
}

impl Options {
    /// Nothing unless cargo asks for a benchmark: `cargo test` builds and starts this program too.
    fn read() -> Option<Options> {
        let mut options = Options { trials: 20, interval: None };
        let mut asked = false;
        let mut words = env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--bench" => asked = true,
                "--trials" => options.trials = words.next()?.parse().ok()?,
                "--interval" => options.interval = words.next(),
                "--ours" => Make::Ours.name(words.next()?.into()),
                "--theirs" => Make::Theirs.name(words.next()?.into()),
                _ => {}
            }
        }
        asked.then_some(options)
    }

    fn plans(&self) -> Vec<Plan> {
        let all = [
            Plan { name: "1 s, v2", interval: "1", instance: Instance::v2(100) },
            Plan { name: "0.1 s, v3", interval: "0.1", instance: Instance::v3(100, 100) },
            Plan { name: "0.01 s, v3", interval: "0.01", instance: Instance::v3(100, 10) },
        ];
        let wanted = |plan: &Plan| self.interval.as_ref().is_none_or(|interval| interval == plan.interval);
        all.into_iter().filter(wanted).collect()
    }
}

/// One interval. Both nodes have the same priority, so that whoever leads is left alone.
struct Plan {
    name: &'static str,
    interval: &'static str,
    instance: Instance,
}

/// What was found of one make in one step.
struct Figures {
    median: f64,
    least: f64,
    most: f64,
}

impl Figures {
    fn of(mut values: Vec<f64>) -> Figures {
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Figures { median, least: values[0], most: values[values.len() - 1] }
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:.3} [{:.3}–{:.3}]", self.median, self.least, self.most)
    }
}

/// A take-over's excess in milliseconds: first advert, address bound, first gratuitous ARP.
type Excess = [f64; 3];
const STEPS: [&str; 3] = ["first advert", "address bound", "first gratuitous ARP"];

fn measure(plan: &Plan, trials: usize) -> Vec<(&'static str, [Figures; 2])> {
    let mut rigs = [Make::Ours, Make::Theirs].map(|make| Rig::start(plan, make));
    let mut taken: [Vec<Excess>; 2] = [Vec::new(), Vec::new()];
    for trial in 0..trials {
        for (rig, taken) in rigs.iter_mut().zip(&mut taken) {
            taken.push(rig.fail_over(trial));
        }
    }
    let figures =
        |make: usize, step: usize| Figures::of(taken[make].iter().map(|excess| excess[step]).collect());
    STEPS.iter().enumerate().map(|(step, name)| (*name, [figures(0, step), figures(1, step)])).collect()
}

/// A pair of one make on a switch.
struct Rig {
    nodes: [Node; 2],
    master: usize,
    wire: Capture,
    instance: Instance,
    _lab: Lab,
}

struct Node {
    host: Host,
    daemon: Daemon,
    watch: AddressWatch,
}

impl Rig {
    fn start(plan: &Plan, make: Make) -> Rig {
        let mut lab = Lab::new();
        let hosts = [lab.host("eth0"), lab.host("eth0")];
        let wire = Capture::start(&lab, &[&hosts[0], &hosts[1]]);
        let nodes = hosts.map(|host| Node {
            daemon: Daemon::new(&lab, &host, make, &host.port, &plan.instance.render(&host)),
            watch: AddressWatch::start(&host),
            host,
        });
        let mut rig = Rig { nodes, master: 0, wire, instance: plan.instance.clone(), _lab: lab };
        rig.nodes[0].daemon.start();
        rig.next_adverts(0, 1);
        rig.start_backup(1);
        rig
    }

    /// Kills the master and times the other. Then the one that was killed becomes the backup.
    fn fail_over(&mut self, trial: usize) -> Excess {
        let (old, new) = (self.master, 1 - self.master);
        self.settle();
        let interval = self.instance.interval.as_secs_f64();
        // Any moment between two adverts, evenly over the trials.
        let phase = (trial as f64 * 0.618_034).fract() * interval;
        sleep_until(Stamp::now().plus(Duration::from_secs_f64(phase)));
        let killed = self.nodes[old].daemon.power_off();

        let taker = &self.nodes[new];
        let first = self.wire.wait_advert(&taker.host, killed, PATIENCE, |advert| advert.priority > 0);
        let first = first.expect("the backup takes over").at;
        let heard = self.wire.adverts(&self.nodes[old].host, killed.minus(PATIENCE), first);
        let due = heard.last().expect("the master spoke").at;
        let excess = |at: Stamp| (at.since(due) - self.instance.master_down()) * 1e3;
        let addresses = self.instance.virtual_addresses();
        let bound = addresses.iter().map(|address| taker.watch.wait(*address, true, killed, PATIENCE));
        let bound =
            bound.map(|at| at.expect("the backup binds the addresses")).max().expect("there are some");
        let announced = self.wire.wait(&taker.host, killed, PATIENCE, |packet| is_announcement(&packet.kind));
        let announced = announced.expect("the backup announces the addresses").at;
        let excess = [excess(first), excess(bound), excess(announced)];

        self.nodes[old].host.forget(&addresses);
        self.master = new;
        self.start_backup(old);
        excess
    }

    /// Waits until the master alone has spoken for a while: at the shortest interval a stall of the machine can make
    /// the backup speak out of turn.
    fn settle(&self) {
        let calm = (self.instance.interval * 10).min(Duration::from_secs(1));
        let spoken = || {
            self.next_adverts(self.master, 2);
            let since = Stamp::now().minus(calm);
            self.wire.adverts(&self.nodes[1 - self.master].host, since, Stamp::now()).is_empty().then_some(())
        };
        wait_for(PATIENCE, spoken).expect("the pair settles");
    }

    fn start_backup(&mut self, node: usize) {
        let backups = |rig: &Rig| rig.nodes[node].daemon.log().matches("Entering BACKUP STATE").count();
        let before = backups(self);
        self.nodes[node].daemon.start();
        wait_for(PATIENCE, || (backups(self) > before).then_some(())).expect("the backup starts");
        self.next_adverts(1 - node, 1);
        // Start-up is over for good: nothing of it falls into the measurement.
        sleep_until(Stamp::now().plus(Duration::from_millis(300)));
    }

    fn next_adverts(&self, node: usize, count: usize) {
        let mut since = Stamp::now();
        for _ in 0..count {
            let next = self.wire.wait_advert(&self.nodes[node].host, since, PATIENCE, |_| true);
            since = next.expect("the master speaks").at.plus(Duration::from_nanos(1));
        }
    }
}

fn is_announcement(kind: &Kind) -> bool {
    matches!(kind, Kind::Announcement(IpAddr::V4(_) | IpAddr::V6(_)))
}

/// What a daemon costs: MiB, and milliseconds of processor a second.
struct Weight {
    memory: f64,
    processor: f64,
}

/// Weighs a lone master, so that it shares no page with a peer.
fn weigh(plan: &Plan, make: Make) -> Weight {
    let mut lab = Lab::new();
    let host = lab.host("eth0");
    let wire = Capture::start(&lab, &[&host]);
    let mut daemon = Daemon::new(&lab, &host, make, "a", &plan.instance.render(&host));
    let started = daemon.start();
    wire.wait_advert(&host, started, PATIENCE, |_| true).expect("it becomes master");
    // Past the second round of announcements, which comes after five seconds.
    sleep_until(Stamp::now().plus(Duration::from_secs(6)));
    let family = daemon.family();
    let processor = || family.iter().map(|process| process.cpu_ns()).sum::<u64>();
    let (began, before) = (Stamp::now(), processor());
    sleep_until(began.plus(WEIGHING));
    let (ended, after) = (Stamp::now(), processor());
    let memory: u64 = family.iter().map(|process| process.pss_kib()).sum();
    Weight { memory: memory as f64 / 1024.0, processor: (after - before) as f64 / 1e6 / ended.since(began) }
}

fn say(line: &str) {
    // A closed output is no reason to leave daemons running.
    let _ = writeln!(io::stdout(), "{line}");
}
