//! Whatever happens, in whatever order: no panic, no deadline left behind.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::num::NonZeroU8;
use core::time::Duration;

use host::{Engine, Instant, LinkName, Refusal, UdpChannel, UdpDelivery};
use proptest::prelude::*;

use super::bench::*;
use crate::config::{AuthConfig, AuthKey, AuthKind, EchoConfig, EchoRoute, EchoSend, Path, SessionConfig};
use crate::event::Event;
use crate::speaker::Speaker;
use crate::wire::control::Control;
use crate::wire::{Diagnostic, SessionState};

fn intervals() -> impl Strategy<Value = Duration> {
    prop_oneof![Just(Duration::ZERO), Just(ms(10)), Just(ms(1_000)), Just(Duration::from_secs(9_999))]
}

fn sessions() -> impl Strategy<Value = SessionConfig> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), 0..6_usize);
    let numbers = (intervals(), intervals(), 1..=255_u8, 2..5_u8, 0..3_u8);
    (flags, numbers).prop_map(|((passive, enabled, multihop, on_link, auth), numbers)| {
        let (min_rx, min_tx, multiplier, neighbour, echo) = numbers;
        let route = if echo == 1 { EchoRoute::Reflected } else { EchoRoute::Forwarded { source: None } };
        SessionConfig {
            name: alloc::format!("{neighbour} {multihop} {on_link}"),
            neighbour: [192, 0, 2, neighbour].into(),
            link: on_link.then(|| LinkName::new("eth0").unwrap()),
            path: if multihop { Path::Multihop } else { Path::SingleHop },
            min_rx,
            min_tx,
            multiplier: NonZeroU8::new(multiplier).unwrap(),
            passive,
            enabled,
            auth: AuthKind::ALL
                .get(auth)
                .map(|kind| AuthConfig { kind: *kind, keys: vec![AuthKey::new(1, b"k").unwrap()] }),
            echo: EchoConfig {
                min_rx: if echo == 2 { ms(10) } else { Duration::ZERO },
                send: (echo > 0).then_some(EchoSend { interval: min_tx, route }),
            },
            ..session()
        }
    })
}

fn configs() -> impl Strategy<Value = Box<crate::Config>> {
    proptest::collection::vec(sessions(), 0..5).prop_map(|mut sessions| {
        sessions.sort_by_key(SessionConfig::identity);
        sessions.dedup_by_key(|session| session.identity());
        Box::new(config(sessions))
    })
}

/// A packet, with the number of the session that it names, if it names one.
fn packets() -> impl Strategy<Value = (Option<usize>, UdpDelivery)> {
    let word = || prop_oneof![Just(0), Just(1), Just(10_000), Just(1_000_000), any::<u32>()];
    let fields = (0..4_usize, any::<[bool; 3]>(), any::<u8>(), word(), word(), word(), word());
    let noise = (any::<Option<(u8, u8)>>(), any::<u8>(), 0..6_u8, 2..5_u8, any::<Option<u8>>());
    let names = proptest::option::of(0..5_usize);
    (names, fields, noise).prop_map(|(names, fields, (flip, kind, port, from, ttl))| {
        let (state, [poll, is_final, demand], multiplier, my, tx, rx, echo) = fields;
        let control = Control {
            diagnostic: Diagnostic::NONE,
            state: SessionState::ALL[state],
            poll: poll && !is_final,
            is_final,
            independent: false,
            demand,
            multiplier,
            my_discriminator: my,
            your_discriminator: 0,
            desired_min_tx: tx,
            required_min_rx: rx,
            required_min_echo_rx: echo,
        };
        let mut bytes = control.encode();
        let auth = AuthKind::ALL.get(usize::from(kind % 16)).copied();
        if let Some(kind) = auth {
            crate::wire::auth::seal(&mut bytes, kind, &AuthKey::new(1, b"k").unwrap(), tx);
        }
        if let Some((at, value)) = flip
            && let Some(byte) = bytes.get_mut(usize::from(at))
        {
            *byte = value;
        }
        let port = [3784, 3784, 3784, 4784, 3785, 9][usize::from(port)];
        let delivery = UdpDelivery {
            link: if ttl == Some(3) { ETH1 } else { ETH0 },
            source: SocketAddr::new([192, 0, 2, from].into(), 50_000),
            destination: SocketAddr::new(OURS, port),
            hop_limit: ttl.map_or(Some(255), |ttl| (ttl != 0).then_some(ttl)),
            at: Instant::NEVER,
            bytes,
        };
        (names, delivery)
    })
}

#[derive(Clone, Debug)]
enum Input {
    Event(Event),
    Packet(Option<usize>, UdpDelivery),
    /// The packet that was sent last comes back, to port 3785 if it was an echo.
    Bounce,
}

fn inputs() -> impl Strategy<Value = Input> {
    let refusal = Refusal { code: 1, why: "no".into() };
    let closed = (any::<bool>(), 49_152..49_160_u16, refusal.clone());
    let channel = |port| UdpChannel { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port };
    prop_oneof![
        8 => packets().prop_map(|(names, delivery)| Input::Packet(names, delivery)),
        6 => Just(Input::Event(Event::Wake)),
        1 => configs().prop_map(|config| Input::Event(Event::Configured(config))),
        1 => Just(Input::Bounce),
        1 => any::<bool>().prop_map(|both| {
            let mut links = vec![link(ETH0, "eth0")];
            if both { links.push(link(ETH1, "eth1")); }
            Input::Event(Event::Surveyed(links))
        }),
        1 => Just(Input::Event(Event::LinkRemoved(ETH0))),
        1 => (0..4_u64).prop_map(move |tag| {
            Input::Event(Event::Unsent { tag, refusal: Refusal { code: 1, why: "no".into() } })
        }),
        1 => (Just(closed), 0..2_usize).prop_map(move |(_, listener)| {
            let channel = channel([3784, 50_000][listener]);
            Input::Event(Event::Closed { channel, refusal: Refusal { code: 98, why: "in use".into() } })
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_events_in_any_order(
        seed in any::<u64>(),
        first in configs(),
        inputs in proptest::collection::vec((inputs(), prop_oneof![Just(0_u64), 0..50_000_u64, 0..9_000_000_u64]), 1..150),
    ) {
        let mut speaker = Speaker::new(seed);
        let mut now = Instant::ZERO;
        let mut out = Vec::new();
        speaker.handle(Event::Configured(first), now, &mut out);
        for (input, micros) in inputs {
            now += Duration::from_micros(micros);
            let event = match input {
                Input::Event(event) => event,
                Input::Packet(names, mut delivery) => {
                    let sessions = speaker.status(now).sessions;
                    if let Some(session) = names.and_then(|index| sessions.get(index))
                        && let Some(place) = delivery.bytes.get_mut(8..12)
                    {
                        place.copy_from_slice(&session.discriminator.to_be_bytes());
                    }
                    Event::Received(delivery)
                }
                Input::Bounce => {
                    let Some(sent) = datagrams(&out).pop() else { continue };
                    Event::Received(UdpDelivery {
                        link: ETH0,
                        source: sent.to,
                        destination: SocketAddr::new(OURS, sent.to.port()),
                        hop_limit: Some(sent.hop_limit.saturating_sub(1)),
                        at: Instant::NEVER,
                        bytes: sent.payload,
                    })
                }
            };
            out.clear();
            speaker.handle(event, now, &mut out);
            for packet in controls(&out) {
                prop_assert!(!(packet.poll && packet.is_final));
                prop_assert!(!packet.demand);
                prop_assert!(packet.my_discriminator != 0 && packet.multiplier != 0);
                let slow = packet.desired_min_tx >= 1_000_000;
                prop_assert!(slow || packet.state == SessionState::Up, "slow while not Up");
            }
            // A wake-up meets everything that is due: the next deadline lies ahead.
            for _ in 0..8 {
                if speaker.next_deadline().is_none_or(|at| at > now) {
                    break;
                }
                speaker.handle(Event::Wake, now, &mut out);
            }
            prop_assert!(speaker.next_deadline().is_none_or(|at| at > now), "{:?} at {now:?}", speaker.next_deadline());
        }
        speaker.handle(Event::Stop, now, &mut out);
        for _ in 0..1_000 {
            let Some(at) = speaker.next_deadline() else { break };
            now = now.max(at);
            speaker.handle(Event::Wake, now, &mut out);
        }
        prop_assert!(speaker.has_stopped());
    }
}
