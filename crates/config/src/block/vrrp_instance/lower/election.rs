//! Who leads: version, priority, preemption, and who is believed.

use std::time::Duration;

use host::Family;
use vrrp::config::{Authentication, InstanceConfig, Preemption, Priority, Version};

use super::{Lowering, either};
use crate::block::authentication::AuthenticationBlock;
use crate::block::vrrp_instance::{Conduct, Election};
use crate::diagnostic::code;
use crate::value::Set;

/// What an instance brings to an election.
pub(super) struct Standing {
    pub(super) priority: Priority,
    pub(super) wants_master: bool,
    pub(super) preemption: Preemption,
}

/// How it deals with others' adverts.
pub(super) struct Manners {
    pub(super) skip_address_check: bool,
    pub(super) checksum_as_v2: bool,
    pub(super) lower_priority_no_advert: bool,
    pub(super) higher_priority_send_advert: bool,
    pub(super) heal_hooks: bool,
}

impl Standing {
    pub(super) fn into_config(self, config: InstanceConfig) -> InstanceConfig {
        let Self { priority, wants_master, preemption } = self;
        InstanceConfig { priority, wants_master, ..config }.with(|it| it.preemption = preemption)
    }
}

impl Manners {
    pub(super) fn into_config(self, config: InstanceConfig) -> InstanceConfig {
        let Self {
            skip_address_check,
            checksum_as_v2,
            lower_priority_no_advert,
            higher_priority_send_advert,
            heal_hooks,
        } = self;
        config.with(|it| {
            it.skip_address_check = skip_address_check;
            it.checksum_as_v2 = checksum_as_v2;
            it.lower_priority_no_advert = lower_priority_no_advert;
            it.higher_priority_send_advert = higher_priority_send_advert;
            it.heal_hooks = heal_hooks;
        })
    }
}

impl Lowering<'_, '_, '_> {
    /// The switches, inherited and as strict mode sets them.
    pub(super) fn conduct(&mut self, block: Conduct) -> Manners {
        let Conduct {
            skip_check_adv_addr,
            v3_checksum_as_v2,
            lower_prio_no_advert,
            higher_prio_send_advert,
            heal_notify,
        } = block;
        let global = self.resolver.global;
        let silent = (lower_prio_no_advert, &global.vrrp_lower_prio_no_advert);
        let sends = (higher_prio_send_advert, &global.vrrp_higher_prio_send_advert);
        Manners {
            skip_address_check: either(&skip_check_adv_addr, &global.vrrp_skip_check_adv_addr)
                .unwrap_or(false),
            checksum_as_v2: either(&v3_checksum_as_v2, &global.v3_checksum_as_v2).unwrap_or(false),
            lower_priority_no_advert: self.forced(silent.0, silent.1, true, "lower_prio_no_advert"),
            higher_priority_send_advert: self.forced(sends.0, sends.1, false, "higher_prio_send_advert"),
            heal_hooks: either(&heal_notify, &global.vrrp_heal_notify).unwrap_or(false),
        }
    }

    /// Priority, first state and preemption, which depend on one another.
    pub(super) fn election(&mut self, block: Election) -> Standing {
        let Election { state, priority, nopreempt, preempt_delay } = block;
        let (priority, wants_master) = self.priority(priority, state);
        let preemption = self.preemption(nopreempt, preempt_delay, wants_master, priority);
        Standing { priority, wants_master, preemption }
    }

    fn priority(&mut self, priority: Option<Set<u64>>, state: Option<Set<bool>>) -> (Priority, bool) {
        let wants_master = state.as_ref().map(|set| set.value);
        let value = priority.as_ref().map(|set| u8::try_from(set.value).unwrap_or(100));
        let value = value.unwrap_or(if wants_master == Some(true) { 255 } else { 100 });
        let owner = value == 255;
        let mut wants = wants_master.unwrap_or(owner);
        if self.strict && wants != owner {
            let at = state.as_ref().map_or(self.at, |set| set.at);
            let word = if owner { "MASTER" } else { "BACKUP" };
            self.complain(
                code::STRICT,
                at,
                format!("strict mode takes the state {word} with priority {value}"),
            );
            wants = owner;
        }
        (Priority(value), wants)
    }

    fn preemption(
        &mut self,
        nopreempt: Option<Set<bool>>,
        delay: Option<Set<Duration>>,
        wants_master: bool,
        priority: Priority,
    ) -> Preemption {
        let mut never = nopreempt.filter(|set| set.value);
        if let Some(set) = never.take_if(|_| wants_master || priority.is_owner()) {
            let why = if priority.is_owner() { "priority 255" } else { "state MASTER" };
            self.complain(
                code::NOT_TOGETHER,
                set.at,
                format!("nopreempt does not go with {why}; it is ignored"),
            );
        }
        let mut delay = delay.filter(|set| !set.value.is_zero());
        let against = if self.strict {
            Some("strict mode")
        } else if wants_master {
            Some("state MASTER")
        } else if never.is_some() {
            Some("nopreempt")
        } else {
            None
        };
        if let Some(why) = against
            && let Some(set) = delay.take()
        {
            self.complain(
                code::NOT_TOGETHER,
                set.at,
                format!("preempt_delay does not go with {why}; it is ignored"),
            );
        }
        match (never, delay) {
            (Some(_), _) => Preemption::Never,
            (None, Some(set)) => Preemption::Delayed(set.value),
            (None, None) => Preemption::Allowed,
        }
    }

    pub(super) fn authentication(
        &mut self,
        block: AuthenticationBlock,
        version: Version,
        signed: bool,
        (family, election): (Family, &mut Standing),
    ) -> Authentication {
        let AuthenticationBlock { auth_type, auth_pass } = block;
        let Some(kind) = auth_type else {
            if let Some(pass) = auth_pass {
                self.complain(
                    code::NOT_TOGETHER,
                    pass.at,
                    "a password without auth_type; it is ignored".into(),
                );
            }
            return Authentication::None;
        };
        let headed = match kind.value.as_str() {
            "PASS" => false,
            "AH" => true,
            other => {
                let message = format!("`{other}` is no authentication; it is ignored");
                self.complain(code::BAD_WORD, kind.at, message);
                return Authentication::None;
            }
        };
        let against = match version {
            Version::V3 => Some("version 3 has no authentication"),
            Version::V2 if self.strict => Some("strict mode has no authentication"),
            Version::V2 if signed => Some("auth_hmac comes before authentication"),
            Version::V2 if headed && family == Family::V6 => Some("AH is for IPv4 only"),
            Version::V2 => None,
        };
        if let Some(why) = against {
            self.complain(code::NOT_TOGETHER, kind.at, format!("{why}; it is ignored"));
            return Authentication::None;
        }
        let pass = auth_pass.map(|set| set.value).filter(|pass| !pass.is_empty());
        let Some(pass) = pass else {
            let message = format!("auth_type {} without auth_pass; it is ignored", kind.value);
            self.complain(code::NOT_TOGETHER, kind.at, message);
            return Authentication::None;
        };
        let mut bytes = [0; 8];
        for (to, from) in bytes.iter_mut().zip(pass.bytes()) {
            *to = from;
        }
        if !headed {
            return Authentication::Password(bytes);
        }
        // Others must be heard first, so that the sequence numbers go on.
        if election.wants_master && !election.priority.is_owner() {
            election.wants_master = false;
            let message = "state MASTER does not go with AH; the instance begins as backup";
            self.complain(code::NOT_TOGETHER, kind.at, message.into());
        }
        Authentication::Header(bytes)
    }

    pub(super) fn version(&mut self, own: Option<Set<u64>>, family: Family) -> Version {
        let wanted = own.as_ref().map(|set| set.value);
        match family {
            // As keepalived: version 2 over IPv6, which no RFC has, if it is asked for and strict mode is not.
            Family::V6 => match own.filter(|set| set.value == 2) {
                Some(set) if self.strict => {
                    self.complain(
                        code::NOT_TOGETHER,
                        set.at,
                        "strict mode has IPv6 with version 3 only".into(),
                    );
                    Version::V3
                }
                Some(_) => Version::V2,
                None => Version::V3,
            },
            Family::V4 => match wanted.or(self.resolver.global.vrrp_version.as_ref().map(|set| set.value)) {
                Some(3) => Version::V3,
                Some(_) | None => Version::V2,
            },
        }
    }
}
