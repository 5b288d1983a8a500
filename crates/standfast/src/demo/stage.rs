//! The stage: three network namespaces, two nodes and a client, on one bridge.
//!
//! ```text
//!   sf-demo-PID-a           sf-demo-PID-c            sf-demo-PID-b
//!   node a                  client                   node b
//!   192.0.2.1 eth0 ──── port-a  lan  port-b ──── eth0 192.0.2.2
//!                           192.0.2.9
//! ```
//!
//! The bridge stands in the client's namespace. `ip` of iproute2 builds all this, for it is on every host that this
//! daemon can be of use to, and what it built can be looked at with it while the demo runs.

use std::fs;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use linux::namespace::Namespace;
use nix::net::if_::if_nametoindex;
use rustix::process::{Pid, Signal, kill_process};

use super::DemoError;
use super::sighting::Node;

/// Processes started while others were killed are met in the next round; this many rounds are enough for any.
const ROUNDS: usize = 10;

/// What the namespaces are called.
#[derive(Clone, Debug)]
pub(super) struct Names {
    a: String,
    b: String,
    client: String,
}

impl Names {
    /// Names that no other running demo has.
    pub(super) fn of(pid: u32) -> Self {
        let name = |end: &str| format!("sf-demo-{pid}-{end}");
        Self { a: name("a"), b: name("b"), client: name("c") }
    }

    pub(super) fn node(&self, node: Node) -> &str {
        match node {
            Node::A => &self.a,
            Node::B => &self.b,
        }
    }

    pub(super) fn client(&self) -> &str {
        &self.client
    }

    pub(super) fn all(&self) -> [&str; 3] {
        [&self.a, &self.b, &self.client]
    }
}

/// The address that a node has for itself.
pub(super) fn address(node: Node) -> Ipv4Addr {
    match node {
        Node::A => Ipv4Addr::new(192, 0, 2, 1),
        Node::B => Ipv4Addr::new(192, 0, 2, 2),
    }
}

/// What was built.
pub(super) struct Stage {
    names: Names,
}

impl Stage {
    /// Builds it. What stands when this fails is the guard's to remove.
    pub(super) fn build(names: &Names) -> Result<Self, DemoError> {
        for name in names.all() {
            ip(&["netns", "add", name])?;
        }
        batch(
            names.client(),
            &format!(
                "link set lo up\n\
                 link add lan type bridge forward_delay 0 mcast_snooping 0\n\
                 link add port-a type veth peer name eth0 netns {}\n\
                 link add port-b type veth peer name eth0 netns {}\n\
                 link set port-a master lan\n\
                 link set port-b master lan\n\
                 address add 192.0.2.9/24 dev lan\n\
                 link set lan up\n",
                names.a, names.b
            ),
        )?;
        let stage = Self { names: names.clone() };
        for node in Node::BOTH {
            batch(names.node(node), "link set lo up\nlink set eth0 up\n")?;
            stage.plug(node)?;
        }
        Ok(stage)
    }

    /// The cable of a node, and its own address as its start-up scripts would set it.
    pub(super) fn plug(&self, node: Node) -> Result<(), DemoError> {
        batch(self.names.node(node), &format!("address add {}/24 dev eth0\n", address(node)))?;
        batch(self.names.client(), &format!("link set {} up\n", port(node)))
    }

    /// Takes all life from a node at once: its cable, every process, every address.
    pub(super) fn power_off(&self, node: Node) -> Result<(), DemoError> {
        slay(self.names.node(node));
        batch(self.names.client(), &format!("link set {} down\n", port(node)))?;
        batch(self.names.node(node), "address flush dev eth0\n")
    }

    pub(super) fn node(&self, node: Node) -> io::Result<Namespace> {
        Namespace::named(self.names.node(node))
    }

    pub(super) fn client(&self) -> io::Result<Namespace> {
        Namespace::named(self.names.client())
    }
}

/// The bridge's port that a node's cable ends in.
fn port(node: Node) -> &'static str {
    match node {
        Node::A => "port-a",
        Node::B => "port-b",
    }
}

/// Numbers of the ports of both nodes, to be asked inside the client's namespace.
pub(super) fn port_indices() -> io::Result<[usize; 2]> {
    let index = |node| Ok::<_, nix::Error>(usize::try_from(if_nametoindex(port(node))?).unwrap_or(0));
    Ok([index(Node::A)?, index(Node::B)?])
}

/// Removes a namespace with every process in it. All of them were started in it, by us or by what we started.
pub(super) fn clear(name: &str) {
    slay(name);
    // What was not built need not be removed.
    let _ = ip(&["netns", "delete", name]);
}

/// Kills every process in a namespace.
fn slay(name: &str) {
    let Ok(namespace) = fs::metadata(Path::new("/run/netns").join(name)) else { return };
    let here = (namespace.dev(), namespace.ino());
    for _ in 0..ROUNDS {
        let inhabitants = inhabitants(here);
        if inhabitants.is_empty() {
            return;
        }
        for pid in inhabitants {
            // One that ended meanwhile needs no killing.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Processes whose network namespace is this file.
fn inhabitants(namespace: (u64, u64)) -> Vec<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    processes
        .flatten()
        .filter_map(|entry| {
            let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
            let file = fs::metadata(entry.path().join("ns/net")).ok()?;
            ((file.dev(), file.ino()) == namespace).then_some(pid)
        })
        .collect()
}

fn ip(arguments: &[&str]) -> Result<(), DemoError> {
    let output = Command::new("ip").args(arguments).stdin(Stdio::null()).output();
    checked(&arguments.join(" "), output)
}

/// Several orders to one namespace, a line each.
fn batch(namespace: &str, orders: &str) -> Result<(), DemoError> {
    let run = || {
        let mut child = Command::new("ip")
            .args(["-netns", namespace, "-batch", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(orders.as_bytes())?;
        }
        child.wait_with_output()
    };
    checked(orders.trim_end(), run())
}

fn checked(order: &str, output: io::Result<Output>) -> Result<(), DemoError> {
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(DemoError::Stage {
            order: order.replace('\n', "; "),
            said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        }),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Err(DemoError::NoIproute),
        Err(cause) => Err(DemoError::System { what: "run ip", cause }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_two_demos_apart() {
        let names = Names::of(7);
        assert_eq!(names.all(), ["sf-demo-7-a", "sf-demo-7-b", "sf-demo-7-c"]);
    }
}
