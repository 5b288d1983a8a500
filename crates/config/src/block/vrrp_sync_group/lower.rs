//! Sync groups as written → as the engine obeys them: what a group tracks, its members track.

use std::collections::BTreeMap;

use host::LinkName;
use vrrp::config::{GroupConfig, InstanceConfig, NotifyScripts, Settings, TrackLink};

use super::{SyncGroupBlock, names};
use crate::block::track::{self, Tracked, Tracks};
use crate::diagnostic::{Code, Diagnostic, code};
use crate::lex::CommandLine;
use crate::resolve::Resolver;
use crate::source::Span;
use crate::value::Set;

/// A group on its way: members by name, whether or not there are such instances.
#[derive(Debug)]
pub(crate) struct Group {
    name: String,
    at: Span,
    members: Vec<(String, Span)>,
    tracks: Tracks,
    notify: NotifyScripts,
    mail: bool,
    /// Members keep the weights of what they track themselves.
    pub(crate) keeps_weights: bool,
    /// What members take for `notify_priority_changes`.
    pub(crate) tell_priority: Option<bool>,
}

/// All groups, and which an instance is in.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    groups: Vec<Group>,
    of: BTreeMap<String, usize>,
}

impl Groups {
    /// The group that an instance is in.
    pub(crate) fn of(&self, instance: &str) -> Option<&Group> {
        self.groups.get(*self.of.get(instance)?)
    }
}

/// Reads the groups, before the instances are looked at.
pub(crate) fn read_all(resolver: &mut Resolver<'_, '_>, blocks: &[SyncGroupBlock]) -> Groups {
    let mut groups = Groups::default();
    for block in blocks {
        // No `..` here: a keyword that is read and not obeyed must not compile.
        let SyncGroupBlock {
            name,
            at,
            group,
            lists,
            notify,
            notify_master,
            notify_backup,
            notify_fault,
            notify_stop,
            smtp_alert,
            notify_priority_changes,
            sync_group_tracking_weight,
        } = block;
        let Some(list) = group else {
            let message = format!("The group {name} has no list of members; it is left out");
            resolver.reader.complain(code::EMPTY_BLOCK, *at, message);
            continue;
        };
        let tracks = track::read(resolver, lists, None);
        let mut resolved = |script: &Option<Set<CommandLine>>| resolver.notify(script.as_ref()).map(Box::new);
        let notify = NotifyScripts {
            master: resolved(notify_master),
            backup: resolved(notify_backup),
            fault: resolved(notify_fault),
            stop: resolved(notify_stop),
            any: resolved(notify),
            lower_priority_heard: None,
        };
        let index = groups.groups.len();
        let mut members: Vec<(String, Span)> = Vec::new();
        for (member, member_at) in names(&resolver.reader, *list) {
            if members.iter().any(|(have, _)| have == member) {
                let message = format!("{member} stands twice in the group {name}");
                resolver.reader.complain(code::REPEATED, member_at, message);
                continue;
            }
            if let Some(other) = groups.of(member) {
                let message =
                    format!("{member} is in the group {} already; it is not put into {name}", other.name);
                let found = Diagnostic::new(code::DUPLICATE, member_at, message);
                resolver.reader.report.add(found.related(other.at, "the group that it is in"));
                continue;
            }
            groups.of.insert(member.to_owned(), index);
            members.push((member.to_owned(), member_at));
        }
        let mail = smtp_alert.as_ref().map_or_else(|| resolver.vrrp_mail(), |set| set.value);
        groups.groups.push(Group {
            name: name.clone(),
            at: *at,
            members,
            tracks,
            notify,
            mail,
            keeps_weights: sync_group_tracking_weight.is_some(),
            tell_priority: notify_priority_changes.as_ref().map(|set| set.value),
        });
    }
    groups
}

/// Gives members what their groups track, and leaves out members and groups that there are not.
pub(crate) fn finish(
    resolver: &mut Resolver<'_, '_>,
    groups: Groups,
    instances: &mut [InstanceConfig],
) -> Vec<GroupConfig> {
    let index: BTreeMap<String, usize> =
        instances.iter().enumerate().map(|(at, instance)| (instance.name.clone(), at)).collect();
    let mut finished = Vec::new();
    for group in groups.groups {
        let Group { name, at, members, mut tracks, notify, mail, keeps_weights: _, tell_priority: _ } = group;
        let mut kept = Vec::new();
        for (member, member_at) in members {
            match index.get(&member) {
                Some(&index) => kept.push((member, index)),
                None => {
                    let message = format!("The group {name} names {member}, which is no vrrp_instance");
                    resolver.reader.complain(code::UNKNOWN_NAME, member_at, message);
                }
            }
        }
        match kept.as_slice() {
            [] => {
                let message =
                    format!("No member of the group {name} is a vrrp_instance; the group is left out");
                resolver.reader.complain(code::EMPTY_BLOCK, at, message);
                continue;
            }
            [_] => {
                let message = format!("The group {name} has one member only, which is of no use");
                resolver.reader.complain(code::LONE_MEMBER, at, message);
            }
            _ => {}
        }
        let owner = kept
            .iter()
            .any(|(_, index)| instances.get(*index).is_some_and(|instance| instance.priority.is_owner()));
        if owner {
            clear_weights(resolver, &name, &mut tracks);
        }
        for (_, index) in &kept {
            if let Some(instance) = instances.get_mut(*index) {
                share(resolver, &name, &tracks, instance);
            }
        }
        let members = kept.into_iter().map(|(member, _)| member).collect();
        finished.push(GroupConfig { name, members, notify, mail });
    }
    finished
}

/// The priority of an owner never changes, so neither may that of its fellows.
fn clear_weights(resolver: &mut Resolver<'_, '_>, group: &str, tracks: &mut Tracks) {
    fn clear<N: std::fmt::Display>(resolver: &mut Resolver<'_, '_>, group: &str, list: &mut [Tracked<N>]) {
        for one in list.iter_mut().filter(|one| one.weight.0 != 0) {
            let message = format!(
                "({group}) {} has a weight, and a member has priority 255; the weight is taken as 0",
                one.name
            );
            resolver.reader.complain(code::NOT_TOGETHER, one.at, message);
            one.weight.0 = 0;
        }
    }
    let Tracks { scripts, links, files, processes, bfds } = tracks;
    clear(resolver, group, links);
    clear(resolver, group, scripts);
    clear(resolver, group, files);
    clear(resolver, group, processes);
    clear(resolver, group, bfds);
}

/// Adds what the group tracks to what a member tracks itself, which counts where both do.
fn share(resolver: &mut Resolver<'_, '_>, group: &str, tracks: &Tracks, instance: &mut InstanceConfig) {
    let Tracks { scripts, links, files, processes, bfds } = tracks;
    let name = instance.name.clone();
    let mut twice = |what: &str, at: Span| {
        let message = format!("({name}) {what} is tracked by the instance and by its group {group}");
        resolver.reader.complain(code::TRACKED_TWICE, at, message);
    };
    for (one, track) in links.iter().zip(track::track_links(links)) {
        if Some(&one.name) == instance.link.as_ref() {
            continue;
        }
        if instance.track_links.iter().any(|have| have.link == one.name) {
            twice(one.name.as_str(), one.at);
        } else {
            instance.track_links.push(track);
        }
    }
    for (one, track) in scripts.iter().zip(track::track_scripts(scripts)) {
        if instance.track_scripts.iter().any(|have| have.script == one.name) {
            twice(&one.name, one.at);
        } else {
            instance.track_scripts.push(track);
        }
    }
    for (one, track) in files.iter().zip(track::track_files(files)) {
        if instance.track_files.iter().any(|have| have.file == one.name) {
            twice(&one.name, one.at);
        } else {
            instance.track_files.push(track);
        }
    }
    let Settings { track_processes, track_bfds, .. } = &mut **instance;
    for (list, into) in [(processes, track_processes), (bfds, track_bfds)] {
        for (one, track) in list.iter().zip(track::track_named(list)) {
            if into.iter().any(|have| have.name == one.name) {
                twice(&one.name, one.at);
            } else {
                into.push(track);
            }
        }
    }
}

/// What a member of a group tracks itself, as far as its group lets it: without `sync_group_tracking_weight` what
/// weighs something does not count.
///
/// As keepalived: a script or a BFD session with a weight is left out; a file counts with weight 0; an interface keeps
/// its weight (keepalived says that it does not, and then obeys it).
pub(crate) fn member(resolver: &mut Resolver<'_, '_>, instance: &str, tracks: &mut Tracks) {
    if resolver.groups.of(instance).is_none_or(|group| group.keeps_weights) {
        return;
    }
    let Tracks { scripts, links, files, processes: _, bfds } = tracks;
    track::let_go(resolver, scripts);
    let mut say = |code: Code, at: Span, what: &str, then: &str| {
        let message =
            format!("({instance}) {what} has a weight, and the instance is in a sync group; {then}");
        let found = Diagnostic::new(code, at, message);
        resolver
            .reader
            .report
            .add(found.help("say sync_group_tracking_weight in the group, or weight 0 here"));
    };
    for list in [scripts, bfds] {
        list.retain(|one| {
            if one.weight.0 != 0 {
                say(code::GROUP_WEIGHT, one.at, &one.name, "it is not tracked");
            }
            one.weight.0 == 0
        });
    }
    for one in files.iter_mut().filter(|one| one.weight.0 != 0) {
        say(code::GROUP_WEIGHT, one.at, &one.name, "a number that is not 0 is a fault");
        one.weight.0 = 0;
    }
    for one in links.iter().filter(|one| one.weight.0 != 0) {
        say(code::GROUP_WEIGHT, one.at, one.name.as_str(), "keepalived says so and obeys it all the same");
    }
}

/// Makes every member of a track group fail when a link does, whatever weight the link had.
pub(crate) fn fail_with(instance: &mut InstanceConfig, link: &LinkName) {
    if Some(link) == instance.link.as_ref() {
        return;
    }
    let weight = vrrp::config::Weight::Fault { reverse: false };
    match instance.track_links.iter_mut().find(|have| have.link == *link) {
        Some(have) => have.weight = weight,
        None => instance.track_links.push(TrackLink { link: link.clone(), weight }),
    }
}
