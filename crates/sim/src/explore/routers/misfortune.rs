//! What can go wrong, and what makes it right again.

use std::time::Duration;

use host::Prefix;
use vrrp::config::{InstanceConfig, Preemption, Priority, Version, VirtualAddress};

use super::cast::address;
use super::{CLOCK_SET, FILE, LINKS, PROCESSES, Routers, SCRIPT};
use crate::chance::Chance;
use crate::network::Weather;
use crate::node::Behaviour;
use crate::scenario::instance;
use crate::world::Command;

/// What goes wrong, and what makes it right again, if that does not come by itself.
type Misfortune = (Command, Option<Command>);

impl Routers {
    pub(super) fn daemon_fails(&self, node: usize, chance: &mut Chance) -> Misfortune {
        match chance.below(8) {
            0 => (Command::Kill(node), Some(Command::Start(node))),
            6 => (Command::Abandon(node), Some(Command::Start(node))),
            7 if !self.base.nodes[node].sessions.is_empty() => (Command::CrashPaths(node), None),
            1 => (Command::Stop(node), Some(Command::Start(node))),
            2 | 3 => (Command::Crash(node), None),
            4 => {
                let interval = self.base.nodes[node].config.instances[0].interval;
                (Command::Leap(node, chance.time((Duration::ZERO, interval * 6))), None)
            }
            _ => (Command::Pause(node), Some(Command::Resume(node))),
        }
    }

    pub(super) fn network_fails(&self, node: usize, chance: &mut Chance) -> Misfortune {
        let which = chance.index(self.base.segments.len());
        let link = LINKS[which];
        match chance.below(7) {
            0 => (Command::SetAdmin(node, link, false), Some(Command::SetAdmin(node, link, true))),
            1 => (Command::SetCarrier(node, link, false), Some(Command::SetCarrier(node, link, true))),
            2 => (Command::Mute(node, link, true), Some(Command::Mute(node, link, false))),
            3 => (Command::Deafen(node, link, true), Some(Command::Deafen(node, link, false))),
            4 | 5 => {
                let side = |node| (node, u8::try_from(chance.below(2)).unwrap_or(0));
                let sides = (0..self.base.nodes.len()).map(side).collect();
                (Command::Partition(which, sides), Some(Command::Heal(which)))
            }
            _ => {
                let fair = self.base.segments[which].1;
                let loss = u16::try_from(50 + chance.below(700)).unwrap_or(0);
                (Command::SetWeather(which, Weather { loss, ..fair }), Some(Command::SetWeather(which, fair)))
            }
        }
    }

    pub(super) fn kernel_fails(&self, node: usize, chance: &mut Chance) -> Misfortune {
        let which = chance.index(self.base.segments.len());
        let link = LINKS[which];
        let some = 1 + u32::try_from(chance.below(3)).unwrap_or(0);
        match chance.below(11) {
            9 | 10 => (Command::TakeOut(node, link), Some(Command::PutBack(node, link))),
            0 | 1 => (Command::Refuse(node, some), None),
            2 => (Command::RefuseChannels(node, some), None),
            3 | 4 => (Command::Overflow(node), None),
            5 => (Command::RemoveLinks(node), None),
            6 => (Command::FlushRoutes(node), None),
            7 => {
                let own = chance.one(&self.base.nodes[node].links[which].2);
                let gone = Command::RemoveAddress(node, link, own.address());
                (gone, Some(Command::AddAddress(node, link, *own)))
            }
            _ => {
                let config = &self.base.nodes[node].config;
                let vips = config.instances[which].addresses.iter();
                let fixed = config.statics.addresses.iter().filter(|_| which == 0).map(|(_, fixed)| fixed);
                let address = chance.one(&vips.chain(fixed).collect::<Vec<_>>()).prefix.address();
                (Command::RemoveAddress(node, link, address), None)
            }
        }
    }

    pub(super) fn world_changes(&self, node: usize, chance: &mut Chance) -> Misfortune {
        match chance.below(6) {
            0 if !self.base.nodes[node].config.scripts.is_empty() => {
                let behave = |behaviour| Command::Script(node, SCRIPT.to_owned(), behaviour);
                let bad = *chance.one(&[Behaviour::Exits(1), Behaviour::Hangs]);
                (behave(bad), Some(behave(Behaviour::Exits(0))))
            }
            1 => {
                let write = |value| Command::File(node, FILE.to_owned(), value);
                let value = i64::try_from(chance.below(200)).unwrap_or(0) - 100;
                (write(value), Some(write(0)))
            }
            2 => {
                let count = |complete| Command::Processes(node, PROCESSES.to_owned(), complete);
                (count(false), Some(count(true)))
            }
            // Either way, sometimes so far that no signature is believed any more.
            3 => {
                let wrong = i64::try_from(chance.below(CLOCK_SET * 2)).unwrap_or(0);
                let wrong = wrong - i64::try_from(CLOCK_SET).unwrap_or(0);
                (Command::SetClock(node, wrong), Some(Command::SetClock(node, 0)))
            }
            _ => self.reload(node, chance),
        }
    }

    /// Another configuration for a while.
    fn reload(&self, node: usize, chance: &mut Chance) -> Misfortune {
        let before = self.base.nodes[node].config.clone();
        let mut config = before.clone();
        match chance.below(10) {
            0 => config.instances.truncate(1),
            1 => config.groups.clear(),
            2 => {
                config.scripts.clear();
                config.instances.iter_mut().for_each(|it| it.track_scripts.clear());
            }
            _ => change(&mut config.instances[0], chance),
        }
        let instances = &config.instances;
        config.files.retain(|it| instances.iter().flat_map(|i| &i.track_files).any(|t| t.file == it.name));
        config
            .processes
            .retain(|it| instances.iter().flat_map(|i| &i.track_processes).any(|t| t.name == it.name));
        for group in &mut config.groups {
            group.members.retain(|member| config.instances.iter().any(|it| it.name == *member));
        }
        let configure = |config| Command::Configure(node, Box::new(config));
        (configure(config), Some(configure(before)))
    }
}

fn change(it: &mut InstanceConfig, chance: &mut Chance) {
    match chance.below(14) {
        // Both keys are known to all, so that either may sign.
        7 if it.hmac.is_some() => it.hmac.iter_mut().for_each(|hmac| hmac.active = 2),
        0 if !it.priority.is_owner() => {
            it.priority = Priority(u8::try_from(1 + chance.below(254)).unwrap_or(1));
        }
        1 => it.addresses.truncate(1),
        2 if !it.priority.is_owner() => {
            it.preemption = *chance.one(&[Preemption::Never, Preemption::Allowed]);
        }
        3 => {
            it.own_link = match it.own_link {
                Some(_) => None,
                None => Some(instance::vmac(it, matches!(it.mode, vrrp::config::Mode::Unicast { .. }))),
            }
        }
        4 => it.lifetime = if it.lifetime.is_some() { None } else { Some(4) },
        5 => {
            it.routes.clear();
            it.rules.clear();
        }
        8 => it.track_own_link = !it.track_own_link,
        9 => it.step_down = !it.step_down,
        10 => it.name.push_str("_renamed"),
        // Others learn it.
        11 if it.version == Version::V3 && it.hmac.is_none() => it.interval *= 2,
        12 => it.accept = !it.accept,
        6 => {
            it.track_bfds.clear();
            it.track_files.clear();
            it.track_processes.clear();
            it.track_links.clear();
        }
        _ => it.addresses.push(VirtualAddress::plain(Prefix::host(address(it.family, 110)))),
    }
}
