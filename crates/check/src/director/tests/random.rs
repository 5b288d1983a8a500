//! Whatever happens, the table becomes what the last words mean.

use alloc::string::ToString;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::bench::*;
use crate::config::Config;

/// A configuration by number: which servers, weights, quorum, sorry server.
fn configuration(seed: u8) -> Config {
    let bit = |n: u8| seed >> n & 1 == 1;
    let mut servers: Vec<_> = (11..15).filter(|last| bit(last - 11) || *last == 11).map(server).collect();
    for server in &mut servers {
        server.inhibit_on_failure = bit(4);
        server.weight = if bit(5) { 3 } else { 1 };
    }
    let mut one = quorum(if bit(6) { 2 } else { 1 }, 0, service(servers));
    if bit(7) {
        one = sorry(one);
        one.sorry_server.as_mut().unwrap().address = address(if bit(5) { 16 } else { 11 });
    }
    config([one])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// What a fresh engine makes of the last configuration and the last words of BFD is what an old one has come to, if
    /// neither has a quorum to remember.
    #[test]
    fn the_way_there_does_not_matter(
        steps in proptest::collection::vec((any::<u8>(), any::<bool>(), any::<bool>()), 1..20)
    ) {
        let mut bench = Bench::new(configuration(0));
        let mut last = configuration(0);
        let mut sessions = alloc::collections::BTreeMap::new();
        for (seed, reloads, alive) in steps {
            if reloads {
                last = configuration(seed);
                bench.configure(last.clone());
            } else {
                let session = (11 + seed % 4).to_string();
                bench.path(&session, alive);
                sessions.insert(session, alive);
            }
        }
        // A session that nobody followed for a while is forgotten: BFD tells all again at each configuration.
        for (session, alive) in &sessions {
            bench.path(session, *alive);
        }
        let mut fresh = Bench::empty();
        fresh.kernel = bench.kernel.clone();
        fresh.configure(last);
        for (session, alive) in &sessions {
            fresh.path(session, *alive);
        }
        prop_assert_eq!(fresh.table(), bench.table());
        prop_assert_eq!(host::Engine::next_deadline(&bench.director), None);
        bench.tell(crate::Event::Stop);
        prop_assert!(bench.table().is_empty() && bench.director.has_stopped());
    }

    /// Answers come late, the kernel refuses things, others meddle: in the end the table is what is wanted.
    #[test]
    fn whatever_the_kernel_does_meanwhile_it_comes_right_in_the_end(
        steps in proptest::collection::vec((any::<u8>(), 0_u8..6, any::<bool>()), 1..40)
    ) {
        let mut bench = Bench::empty();
        bench.mute = true;
        let mut last = configuration(0);
        let mut sessions = alloc::collections::BTreeMap::new();
        bench.configure(last.clone());
        for (seed, kind, alive) in steps {
            match kind {
                0 => {
                    last = configuration(seed);
                    bench.configure(last.clone());
                }
                1 => {
                    let session = (11 + seed % 4).to_string();
                    bench.path(&session, alive);
                    sessions.insert(session, alive);
                }
                2 if alive => drop(bench.refused.insert(key(80))),
                2 => bench.refused.clear(),
                3 => drop(bench.kernel.services.remove(&key(80))),
                4 if host::Engine::next_deadline(&bench.director).is_some() => drop(bench.wake()),
                // An answer or two.
                _ => {
                    for _ in 0..=seed % 3 {
                        if let Some(event) = bench.waiting.pop_front() {
                            bench.tell(event);
                        }
                    }
                }
            }
        }
        bench.refused.clear();
        bench.mute = false;
        for (session, alive) in &sessions {
            bench.path(session, *alive);
        }
        // The table is looked at once more, since nobody tells of what others did.
        bench.configure(last.clone());
        let mut rounds = 0;
        while host::Engine::next_deadline(&bench.director).is_some() {
            bench.wake();
            rounds += 1;
            prop_assert!(rounds < 5, "it never rests");
        }
        let mut fresh = Bench::empty();
        fresh.configure(last);
        for (session, alive) in &sessions {
            fresh.path(session, *alive);
        }
        prop_assert_eq!(bench.table(), fresh.table());
        bench.tell(crate::Event::Stop);
        prop_assert!(bench.table().is_empty() && bench.director.has_stopped());
    }
}
