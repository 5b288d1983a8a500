//! Every state by every event.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use host::{Refusal, UdpChannel};

use super::bench::*;
use crate::config::SessionConfig;
use crate::event::{Action, Event};
use crate::wire::Control;
use crate::wire::SessionState::{self, AdminDown, Down, Init, Up};

/// What can happen.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Happening {
    Hear(SessionState),
    HearPoll(SessionState),
    /// A packet that no session takes.
    Stray,
    /// The detection time passes.
    Silence,
    /// A wake-up before anything is due.
    Early,
    Disable,
    Enable,
    SameConfiguration,
    Remove,
    LinksChange,
    SendFails,
    PortFails,
    ListenerFails,
    Stop,
}

impl Happening {
    fn all() -> Vec<Self> {
        use Happening::*;
        let heard = SessionState::ALL.into_iter().flat_map(|state| [Hear(state), HearPoll(state)]);
        let rest = [
            Stray,
            Silence,
            Early,
            Disable,
            Enable,
            SameConfiguration,
            Remove,
            LinksChange,
            SendFails,
            PortFails,
            ListenerFails,
            Stop,
        ];
        heard.chain(rest).collect()
    }

    fn happen(self, bench: &mut Bench) -> Vec<Action> {
        let reload = |sessions: Vec<SessionConfig>| Event::Configured(Box::new(config(sessions)));
        let refusal = Refusal { code: 1, why: "no".into() };
        let mut own = UdpChannel { address: core::net::Ipv4Addr::UNSPECIFIED.into(), port: 3784 };
        match self {
            Self::Hear(state) => bench.hear(bench.theirs(state)),
            Self::HearPoll(state) => bench.hear(Control { poll: true, ..bench.theirs(state) }),
            Self::Stray => bench.hear(Control { your_discriminator: 1, ..bench.theirs(Down) }),
            Self::Silence => {
                // In Down it takes a neighbour to fall silent.
                if bench.state() == Down || bench.state() == AdminDown {
                    bench.hear(bench.theirs(AdminDown));
                }
                bench.wait(ms(5_000))
            }
            Self::Early => bench.tell(Event::Wake),
            Self::Disable => bench.tell(reload([SessionConfig { enabled: false, ..session() }].into())),
            Self::Enable => bench.tell(reload([session()].into())),
            Self::SameConfiguration => {
                let enabled = bench.state() != AdminDown;
                bench.tell(reload([SessionConfig { enabled, ..session() }].into()))
            }
            Self::Remove => bench.tell(reload(Vec::new())),
            Self::LinksChange => bench.tell(Event::LinkChanged(link(ETH1, "eth1"))),
            Self::SendFails => bench.tell(Event::Unsent { tag: 1, refusal }),
            Self::PortFails => {
                own.port = bench.status().port;
                bench.tell(Event::Closed { channel: own, refusal })
            }
            Self::ListenerFails => bench.tell(Event::Closed { channel: own, refusal }),
            Self::Stop => bench.tell(Event::Stop),
        }
    }

    /// The states that follow on (AdminDown, Down, Init, Up).
    const fn leads_to(self) -> [SessionState; 4] {
        match self {
            // RFC 5880 §6.8.6.
            Self::Hear(AdminDown) | Self::HearPoll(AdminDown) => [AdminDown, Down, Down, Down],
            Self::Hear(Down) | Self::HearPoll(Down) => [AdminDown, Init, Init, Down],
            Self::Hear(Init) | Self::HearPoll(Init) => [AdminDown, Up, Up, Up],
            Self::Hear(Up) | Self::HearPoll(Up) => [AdminDown, Down, Up, Up],
            // §6.8.4.
            Self::Silence => [AdminDown, Down, Down, Down],
            // §6.8.16.
            Self::Disable | Self::Remove | Self::Stop => [AdminDown; 4],
            Self::Enable => [Down, Down, Init, Up],
            Self::Stray
            | Self::Early
            | Self::SameConfiguration
            | Self::LinksChange
            | Self::SendFails
            | Self::PortFails
            | Self::ListenerFails => SessionState::ALL,
        }
    }

    /// Packets with this state leave at once.
    fn sends(self, from: SessionState, to: SessionState) -> usize {
        if matches!(self, Self::Silence) {
            usize::MAX
        } else if matches!(self, Self::HearPoll(_)) {
            usize::from(from != AdminDown)
        } else {
            usize::from(from != to)
        }
    }
}

/// R5880-6.8.6-28 to R5880-6.8.6-31, R5880-6.8.4-01, R5880-6.8.16-06, R5880-6.8.16-07, R5880-6.8.7-12 for every state.
#[test]
fn every_state_meets_every_event() {
    for (column, from) in SessionState::ALL.into_iter().enumerate() {
        for happening in Happening::all() {
            let mut bench = Bench::in_state(from);
            assert_eq!(bench.state(), from);
            let expected = happening.leads_to()[column];
            let out = happening.happen(&mut bench);
            let entered: Vec<String> =
                brief(&out).into_iter().filter(|order| order.starts_with("->")).collect();
            let reached = match entered.last() {
                None => from,
                Some(order) => *SessionState::ALL
                    .iter()
                    .find(|state| order.starts_with(&alloc::format!("-> {state} ")))
                    .unwrap(),
            };
            let context = alloc::format!("{from} and {happening:?}");
            assert_eq!(reached, expected, "{context}");
            assert_eq!(entered.len(), usize::from(from != expected), "{context}: one change at most");
            let sent = controls(&out);
            let count = happening.sends(from, expected);
            if count != usize::MAX {
                assert_eq!(sent.len(), count, "{context}");
                assert!(sent.iter().all(|packet| packet.state == expected), "{context}");
            }
            let told: Vec<bool> = verdicts(&out).iter().map(|verdict| verdict.alive).collect();
            let changed = expected == Up && from != Up
                || from == Up
                    && expected == Down
                    && !matches!(happening, Happening::Hear(AdminDown) | Happening::HearPoll(AdminDown));
            // What never came up is judged once it had its time.
            let judged = from != Up && matches!(happening, Happening::Silence);
            let configured = from == Up
                && matches!(happening, Happening::Disable | Happening::Enable | Happening::SameConfiguration);
            let expected = [changed, judged, configured].into_iter().filter(|one| *one).count();
            assert_eq!(told.len(), expected, "{context}: {told:?}");
            let next = host::Engine::next_deadline(&bench.speaker);
            assert!(next.is_none_or(|at| at > bench.now), "{context}: deadlines lie ahead");
        }
    }
}
