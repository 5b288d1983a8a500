//! A configuration takes effect: the difference between two models.
//!
//! Sessions are the same if their ends and the kind of their path are; a name is only a name. Every setting of a
//! session that stays can change under way: its state, its discriminators and its deadlines stay.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use host::Instant;

use super::Speaker;
use crate::config::{Config, SessionConfig};
use crate::event::Action;
use crate::notice::{Notice, ReloadSummary};
use crate::session::{Port, Session, SessionId};

impl Speaker {
    /// Puts a configuration in force.
    pub(super) fn configure(
        &mut self,
        config: Config,
        now: Instant,
        touched: &mut BTreeSet<SessionId>,
        out: &mut Vec<Action>,
    ) {
        if self.stopping {
            return;
        }
        let Config { sessions } = config;
        let mut summary = ReloadSummary::default();
        let wanted: BTreeSet<_> = sessions.iter().map(SessionConfig::identity).collect();
        let mut known = BTreeMap::new();
        for id in core::mem::take(&mut self.order) {
            let Some(identity) = self.sessions.get(&id).map(|session| session.config().identity()) else {
                continue;
            };
            if wanted.contains(&identity) {
                known.insert(identity, id);
            } else {
                // It leaves once its neighbour has been told.
                self.with(id, now, out, |session, turn| session.stop(turn));
                touched.insert(id);
                summary.removed += 1;
            }
        }
        for config in sessions {
            let (id, is_new) = match known.remove(&config.identity()) {
                Some(id) => {
                    let kept = self.sessions.get(&id).is_some_and(|session| *session.config() == config);
                    *if kept { &mut summary.kept } else { &mut summary.adjusted } += 1;
                    self.with(id, now, out, |session, turn| session.adjust(config, turn));
                    (id, false)
                }
                None => {
                    summary.added += 1;
                    (self.add(config, now), true)
                }
            };
            self.with(id, now, out, |session, turn| {
                if is_new {
                    session.introduce(turn);
                }
                session.tell(turn);
            });
            self.order.push(id);
            touched.insert(id);
        }
        self.index();
        self.locate(touched);
        self.listen(out);
        if core::mem::replace(&mut self.configured, true) {
            out.push(Action::Notice(Notice::Reloaded(summary)));
        }
    }

    fn add(&mut self, config: SessionConfig, now: Instant) -> SessionId {
        self.last_id += 1;
        let id = SessionId(self.last_id);
        let discriminator = self.free_discriminator();
        let port = Port::new(self.free_port());
        let session = Session::new(id, config, discriminator, port, now, &mut self.chance);
        self.sessions.insert(id, session);
        self.discriminators.insert(discriminator, id);
        id
    }

    /// Notes which neighbours have which sessions.
    fn index(&mut self) {
        self.neighbours.clear();
        for id in &self.order {
            let Some(session) = self.sessions.get(id) else { continue };
            let config = session.config();
            let ids: &mut Vec<SessionId> =
                self.neighbours.entry((config.path, config.neighbour)).or_default();
            ids.push(*id);
        }
    }
}
