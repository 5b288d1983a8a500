//! `keepalived.json`, version 1: an array of `{"data":{…},"stats":{…}}`.

use serde_json::{Map, Value, json};
use vrrp::config::{Authentication, InstanceConfig, Preemption};
use vrrp::notice::State;
use vrrp::status::{Counters, InstanceStatus};

use super::{Moment, address, config_of, quoted};

/// The whole of it. Instances that the configuration no longer has are left out.
pub fn json(status: &vrrp::Status, config: &vrrp::Config, moment: Moment) -> String {
    let instances = status.instances.iter().filter_map(|instance| {
        let config = config_of(instance, config)?;
        Some(json!({ "data": data(instance, config, moment), "stats": stats(instance.counters) }))
    });
    Value::from_iter(instances).to_string()
}

fn data(status: &InstanceStatus, config: &InstanceConfig, moment: Moment) -> Value {
    let announce = config.announce;
    let mut data = Map::from_iter(fields([
        ("iname", json!(config.name)),
        ("dont_track_primary", json!(u8::from(!config.track_own_link))),
        ("skip_check_adv_addr", json!(u8::from(config.skip_address_check))),
        ("strict_mode", json!(0)),
        ("vmac_ifname", json!("")),
        ("ifp_ifname", json!(config.link.as_str())),
        ("master_priority", json!(status.master.map_or(0, |(_, priority)| priority.0))),
        ("last_transition", seconds(moment.micros(status.since))),
        ("garp_delay", json!(announce.delay.as_secs())),
        ("garp_refresh", json!(announce.refresh.as_secs())),
        ("garp_rep", json!(announce.repeat)),
        ("garp_refresh_rep", json!(announce.refresh_repeat)),
        ("garp_lower_prio_delay", json!(announce.lower_priority_delay.as_secs())),
        ("garp_lower_prio_rep", json!(announce.lower_priority_repeat)),
        ("lower_prio_no_advert", json!(u8::from(config.lower_priority_no_advert))),
        ("higher_prio_send_advert", json!(u8::from(config.higher_priority_send_advert))),
        ("vrid", json!(config.vrid.get())),
        ("base_priority", json!(status.base_priority.0)),
        ("effective_priority", json!(status.effective_priority.0)),
        ("vipset", json!(status.addresses.iter().any(|(_, _, set)| *set))),
        ("promote_secondaries", json!(false)),
        ("adver_int", interval(config.interval)),
        ("master_adver_int", interval(status.interval)),
        ("accept", json!(1)),
        ("nopreempt", json!(config.preemption == Preemption::Never)),
        ("preempt_delay", preempt_delay(config.preemption)),
        ("state", json!(number(status.state))),
        ("wantstate", json!(if config.wants_master { 2 } else { 1 })),
        ("version", json!(config.version.number())),
        ("smtp_alert", json!(false)),
        ("notify_deleted", json!(false)),
    ]));
    data.extend(scripts(config));
    data.extend(lists(status, config));
    data.extend(authentication(&config.authentication));
    Value::Object(data)
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> impl Iterator<Item = (String, Value)> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value))
}

fn scripts(config: &InstanceConfig) -> impl Iterator<Item = (String, Value)> {
    let notify = &config.notify;
    let scripts = [
        ("script_backup", &notify.backup),
        ("script_master", &notify.master),
        ("script_fault", &notify.fault),
        ("script_stop", &notify.stop),
        ("script", &notify.any),
        ("script_master_rx_lower_pri", &notify.lower_priority_heard),
    ];
    scripts
        .into_iter()
        .filter_map(|(name, command)| Some((name.to_owned(), json!(quoted(command.as_ref()?)))))
}

/// Only what is configured: an empty list is left out.
fn lists(status: &InstanceStatus, config: &InstanceConfig) -> impl Iterator<Item = (String, Value)> {
    let addresses =
        |list: &[_]| list.iter().map(|one| json!(address(one, config, status))).collect::<Vec<_>>();
    let lists = [
        ("vips", addresses(&config.addresses)),
        ("evips", addresses(&config.excluded)),
        ("track_ifp", config.track_links.iter().map(|track| json!(track.link.as_str())).collect()),
        ("track_script", config.track_scripts.iter().map(|track| json!(track.script)).collect()),
    ];
    lists
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(name, list)| (name.to_owned(), Value::Array(list)))
}

fn authentication(authentication: &Authentication) -> Vec<(String, Value)> {
    match authentication {
        Authentication::None => fields([("auth_type", json!(0))]).collect(),
        // As keepalived since 2.4: not the password.
        Authentication::Password(_) => {
            fields([("auth_type", json!(1)), ("auth_data", json!("********"))]).collect()
        }
    }
}

fn stats(counters: Counters) -> Value {
    json!({
        "advert_rcvd": counters.adverts_received,
        "advert_sent": counters.adverts_sent,
        "become_master": counters.became_master,
        "release_master": counters.released_master,
        "packet_len_err": counters.packet_length,
        "advert_interval_err": counters.interval,
        "ip_ttl_err": counters.ttl,
        "invalid_type_rcvd": counters.invalid_type,
        "addr_list_err": counters.address_list,
        "invalid_authtype": counters.invalid_authentication_type,
        "authtype_mismatch": counters.authentication_type_mismatch,
        "auth_failure": counters.authentication_failure,
        "pri_zero_rcvd": counters.release_received,
        "pri_zero_sent": counters.release_sent,
    })
}

fn preempt_delay(preemption: Preemption) -> Value {
    match preemption {
        Preemption::Delayed(delay) => interval(delay),
        Preemption::Allowed | Preemption::Never => json!(0),
    }
}

/// Upstream's state numbers.
const fn number(state: State) -> u8 {
    match state {
        State::Init => 0,
        State::Backup => 1,
        State::Master => 2,
        State::Fault => 3,
        State::Deleted => 97,
        State::Stop => 98,
    }
}

/// Seconds, whole ones without a fraction.
fn interval(duration: std::time::Duration) -> Value {
    if duration.subsec_nanos() == 0 { json!(duration.as_secs()) } else { json!(duration.as_secs_f64()) }
}

/// A time with its microseconds.
fn seconds(micros: i64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "microseconds since 1970 take 51 of 53 bits until 2255")]
    let seconds = micros as f64 / 1e6;
    json!(seconds)
}
