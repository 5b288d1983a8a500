//! The rules that are judged at a time, not at an event.

use std::time::Duration;

use host::{Instant, Link, LinkName};
use vrrp::config::{
    Authentication, Config, HmacMode, InstanceConfig, TrackScript, Version, VirtualAddress, Weight,
};

use super::{Member, Promise, Watch, Way, is_stamped};
use crate::node::Node;
use crate::world::{Latency, World, link_named};

/// What is not the protocol's: a start, a script's run, the time of an event itself.
const MARGIN: Duration = Duration::from_millis(20);
/// Stamps count whole seconds.
const CLOCK_GRAIN: Duration = Duration::from_secs(1);
/// Orders that a change may need: each member's addresses to take and to put, on the largest of simulated nodes.
const ORDERS: u32 = 64;

/// A judgement to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Check {
    /// Of two masters of a group that reach one another, one yields.
    Rivals(usize),
    /// Every member of a group that can take part is master or hears one.
    Available(usize),
    /// A member's addresses are held if and only if it is master.
    Held(usize),
    /// A member that became master then, or whose link came up under it, has announced every address.
    Announced(usize, Instant),
    /// A member that advertised then is or was master.
    Entitled(usize, Instant),
    /// The members of each sync group of a node are master together or not at all.
    Together(usize),
    /// A member's trackers count.
    Standing(usize),
    /// A member that has just advertised did so with the priority that its trackers make.
    Points(usize),
    /// People were told that a member is master.
    Told(usize),
    /// A daemon that was gone since then, if it still is, has left nothing that has a lifetime.
    Outlived { member: usize, since: Instant },
    /// A member whose worker is new and knows everything did not resume in another's place.
    Resumed { member: usize, crashed: Instant, started: Instant },
}

impl Watch {
    pub(crate) fn new(latency: Latency) -> Self {
        Self {
            settling: (latency.kernel.1 + latency.report.1) * ORDERS + latency.wake.1 + MARGIN,
            ..Self::default()
        }
    }
}

impl World {
    /// Enters a node's instances into the books, from its configuration.
    pub(crate) fn watch_node(&mut self, node: usize) {
        self.watch.retire(node);
        for instance in self.nodes[node].config.instances.clone() {
            let it = &self.nodes[node];
            let Some(base) = instance.link.as_ref().and_then(|link| link_named(it, link)) else { continue };
            // A link of its own may not be there yet; then this is asked again when it is.
            let home = match &instance.own_link {
                Some(own) => link_named(it, &own.link.name),
                None => Some(base),
            };
            let Some(home) = home else { continue };
            let by_base = instance.own_link.as_ref().is_some_and(|own| own.adverts_by_base);
            let link = if by_base { base } else { home };
            let Some((segment, port)) = self.port_of(node, link) else { continue };
            let vips = instance.addresses.iter().chain(&instance.excluded);
            let vips: Vec<_> = vips
                .filter_map(|vip| {
                    let on = vip.own_link.as_ref().or(vip.link.as_ref());
                    let on = on.map_or(Some(home), |name| link_named(it, name))?;
                    Some((on, vip.prefix.address()))
                })
                .collect();
            // A member of a sync group that is ready before the others waits another time.
            let grouped = it.config.groups.iter().any(|group| group.members.contains(&instance.name));
            let waits = if grouped { 3 } else { 1 };
            let pace = it.config.pace.arp.max(it.config.pace.neighbour);
            let packets =
                u32::try_from(vips.len()).unwrap_or(u32::MAX).saturating_mul(instance.announce.repeat);
            let member = Member {
                base,
                patience: patience(&instance) * waits
                    + verdict(&it.config, &instance)
                    + slack(&it.config)
                    + it.config.startup_delay
                    + self.latency.wake.1
                    + MARGIN,
                pace: pace.saturating_mul(packets),
                slack: slack(&it.config),
                // Who believes whose adverts is another matter.
                steps_down: instance.step_down && !is_stamped(&instance),
                lifetime: instance.lifetime.map(|seconds| Duration::from_secs(seconds.into())),
                routes: instance.routes.iter().map(|route| route.route.key()).collect(),
                rules: instance.rules.iter().map(|rule| rule.rule.clone()).collect(),
                ..Member::new(node, &instance.name, link, port, vips, instance.interval)
            };
            self.watch.enrol(segment, instance.family, instance.vrid.get(), member);
        }
    }

    pub(crate) fn check(&mut self, check: Check) {
        match check {
            Check::Rivals(group) => self.check_rivals(group),
            Check::Available(group) => self.check_available(group),
            Check::Held(member) => self.check_held(member),
            Check::Announced(member, since) => self.check_announced(member, since),
            Check::Together(node) => self.check_together(node),
            Check::Resumed { member, crashed, started } => self.check_resumed(member, crashed, started),
            Check::Standing(member) => self.check_standing(member),
            Check::Points(member) => self.check_points(member),
            Check::Told(member) => self.check_told(member),
            Check::Outlived { member, since } => self.check_outlived(member, since),
            Check::Entitled(member, at) => {
                let member = &self.watch.members[member];
                if !member.master && member.since != at {
                    let details = format!("{} of {}", member.instance, self.nodes[member.node].name);
                    self.watch.violate(at, Promise::OnlyMastersAdvertise, &details);
                }
            }
        }
    }

    fn check_rivals(&mut self, group: usize) {
        let now = self.now();
        let segment = &self.segments[self.watch.groups[group].segment];
        let disturbed = self.disturbed(group);
        let masters: Vec<&Member> =
            self.watch.members_of(group).filter(|m| m.master && self.can(m)).collect();
        let mut next: Option<Instant> = None;
        for (n, one) in masters.iter().enumerate() {
            for other in &masters[n + 1..] {
                if !segment.connects(one.port, other.port) || !self.clocks_agree(one, other) {
                    continue;
                }
                // Of two that send at once one may use the sequence number that the other has just used.
                let times = if self.counts_sequences(one) { 2 } else { 1 };
                let window = one.interval.max(other.interval) * times
                    + segment.weather.delay.1 * 2
                    + self.latency.wake.1
                    + Duration::from_millis(1);
                let until = one.since.max(other.since).max(disturbed) + window;
                if now >= until {
                    let names = [one, other].map(|m| self.nodes[m.node].name.as_str());
                    let details = format!("{} of {} and {}", one.instance, names[0], names[1]);
                    self.watch.violate(now, Promise::RivalsYield, &details);
                    return;
                }
                next = Some(next.map_or(until, |next| next.min(until)));
            }
        }
        // Masters that do not reach one another may do so later: then there is a disturbance, and another look.
        let waits = next.or_else(|| (masters.len() > 1).then(|| now + self.watch.patience(group)));
        self.watch.groups[group].rivals_pending = waits.is_some();
        self.watch.due.extend(waits.map(|at| (at, Check::Rivals(group))));
    }

    fn check_available(&mut self, group: usize) {
        let now = self.now();
        let calm = self.disturbed(group) + self.watch.patience(group);
        if now < calm {
            self.watch.due.push_back((calm, Check::Available(group)));
            return;
        }
        self.watch.groups[group].available_pending = false;
        // A member of a sync group cannot do anything about it while another member hears a master.
        let alone = self
            .watch
            .members_of(group)
            .find(|member| self.is_alone(member) && self.companions(member).all(|m| self.is_alone(m)));
        if let Some(member) = alone {
            let details = format!("{} of {}", member.instance, self.nodes[member.node].name);
            self.watch.violate(now, Promise::Led, &details);
        }
    }

    /// Whether a member could take part, is not master and hears none.
    fn is_alone(&self, member: &Member) -> bool {
        let segment = &self.segments[self.watch.groups[member.router].segment];
        let hears = |other: &Member| {
            other.master
                && self.nodes[other.node].is_working()
                && segment.passes(other.port, member.port)
                && self.clocks_fit(other, member, Duration::ZERO)
        };
        self.can(member) && !member.master && !self.watch.members_of(member.router).any(hears)
    }

    /// The other members of a member's sync group.
    fn companions<'a>(&'a self, member: &'a Member) -> impl Iterator<Item = &'a Member> {
        let groups = self.nodes[member.node].config.groups.iter();
        let group = groups.into_iter().find(|group| group.members.contains(&member.instance));
        let is = move |other: &&Member| {
            other.live
                && other.node == member.node
                && other.instance != member.instance
                && group.is_some_and(|group| group.members.contains(&other.instance))
        };
        self.watch.members.iter().filter(is)
    }

    fn check_held(&mut self, at: usize) {
        let now = self.now();
        let member = &mut self.watch.members[at];
        let settled = member.unsettled + self.watch.settling;
        if now < settled {
            self.watch.due.push_back((settled, Check::Held(at)));
            return;
        }
        member.held_pending = false;
        let member = &self.watch.members[at];
        let node = &self.nodes[member.node];
        // A worker that is paused, or about to be started anew, cannot do anything about its addresses.
        let is_stopped = !node.is_running() && !node.wanted && !node.stopping && node.abandoned.is_none();
        let answerable = node.powered && (node.is_working() || is_stopped);
        if !member.live || !answerable {
            return;
        }
        let wrong = wrong_address(node, member)
            .or_else(|| wrong_static(node, is_stopped))
            .or_else(|| wrong_filter(node, member))
            .or_else(|| wrong_route(node, member));
        if let Some((promise, what)) = wrong {
            let details = format!("{what} of {} of {}", member.instance, node.name);
            self.watch.violate(now, promise, &details);
        }
    }

    fn check_told(&mut self, at: usize) {
        let member = &self.watch.members[at];
        let node = &self.nodes[member.node];
        if !member.live || !member.master || !node.is_working() {
            return;
        }
        let told = [Way::Script, Way::Pipe].map(|way| self.watch.told(member.node, way, &member.instance));
        // A script that a reload adds has not been told what was before.
        if told[1] != Some("MASTER") || (told[0].is_some() && told[0] != told[1]) {
            let details = format!("{} of {}: {told:?}", member.instance, node.name);
            self.watch.violate(self.now(), Promise::ToldAll, &details);
        }
    }

    fn check_outlived(&mut self, at: usize, since: Instant) {
        let member = &self.watch.members[at];
        let node = &self.nodes[member.node];
        let gone = node.abandoned == Some(since) && member.live;
        if let Some((_, address)) =
            member.vips.iter().find(|vip| gone && node.machine().holds_on(vip.0, vip.1))
        {
            let details = format!("{address} of {} of {}", member.instance, node.name);
            self.watch.violate(self.now(), Promise::NotOutlived, &details);
        }
    }

    /// Its adverts have authentication headers.
    fn counts_sequences(&self, member: &Member) -> bool {
        let it = self.nodes[member.node].instance(&member.instance);
        it.is_some_and(|it| matches!(it.authentication, Authentication::Header(_)))
    }

    /// Whether two members surely believe what the other says of the time.
    fn clocks_agree(&self, one: &Member, other: &Member) -> bool {
        self.clocks_fit(one, other, CLOCK_GRAIN * 2)
    }

    /// Whether the clocks of two members are at most so far apart as is allowed, `more` added.
    fn clocks_fit(&self, one: &Member, other: &Member, more: Duration) -> bool {
        let [one, other] = [one, other].map(|member| {
            let node = &self.nodes[member.node];
            let hmac = node.instance(&member.instance).and_then(|it| it.hmac.as_ref());
            (node.wrong, hmac.filter(|hmac| !hmac.monotonic && hmac.mode == HmacMode::Enforce))
        });
        let apart = Duration::from_millis(one.0.abs_diff(other.0));
        one.1.into_iter().chain(other.1).all(|hmac| apart + more < hmac.window + CLOCK_GRAIN)
    }

    fn check_announced(&mut self, at: usize, since: Instant) {
        let member = &self.watch.members[at];
        let undisturbed = member.live && member.master && member.since <= since && member.unsettled <= since;
        if !undisturbed || !self.can(member) {
            return;
        }
        let silent = |announced: &Option<Instant>| announced.is_none_or(|announced| announced < since);
        if let Some(vip) = member.announced.iter().position(silent) {
            let name = &self.nodes[member.node].name;
            let details = format!("{} by {} of {name}", member.vips[vip].1, member.instance);
            self.watch.violate(self.now(), Promise::Announced, &details);
        }
    }

    fn check_together(&mut self, node: usize) {
        let it = &self.nodes[node];
        // A worker that has just begun or ended says so of one after the other.
        if !it.is_working() || !it.introduced {
            return;
        }
        for group in &it.config.groups {
            let masters = group.members.iter().filter(|member| it.is_master(member)).count();
            if masters != 0 && masters != group.members.len() {
                let details = format!("{masters} members of {} of {}", group.name, it.name);
                self.watch.violate(self.now(), Promise::GroupsStayTogether, &details);
                return;
            }
        }
    }

    fn check_resumed(&mut self, at: usize, crashed: Instant, started: Instant) {
        let member = &self.watch.members[at];
        let segment = &self.segments[self.watch.groups[member.router].segment];
        let follows = |other: &Member| {
            other.master
                && other.priority.0 <= member.priority.0
                && other.since > crashed
                && other.since < started
                && segment.connects(other.port, member.port)
        };
        let timely = self.watch.leapt < crashed;
        let resumed = timely && member.live && member.master && member.since <= crashed && self.can(member);
        if resumed && self.watch.members_of(member.router).any(|other| self.can(other) && follows(other)) {
            let details = format!("{} of {}", member.instance, self.nodes[member.node].name);
            self.watch.violate(self.now(), Promise::ResumesInTime, &details);
        }
    }

    /// When the segment of a group was last disturbed, or one that a sync group ties to it.
    fn disturbed(&self, group: usize) -> Instant {
        let companions = self.watch.members_of(group).flat_map(|member| self.companions(member));
        let groups = companions.map(|companion| companion.router).chain([group]);
        let segments = groups.map(|group| self.watch.groups[group].segment);
        segments.filter_map(|segment| self.watch.disturbed.get(&segment)).max().copied().unwrap_or_default()
    }

    /// Whether nothing keeps a member from taking part: its worker works, its link is up and has an address of the
    /// family that is not one of the virtual ones, and no script or other link is the cause of a fault. The same is true
    /// of the other members of its sync group.
    fn can(&self, member: &Member) -> bool {
        let mut groups = self.nodes[member.node].config.groups.iter();
        let group = groups.find(|group| group.members.contains(&member.instance));
        let others = group.map_or(0, |group| group.members.len() - 1);
        // One whose link is not there is in no book.
        self.companions(member).count() == others
            && self.can_alone(member)
            && self.companions(member).all(|companion| self.can_alone(companion))
    }

    fn can_alone(&self, member: &Member) -> bool {
        let node = &self.nodes[member.node];
        let machine = node.machine();
        let family = self.watch.groups[member.router].family;
        let own = |(link, prefix): (_, host::Prefix)| {
            link == member.base
                && prefix.family() == family
                && !member.vips.contains(&(link, prefix.address()))
                // As the engine has it: nothing that it put itself is a source.
                && !node.config.statics.addresses.iter().any(|(_, fixed)| fixed.prefix == prefix)
        };
        let is_up = |link| machine.link(link).is_some_and(Link::is_up);
        let free = || {
            let Some(it) = node.instance(&member.instance) else { return false };
            let own = it.own_link.as_ref().map(|own| &own.link.name);
            let fault = |weight| matches!(weight, Weight::Fault { .. });
            own.is_none_or(|own| !node.refused_links.contains(own))
                // The last run of a script that ended well makes it good soon.
                && it.track_scripts.iter().all(|t| !fault(t.weight) || node.script_is_good(&t.script))
                && node.standing_but_scripts(it).free
        };
        node.is_working()
            && !node.stopping
            && is_up(member.link)
            && is_up(member.base)
            && !machine.is_deaf(member.link)
            && machine.addresses().any(own)
            && free()
    }
}

/// Something that a kernel has and should not, or should have and has not.
type Wrong = Option<(Promise, String)>;

fn wrong_address(node: &Node, member: &Member) -> Wrong {
    // A master goes over to a link of its own that a reload gave it when that is up, and stays where it was until then.
    let up = node.machine().link(member.base).is_some_and(Link::is_up);
    if member.master && !up && node.instance(&member.instance).is_some_and(|it| it.own_link.is_some()) {
        return None;
    }
    let (_, address) =
        member.vips.iter().find(|vip| node.machine().holds_on(vip.0, vip.1) != member.master)?;
    let promise = if member.master { Promise::HoldsAddresses } else { Promise::OthersHoldNoAddresses };
    Some((promise, address.to_string()))
}

fn wrong_static(node: &Node, is_stopped: bool) -> Wrong {
    let wrong = |(link, fixed): &&(LinkName, VirtualAddress)| {
        let link = link_named(node, link);
        link.is_some_and(|link| node.machine().holds_on(link, fixed.prefix.address()) == is_stopped)
    };
    let (_, fixed) = node.config.statics.addresses.iter().find(wrong)?;
    Some((Promise::HoldsStatics, fixed.prefix.to_string()))
}

fn wrong_filter(node: &Node, member: &Member) -> Wrong {
    let it = node.instance(&member.instance).filter(|_| member.master)?;
    let drops = !it.accept && !it.priority.is_owner();
    let (_, address) = member.vips.iter().find(|vip| drops && !node.machine().drops(vip.0, vip.1))?;
    Some((Promise::DropsUnaccepted, address.to_string()))
}

/// No route leads by a link that is down, and who does not track it is master all the same.
fn wrong_route(node: &Node, member: &Member) -> Wrong {
    let machine = node.machine();
    let up = |link| machine.link(link).is_some_and(Link::is_up);
    let leads = !member.master || (up(member.base) && member.vips.iter().all(|(link, _)| up(*link)));
    let mut routes = member.routes.iter().filter(|_| leads);
    let route = routes.find(|route| machine.has_route(route) != member.master);
    let rule = member.rules.iter().find(|rule| machine.has_rule(rule) != member.master);
    let what = route.map(|it| it.destination.to_string()).or(rule.map(|it| it.priority.to_string()))?;
    Some((if member.master { Promise::HoldsRoutes } else { Promise::OthersHoldNoRoutes }, what))
}

/// How long an instance's scripts may take to be believed again after the first run that ends otherwise.
fn verdict(config: &Config, instance: &InstanceConfig) -> Duration {
    let of = |track: &TrackScript| config.scripts.iter().find(|script| script.name == track.script);
    let scripts = instance.track_scripts.iter().filter_map(of);
    scripts.map(|it| (it.interval + it.timeout) * it.rise.max(it.fall)).max().unwrap_or_default()
}

/// How long a link's change may take to count: it must last, or its carrier is asked for.
pub(crate) fn slack(config: &Config) -> Duration {
    let lasts = config.link_delays.iter().map(|delay| delay.down.max(delay.up)).max().unwrap_or_default();
    let asked = if config.polled_links.is_empty() { Duration::ZERO } else { Duration::from_secs(1) };
    lasts + asked
}

/// The longest master-down time that an instance can have, whatever its priority (RFC 9568 §6.1, RFC 3768 §6.1).
fn patience(instance: &InstanceConfig) -> Duration {
    let skew = match instance.version {
        Version::V2 => Duration::from_secs(1),
        Version::V3 => instance.interval,
    };
    instance.interval * u32::from(instance.down_timer_adverts) + skew
}
