//! The rules about trackers, which are reckoned once more beside the engine.

use vrrp::config::Priority;

use super::{Check, Member, Promise};
use crate::node::Standing;
use crate::world::World;

impl World {
    pub(super) fn check_standing(&mut self, at: usize) {
        let now = self.now();
        let member = &mut self.watch.members[at];
        let settled = member.unsettled + self.watch.settling + member.slack;
        if now < settled {
            self.watch.due.push_back((settled, Check::Standing(at)));
            return;
        }
        member.standing_pending = false;
        let member = &self.watch.members[at];
        let node = &self.nodes[member.node];
        if self.standing(member).is_some_and(|(standing, _)| standing.fault) {
            let details = format!("{} of {}", member.instance, node.name);
            self.watch.violate(now, Promise::FaultsCount, &details);
        }
    }

    pub(super) fn check_points(&mut self, at: usize) {
        let (now, member) = (self.now(), &self.watch.members[at]);
        let is_settled = now > member.unsettled + self.watch.settling + member.slack;
        let Some((standing, right)) = self.standing(member).filter(|_| is_settled) else { return };
        if !standing.fault && right.is_some_and(|right| right.0 != member.priority.0) {
            let name = &self.nodes[member.node].name;
            let details = format!("{} of {name}: {}, and {standing:?}", member.instance, member.priority.0);
            self.watch.violate(now, Promise::PointsCount, &details);
        }
    }

    /// How a master's trackers stand, and its priority by them.
    fn standing(&self, member: &Member) -> Option<(Standing, Option<Priority>)> {
        let node = &self.nodes[member.node];
        let it = node.instance(&member.instance)?;
        let works = member.live && member.master && node.is_working() && node.introduced;
        let standing = works.then(|| node.standing(it))?;
        let right = standing.priority(it.priority);
        Some((standing, right))
    }
}
