//! What must hold whatever happens, by name. `docs/simulator.md` says from when each must.

use std::fmt;

/// A promise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promise {
    /// Of two masters that reach one another, one yields.
    RivalsYield,
    /// Every member that can take part is master or hears one.
    Led,
    /// A master holds its addresses.
    HoldsAddresses,
    /// Only a master holds them.
    OthersHoldNoAddresses,
    /// A master holds its routes.
    HoldsRoutes,
    /// Only a master holds routes.
    OthersHoldNoRoutes,
    /// What is static is held as long as the daemon runs.
    HoldsStatics,
    /// Addresses that are not accepted are dropped.
    DropsUnaccepted,
    /// Each takeover is announced.
    Announced,
    /// Only a master advertises.
    OnlyMastersAdvertise,
    /// No advert sooner than the interval after the last.
    NoHaste,
    /// A master resigns at most twice.
    ResignsTwice,
    /// Nobody resumes when a lesser one has taken over.
    ResumesInTime,
    /// A sync group is never split.
    GroupsStayTogether,
    /// After a wake-up every deadline lies ahead.
    DeadlinesAhead,
    /// A worker sleeps between its wake-ups.
    Sleeps,
    /// No order repeats for ever.
    NoOrderForEver,
    /// Nobody whose trackers are a fault is master.
    FaultsCount,
    /// A master advertises the priority that its trackers make.
    PointsCount,
    /// A master that steps down advertises nothing below its rival's priority.
    StepsDown,
    /// Nobody is told the same state twice in a row.
    ToldOnce,
    /// Whoever is master was told to be.
    ToldAll,
    /// No address outlives its daemon by more than its lifetime.
    NotOutlived,
    /// In the end there is one master.
    EndsLed,
    /// In the end the best is master.
    EndsWithBest,
    /// In the end a sync group is on one node.
    EndsTogether,
    /// In the end mastership rests.
    EndsQuiet,
    /// In the end no orders are given.
    EndsIdle,
    /// In the end the client reaches the master.
    EndsReached,
    /// A session is Up no longer than its detection time after the last packet.
    DownInTime,
    /// A session goes down only with cause.
    DownWithCause,
    /// Trackers know how a session stands.
    TrackersKnow,
    /// No packet of a session sooner than both sides allow.
    PacketsNotTooSoon,
    /// Packets leave only by channels that were opened.
    ChannelsOpen,
    /// In the end both sides of a path are Up.
    EndsUp,
    /// In the end no session changes.
    EndsSteady,
}

impl Promise {
    /// Every one.
    pub const ALL: [Self; 36] = [
        Self::RivalsYield,
        Self::Led,
        Self::HoldsAddresses,
        Self::OthersHoldNoAddresses,
        Self::HoldsRoutes,
        Self::OthersHoldNoRoutes,
        Self::HoldsStatics,
        Self::DropsUnaccepted,
        Self::Announced,
        Self::OnlyMastersAdvertise,
        Self::NoHaste,
        Self::ResignsTwice,
        Self::ResumesInTime,
        Self::GroupsStayTogether,
        Self::DeadlinesAhead,
        Self::Sleeps,
        Self::NoOrderForEver,
        Self::FaultsCount,
        Self::PointsCount,
        Self::StepsDown,
        Self::ToldOnce,
        Self::ToldAll,
        Self::NotOutlived,
        Self::EndsLed,
        Self::EndsWithBest,
        Self::EndsTogether,
        Self::EndsQuiet,
        Self::EndsIdle,
        Self::EndsReached,
        Self::DownInTime,
        Self::DownWithCause,
        Self::TrackersKnow,
        Self::PacketsNotTooSoon,
        Self::ChannelsOpen,
        Self::EndsUp,
        Self::EndsSteady,
    ];

    /// The promise as a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::RivalsYield => "of two masters that reach one another, one yields",
            Self::Led => "every member that can take part is master or hears one",
            Self::HoldsAddresses => "a master holds its addresses",
            Self::OthersHoldNoAddresses => "only a master holds them",
            Self::HoldsRoutes => "a master holds its routes",
            Self::OthersHoldNoRoutes => "only a master holds routes",
            Self::HoldsStatics => "what is static is held as long as the daemon runs",
            Self::DropsUnaccepted => "addresses that are not accepted are dropped",
            Self::Announced => "each takeover is announced",
            Self::OnlyMastersAdvertise => "only a master advertises",
            Self::NoHaste => "no advert sooner than the interval after the last",
            Self::ResignsTwice => "a master resigns at most twice",
            Self::ResumesInTime => "nobody resumes when a lesser one has taken over",
            Self::GroupsStayTogether => "a sync group is never split",
            Self::DeadlinesAhead => "after a wake-up every deadline lies ahead",
            Self::Sleeps => "a worker sleeps between its wake-ups",
            Self::NoOrderForEver => "no order repeats for ever",
            Self::FaultsCount => "nobody whose trackers are a fault is master",
            Self::PointsCount => "a master advertises the priority that its trackers make",
            Self::StepsDown => "a master that steps down advertises nothing below its rival's priority",
            Self::ToldOnce => "nobody is told the same state twice in a row",
            Self::ToldAll => "whoever is master was told to be",
            Self::NotOutlived => "no address outlives its daemon by more than its lifetime",
            Self::EndsLed => "in the end there is one master",
            Self::EndsWithBest => "in the end the best is master",
            Self::EndsTogether => "in the end a sync group is on one node",
            Self::EndsQuiet => "in the end mastership rests",
            Self::EndsIdle => "in the end no orders are given",
            Self::EndsReached => "in the end the client reaches the master",
            Self::DownInTime => "a session is Up no longer than its detection time after the last packet",
            Self::DownWithCause => "a session goes down only with cause",
            Self::TrackersKnow => "trackers know how a session stands",
            Self::PacketsNotTooSoon => "no packet of a session sooner than both sides allow",
            Self::ChannelsOpen => "packets leave only by channels that were opened",
            Self::EndsUp => "in the end both sides of a path are Up",
            Self::EndsSteady => "in the end no session changes",
        }
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}
