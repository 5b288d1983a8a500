//! FRR's vrrpd as the peer: another implementation of version 3, with a VMAC that its operator makes.

use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::unistd::{User, chown};

use crate::netns::capture::Capture;
use crate::netns::clock::{Stamp, sleep_until};
use crate::netns::daemon::{Daemon, Make};
use crate::netns::instance::{Instance, VRID};
use crate::netns::lab::{Host, Lab};
use crate::netns::runner::Trial;
use crate::netns::timing::{EARLY, LATE};

const FOLDER: &str = "/usr/lib/frr";

/// The trials with this peer.
pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    [("FRR, v3 IPv4: ours/frr", false), ("FRR, v3 IPv6: ours/frr", true)].into_iter().map(|(name, six)| {
        Trial {
            name: name.to_owned(),
            makes: vec![Make::Ours],
            programs: &["ip", "zebra", "vrrpd"],
            kernel: None,
            run: Box::new(move || {
                let instance = Instance::v3(150, 400);
                election(if six { instance.over_ipv6() } else { instance });
            }),
        }
    })
}

/// zebra and vrrpd on a host.
struct Frr {
    folder: PathBuf,
    children: Vec<Child>,
}

impl Frr {
    fn start(lab: &Lab, host: &Host, instance: &Instance) -> Frr {
        let folder = lab.scratch.path("frr");
        fs::create_dir_all(&folder).expect("the scratch folder is writable");
        let user = User::from_name("frr").ok().flatten().expect("the package made its user");
        chown(&folder, Some(user.uid), Some(user.gid)).expect("root may");
        let is_ipv4 = instance.virtual_addresses()[0].is_ipv4();
        let mut text = format!(
            "interface {}\n vrrp {VRID} version 3\n vrrp {VRID} priority 100\n vrrp {VRID} advertisement-interval {}\n",
            host.link,
            instance.interval.as_millis()
        );
        for address in instance.virtual_addresses() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, " vrrp {VRID} {} {address}", if is_ipv4 { "ip" } else { "ipv6" });
        }
        fs::write(folder.join("vrrpd.conf"), text).expect("the scratch folder is writable");
        let addresses: Vec<String> =
            instance.addresses.iter().map(|address| format!("addr add {address} dev vmac nodad")).collect();
        host.namespace.ip(&format!(
            "link add vmac link {} type macvlan mode bridge\n\
             link set vmac address 00:00:5e:00:0{}:{VRID:02x} addrgenmode random\n{}\nlink set vmac up",
            host.link,
            if is_ipv4 { 1 } else { 2 },
            addresses.join("\n").replace(" nodad", if is_ipv4 { "" } else { " nodad" }),
        ));
        let mut frr = Frr { folder, children: Vec::new() };
        frr.spawn(host, "zebra", "/dev/null");
        let socket = frr.folder.join("zserv");
        let up = crate::netns::clock::wait_for(Duration::from_secs(5), || socket.exists().then_some(()));
        assert!(up.is_some(), "zebra did not start:\n{}", frr.log());
        let file = frr.folder.join("vrrpd.conf");
        frr.spawn(host, "vrrpd", file.to_str().expect("our own path"));
        frr
    }

    fn spawn(&mut self, host: &Host, program: &str, file: &str) {
        let mut command = Command::new(format!("{FOLDER}/{program}"));
        command.args(["-u", "frr", "-g", "frr", "-f", file, "-z"]).arg(self.folder.join("zserv"));
        command
            .arg("-i")
            .arg(self.folder.join(format!("{program}.pid")))
            .arg("--vty_socket")
            .arg(&self.folder);
        command.arg("--log").arg(format!("file:{}", self.folder.join(format!("{program}.log")).display()));
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.children.push(host.namespace.inside(|| command.spawn()).expect("it is installed"));
    }

    fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        read("zebra.log") + &read("vrrpd.log")
    }
}

impl Drop for Frr {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It is our child, and no more than killed.
            let _ = child.kill().and_then(|()| child.wait());
        }
    }
}

/// FRR leads alone; ours, which is better, takes over and keeps it; FRR takes over from one that dies after its
/// master-down time, and from one that stops after its skew time.
fn election(instance: Instance) {
    let mut lab = Lab::new();
    let (host, peer) = (lab.host("eth0"), lab.host("eth0"));
    let wire = Capture::start(&lab, &[&host, &peer]);
    let theirs = instance.clone().at(100);
    let frr = Frr::start(&lab, &peer, &theirs);
    let mut daemon = Daemon::new(&lab, &host, Make::Ours, "a", &instance.render(&host));
    let first = |from: &Host, since: Stamp, within: f64| {
        let within = Duration::from_secs_f64(within + LATE);
        let advert = wire.wait_advert(from, since, within, |advert| advert.priority > 0);
        advert
            .unwrap_or_else(|| panic!("nobody leads:\n{}\n{}\n{}", wire.story(), daemon_log(&lab), frr.log()))
            .at
    };
    first(&peer, Stamp::now(), 3.0 + theirs.master_down());

    let started = daemon.start();
    leads(&wire, &instance, &host, &peer, first(&host, started, instance.master_down()));

    let died = daemon.power_off();
    host.forget(&instance.virtual_addresses());
    let heard = wire.adverts(&host, started, died).last().expect("ours led").at;
    let waited = first(&peer, died, theirs.master_down()).since(heard);
    assert!(waited > theirs.master_down() - EARLY, "FRR took over after {waited:.3} s");

    let started = daemon.start();
    leads(&wire, &instance, &host, &peer, first(&host, started, instance.master_down()));
    let stopped = daemon.terminate();
    let taken = first(&peer, stopped, theirs.skew()).since(stopped);
    assert!(taken < theirs.master_down(), "FRR took over {taken:.3} s after a goodbye");
    assert_eq!(daemon.wait().code(), Some(0));
}

/// Ours holds the addresses and speaks alone for three seconds from a moment after `since`.
fn leads(wire: &Capture, instance: &Instance, host: &Host, peer: &Host, since: Stamp) {
    let settled = since.plus(instance.interval);
    sleep_until(since.plus(Duration::from_secs(3)));
    let other = wire.adverts(peer, settled, Stamp::now());
    assert!(other.is_empty(), "FRR sent {} adverts beside ours:\n{}", other.len(), wire.story());
    let addresses: Vec<IpAddr> = instance.virtual_addresses();
    assert_eq!(host.holds(&addresses), Some(true), "ours holds {:?}", host.addresses());
}

fn daemon_log(lab: &Lab) -> String {
    fs::read_to_string(lab.scratch.path("a").join("log")).unwrap_or_default()
}
