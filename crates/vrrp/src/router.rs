//! The engine: all virtual routers of a node.

use alloc::vec::Vec;

use host::{Engine, Instant};

use crate::event::{Action, Event};
use crate::status::Status;

/// All virtual routers of a node.
#[derive(Debug, Default)]
pub struct Router {}

impl Engine for Router {
    type Event = Event;
    type Action = Action;
    type Status = Status;

    fn handle(&mut self, _event: Event, _now: Instant, _out: &mut Vec<Action>) {}

    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    fn status(&self, _now: Instant) -> Status {
        Status::default()
    }
}
