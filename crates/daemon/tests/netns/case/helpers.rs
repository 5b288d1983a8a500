//! The processes beside the one that speaks VRRP: killed, or standing still for ten seconds, they cost a master nothing
//! that they were not there for.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::netns::clock::{Stamp, sleep_until, wait_for};
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::lab::{Host, Lab};
use crate::netns::pair::{Pair, Who};
use crate::netns::process::Process;

const PAUSE: Duration = Duration::from_secs(10);

/// Where the relay listens that never says anything.
const RELAY: u16 = 2525;

/// Words of the command lines by which the helpers are known: the checker, who sends mail, a tracking script, a script
/// that was told of the mastership.
const HELPERS: [&str; 4] = ["--standfast=check", "--standfast=herald", "sleep 0.917", "sleep 917"];
const BFD: &str = "--standfast=bfd";

/// A has one of each: of a tracking script one failure is no verdict.
pub(crate) fn pair(makes: (Make, Make)) -> Pair {
    Pair::on(Lab::new(), makes, |lab, a, b| {
        let script = |name: &str, text: &str| {
            let path = lab.scratch.path(name);
            fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("the scratch folder is writable");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
            path.display().to_string()
        };
        let mail = format!(
            "global_defs {{\n    notification_email {{\n        root@example.net\n    }}\n    \
             notification_email_from a@example.net\n    smtp_server {} {RELAY}\n    smtp_connect_timeout 60\n}}",
            Ipv4Addr::LOCALHOST
        );
        let watch = format!(
            "vrrp_script watch {{\n    script {}\n    interval 1\n    timeout 60\n    fall 2\n}}",
            script("watch", "exec sleep 0.917")
        );
        let server = "virtual_server 10.1.0.100 80 {\n    lvs_sched rr\n    lvs_method NAT\n    protocol TCP\n    \
                      real_server 10.1.0.9 80 {\n        weight 1\n    }\n}";
        let first = Instance::v3(150, 400)
            .with_block(mail)
            .with_block(watch)
            .with_block(server)
            .with_block(session(a, b))
            .with("track_script {\n        watch\n    }")
            .with(format!("notify_master {}", script("told", "exec sleep 917")))
            .with("smtp_alert");
        (first, Instance::v3(100, 400).with_block(session(b, a)))
    })
}

/// The same, and A needs the path to B.
pub(crate) fn tracking_pair(makes: (Make, Make)) -> Pair {
    Pair::on(Lab::new(), makes, |_, a, b| {
        let first = Instance::v3(150, 400).with_block(session(a, b));
        (first.with("track_bfd {\n        path\n    }"), Instance::v3(100, 400).with_block(session(b, a)))
    })
}

fn session(here: &Host, there: &Host) -> String {
    format!(
        "bfd_instance path {{\n    neighbor_ip {}\n    source_ip {}\n    min_rx 100\n    min_tx 100\n    multiplier 5\n}}",
        there.v4(),
        here.v4()
    )
}

/// A stays master all the while, and each of them is there again.
pub(crate) fn killed(pair: &mut Pair) {
    let _relay = begin(pair);
    let began = Stamp::now();
    for words in [HELPERS[0], HELPERS[1], HELPERS[2], BFD] {
        let helper = find(pair, words);
        helper.signal(Signal::SIGKILL);
        let next = || of(pair, words).filter(|next| *next != helper);
        assert!(wait_for(Duration::from_secs(10), next).is_some(), "there is no other `{words}`");
    }
    // Of a script that was told of something there is not to be another.
    find(pair, HELPERS[3]).signal(Signal::SIGKILL);
    undisturbed(pair, began, Duration::ZERO);
}

/// A stays master all the while.
pub(crate) fn paused(pair: &mut Pair) {
    let _relay = begin(pair);
    let began = Stamp::now();
    let helpers: Vec<Process> = HELPERS.into_iter().map(|words| find(pair, words)).collect();
    helpers.iter().for_each(|helper| helper.signal(Signal::SIGSTOP));
    sleep_until(began.plus(PAUSE));
    helpers.iter().for_each(|helper| helper.signal(Signal::SIGCONT));
    undisturbed(pair, began, PAUSE);
}

/// The neighbour takes the path for broken and says so, and it is as if it were: A gives way at once, and comes back
/// when the path is there again.
pub(crate) fn paused_bfd(pair: &mut Pair) {
    // The path is not up before both are there.
    pair.side_mut(Who::B).daemon.start();
    pair.side_mut(Who::A).daemon.start();
    let wait = pair.longest_wait();
    pair.settles_on(Who::A, 6.0 + wait, wait);
    let began = Stamp::now();
    let bfd = find(pair, BFD);
    bfd.signal(Signal::SIGSTOP);
    sleep_until(began.plus(PAUSE));
    bfd.signal(Signal::SIGCONT);
    // A second for the session, which comes up at its slow rate.
    pair.settles_on(Who::A, 4.0 + 2.0 * wait, wait);
    pair.held_by_one(began, 0.0, wait);
}

/// A is master, has all its helpers, and hears B's path.
fn begin(pair: &mut Pair) -> TcpListener {
    let inside = &pair.side(Who::A).host.namespace;
    let relay = inside.inside(|| TcpListener::bind((Ipv4Addr::LOCALHOST, RELAY)));
    pair.establish();
    pair.side(Who::A).expect_log("Entering Up state");
    relay.expect("the port is free in a namespace of its own")
}

fn undisturbed(pair: &Pair, began: Stamp, lasted: Duration) {
    let seconds = Stamp::now().since(began).max(lasted.as_secs_f64());
    let wait = pair.side(Who::B).instance.master_down();
    pair.steady(Who::A, began, seconds + wait + 0.5);
    pair.held_by_one(began, 0.0, 0.0);
}

/// A process of A whose command line has these words, as soon as there is one.
fn find(pair: &mut Pair, words: &str) -> Process {
    let found = wait_for(Duration::from_secs(10), || of(pair, words));
    found.unwrap_or_else(|| panic!("A has no process `{words}`"))
}

fn of(pair: &mut Pair, words: &str) -> Option<Process> {
    let family = pair.side_mut(Who::A).daemon.family();
    family.into_iter().find(|process| process.command_line().contains(words))
}
