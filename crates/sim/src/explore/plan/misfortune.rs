//! What can go wrong, and what makes it right again.

use std::time::Duration;

use host::{Instant, Prefix};
use vrrp::config::{InstanceConfig, Preemption, Priority, VirtualAddress};

use super::cast::address;
use super::{FILE, LINKS, PROCESSES, Plan, SCRIPT};
use crate::chance::Chance;
use crate::network::Weather;
use crate::node::Behaviour;
use crate::scenario::instance;
use crate::world::Command;

/// What goes wrong, and what makes it right again, if that does not come by itself.
type Misfortune = (Command, Option<Command>);

/// How far a clock is set at most; less than the window of any signature.
const CLOCK_SET: Duration = Duration::from_secs(2);

impl Plan {
    pub(super) fn misfortune(
        &self,
        node: usize,
        at: Instant,
        has_script: bool,
        chance: &mut Chance,
    ) -> Misfortune {
        match chance.below(4) {
            0 => self.daemon_fails(node, chance),
            1 => self.network_fails(node, chance),
            2 => self.kernel_fails(node, chance),
            _ => self.world_changes(node, at, has_script, chance),
        }
    }

    fn daemon_fails(&self, node: usize, chance: &mut Chance) -> Misfortune {
        match chance.below(6) {
            0 => (Command::Kill(node), Some(Command::Start(node))),
            1 => (Command::Stop(node), Some(Command::Start(node))),
            2 | 3 => (Command::Crash(node), None),
            4 => {
                let interval = self.base.nodes[node].config.instances[0].interval;
                (Command::Leap(node, chance.time((Duration::ZERO, interval * 6))), None)
            }
            _ => (Command::Pause(node), Some(Command::Resume(node))),
        }
    }

    fn network_fails(&self, node: usize, chance: &mut Chance) -> Misfortune {
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

    fn kernel_fails(&self, node: usize, chance: &mut Chance) -> Misfortune {
        let which = chance.index(self.base.segments.len());
        let link = LINKS[which];
        let some = 1 + u32::try_from(chance.below(3)).unwrap_or(0);
        match chance.below(9) {
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
                let vips = &self.base.nodes[node].config.instances[which].addresses;
                let address = chance.one(vips).prefix.address();
                (Command::RemoveAddress(node, link, address), None)
            }
        }
    }

    fn world_changes(&self, node: usize, at: Instant, has_script: bool, chance: &mut Chance) -> Misfortune {
        match chance.below(6) {
            0 if has_script => {
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
            // Only ever forward: a worker that is started anew does not know what it sent before its clock was set back.
            3 => {
                let most = CLOCK_SET * u32::try_from(at.as_nanos() >> 20).unwrap_or(u32::MAX);
                let ahead = most / u32::try_from(self.healed.as_nanos() >> 20).unwrap_or(u32::MAX).max(1);
                (Command::SetClock(node, i64::try_from(ahead.as_millis()).unwrap_or(0)), None)
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
    match chance.below(9) {
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
        6 => {
            it.track_files.clear();
            it.track_processes.clear();
            it.track_links.clear();
        }
        _ => it.addresses.push(VirtualAddress::plain(Prefix::host(address(it.family, 110)))),
    }
}
