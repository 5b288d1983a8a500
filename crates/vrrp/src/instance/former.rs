//! A reload that gives a running virtual router another link of its own: it goes on as it was until that is ready.
//!
//! Whoever waits with the link that it has loses nothing: a master speaks on in its rhythm and keeps its addresses, and
//! announces them from the new link when they are there. Of two links that cannot be there at once, since they have
//! one name or one Ethernet address on one base, the former goes first, and meanwhile the base serves.

use alloc::boxed::Box;

use host::{Instant, VirtualLink, VirtualLinkKind};

use super::{Instance, Place, Stage};
use crate::config::OwnLink;
use crate::holdings::Holdings;
use crate::item::Item;
use crate::links::Links;

/// What it goes on with while its new link is made: a link of its own, or none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Former(Option<Box<OwnLink>>);

impl Instance {
    /// The link of its own that it runs on: the configured one, unless that is not ready yet.
    pub(super) fn own_link(&self) -> Option<&OwnLink> {
        match &self.former {
            Some(Former(own)) => own.as_deref(),
            None => self.config.own_link.as_ref(),
        }
    }

    /// The link of its own that it does not run on any more as soon as it can, and that it needs until then.
    pub(super) fn former_link(&self) -> Option<&OwnLink> {
        self.former.as_ref().and_then(|Former(own)| own.as_deref())
    }

    /// Another configuration is to count from now on.
    pub(super) fn mind_own_link(&mut self, new: Option<&OwnLink>) {
        let runs = matches!(self.stage, Stage::Backup(_) | Stage::Master(_));
        let before = self.own_link().cloned().map(Box::new);
        self.former = match new {
            Some(new) if runs && before.as_ref().is_none_or(|before| before.link != new.link) => {
                Some(Former(before.filter(|before| !excludes(&before.link, &new.link))))
            }
            Some(_) | None => None,
        };
    }

    /// Goes over to the configured link if that can be used now.
    pub(super) fn succeed(&mut self, links: &Links, holdings: &Holdings) {
        let Some(new) = self.config.own_link.as_ref().filter(|_| self.former.is_some()) else { return };
        let Some(link) = links.named(&new.link.name) else { return };
        let has_source = self.own_source(new, links).is_none_or(|source| {
            let there = |address| address == source.address();
            links.first_address(link.index, source.family(), there).is_some()
        });
        if holdings.has_put(&Item::Link(new.link.clone())) && links.counts_up(link) && has_source {
            self.former = None;
        }
    }

    /// Its addresses are elsewhere: all who know where they were must learn it.
    pub(super) fn mind_move(&mut self, before: Option<Place>, now: Instant) {
        let at = |place: Place| (place.base, place.adverts, place.home);
        let (Some(before), Some(place)) = (before, self.place) else { return };
        if let Stage::Master(master) = &mut self.stage
            && at(before) != at(place)
        {
            master.rounds.again(now);
        }
    }
}

/// Whether two links cannot be there at once.
fn excludes(one: &VirtualLink, other: &VirtualLink) -> bool {
    let same_mac = matches!(
        (&one.kind, &other.kind),
        (VirtualLinkKind::Vmac(one), VirtualLinkKind::Vmac(other)) if one == other
    );
    // An ipvlan and a macvlan cannot share a base.
    let mixed =
        matches!(one.kind, VirtualLinkKind::Vmac(_)) != matches!(other.kind, VirtualLinkKind::Vmac(_));
    one.name == other.name || (one.base == other.base && (same_mac || mixed))
}
