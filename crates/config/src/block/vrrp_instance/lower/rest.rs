//! What belongs nowhere else.

use host::LinkName;
use vrrp::config::{InstanceConfig, Preemption, Priority, ReceiveBuffer};

use super::Lowering;
use super::election::Standing;
use crate::block::global_defs;
use crate::block::vrrp_instance::Rest;
use crate::diagnostic::code;

/// What comes of it.
pub(super) struct Lowered {
    pub(super) mail: bool,
    pub(super) tell_priority: bool,
    pub(super) owner_ignores_adverts: bool,
    pub(super) late_master_yields_to: Option<Priority>,
    pub(super) receive_buffer: Option<ReceiveBuffer>,
    pub(super) step_down: bool,
    pub(super) lifetime: Option<u32>,
}

impl Lowered {
    pub(super) fn into_config(self, config: InstanceConfig) -> InstanceConfig {
        let Self {
            mail,
            tell_priority,
            owner_ignores_adverts,
            late_master_yields_to,
            receive_buffer,
            step_down,
            lifetime,
        } = self;
        config.with(|it| {
            it.mail = mail;
            it.tell_priority = tell_priority;
            it.owner_ignores_adverts = owner_ignores_adverts;
            it.late_master_yields_to = late_master_yields_to;
            it.receive_buffer = receive_buffer;
            it.step_down = step_down;
            it.lifetime = lifetime;
        })
    }
}

impl Lowering<'_, '_, '_> {
    pub(super) fn rest(&mut self, block: Rest, election: &Standing, link: Option<&LinkName>) -> Lowered {
        // No `..` here: a keyword that is read and not obeyed must not compile.
        let Rest {
            vrf: _,
            smtp_alert,
            notify_priority_changes,
            owner_ignore_adverts,
            timer_expired_backup,
            kernel_rx_buf_size,
            lvs_sync_daemon_interface: _,
            linkbeat_use_polling,
            step_down,
            vip_lifetime,
        } = block;
        let global = self.resolver.global;
        let group = self.resolver.groups.of(self.name).and_then(|group| group.tell_priority);
        let tell = notify_priority_changes.map(|set| set.value).or(group);
        let tell = tell.or_else(|| global.vrrp_notify_priority_changes.as_ref().map(|set| set.value));
        let owner = election.priority.is_owner();
        let ignores = match owner_ignore_adverts {
            Some(set) if set.value && !owner => {
                let message = "owner_ignore_adverts is for priority 255; it is ignored";
                self.complain(code::NOT_TOGETHER, set.at, message.into());
                false
            }
            Some(set) if !set.value && owner => {
                let message = "with priority 255 owner_ignore_adverts is on";
                self.complain(code::NOT_TOGETHER, set.at, message.into());
                true
            }
            Some(set) => set.value,
            None => {
                owner
                    && (self.strict || global.vrrp_owner_ignore_adverts.as_ref().is_some_and(|set| set.value))
            }
        };
        let late = timer_expired_backup.filter(|set| {
            let fits = election.preemption == Preemption::Never;
            if !fits {
                let message = "timer_expired_backup needs nopreempt; it is ignored";
                self.complain(code::NOT_TOGETHER, set.at, message.into());
            }
            fits
        });
        if linkbeat_use_polling.is_some() {
            self.resolver.polled.extend(link.cloned());
        }
        let number = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        Lowered {
            mail: smtp_alert.map_or_else(|| self.resolver.vrrp_mail(), |set| set.value),
            tell_priority: tell.unwrap_or(false),
            owner_ignores_adverts: ignores,
            late_master_yields_to: late.and_then(|set| u8::try_from(set.value).ok()).map(Priority),
            receive_buffer: kernel_rx_buf_size
                .map(|set| ReceiveBuffer::Bytes(number(set.value)))
                .or_else(|| global_defs::receive_buffer(global)),
            step_down: step_down.is_some(),
            lifetime: vip_lifetime.map(|set| number(set.value)),
        }
    }
}
