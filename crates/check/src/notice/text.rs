//! Notices as lines of the log, with Keepalived's wording where people and monitoring grep for it.

use core::fmt;

use host::Severity;

use super::{Measure, Notice, ReloadSummary, ServerFact, ServiceFact};

impl Notice {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::Service { fact, .. } => fact.severity(),
            Self::Server { fact, .. } => fact.severity(),
            Self::FollowsPaths | Self::Reloaded(_) => Severity::Info,
            Self::Refused { .. } | Self::NoTable { .. } => Severity::Error,
        }
    }
}

impl ServiceFact {
    fn severity(&self) -> Severity {
        match self {
            Self::EntryTaken(_) | Self::TooManyAddresses => Severity::Warning,
            Self::QuorumGained(_)
            | Self::QuorumLost(_)
            | Self::StartsBelowQuorum(_)
            | Self::SorryServerCame { .. }
            | Self::SorryServerWent { .. }
            | Self::PoolEmptied
            | Self::PoolFilled
            | Self::Removed
            | Self::EntryCame(_)
            | Self::EntryWent(_) => Severity::Info,
        }
    }
}

impl ServerFact {
    fn severity(&self) -> Severity {
        match self {
            Self::Unchecked { .. } => Severity::Warning,
            Self::Checked
            | Self::Path { .. }
            | Self::Joined { .. }
            | Self::Left { .. }
            | Self::Removed
            | Self::WeightChanged { .. }
            | Self::ShutDown { .. } => Severity::Info,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { service, fact } => of_service(f, service, fact),
            Self::Server { service, server, fact } => of_server(f, service, server, fact),
            Self::FollowsPaths => f.write_str("Activating BFD healthchecker"),
            Self::Refused { what, why } => write!(f, "IPVS: {what}: {why}"),
            Self::NoTable { why } => write!(f, "IPVS: Can't initialize ipvs: {why}"),
            Self::Reloaded(summary) => summary.fmt(f),
        }
    }
}

impl fmt::Display for ReloadSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kept, adjusted, added, removed } = self;
        write!(f, "Virtual servers: {kept} kept, {adjusted} adjusted, {added} added, {removed} removed")
    }
}

fn of_service(f: &mut fmt::Formatter<'_>, service: &str, fact: &ServiceFact) -> fmt::Result {
    match fact {
        ServiceFact::QuorumGained(measure) => {
            let Measure { needed, hysteresis, weight } = measure;
            let sum = needed + hysteresis;
            write!(f, "Gained quorum {needed}+{hysteresis}={sum} <= {weight} for VS {service}")
        }
        ServiceFact::QuorumLost(measure) => below(f, "Lost quorum", measure, service),
        ServiceFact::StartsBelowQuorum(measure) => below(f, "Starting with quorum down", measure, service),
        ServiceFact::SorryServerCame { server, inhibit } => {
            write!(
                f,
                "{} sorry server {server} to VS {service}",
                if *inhibit { "Enabling" } else { "Adding" }
            )
        }
        ServiceFact::SorryServerWent { server, inhibit } => {
            let what = if *inhibit { "Disabling" } else { "Removing" };
            write!(f, "{what} sorry server {server} from VS {service}")
        }
        ServiceFact::PoolEmptied => write!(f, "Removing alive servers from the pool for VS {service}"),
        ServiceFact::PoolFilled => write!(f, "Adding alive servers to the pool for VS {service}"),
        ServiceFact::Removed => write!(f, "Removing Virtual Server {service}"),
        ServiceFact::EntryCame(key) => write!(f, "VS [{key}] added into group {}", group(service)),
        ServiceFact::EntryWent(key) => write!(f, "VS [{key}] in group {} no longer exists", group(service)),
        ServiceFact::EntryTaken(key) => {
            write!(f, "VS {service}: {key} is another virtual server's already and is left to it")
        }
        ServiceFact::TooManyAddresses => {
            write!(f, "VS {service}: a group entry has too many addresses; only the first are served")
        }
    }
}

fn below(f: &mut fmt::Formatter<'_>, what: &str, measure: &Measure, service: &str) -> fmt::Result {
    let Measure { needed, hysteresis, weight } = measure;
    let rest = needed.saturating_sub(*hysteresis);
    write!(f, "{what} {needed}-{hysteresis}={rest} > {weight} for VS {service}")
}

/// The group in the name of a service, `[GROUP]:0`.
fn group(service: &str) -> &str {
    let name = service.rsplit_once(':').map_or(service, |(name, _)| name);
    name.trim_start_matches('[').trim_end_matches(']')
}

fn of_server(f: &mut fmt::Formatter<'_>, service: &str, server: &str, fact: &ServerFact) -> fmt::Result {
    match fact {
        ServerFact::Checked => write!(f, "Activating healthchecker for service {server} for VS {service}"),
        ServerFact::Unchecked { kinds } => {
            write!(f, "Service {server} of VS {service} is not checked and counts as up: ")?;
            for (place, kind) in kinds.iter().enumerate() {
                write!(f, "{}{kind}", if place == 0 { "" } else { ", " })?;
            }
            f.write_str(" is not yet supported")
        }
        ServerFact::Path { session, up } => {
            write!(f, "BFD check of [{session}] RS({server}) is {}", if *up { "UP" } else { "DOWN" })
        }
        ServerFact::Joined { inhibit: false } => write!(f, "Adding service {server} to VS {service}"),
        ServerFact::Joined { inhibit: true } => write!(f, "Enabling service {server} of VS {service}"),
        ServerFact::Left { inhibit: false } => write!(f, "Removing service {server} from VS {service}"),
        ServerFact::Left { inhibit: true } => write!(f, "Disabling service {server} of VS {service}"),
        ServerFact::Removed => write!(f, "service {server} no longer exist"),
        ServerFact::WeightChanged { from, to, up } => {
            let state = if *up { "active" } else { "inactive" };
            write!(f, "Changing weight from {from} to {to} for {state} service {server} of VS {service}")
        }
        ServerFact::ShutDown { inhibited: false } => {
            write!(f, "Shutting down service {server} from VS {service}")
        }
        ServerFact::ShutDown { inhibited: true } => {
            write!(f, "Shutting down (inhibited) service {server} from VS {service}")
        }
    }
}
