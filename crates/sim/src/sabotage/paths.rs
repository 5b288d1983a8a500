//! Bfd workers that break promises.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use host::{Arrival, UdpChannel, UdpDelivery};

use super::{Sabotage, first_seed};
use crate::explore::{Plan, Tale};
use crate::invariant::Promise;
use crate::paths::node::Effect;
use crate::paths::{Misfortune, Neighbours};

/// Among so many seeds a promise must be broken.
const SEEDS: u64 = 100;
/// Longer than any detection time.
const LONG: Duration = Duration::from_secs(10);

type Path = Sabotage<Arrival, Effect>;

/// A promise, who breaks it, and what befalls a pair that is healed.
type Row = (Promise, Path, fn(&mut Plan<Neighbours>));

/// A packet comes in at another time than the books have it.
fn dated(arrival: Arrival, date: impl Fn(&mut UdpDelivery)) -> Option<Arrival> {
    let Arrival::UdpReceived(mut delivery) = arrival else { return Some(arrival) };
    date(&mut delivery);
    Some(Arrival::UdpReceived(delivery))
}

/// Nothing gets out of a node any more, so long after all was healed.
fn mute(plan: &mut Plan<Neighbours>, after: Duration) {
    plan.misfortunes.push((plan.tale.healed + after, Misfortune::Mute(0, true)));
}

pub(super) fn all() -> impl Iterator<Item = Row> {
    let told = |told| Path { told, ..Path::default() };
    let done = |done| Path { done, ..Path::default() };
    let nothing: fn(&mut Plan<Neighbours>) = |_| {};
    [
        // It believes that packets will have come later.
        (Promise::DownInTime, told(|_, it| dated(it, |packet| packet.at += LONG)), nothing),
        // It believes that they came long ago.
        (Promise::DownWithCause, told(|_, it| dated(it, |packet| packet.at = packet.at - LONG)), nothing),
        (Promise::TrackersKnow, done(|_, it| it.retain(|it| !matches!(it, Effect::Tell(_)))), nothing),
        (Promise::PacketsNotTooSoon, done(twice), nothing),
        (
            Promise::ChannelsOpen,
            told(|_, it| Some(it).filter(|it| !matches!(it, Arrival::UdpClosed { .. }))),
            nothing,
        ),
        (Promise::DeadlinesAhead, told(|_, it| Some(it).filter(|it| *it != Arrival::Woken)), nothing),
        (Promise::Sleeps, done(|_, it| it.push(Effect::Refused(nowhere()))), nothing),
        (Promise::EndsUp, Path::default(), |plan| mute(plan, Duration::from_micros(1))),
        (Promise::EndsSteady, Path::default(), |plan| mute(plan, Duration::from_millis(6_500))),
    ]
    .into_iter()
}

fn twice(_: usize, effects: &mut Vec<Effect>) {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send(datagram) => Some(Effect::Send(datagram.clone())),
        Effect::Unsent(_) | Effect::Tell(_) | Effect::Line(_) | Effect::Refused(_) => None,
    });
    let again: Vec<Effect> = sent.collect();
    effects.extend(again);
}

/// A channel that nobody opened.
fn nowhere() -> UdpChannel {
    UdpChannel { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: 9 }
}

#[test]
fn every_promise_of_paths_is_seen_to_be_broken() {
    for (promise, sabotage, change) in all() {
        let seed = first_seed(promise, SEEDS, |mut plan: Plan<Neighbours>| {
            change(&mut plan);
            let mut pair = Neighbours::stage(&plan, false);
            pair.sabotage = Sabotage { ..sabotage };
            Neighbours::play(&plan, &mut pair)
        });
        assert!(seed.is_some(), "`{promise}` is never broken");
    }
}
