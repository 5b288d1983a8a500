//! What those who read the event pipes and those who are run as scripts are told, event by event.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use crate::netns::clock::{sleep, wait_for};
use crate::netns::daemon::Make;
use crate::netns::forge::{Forger, Forgery};
use crate::netns::instance::Instance;
use crate::netns::lab::Lab;
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::LATE;

/// A block of the file, with an address on its link.
fn block(name: &str, (link, address): (&str, &str), (vrid, priority): (u8, u8), more: &str) -> String {
    format!(
        "vrrp_instance {name} {{\n    interface {link}\n    virtual_router_id {vrid}\n    version 3\n    priority \
         {priority}\n    advert_int 0.4\n    virtual_ipaddress {{\n        {address}/24\n    }}\n{more}}}\n"
    )
}

/// A program that is run by the daemon.
pub(crate) fn program(lab: &Lab, name: &str, text: &str) -> String {
    let path = lab.scratch.path(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("the scratch folder is writable");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it was just written");
    path.display().to_string()
}

/// `VI_1` and `VI_2` in the group `G`, with points of the further link for `VI_1`, and `VI_3` by itself.
fn instance(lab: &Lab, third: bool) -> Instance {
    let path = |name: &str| lab.scratch.path(name).display().to_string();
    let read = |name: &str| program(lab, &format!("read-{name}"), &format!("cat \"$1\" >> {}", path(name)));
    let told = program(lab, "told", &format!("echo \"$*\" >> {}", path("scripts")));
    let (all, vrrp) = (read("all"), read("vrrp"));
    let global = format!(
        "global_defs {{\n    script_user root\n    notify_fifo {}\n    notify_fifo_script {all}\n    vrrp_notify_fifo {}\n    \
         vrrp_notify_fifo_script {vrrp}\n    vrrp_notify_priority_changes\n}}",
        path("fifo-all"),
        path("fifo-vrrp"),
    );
    let group = format!(
        "vrrp_sync_group G {{\n    group {{\n        VI_1\n        VI_2\n    }}\n    notify {told}\n    \
         notify_master \"{told} of the group\"\n}}"
    );
    let own = ["master", "backup", "fault", "stop"]
        .map(|state| format!("    notify_{state} \"{told} of the {state}\"\n"))
        .concat();
    let more = format!(
        "    track_interface {{\n        eth1 weight 4\n    }}\n    notify {told}\n{own}    \
         notify_master_rx_lower_pri \"{told} of the lesser\"\n"
    );
    let deleted = format!("    notify_deleted \"{told} of the deleted\"\n    notify {told}\n");
    let (own, further) = (("eth0", "10.1.0.100"), "eth1");
    let mut file = format!("{global}\n{group}\n");
    file += &block("VI_1", own, (51, 150), &more);
    file += &block("VI_2", (further, "10.2.0.52"), (52, 150), "");
    if third {
        file += &block("VI_3", (further, "10.2.0.53"), (53, 100), &deleted);
    }
    let addresses = vec!["10.1.0.100/24".to_owned()];
    Instance { file: Some(file), addresses, ..Instance::v3(154, 400) }
}

pub(crate) fn pair(makes: (Make, Make)) -> Pair {
    Pair::on(Lab::new(), makes, |lab, a, _| {
        lab.spare_link(a, "eth1");
        a.namespace.ip("addr add 10.2.0.1/24 dev eth1");
        (instance(lab, true), Instance::v3(100, 400))
    })
}

/// How many lines A's readers have read that were looked at.
struct Told(usize);

impl Told {
    /// The priority before the state, and the group before its members.
    fn start(&mut self, pair: &Pair) {
        let came = wait_for(Duration::from_secs_f64(LATE), || (lines(pair, "all").len() == 5).then_some(()));
        let all = lines(pair, "all");
        assert!(came.is_some(), "{all:?}");
        let at = |what: &str| {
            all.iter().position(|line| line == what).unwrap_or_else(|| panic!("no {what} in {all:?}"))
        };
        let group = at("GROUP \"G\" BACKUP 0");
        assert!(at("INSTANCE \"VI_1\" BACKUP_PRIORITY 154") < group, "{all:?}");
        assert!(group < at("INSTANCE \"VI_1\" BACKUP 154"), "{all:?}");
        assert!(group < at("INSTANCE \"VI_2\" BACKUP 150"), "{all:?}");
        at("INSTANCE \"VI_3\" BACKUP 100");
        self.0 = all.len();
    }

    /// The next lines come to be these, in both pipes.
    fn expect(&mut self, pair: &Pair, what: &str, more: &[&str]) {
        let within = Duration::from_secs_f64(3.0 + LATE);
        let came = wait_for(within, || (lines(pair, "all").len() >= self.0 + more.len()).then_some(()));
        // What should not come would come now.
        sleep(Duration::from_millis(100));
        let all = lines(pair, "all");
        assert!(came.is_some(), "{what}: {:?}", all.get(self.0..));
        assert_eq!(all[self.0..], *more, "{what}");
        assert_eq!(lines(pair, "vrrp"), all, "{what}: both pipes are told the same");
        self.0 += more.len();
    }
}

fn lines(pair: &Pair, file: &str) -> Vec<String> {
    let text = fs::read_to_string(pair.lab.scratch.path(file)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// These scripts were run, among others.
fn ran(pair: &Pair, all: &[&str]) {
    for words in all {
        let within = Duration::from_secs_f64(LATE);
        let ran = wait_for(within, || lines(pair, "scripts").iter().any(|line| line == words).then_some(()));
        assert!(ran.is_some(), "{words:?} is not among {:?}", lines(pair, "scripts"));
    }
}

/// The instance that something happens to first, then its fellows, then the group; at the start the group first. What
/// changes a priority is told before what it leads to.
///
/// vrrp-behaviour §14.
/// As observed: B14-01, B14-02, B14-03.
pub(crate) fn told(pair: &mut Pair) {
    let forger = Forger::on(&pair.lab.host("eth0"));
    let ours = pair.side(Who::A).daemon.make() == Make::Ours;
    let mut told = Told(0);
    pair.side_mut(Who::A).daemon.start();
    told.start(pair);
    // The slowest member is the one whose time brings all to lead.
    let leads = ["INSTANCE \"VI_2\" MASTER 150", "INSTANCE \"VI_1\" MASTER 154", "GROUP \"G\" MASTER 0"];
    let all_lead = [leads[0], leads[1], leads[2], "INSTANCE \"VI_3\" MASTER 100"];
    told.expect(pair, "the first election", &all_lead);
    ran(pair, &["of the backup", "INSTANCE VI_1 BACKUP 154", "GROUP G BACKUP 0"]);
    ran(pair, &["of the master", "INSTANCE VI_1 MASTER 154", "of the group", "GROUP G MASTER 0"]);

    forger.send(&of_one_address(50));
    told.expect(pair, "a lesser advert", &["INSTANCE \"VI_1\" MASTER_RX_LOWER_PRI 154"]);
    ran(pair, &["of the lesser"]);

    forger.send(&of_one_address(200));
    let gives_way = ["INSTANCE \"VI_1\" BACKUP 154", "INSTANCE \"VI_2\" BACKUP 150", "GROUP \"G\" BACKUP 0"];
    told.expect(pair, "a better advert", &gives_way);
    told.expect(pair, "nobody any more", &leads);

    let spare = pair.side(Who::A).host.spare("eth1");
    pair.lab.cut(&spare);
    let cut = [
        "INSTANCE \"VI_1\" MASTER_PRIORITY 150",
        "INSTANCE \"VI_2\" FAULT 150",
        "INSTANCE \"VI_1\" FAULT 150",
        "GROUP \"G\" FAULT 0",
        "INSTANCE \"VI_3\" FAULT 100",
    ];
    told.expect(pair, "the link goes", &cut);
    ran(pair, &["of the fault", "INSTANCE VI_1 FAULT 150", "GROUP G FAULT 0"]);
    pair.lab.mend(&spare);
    let mended = [
        "INSTANCE \"VI_1\" BACKUP_PRIORITY 154",
        "INSTANCE \"VI_2\" BACKUP 150",
        "INSTANCE \"VI_1\" BACKUP 154",
        "GROUP \"G\" BACKUP 0",
        "INSTANCE \"VI_3\" BACKUP 100",
    ];
    told.expect(pair, "the link comes", &mended);
    told.expect(pair, "all lead again", &all_lead);

    if !ours {
        // Keepalived begins its pipes anew at a reload, and ends what reads them before the last lines are read.
        return;
    }
    let instance = instance(&pair.lab, false);
    pair.side_mut(Who::A).reload(instance);
    told.expect(pair, "an instance is left out", &["INSTANCE \"VI_3\" DELETED 100"]);
    ran(pair, &["of the deleted", "INSTANCE VI_3 DELETED 100"]);
    pair.side_mut(Who::A).daemon.terminate();
    pair.side_mut(Who::A).daemon.wait();
    let ends = ["INSTANCE \"VI_1\" STOP 154", "INSTANCE \"VI_2\" STOP 150", "GROUP \"G\" STOP 0"];
    told.expect(pair, "the stop", &ends);
    ran(pair, &["of the stop", "INSTANCE VI_1 STOP 154", "GROUP G STOP 0"]);
}

fn of_one_address(priority: u8) -> Forgery {
    Forgery { addresses: vec![Ipv4Addr::new(10, 1, 0, 100)], ..Forgery::v3(priority, 40) }
}
