//! Whatever happens, in whatever order: no panic, no deadline left behind, no address held by who is not master.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use core::time::Duration;

use host::{Delivery, Engine, Instant, JobId, LinkAddress, Outcome, Prefix, Refusal, Ticket};
use proptest::prelude::*;

use super::bench::*;
use crate::config::{InstanceConfig, Mode, Preemption, Version, Weight};
use crate::event::Event;
use crate::notice::{FaultReason, State};
use crate::router::Router;

fn configs() -> impl Strategy<Value = Box<crate::Config>> {
    let choices = (any::<bool>(), any::<bool>(), 1..=255_u8, 0..3_u8, 0..3_u8, any::<bool>());
    choices.prop_map(|(v3, unicast, priority, preemption, scripts, two)| {
        let mut first = InstanceConfig {
            priority: crate::config::Priority(priority),
            wants_master: priority == 255,
            ..if v3 { instance_v3() } else { instance() }
        }
        .with(|it| {
            it.preemption = match preemption {
                0 => Preemption::Allowed,
                1 => Preemption::Never,
                _ => Preemption::Delayed(Duration::from_secs(3)),
            }
        });
        if unicast {
            let peers = vec![crate::config::Peer { address: HIGH.into(), ttl: (1, 200) }];
            first.mode = Mode::Unicast { peers, ttl: Some(7), check_source: v3 };
        }
        let weight = if scripts == 1 {
            Weight::Fault { reverse: two }
        } else {
            Weight::Points { points: -50, reverse: two }
        };
        let mut config = scripted(weight, v3);
        if scripts == 0 {
            config.scripts.clear();
        } else {
            first.track_scripts.clone_from(&config.instances[0].track_scripts);
        }
        config.instances = vec![first.clone()];
        if two {
            let vrid = crate::config::Vrid::new(52).unwrap();
            config.instances.push(
                InstanceConfig { name: "VI_2".into(), vrid, ..first }.with(|it| it.version = Version::V3),
            );
        }
        Box::new(config)
    })
}

fn deliveries() -> impl Strategy<Value = Delivery> {
    let parts = (any::<bool>(), any::<bool>(), any::<u8>(), any::<[u8; 3]>(), any::<Option<u8>>());
    parts.prop_map(|(v3, high, priority, noise, ttl)| {
        let config = if v3 { instance_v3() } else { instance() };
        let mut delivery = advert(&config, if high { HIGH } else { LOW }, priority);
        if let Some(ttl) = ttl {
            // Now and then something is wrong with it.
            let at = usize::from(noise[0]) % delivery.bytes.len();
            delivery.bytes[at] ^= noise[1];
            delivery.bytes.truncate(usize::from(noise[2]));
            delivery.hop_limit = Some(ttl);
        }
        delivery
    })
}

fn events() -> impl Strategy<Value = Event> {
    let vip = LinkAddress::plain(ETH0, Prefix::host(VIP.into()));
    let refusal = Refusal { code: 1, why: "no".into() };
    prop_oneof![
        4 => deliveries().prop_map(Event::Received),
        4 => Just(Event::Wake),
        1 => configs().prop_map(Event::Configured),
        1 => any::<bool>().prop_map(|up| Event::LinkChanged(link(up))),
        1 => Just(Event::LinkRemoved(ETH0)),
        1 => Just(Event::AddressAdded(address(OURS))),
        1 => Just(Event::AddressRemoved(address(OURS))),
        1 => Just(Event::AddressAdded(vip.clone())),
        1 => Just(Event::AddressRemoved(vip)),
        1 => (0..40_u64, any::<bool>()).prop_map(move |(ticket, done)| Event::Settled {
            ticket: Ticket(ticket),
            result: if done { Ok(()) } else { Err(refusal.clone()) },
        }),
        1 => (0..20_u64, 0..2_u8).prop_map(|(job, status)| Event::JobEnded(JobId(job), Outcome::Exited(status))),
        1 => any::<bool>().prop_map(|own| {
            survey(vec![link(true)], if own { vec![address(OURS)] } else { vec![] })
        }),
    ]
}

proptest! {
    #[test]
    fn any_events_in_any_order(
        config in configs(),
        events in proptest::collection::vec((events(), 0..5_000_u64), 1..120),
    ) {
        let mut router = Router::default();
        let mut now = Instant::ZERO;
        let mut out = Vec::new();
        router.handle(Event::Configured(config), now, &mut out);
        router.handle(survey(vec![link(true)], vec![address(OURS)]), now, &mut out);
        for (event, millis) in events {
            now += Duration::from_millis(millis);
            out.clear();
            router.handle(event, now, &mut out);
            // A wake-up meets everything that is due: the next deadline lies ahead.
            for _ in 0..8 {
                if router.next_deadline().is_none_or(|at| at > now) {
                    break;
                }
                router.handle(Event::Wake, now, &mut out);
            }
            prop_assert!(router.next_deadline().is_none_or(|at| at > now), "{:?} at {now:?}", router.next_deadline());
            for instance in &router.status(now).instances {
                let takes_part = instance.state == State::Master || instance.state == State::Backup;
                let pending = |fault: &FaultReason| matches!(fault, FaultReason::ScriptPending(_));
                let sound = !takes_part || instance.faults.iter().all(pending);
                prop_assert!(sound, "it takes part with faults: {:?}", instance.faults);
            }
        }
        router.handle(Event::Stop, now, &mut out);
        prop_assert_eq!(router.status(now).instances.iter().filter(|i| i.state == State::Master).count(), 0);
    }
}
