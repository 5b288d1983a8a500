//! Commands in the words of a scenario.

use std::fmt::Write;

use host::LinkIndex;

use super::{Command, World};
use crate::network::Weather;
use crate::node::Behaviour;
use crate::scenario::instance;

impl World {
    /// The command in the words of a scenario, which [`crate::scenario`] reads.
    pub fn describe(&self, command: &Command) -> String {
        let name = |node: usize| self.nodes[node].name.clone();
        let at = |node: usize, link: LinkIndex| {
            let socket = self.nodes[node].sockets.iter().find(|socket| socket.built == link);
            let link = socket.map_or("?", |socket| socket.name.as_str());
            format!("{}.{link}", self.nodes[node].name)
        };
        match *command {
            Command::Start(node) => format!("start {}", name(node)),
            Command::Stop(node) => format!("stop {}", name(node)),
            Command::Kill(node) => format!("kill {}", name(node)),
            Command::Abandon(node) => format!("abandon {}", name(node)),
            Command::CrashPaths(node) => format!("crash-paths {}", name(node)),
            Command::TakeOut(node, link) => format!("take-out {}", at(node, link)),
            Command::PutBack(node, link) => format!("put-back {}", at(node, link)),
            Command::Crash(node) => format!("crash {}", name(node)),
            Command::Pause(node) => format!("pause {}", name(node)),
            Command::Resume(node) => format!("resume {}", name(node)),
            Command::SetAdmin(node, link, up) => format!("{} {}", choose(up, "up", "down"), at(node, link)),
            Command::SetCarrier(node, link, up) => {
                format!("{} {}", choose(up, "plug", "unplug"), at(node, link))
            }
            Command::Mute(node, link, on) => format!("{} {}", choose(on, "mute", "unmute"), at(node, link)),
            Command::Deafen(node, link, on) => {
                format!("{} {}", choose(on, "deafen", "undeafen"), at(node, link))
            }
            Command::Partition(segment, ref sides) => {
                let mut text = format!("partition {}", self.segments[segment].name);
                for (node, side) in sides {
                    let _ = write!(text, " {}={side}", self.nodes[*node].name);
                }
                text
            }
            Command::Heal(segment) => format!("heal {}", self.segments[segment].name),
            Command::SetWeather(segment, weather) => {
                let Weather { delay, loss, duplicate, reorder } = weather;
                format!(
                    "weather {} delay={:?}..{:?} loss={loss} duplicate={duplicate} reorder={reorder}",
                    self.segments[segment].name, delay.0, delay.1
                )
            }
            Command::AddAddress(node, link, prefix) => format!("add {} {prefix}", at(node, link)),
            Command::RemoveAddress(node, link, address) => format!("remove {} {address}", at(node, link)),
            Command::Script(node, ref script, Behaviour::Exits(status)) => {
                format!("script {} {script} exits {status}", name(node))
            }
            Command::Script(node, ref script, Behaviour::Hangs) => {
                format!("script {} {script} hangs", name(node))
            }
            Command::Refuse(node, orders) => format!("refuse {} {orders}", name(node)),
            Command::SetClock(node, wrong) => {
                format!("clock {} {}{}ms", name(node), choose(wrong < 0, "-", "+"), wrong.unsigned_abs())
            }
            Command::RefuseChannels(node, channels) => format!("deafen-next {} {channels}", name(node)),
            Command::Overflow(node) => format!("overflow {}", name(node)),
            Command::Leap(node, by) => format!("leap {} {by:?}", name(node)),
            Command::File(node, ref file, value) => format!("file {} {file} {value}", name(node)),
            Command::Processes(node, ref set, quorum) => {
                format!("processes {} {set} {}", name(node), choose(quorum, "complete", "incomplete"))
            }
            Command::RemoveLinks(node) => format!("remove-links {}", name(node)),
            Command::FlushRoutes(node) => format!("flush-routes {}", name(node)),
            Command::Configure(node, ref config) => {
                let words = |it| instance::words(it, config).unwrap_or_default();
                let instances = config
                    .instances
                    .iter()
                    .map(|it| format!("{} {} {}", it.name, instance::link(it), words(it)));
                format!("configure {} {}", name(node), instances.collect::<Vec<_>>().join(" and "))
            }
        }
    }
}

const fn choose(which: bool, yes: &'static str, no: &'static str) -> &'static str {
    if which { yes } else { no }
}
