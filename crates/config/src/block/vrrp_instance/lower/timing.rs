//! Intervals and announcements.

use std::time::Duration;

use vrrp::config::{AnnounceConfig, Version};

use super::{Lowering, either};
use crate::block::vrrp_instance::Garp;
use crate::diagnostic::code;
use crate::value::Set;

/// Longest interval of version 3 (RFC 9568 §5.2.7: twelve bits of hundredths).
const LONGEST_V3: Duration = Duration::from_millis(40_950);

impl Lowering<'_, '_, '_> {
    pub(super) fn interval(&mut self, interval: Option<Set<Duration>>, version: Version) -> Duration {
        let Some(Set { value, at }) = interval else { return Duration::from_secs(1) };
        let fits = match version {
            // RFC 3768 §5.3.7: whole seconds.
            Version::V2 => {
                Duration::from_secs(((value.as_millis() + 500) / 1000).clamp(1, 255).try_into().unwrap_or(1))
            }
            // RFC 9568 §5.2.7: hundredths of a second.
            Version::V3 => {
                let hundredths = ((value.as_micros() + 5_000) / 10_000).max(1);
                Duration::from_millis((hundredths * 10).try_into().unwrap_or(u64::MAX)).min(LONGEST_V3)
            }
        };
        if fits != value {
            let unit = match version {
                Version::V2 => "whole seconds, 1 to 255, in version 2",
                Version::V3 => "hundredths of a second up to 40.95 in version 3",
            };
            let message = format!("advert_int is taken as {} seconds: {unit}", fits.as_secs_f64());
            self.complain(code::ADJUSTED, at, message);
        }
        fits
    }

    pub(super) fn announce(&mut self, own: &Garp) -> AnnounceConfig {
        let global = self.resolver.global;
        let usual = AnnounceConfig::default();
        let least = global.vrrp_min_garp.as_ref().is_some_and(|set| set.value);
        let seconds =
            |own: &Option<Set<u64>>, global: &Option<Set<u64>>| either(own, global).map(Duration::from_secs);
        let count = |own: &Option<Set<u64>>, global: &Option<Set<u64>>| {
            either(own, global).map(|value| u32::try_from(value).unwrap_or(u32::MAX))
        };
        let repeat = count(&own.garp_master_repeat, &global.vrrp_garp_master_repeat);
        let repeat = repeat.unwrap_or(if least { 1 } else { usual.repeat });
        let delay = seconds(&own.garp_master_delay, &global.vrrp_garp_master_delay);
        let delay = delay.unwrap_or(if least { Duration::ZERO } else { usual.delay });
        let refresh = seconds(&own.garp_master_refresh, &global.vrrp_garp_master_refresh);
        let refresh_repeat = count(&own.garp_master_refresh_repeat, &global.vrrp_garp_master_refresh_repeat);
        let mut lower_repeat = count(&own.garp_lower_prio_repeat, &global.vrrp_garp_lower_prio_repeat);
        let mut lower_delay = seconds(&own.garp_lower_prio_delay, &global.vrrp_garp_lower_prio_delay);
        // Who writes that nothing is to be sent means it.
        let silent = lower_repeat == Some(0) && !self.strict;
        let heals = either(&own.heal_announce, &global.vrrp_heal_announce).unwrap_or(!silent);
        if self.strict {
            for set in [&own.garp_lower_prio_repeat, &own.garp_lower_prio_delay].into_iter().flatten() {
                if set.value != 0 {
                    let message = "strict mode sends no gratuitous ARPs after a lower priority was heard";
                    self.complain(code::STRICT, set.at, message.into());
                }
            }
            (lower_repeat, lower_delay) = (Some(0), Some(Duration::ZERO));
        }
        let (elsewhere, everywhere) =
            either(&own.garp_extra_if, &global.vrrp_garp_extra_if).unwrap_or_default();
        AnnounceConfig {
            repeat,
            delay,
            refresh: refresh.unwrap_or(usual.refresh),
            refresh_repeat: refresh_repeat.unwrap_or(usual.refresh_repeat),
            lower_priority_repeat: lower_repeat.unwrap_or(repeat),
            lower_priority_delay: lower_delay.unwrap_or(delay),
            heals,
            elsewhere: Duration::from_secs(elsewhere),
            everywhere,
        }
    }

    pub(super) fn down_timer_adverts(&mut self, own: Option<Set<u64>>) -> u8 {
        let value = either(&own, &self.resolver.global.vrrp_down_timer_adverts).unwrap_or(3);
        if self.strict && value != 3 {
            let at = own.as_ref().map_or(self.at, |set| set.at);
            self.complain(code::STRICT, at, "strict mode takes 3 for down_timer_adverts".into());
            return 3;
        }
        u8::try_from(value).unwrap_or(3)
    }

    /// A switch that strict mode sets.
    pub(super) fn forced(
        &mut self,
        own: Option<Set<bool>>,
        global: &Option<Set<bool>>,
        strict: bool,
        keyword: &str,
    ) -> bool {
        if !self.strict {
            return either(&own, global).unwrap_or(false);
        }
        if let Some(set) = own.filter(|set| set.value != strict) {
            let word = if strict { "on" } else { "off" };
            self.complain(code::STRICT, set.at, format!("strict mode sets {keyword} {word}"));
        }
        strict
    }
}
