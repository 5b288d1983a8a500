//! Adverts with anything wrong about them, by chance and one bit after the other: whatever is not believed changes no
//! state and no timer.

use alloc::vec;
use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::time::Duration;

use host::{Delivery, Instant};
use proptest::prelude::*;

use super::bench::*;
use super::invalid::{dated, headed, numbered, signature, signed, unicast, v2};
use crate::config::{Authentication, InstanceConfig, Version};
use crate::event::{Action, Event};
use crate::notice::{InstanceFact, Notice, State};
use crate::status::{Counters, InstanceStatus};

/// Where the IPv4 header ends, and the checks of the engine begin: the kernel has looked at what is before it.
const HEADER: usize = 20;

const FORMS: [fn() -> InstanceConfig; 6] = [v2, headed, instance_v3, unicast, signed, signed_v2];

fn signed_v2() -> InstanceConfig {
    signed().with(|it| (it.version, it.interval) = (Version::V2, Duration::from_secs(1)))
}

/// A sound advert as the master with the greater priority sends it now.
fn sound(config: &InstanceConfig, now: Instant) -> Delivery {
    match &config.authentication {
        Authentication::Header(key) => {
            let sequence = 1_800_000_100 + u32::try_from(now.since(Instant::ZERO).as_millis()).unwrap();
            numbered(config, key, sequence)
        }
        Authentication::None | Authentication::Password(_) if config.hmac.is_some() => {
            signature(config, now, 1, 5, |_| {})
        }
        Authentication::None | Authentication::Password(_) if config == &unicast() => {
            advert(config, LOW, 200)
        }
        Authentication::None | Authentication::Password(_) => advert(config, HIGH, 200),
    }
}

/// In which state the packet finds its receiver.
#[derive(Clone, Copy, Debug)]
enum Standing {
    /// Just begun.
    Beginning,
    /// Backup of a better one, heard so many milliseconds ago.
    Backup(u64),
    /// Backup of one that gave up.
    Released,
    /// Master, woken so many milliseconds ago; more than an interval is a pause.
    Master(u64),
    /// Without a link.
    Fault,
}

/// A receiver, and what it heard last.
fn receiver(config: &InstanceConfig, standing: Standing) -> (Bench, Option<Delivery>) {
    let mut bench = dated(config.clone());
    let mut heard = None;
    let mut hear = |bench: &mut Bench, spoil: fn(&mut Delivery)| {
        let mut delivery = sound(config, bench.now);
        spoil(&mut delivery);
        bench.tell(Event::Received(delivery.clone()));
        heard = Some(delivery);
    };
    match standing {
        Standing::Beginning => {}
        Standing::Backup(age) => {
            hear(&mut bench, |_| {});
            bench.now += Duration::from_millis(age);
        }
        Standing::Released => {
            hear(&mut bench, |_| {});
            let release = advert(config, HIGH, 0);
            bench.tell(Event::Received(release));
        }
        Standing::Master(age) => {
            bench.run_until(Instant::ZERO + config.interval * 4);
            assert_eq!(bench.state(), State::Master);
            bench.now += Duration::from_millis(age);
        }
        Standing::Fault => {
            bench.tell(Event::LinkChanged(link(false)));
        }
    }
    (bench, heard)
}

/// Something done to a packet.
#[derive(Clone, Debug)]
enum Mutation {
    Flip(usize, u8),
    Set(usize, u8),
    Cut(usize),
    Append(Vec<u8>),
    HopLimit(u8),
    From(Ipv4Addr),
    To(Ipv4Addr),
    /// The same bytes as the last that was believed.
    Replay,
    /// An advert of another form.
    Form(usize),
}

fn apply(mutation: Mutation, delivery: &mut Delivery, heard: Option<&Delivery>, now: Instant) {
    let length = delivery.bytes.len().max(1);
    match mutation {
        Mutation::Flip(at, bit) => {
            delivery.bytes.get_mut(at % length).into_iter().for_each(|byte| *byte ^= 1 << (bit % 8));
        }
        Mutation::Set(at, value) => {
            delivery.bytes.get_mut(at % length).into_iter().for_each(|byte| *byte = value);
        }
        Mutation::Cut(at) => delivery.bytes.truncate(at % length),
        Mutation::Append(more) => delivery.bytes.extend(more),
        Mutation::HopLimit(limit) => delivery.hop_limit = Some(limit),
        Mutation::From(source) => delivery.source = source.into(),
        Mutation::To(destination) => delivery.destination = destination.into(),
        Mutation::Replay => heard.into_iter().for_each(|heard| delivery.clone_from(heard)),
        Mutation::Form(form) => {
            let form = FORMS[form % FORMS.len()]();
            *delivery = sound(&form, now);
        }
    }
}

fn mutations() -> impl Strategy<Value = Mutation> {
    let address = prop_oneof![
        Just(OURS),
        Just(LOW),
        Just(HIGH),
        Just(VIP),
        Just(Ipv4Addr::new(224, 0, 0, 18)),
        any::<u32>().prop_map(Ipv4Addr::from),
    ];
    prop_oneof![
        4 => (0..120_usize, any::<u8>()).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        4 => (0..120_usize, any::<u8>()).prop_map(|(at, value)| Mutation::Set(at, value)),
        2 => (0..120_usize).prop_map(Mutation::Cut),
        2 => proptest::collection::vec(any::<u8>(), 1..60).prop_map(Mutation::Append),
        2 => any::<u8>().prop_map(Mutation::HopLimit),
        1 => address.clone().prop_map(Mutation::From),
        2 => address.prop_map(Mutation::To),
        2 => Just(Mutation::Replay),
        2 => (0..FORMS.len()).prop_map(Mutation::Form),
    ]
}

fn standings() -> impl Strategy<Value = Standing> {
    prop_oneof![
        Just(Standing::Beginning),
        (0..4_000_u64).prop_map(Standing::Backup),
        Just(Standing::Released),
        (0..4_000_u64).prop_map(Standing::Master),
        Just(Standing::Fault),
    ]
}

/// How it stands but for what it counts, and when it wants to be woken.
fn standing(bench: &Bench) -> (InstanceStatus, Option<Instant>) {
    let status = InstanceStatus { counters: Counters::default(), ..bench.status() };
    (status, bench.next_deadline())
}

/// All that is ordered and told but for what is said of packets.
fn told(actions: Vec<Action>) -> Vec<Action> {
    let of_packets = |action: &Action| {
        matches!(action, Action::Notice(Notice::Instance { fact: InstanceFact::Heard { .. }, .. }))
    };
    actions.into_iter().filter(|action| !of_packets(action)).collect()
}

/// Hands a packet to one of two nodes that are alike. `None` if it was believed, else whether they go on to be alike, and
/// where they differ.
fn disturbs(
    config: &InstanceConfig,
    standing_in: Standing,
    packet: impl Fn(Option<&Delivery>, Instant) -> Delivery,
) -> Option<Result<(), alloc::string::String>> {
    let (mut node, heard) = receiver(config, standing_in);
    let (mut twin, _) = receiver(config, standing_in);
    let before = node.status().counters.adverts_received;
    let mut orders = node.tell(Event::Received(packet(heard.as_ref(), node.now)));
    if node.status().counters.adverts_received > before {
        return None;
    }
    // Whatever is due is due for both.
    orders.extend(node.tell(Event::Wake));
    let expected = told(twin.tell(Event::Wake));
    let mut same = told(orders) == expected && standing(&node) == standing(&twin);
    let end = node.now + config.interval * 5;
    let later = |bench: &mut Bench| {
        let orders = bench.run_until(end).into_iter();
        orders.map(|(at, action)| (at, told(vec![action]))).collect::<Vec<_>>()
    };
    let (ours, theirs) = (later(&mut node), later(&mut twin));
    same &= ours == theirs && standing(&node) == standing(&twin);
    let explained = || alloc::format!("{:#?}\n{:#?}\n{ours:?}\n{theirs:?}", standing(&node), standing(&twin));
    Some(if same { Ok(()) } else { Err(explained()) })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// RFC 9568 §7.1: "If any one of the above checks fails, the receiver MUST discard the packet".
    #[test]
    fn what_is_not_believed_changes_no_state_and_no_timer(
        form in 0..FORMS.len(),
        standing in standings(),
        mutations in proptest::collection::vec(mutations(), 1..4),
    ) {
        let config = FORMS[form]();
        let packet = |heard: Option<&Delivery>, now| {
            let mut delivery = sound(&config, now);
            for mutation in mutations.clone() {
                apply(mutation, &mut delivery, heard, now);
            }
            delivery
        };
        if let Some(Err(difference)) = disturbs(&config, standing, packet) {
            prop_assert!(false, "{difference}");
        }
    }
}

/// RFC 9568 §7.1, RFC 3768 §7.1: of the whole advert no bit can be another and all checks be passed.
#[test]
fn an_advert_of_which_any_bit_is_another_changes_no_state_and_no_timer() {
    for form in FORMS {
        let config = form();
        let length = sound(&config, Instant::ZERO).bytes.len();
        for standing in [Standing::Backup(30), Standing::Master(30)] {
            for (at, bit) in (HEADER..length).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
                let packet = |_: Option<&Delivery>, now| {
                    let mut delivery = sound(&config, now);
                    delivery.bytes[at] ^= 1 << bit;
                    delivery
                };
                let found = disturbs(&config, standing, packet);
                assert_eq!(found, Some(Ok(())), "{:?} {standing:?} byte {at} bit {bit}", config.version);
            }
        }
    }
}

/// What is left when a packet ends too soon is never an advert.
#[test]
fn an_advert_that_ends_anywhere_changes_no_state_and_no_timer() {
    for form in FORMS {
        let config = form();
        let length = sound(&config, Instant::ZERO).bytes.len();
        for standing in [Standing::Backup(30), Standing::Master(30), Standing::Fault] {
            for end in 0..length {
                let packet = |_: Option<&Delivery>, now| {
                    let mut delivery = sound(&config, now);
                    delivery.bytes.truncate(end);
                    delivery
                };
                assert_eq!(disturbs(&config, standing, packet), Some(Ok(())), "{standing:?} {end} bytes");
            }
        }
    }
}

/// The forms are sound, or nothing would be shown.
#[test]
fn an_advert_that_is_not_mutated_is_believed() {
    for form in FORMS {
        let config = form();
        let packet = |_: Option<&Delivery>, now| sound(&config, now);
        assert_eq!(disturbs(&config, Standing::Backup(30), packet), None, "{:?}", config.version);
    }
}
