//! Vrrp workers that break promises.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use host::firewall::FirewallOp;
use host::{Arrival, Channel, Job, LinkIndex, NetworkOp, Outcome, Packet, Protocol, Refusal};
use vrrp::Config;
use vrrp::config::{Preemption, Priority, Settings};
use worker::bus::{ToSupervisor, ToWorker};

use super::{Sabotage, first_seed};
use crate::explore::{Plan, Routers, Tale};
use crate::invariant::Promise;
use crate::machine::{Effect, Order};
use crate::node::Input;
use crate::world::Command;
use crate::world::wire::Frame;

/// Among so many seeds a promise must be broken.
const SEEDS: u64 = 1_000;
/// The second instance of a node, and its virtual router.
const SECOND: (&str, u8) = ("VI_2", 52);
/// What every plan for IPv4 has.
const VIP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100));
const ETH0: LinkIndex = LinkIndex(2);

/// Who breaks a promise, and how.
pub(super) struct Row {
    pub(super) promise: Promise,
    worker: Sabotage<Input, Effect>,
    /// What else is done to a plan.
    change: fn(&mut Plan<Routers>),
    /// Only how it ends is judged: other promises are broken before.
    ends: bool,
}

impl Row {
    fn of(promise: Promise) -> Self {
        Self { promise, worker: Sabotage::default(), change: |_| {}, ends: false }
    }

    fn told(mut self, told: fn(usize, Input) -> Option<Input>) -> Self {
        self.worker.told = told;
        self
    }

    fn done(mut self, done: fn(usize, &mut Vec<Effect>)) -> Self {
        self.worker.done = done;
        self
    }

    fn plan(mut self, change: fn(&mut Plan<Routers>)) -> Self {
        self.change = change;
        self
    }

    fn ends(self) -> Self {
        Self { ends: true, ..self }
    }
}

#[test]
fn every_promise_of_routers_is_seen_to_be_broken() {
    for Row { promise, worker, change, ends } in all() {
        let seed = first_seed(promise, SEEDS, |mut plan: Plan<Routers>| {
            change(&mut plan);
            let mut world = Routers::stage(&plan, false);
            world.sabotage = Sabotage { ..worker };
            if ends {
                world.look_away();
            }
            Routers::play(&plan, &mut world)
        });
        assert!(seed.is_some(), "`{promise}` is never broken");
    }
}

pub(super) fn all() -> impl Iterator<Item = Row> {
    elections().into_iter().chain(holdings()).chain(manners()).chain(trackers()).chain(endings())
}

fn elections() -> [Row; 6] {
    [
        // One hears nobody.
        Row::of(Promise::RivalsYield).told(|node, it| {
            Some(it).filter(|it| node == 0 || !is(it, |it| matches!(it, Arrival::Received(_))))
        }),
        // One does nothing.
        Row::of(Promise::Led).done(|node, it| it.retain(|_| node == 0)),
        Row::of(Promise::OnlyMastersAdvertise).done(|_, it| conceal(it, |_| true)),
        Row::of(Promise::GroupsStayTogether).done(|_, it| {
            conceal(it, |name| name == SECOND.0);
            it.retain(|it| advert(it).is_none_or(|advert| advert.vrid != SECOND.1));
        }),
        // It believes that the last worker lived until now.
        Row::of(Promise::ResumesInTime).told(|_, it| remembers(it)).plan(|plan| {
            let long = Duration::from_secs(5);
            plan.tale.base.latency.restart = (long, long);
        }),
        Row::of(Promise::StepsDown).told(|_, it| Some(sets(it, |it| it.step_down = false))),
    ]
}

fn holdings() -> [Row; 11] {
    [
        Row::of(Promise::HoldsAddresses).done(|_, it| omit(it, |it| matches!(it, NetworkOp::AddAddress(_)))),
        Row::of(Promise::OthersHoldNoAddresses)
            .done(|_, it| omit(it, |it| matches!(it, NetworkOp::RemoveAddress(_)))),
        Row::of(Promise::HoldsRoutes).done(|_, it| omit(it, |it| matches!(it, NetworkOp::AddRoute(_)))),
        Row::of(Promise::OthersHoldNoRoutes)
            .done(|_, it| omit(it, |it| matches!(it, NetworkOp::RemoveRoute(_)))),
        Row::of(Promise::HoldsRoutes).done(|_, it| omit(it, |it| matches!(it, NetworkOp::AddRule(_)))),
        Row::of(Promise::OthersHoldNoRoutes)
            .done(|_, it| omit(it, |it| matches!(it, NetworkOp::RemoveRule(_)))),
        Row::of(Promise::HoldsStatics).told(|_, it| Some(obeys(it, |it| it.statics.addresses.clear()))),
        Row::of(Promise::HoldsStatics).done(|_, it| omit(it, |it| matches!(it, NetworkOp::RemoveAddress(_)))),
        Row::of(Promise::DropsUnaccepted).done(|_, it| {
            it.retain(|it| !matches!(it, Effect::Order(_, Order::Filter(FirewallOp::Install(_)))));
        }),
        Row::of(Promise::NotOutlived).told(|_, it| Some(sets(it, |it| it.lifetime = None))),
        Row::of(Promise::NoOrderForEver).done(|_, it| {
            repeat(it, 9, |it| {
                let Effect::Order(ticket, Order::Network(op @ NetworkOp::AddAddress(_))) = it else {
                    return None;
                };
                Some(Effect::Order(*ticket, Order::Network(op.clone())))
            });
        }),
    ]
}

fn manners() -> [Row; 10] {
    [
        Row::of(Promise::Announced).done(|_, it| it.retain(|it| !announces(it))),
        // It does not know that its link was down.
        Row::of(Promise::Announced)
            .told(|_, it| Some(it).filter(|it| !is(it, |it| matches!(it, Arrival::LinkChanged(_))))),
        Row::of(Promise::NoHaste).done(|_, it| repeat(it, 1, |it| resent(it, |priority| priority > 0))),
        Row::of(Promise::ResignsTwice).done(|_, it| repeat(it, 2, |it| resent(it, |priority| priority == 0))),
        Row::of(Promise::DeadlinesAhead)
            .told(|_, it| Some(it).filter(|it| !is(it, |it| *it == Arrival::Woken))),
        // A channel fails whatever is done about it.
        Row::of(Promise::Sleeps).done(|_, it| {
            let refusal = Refusal { code: 0, why: String::new() };
            it.push(Effect::Deaf(Channel { link: ETH0, address: VIP, protocol: Protocol::Vrrp }, refusal));
        }),
        Row::of(Promise::ToldOnce).done(|_, it| {
            repeat(
                it,
                1,
                |it| if let Effect::Pipe(line) = it { Some(Effect::Pipe(line.clone())) } else { None },
            );
        }),
        Row::of(Promise::ToldOnce).done(|_, it| {
            repeat(it, 1, |it| {
                let Effect::Say(told @ ToSupervisor::Notify { .. }) = it else { return None };
                Some(Effect::Say(told.clone()))
            });
        }),
        Row::of(Promise::ToldAll).done(|_, it| {
            let tells = |job: &Job| job.command.argv.iter().any(|word| word == "MASTER");
            it.retain(|it| !matches!(it, Effect::Say(ToSupervisor::Notify { job, .. }) if tells(job)));
        }),
        Row::of(Promise::ToldAll).done(|_, it| it.retain(|it| !matches!(it, Effect::Pipe(_)))),
    ]
}

fn trackers() -> [Row; 4] {
    [
        // Every link is up, whatever the kernel says.
        Row::of(Promise::FaultsCount).told(|_, it| {
            Some(hears(it, |it| {
                if let Arrival::LinkChanged(link) = it {
                    (link.admin_up, link.running) = (true, true);
                }
            }))
        }),
        // Every script ends well, and then none does.
        Row::of(Promise::FaultsCount).told(|_, it| Some(sees(it, Outcome::Exited(0)))),
        Row::of(Promise::PointsCount).told(|_, it| Some(sees(it, Outcome::Exited(1)))),
        // No file holds anything.
        Row::of(Promise::PointsCount).told(|_, it| {
            Some(hears(it, |it| {
                if let Arrival::FileRead { value, .. } = it {
                    *value = 0;
                }
            }))
        }),
    ]
}

fn endings() -> [Row; 6] {
    [
        Row::of(Promise::EndsLed).plan(|plan| {
            (0..plan.tale.base.nodes.len()).for_each(|node| befall(plan, 1, Command::Kill(node)));
        }),
        // Nobody preempts, though all should.
        Row::of(Promise::EndsWithBest)
            .told(|_, it| Some(sets(it, |it| it.preemption = Preemption::Never)))
            .ends(),
        // There is no group, and in one virtual router one node wins, and loses in the other.
        Row::of(Promise::EndsTogether)
            .told(|node, it| {
                Some(obeys(it, |it| {
                    it.groups.clear();
                    for it in it.instances.iter_mut().filter(|it| (it.name == SECOND.0) == (node == 0)) {
                        it.priority = Priority(1);
                    }
                }))
            })
            .plan(|plan| {
                let instances = plan.tale.base.nodes.iter_mut().flat_map(|it| &mut it.config.instances);
                instances.for_each(|it| *it = it.clone().with(|it| it.preemption = Preemption::Never));
            })
            .ends(),
        Row::of(Promise::EndsQuiet).plan(|plan| befall(plan, 1, Command::Kill(0))),
        Row::of(Promise::EndsIdle).plan(|plan| {
            (0..plan.tale.base.nodes.len())
                .for_each(|node| befall(plan, 200, Command::RemoveAddress(node, ETH0, VIP)));
        }),
        // One does not say where the addresses are.
        Row::of(Promise::EndsReached).done(|node, it| it.retain(|it| node > 0 || !announces(it))).ends(),
    ]
}

/// Something befalls a plan so many milliseconds after nothing may any more.
fn befall(plan: &mut Plan<Routers>, millis: u64, command: Command) {
    plan.misfortunes.push((plan.settled() + Duration::from_millis(millis), command));
}

fn is(input: &Input, what: impl Fn(&Arrival) -> bool) -> bool {
    matches!(input, Input::Arrival(arrival) if what(arrival))
}

/// A worker that obeys another configuration than the one that it was given.
fn obeys(mut input: Input, change: impl Fn(&mut Config)) -> Input {
    if let Input::Message(ToWorker::Configure(configure)) = &mut input {
        change(&mut configure.config);
    }
    input
}

/// A worker whose instances have other settings.
fn sets(input: Input, change: impl Fn(&mut Settings)) -> Input {
    obeys(input, |it| it.instances.iter_mut().for_each(|it| *it = it.clone().with(&change)))
}

/// A worker to which the machine tells something else.
fn hears(mut input: Input, change: impl Fn(&mut Arrival)) -> Input {
    if let Input::Arrival(arrival) = &mut input {
        change(arrival);
    }
    input
}

/// A worker to which every script ends like this.
fn sees(mut input: Input, end: Outcome) -> Input {
    if let Input::Message(ToWorker::JobEnded(_, outcome)) = &mut input {
        *outcome = end;
    }
    input
}

/// A worker that believes that the one before lived a moment ago.
fn remembers(mut input: Input) -> Option<Input> {
    if let Input::Message(ToWorker::Configure(configure)) = &mut input {
        configure.memories.iter_mut().for_each(|it| it.master_until += Duration::from_hours(1));
    }
    Some(input)
}

/// A worker that does not give an order.
fn omit(effects: &mut Vec<Effect>, what: impl Fn(&NetworkOp) -> bool) {
    effects.retain(|effect| !matches!(effect, Effect::Order(_, Order::Network(op)) if what(op)));
}

/// A worker that does something so many times more.
fn repeat(effects: &mut Vec<Effect>, times: usize, what: impl Fn(&Effect) -> Option<Effect>) {
    let copies = effects.iter().flat_map(|effect| (0..times).filter_map(|_| what(effect)));
    let copies: Vec<Effect> = copies.collect();
    effects.extend(copies);
}

/// A worker that tells the supervisor nothing of instances of some names.
fn conceal(effects: &mut [Effect], name: impl Fn(&str) -> bool) {
    for effect in effects {
        if let Effect::Say(ToSupervisor::Masterships(news)) = effect {
            news.retain(|news| !name(&news.instance));
        }
    }
}

/// The advert that an effect is.
fn advert(effect: &Effect) -> Option<Frame> {
    if let Effect::Send(datagram) = effect { Frame::of(datagram.packet.clone()) } else { None }
}

fn announces(effect: &Effect) -> bool {
    matches!(effect, Effect::Send(datagram) if matches!(datagram.packet, Packet::Ethernet(_)))
}

/// An advert of such a priority once more.
fn resent(effect: &Effect, priority: impl Fn(u8) -> bool) -> Option<Effect> {
    advert(effect).filter(|advert| priority(advert.priority))?;
    if let Effect::Send(datagram) = effect { Some(Effect::Send(datagram.clone())) } else { None }
}
