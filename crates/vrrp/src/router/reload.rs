//! A configuration takes effect: the difference between two models.
//!
//! Instances are the same if link, family, virtual router identifier and kind of destination are; a name is only a
//! name. Every setting of an instance that stays can change under way: its state and its deadlines stay.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use host::{Family, Instant, LinkName};

use super::Router;
use super::stop::Stop;
use crate::config::{Config, GroupConfig, InstanceConfig, Mode, Settings, Vrid};
use crate::event::Action;
use crate::group::Group;
use crate::instance::{Instance, InstanceId, Turn};
use crate::notice::{Notice, ReloadSummary, State};

/// What makes two configurations of an instance the same virtual router.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    Multicast(Option<LinkName>, Family, Vrid, IpAddr),
    Unicast(Option<LinkName>, Family, Vrid, Option<IpAddr>),
}

impl Identity {
    fn of(config: &InstanceConfig) -> Self {
        let InstanceConfig { link, vrid, source, settings, .. } = config;
        let Settings { family, mode, .. } = &**settings;
        match mode {
            Mode::Multicast { group } => Self::Multicast(link.clone(), *family, *vrid, *group),
            Mode::Unicast { .. } => Self::Unicast(link.clone(), *family, *vrid, *source),
        }
    }
}

impl Router {
    /// Puts a configuration in force.
    pub(super) fn configure(
        &mut self,
        config: Config,
        now: Instant,
        touched: &mut BTreeSet<InstanceId>,
        out: &mut Vec<Action>,
    ) {
        if self.stop != Stop::NotAsked {
            return;
        }
        let Config {
            instances,
            scripts,
            groups,
            pace,
            statics,
            startup_delay,
            firewall,
            files,
            processes,
            pace_groups,
            tell_strangers,
            link_delays,
            polled_links,
        } = config;
        let first = !core::mem::replace(&mut self.configured, true);
        if first {
            self.quiet_until = now + startup_delay;
            if !startup_delay.is_zero() {
                self.delay_ends = Some(self.quiet_until);
                out.push(Action::Notice(Notice::StartupDelayed(startup_delay)));
            }
        }
        let mut summary = ReloadSummary::default();
        let pairs = self.pair(&instances);
        let stays: BTreeSet<InstanceId> = pairs.iter().flatten().copied().collect();
        let gone: Vec<InstanceId> =
            core::mem::take(&mut self.order).into_iter().filter(|id| !stays.contains(id)).collect();
        for id in gone {
            self.remove(id, now, out);
            summary.removed += 1;
        }
        self.tell_strangers = tell_strangers;
        self.strangers.clear();
        self.statics = statics;
        self.firewall.configure(firewall);
        self.told.files.retain(|name, _| files.iter().any(|file| file.name == *name));
        self.told.processes.retain(|name, _| processes.iter().any(|set| set.name == *name));
        self.scripts.configure(&scripts, !self.memories.is_empty(), now, out);
        self.announcements.set_pace(pace, pace_groups);
        self.links.set_polled(polled_links);
        self.links.set_delays(link_delays, &instances, now);
        for (config, known) in instances.into_iter().zip(pairs) {
            let id = match known {
                Some(id) => {
                    self.adjust(id, config, &mut summary, now, out);
                    id
                }
                None => {
                    summary.added += 1;
                    self.add(config, now)
                }
            };
            self.order.push(id);
            touched.insert(id);
        }
        self.regroup(groups);
        self.any_own_links = self.instances.values().any(|instance| instance.has_own_links());
        self.memories.clear();
        self.stale = true;
        if !first {
            out.push(Action::Notice(Notice::Reloaded(summary)));
        }
    }

    /// For each new configuration the instance that it continues. Instances of one identity, which are told apart by
    /// their peers, are paired by name, then in the order of the file.
    fn pair(&self, configs: &[InstanceConfig]) -> Vec<Option<InstanceId>> {
        let mut known: BTreeMap<Identity, Vec<InstanceId>> = BTreeMap::new();
        for id in &self.order {
            if let Some(instance) = self.instances.get(id) {
                known.entry(Identity::of(instance.config())).or_default().push(*id);
            }
        }
        let name = |id: &InstanceId| self.instances.get(id).map(|instance| instance.config().name.as_str());
        let mut pairs: Vec<Option<InstanceId>> = Vec::with_capacity(configs.len());
        for config in configs {
            let same = known.get_mut(&Identity::of(config));
            pairs.push(same.and_then(|ids| {
                let at = ids.iter().position(|id| name(id) == Some(config.name.as_str()))?;
                Some(ids.remove(at))
            }));
        }
        for (pair, config) in pairs.iter_mut().zip(configs).filter(|(pair, _)| pair.is_none()) {
            *pair =
                known.get_mut(&Identity::of(config)).and_then(|ids| (!ids.is_empty()).then(|| ids.remove(0)));
        }
        pairs
    }

    /// Forms the groups anew; one of the same name keeps what was told of it.
    fn regroup(&mut self, configs: Vec<GroupConfig>) {
        let before: BTreeMap<String, State> =
            self.groups.drain(..).filter_map(|group| Some((group.name().into(), group.told()?))).collect();
        self.group_of.clear();
        let by_name: BTreeMap<&str, InstanceId> =
            self.instances.iter().map(|(id, instance)| (instance.config().name.as_str(), *id)).collect();
        for config in configs {
            let members: Vec<InstanceId> =
                config.members.iter().filter_map(|name| by_name.get(name.as_str())).copied().collect();
            self.group_of.extend(members.iter().map(|id| (*id, self.groups.len())));
            let remembered = |id| self.instances.get(id).is_some_and(|it| it.is_remembered());
            // People were told by an earlier life.
            let resumes = !members.is_empty() && members.iter().all(remembered);
            let told = before.get(&config.name).copied().or(resumes.then_some(State::Master));
            self.groups.push(Group::new(config, members, told));
        }
        for (id, instance) in &mut self.instances {
            instance.set_in_group(self.group_of.contains_key(id));
        }
    }

    fn add(&mut self, config: InstanceConfig, now: Instant) -> InstanceId {
        self.last_id += 1;
        let id = InstanceId(self.last_id);
        let memory = self.memories.remove(&config.name);
        let mut instance = Instance::new(id, config, self.quiet_until, now);
        instance.set_clock(self.wall);
        if let Some(until) = memory {
            instance.remember(until);
        }
        self.instances.insert(id, Box::new(instance));
        id
    }

    fn adjust(
        &mut self,
        id: InstanceId,
        config: InstanceConfig,
        summary: &mut ReloadSummary,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let Some(instance) = self.instances.get_mut(&id) else { return };
        if *instance.config() == config {
            summary.kept += 1;
        } else {
            summary.adjusted += 1;
            instance.adjust(config, &mut Turn { now, out });
        }
    }

    /// As keepalived: people are told FAULT of an instance that is gone, unless `notify_deleted` asks for the truth.
    fn remove(&mut self, id: InstanceId, now: Instant, out: &mut Vec<Action>) {
        if let Some(mut instance) = self.instances.remove(&id) {
            let state = if instance.config().deletion.is_some() { State::Deleted } else { State::Fault };
            instance.end(state, &mut Turn { now, out });
        }
        self.holdings.want(id, Vec::new());
        self.announcements.forget(id);
        self.unannounced.remove(&id);
        self.timers.forget(id);
    }
}
