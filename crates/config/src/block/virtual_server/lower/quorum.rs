//! How much must live.

use super::super::QuorumBlock;
use super::Lowering;
use crate::diagnostic::{Class, code};
use check::config::{Quorum, RealServer};

impl Lowering<'_, '_, '_> {
    /// What is run, and quorum and hysteresis so that the quorum can be reached.
    pub(super) fn quorum(&mut self, block: QuorumBlock, servers: &[RealServer]) -> Quorum {
        let QuorumBlock { quorum, hysteresis, up, down } = block;
        let total: u64 = servers.iter().map(|server| u64::from(server.weight)).sum();
        let at = quorum.as_ref().or(hysteresis.as_ref()).map_or(self.at, |set| set.at);
        let mut needed = quorum.map_or(1, |set| set.value);
        if needed > total {
            let message =
                format!("A quorum of {needed} is more than all real servers weigh; {total} is taken");
            self.complain(code::QUORUM, at, &message);
            // Differs: keepalived takes a quorum of 0, which comes to the same: it is never reached.
            needed = total.max(1);
        }
        let mut hysteresis = hysteresis.map_or(0, |set| set.value);
        if hysteresis >= needed {
            let most = needed - 1;
            let message = format!(
                "A hysteresis of {hysteresis} leaves nothing of a quorum of {needed}; {most} is taken"
            );
            self.complain(code::QUORUM, at, &message);
            hysteresis = most;
        }
        if needed + hysteresis > total && total > 0 {
            let message = "Quorum and hysteresis together are more than all real servers weigh: it comes up when all live";
            let found = self.found(code::QUORUM, at, message).class(Class::Silent);
            self.resolver.reader.report.add(found);
        }
        let bound = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Quorum {
            needed: bound(needed),
            hysteresis: bound(hysteresis),
            gained: self.resolver.service_notify(up.as_ref()),
            lost: self.resolver.service_notify(down.as_ref()),
        }
    }
}
