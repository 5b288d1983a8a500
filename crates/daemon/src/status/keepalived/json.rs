//! `keepalived.json`: version 1 is an array of `{"data":{…},"stats":{…}}`, version 2 an object with that array and the
//! tracked processes. Upstream's names, in upstream's order; one line, without blanks, `/` written as `\/`.

use std::time::Duration;

use host::LinkName;
use serde_json::json as value;
use vrrp::config::{Authentication, InstanceConfig, Preemption, ProcessConfig, ProcessMatch, Weight};
use vrrp::notice::State;
use vrrp::status::{Counters, InstanceStatus, ProcessStatus};

use super::{Moment, Report, address, config_of, quoted, route, wanted};

/// An object's members in order, each value written already.
type Members = Vec<(&'static str, String)>;

/// The whole of it. Instances that the configuration no longer has are left out.
pub fn json(report: &Report<'_>, version: u8) -> String {
    let instances = report.status.instances.iter().filter_map(|instance| {
        let config = config_of(instance, report.config())?;
        let data = object(data(instance, config, report.moment));
        Some(object(vec![("data", data), ("stats", object(stats(instance.counters)))]))
    });
    let instances = array(instances);
    if version < 2 {
        return instances + "\n";
    }
    let mut members = vec![("vrrp", instances)];
    if !report.config().processes.is_empty() {
        let processes = report.config().processes.iter().map(|config| process(config, report));
        members.push(("track_process", array(processes)));
    }
    object(members) + "\n"
}

fn data(status: &InstanceStatus, config: &InstanceConfig, moment: Moment) -> Members {
    let announce = config.announce;
    let own = config.own_link.as_ref().map(|own| own.link.name.as_str());
    let mut data = vec![
        ("iname", text(&config.name)),
        ("dont_track_primary", bit(!config.track_own_link)),
        ("skip_check_adv_addr", bit(config.skip_address_check)),
        ("strict_mode", bit(false)),
        ("vmac_ifname", text(own.unwrap_or_default())),
        ("ifp_ifname", text(own.or(config.link.as_ref().map(LinkName::as_str)).unwrap_or_default())),
        ("master_priority", number(status.master.map_or(0, |(_, priority)| priority.0))),
        ("last_transition", time(moment.micros(status.since))),
        ("garp_delay", number(announce.delay.as_secs())),
        ("garp_refresh", number(announce.refresh.as_secs())),
        ("garp_rep", number(announce.repeat)),
        ("garp_refresh_rep", number(announce.refresh_repeat)),
        ("garp_lower_prio_delay", number(announce.lower_priority_delay.as_secs())),
        ("garp_lower_prio_rep", number(announce.lower_priority_repeat)),
        ("lower_prio_no_advert", bit(config.lower_priority_no_advert)),
        ("higher_prio_send_advert", bit(config.higher_priority_send_advert)),
        ("vrid", number(config.vrid.get())),
        ("base_priority", number(status.base_priority.0)),
        ("effective_priority", number(status.effective_priority.0)),
        ("vipset", truth(status.addresses.iter().any(|(_, _, set)| *set))),
        ("promote_secondaries", truth(config.promote_secondaries)),
        ("adver_int", seconds(config.interval)),
        ("master_adver_int", seconds(status.interval)),
        ("accept", bit(config.accept)),
        ("nopreempt", truth(config.preemption == Preemption::Never)),
        ("preempt_delay", preempt_delay(config.preemption)),
        ("state", state(status.state)),
        ("wantstate", state(wanted(status, config))),
        ("version", number(config.version.number())),
        ("smtp_alert", truth(config.mail)),
        ("notify_deleted", truth(config.deletion.is_some())),
    ];
    data.extend(scripts(config));
    data.extend(lists(status, config));
    match config.authentication {
        Authentication::None => data.push(("auth_type", number(0u8))),
        // As keepalived since 2.4: not the password.
        Authentication::Password(_) => {
            data.extend([("auth_type", number(1u8)), ("auth_data", text("********"))]);
        }
        Authentication::Header(_) => {
            data.extend([("auth_type", number(2u8)), ("auth_data", text("********"))]);
        }
    }
    data
}

fn scripts(config: &InstanceConfig) -> impl Iterator<Item = (&'static str, String)> {
    let notify = &config.notify;
    let deleted = config.deletion.as_ref().and_then(|deletion| deletion.script.as_deref());
    let scripts = [
        ("script_backup", notify.backup.as_deref()),
        ("script_master", notify.master.as_deref()),
        ("script_fault", notify.fault.as_deref()),
        ("script_stop", notify.stop.as_deref()),
        ("script_deleted", deleted),
        ("script", notify.any.as_deref()),
        ("script_master_rx_lower_pri", notify.lower_priority_heard.as_deref()),
    ];
    scripts.into_iter().filter_map(|(name, command)| Some((name, text(&quoted(command?)))))
}

/// Only what is configured: an empty list is left out.
fn lists(status: &InstanceStatus, config: &InstanceConfig) -> impl Iterator<Item = (&'static str, String)> {
    let addresses = |list: &[_]| list.iter().map(|one| address(one, config, status)).collect::<Vec<_>>();
    let lists: [(&str, Vec<String>); 7] = [
        ("vips", addresses(&config.addresses)),
        ("evips", addresses(&config.excluded)),
        ("vroutes", config.routes.iter().map(|route| route::route(&route.route)).collect()),
        ("vrules", config.rules.iter().map(|rule| route::rule(&rule.rule)).collect()),
        ("track_ifp", config.track_links.iter().map(|track| track.link.to_string()).collect()),
        ("track_script", config.track_scripts.iter().map(|track| track.script.clone()).collect()),
        ("track_process", config.track_processes.iter().map(|track| track.name.clone()).collect()),
    ];
    let some = lists.into_iter().filter(|(_, list)| !list.is_empty());
    some.map(|(name, list)| (name, array(list.iter().map(|one| text(one)))))
}

fn stats(counters: Counters) -> Members {
    [
        ("advert_rcvd", counters.adverts_received),
        ("advert_sent", counters.adverts_sent),
        ("become_master", counters.became_master),
        ("release_master", counters.released_master),
        ("packet_len_err", counters.packet_length),
        ("advert_interval_err", counters.interval),
        ("ip_ttl_err", counters.ttl),
        ("invalid_type_rcvd", counters.invalid_type),
        ("addr_list_err", counters.address_list),
        ("invalid_authtype", counters.invalid_authentication_type),
        ("authtype_mismatch", counters.authentication_type_mismatch),
        ("auth_failure", counters.authentication_failure),
        ("auth_ext_missing", counters.signatures.missing),
        ("auth_ext_malformed", counters.signatures.malformed),
        ("auth_ext_unknown_key", counters.signatures.unknown_key),
        ("auth_ext_invalid_hmac", counters.signatures.wrong),
        ("auth_ext_stale", counters.signatures.stale),
        ("auth_ext_replay", counters.signatures.replayed),
        ("pri_zero_rcvd", counters.release_received),
        ("pri_zero_sent", counters.release_sent),
    ]
    .map(|(name, count)| (name, number(count)))
    .into()
}

fn process(config: &ProcessConfig, report: &Report<'_>) -> String {
    let ProcessConfig { name, process: _, matching, quorum: (least, most), terminate_delay, fork_delay } =
        config;
    let status = report.status.processes.iter().find(|status| status.name == *name);
    let is = |question: fn(&ProcessStatus) -> bool| truth(status.is_some_and(question));
    let (kind, words): (_, &[String]) = match matching {
        ProcessMatch::Name | ProcessMatch::Command => ("none", &[]),
        ProcessMatch::Exact(words) => ("exact", words),
        ProcessMatch::FirstWords(words) => ("partial", words),
        ProcessMatch::Beginning(words) => ("initial", words),
    };
    let mut members = vec![("process", text(name))];
    if !words.is_empty() {
        members.push(("parameters", text(&words.join(" "))));
    }
    members.extend([("param_match", text(kind)), ("min_processes", number(*least))]);
    if *most != u32::MAX {
        members.push(("max_processes", number(*most)));
    }
    members.extend([
        ("current_processes", number(status.map_or(0, |status| status.number))),
        ("have_quorum", is(|status| status.quorum)),
        ("weight", weight(config, report.config()).to_string()),
        ("terminate_delay", seconds(*terminate_delay)),
        ("fork_delay", seconds(*fork_delay)),
        ("fork_delay_timer_running", is(|status| status.fork_delay_runs)),
        ("terminate_delay_timer_running", is(|status| status.terminate_delay_runs)),
        ("full_command", truth(*matching != ProcessMatch::Name)),
    ]);
    object(members)
}

/// The weight of the first instance that tracks the set; the block's own is resolved into these.
fn weight(process: &ProcessConfig, config: &vrrp::Config) -> i16 {
    let tracked = config.instances.iter().flat_map(|instance| &instance.track_processes);
    match tracked.filter(|tracked| tracked.name == process.name).map(|tracked| tracked.weight).next() {
        Some(Weight::Points { points, reverse: true }) => -points,
        Some(Weight::Points { points, reverse: false }) => points,
        Some(Weight::Fault { .. }) | None => 0,
    }
}

fn object(members: Members) -> String {
    let members = members.into_iter().map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn array(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(","))
}

fn text(text: &str) -> String {
    value!(text).to_string().replace('/', "\\/")
}

fn number(number: impl Into<u64>) -> String {
    number.into().to_string()
}

fn bit(is: bool) -> String {
    number(u8::from(is))
}

fn truth(is: bool) -> String {
    is.to_string()
}

fn preempt_delay(preemption: Preemption) -> String {
    match preemption {
        Preemption::Delayed(delay) => seconds(delay),
        Preemption::Allowed | Preemption::Never => number(0u8),
    }
}

/// Upstream's state numbers.
fn state(state: State) -> String {
    number(match state {
        State::Init => 0u8,
        State::Backup => 1,
        State::Master => 2,
        State::Fault => 3,
        State::Deleted => 97,
        State::Stop => 98,
    })
}

/// Seconds, whole ones without a fraction.
fn seconds(duration: Duration) -> String {
    if duration.subsec_nanos() == 0 { number(duration.as_secs()) } else { duration.as_secs_f64().to_string() }
}

/// A time of day with its microseconds.
fn time(micros: i64) -> String {
    format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000))
}
