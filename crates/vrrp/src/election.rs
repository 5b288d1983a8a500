//! Who is better: priority, and the address where priorities are equal. Pure.

use core::cmp::Ordering;
use core::net::IpAddr;

use host::Instant;

use crate::config::{Preemption, Priority};

/// One side of an election.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Candidate {
    /// Its priority.
    pub(crate) priority: Priority,
    /// The address that its adverts come from.
    pub(crate) address: IpAddr,
}

/// What a master does about another's advert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// The other gives up: answer at once, so that backups learn who is left.
    OtherGivesUp,
    /// The other has a higher priority: give way.
    YieldToPriority,
    /// The other has the same priority and a higher address: give way.
    YieldToAddress,
    /// The other is lesser: stay.
    Stay,
    /// The other is ourselves, or uses our address.
    OurOwnAddress,
}

/// Judges another's advert as master.
///
/// RFC 9568 §6.4.3 (740) and (745): higher priority wins, then the greater primary address, compared as unsigned
/// integers in network byte order.
pub(crate) fn judge(ours: Candidate, theirs: Candidate) -> Verdict {
    if theirs.priority == Priority::RELEASE {
        return Verdict::OtherGivesUp;
    }
    match (theirs.priority.cmp(&ours.priority), theirs.address.cmp(&ours.address)) {
        (Ordering::Greater, _) => Verdict::YieldToPriority,
        (Ordering::Equal, Ordering::Greater) => Verdict::YieldToAddress,
        (Ordering::Equal, Ordering::Equal) => Verdict::OurOwnAddress,
        (Ordering::Equal, Ordering::Less) | (Ordering::Less, _) => Verdict::Stay,
    }
}

/// Whether a backup waits on after a master's advert of priority `theirs` (not 0), or lets its timer run down to
/// take over.
///
/// RFC 9568 §6.4.2: it waits if preemption is off or the master is at least its equal. As keepalived: with
/// `preempt_delay` also until the delay, which begins with the first lesser advert (`delay_ends`), has passed.
pub(crate) fn waits(
    ours: Priority,
    theirs: Priority,
    preemption: Preemption,
    delay_ends: Option<Instant>,
    now: Instant,
) -> bool {
    theirs >= ours
        || match preemption {
            Preemption::Allowed => false,
            Preemption::Delayed(_) => delay_ends.is_none_or(|ends| now < ends),
            // RFC 9568 §6.1: "the router that owns the IPvX address ... always preempts".
            Preemption::Never => !ours.is_owner(),
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;
    use core::time::Duration;

    fn candidate(priority: u8, last: u8) -> Candidate {
        Candidate { priority: Priority(priority), address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)) }
    }

    /// RFC 9568 §6.4.3: "If the Priority in the ADVERTISEMENT is greater than the local Priority, or if the
    /// Priority in the ADVERTISEMENT is equal to the local Priority and the primary IPvX address of the sender is
    /// greater than the local primary IPvX address ... Transition to the Backup state. ... else ... Discard".
    ///
    /// R9568-6.4.3-18 (election condition): "If the Priority in the ADVERTISEMENT is greater than the local Priority
    /// or the Priority in the ADVERTISEMENT is equal to the local Priority and the primary IPvX address of the sender
    /// is greater than the local primary IPvX …"
    /// R5798-6.4.3-02 (election condition): "If the Priority in the ADVERTISEMENT is equal to the local Priority and
    /// the primary IPvX Address of the sender is greater than the local primary IPvX Address, then:"
    #[test]
    fn priority_decides_then_the_address() {
        let ours = candidate(100, 10);
        assert_eq!(judge(ours, candidate(101, 1)), Verdict::YieldToPriority);
        assert_eq!(judge(ours, candidate(100, 11)), Verdict::YieldToAddress);
        assert_eq!(judge(ours, candidate(100, 9)), Verdict::Stay);
        assert_eq!(judge(ours, candidate(99, 200)), Verdict::Stay);
        assert_eq!(judge(ours, candidate(100, 10)), Verdict::OurOwnAddress);
        assert_eq!(judge(ours, candidate(0, 200)), Verdict::OtherGivesUp);
    }

    /// Addresses are compared as unsigned integers in network byte order: 10.0.0.9 is less than 10.0.0.10.
    #[test]
    fn addresses_compare_by_value_not_by_text() {
        assert_eq!(judge(candidate(100, 9), candidate(100, 10)), Verdict::YieldToAddress);
    }

    /// RFC 9568 §6.4.2: "If Preempt_Mode is False, or if the Priority in the ADVERTISEMENT is greater than or equal
    /// to the local Priority, then: ... Reset the Active_Down_Timer".
    #[test]
    fn a_backup_waits_for_an_equal_and_with_nopreempt_for_anyone() {
        let (ours, now) = (Priority(100), Instant::ZERO);
        assert!(waits(ours, Priority(100), Preemption::Allowed, None, now));
        assert!(!waits(ours, Priority(99), Preemption::Allowed, None, now));
        assert!(waits(ours, Priority(1), Preemption::Never, None, now));
    }

    #[test]
    fn with_a_delay_it_waits_until_the_delay_has_passed() {
        let preemption = Preemption::Delayed(Duration::from_secs(2));
        let ends = Some(Instant::from_millis(2_000));
        assert!(waits(Priority(100), Priority(50), preemption, None, Instant::ZERO));
        assert!(waits(Priority(100), Priority(50), preemption, ends, Instant::from_millis(1_999)));
        assert!(!waits(Priority(100), Priority(50), preemption, ends, Instant::from_millis(2_000)));
    }
}
