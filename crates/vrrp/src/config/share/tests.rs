use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use host::LinkName;

use super::Common;
use crate::config::{Config, InstanceConfig, Vrid};

fn instance(number: u8, seconds: u64) -> InstanceConfig {
    let link = LinkName::new("eth0").expect("it is a name");
    let vrid = Vrid::new(number).expect("it is not 0");
    InstanceConfig::plain(&format!("V{number}"), link, vrid)
        .with(|it| it.interval = Duration::from_secs(seconds))
}

fn read_again(instances: Vec<InstanceConfig>) -> (String, Config) {
    let config = Config { instances, ..Config::default() };
    let written = serde_json::to_string(&config).expect("it can be written");
    let read: Config = serde_json::from_str(&written).expect("what was written can be read");
    assert_eq!(read, config);
    (written, read)
}

#[test]
fn alike_instances_share_their_settings_and_others_do_not() {
    let mut instances = [instance(1, 1), instance(2, 2), instance(3, 1), instance(4, 1)];
    let mut common = Common::default();
    instances.iter_mut().for_each(|instance| common.share(instance));
    let [first, second, third, last] = &mut instances;
    assert!(Arc::ptr_eq(&first.settings, &third.settings) && !Arc::ptr_eq(&first.settings, &second.settings));
    last.accept = false;
    assert!(first.accept, "who changes its settings changes those of nobody else");
}

#[test]
fn common_settings_are_written_once_and_shared_by_who_reads_them() {
    let (written, read) = read_again([1, 2, 1, 2, 1].map(|seconds| instance(9, seconds)).into());
    assert_eq!(written.matches("interval").count(), 2, "{written}");
    let settings: Vec<_> = read.instances.iter().map(|instance| &instance.settings).collect();
    assert!(Arc::ptr_eq(settings[0], settings[4]) && Arc::ptr_eq(settings[1], settings[3]));
}

#[test]
fn more_different_settings_than_are_compared_come_through() {
    let all = (1..=40).chain(1..=40).map(|number| instance(number, u64::from(number)));
    read_again(all.collect());
}

#[test]
fn settings_of_no_instance_before_are_an_error() {
    let (written, _) = read_again([instance(1, 1), instance(2, 1)].into());
    let wrong = written.replace(r#"{"Met":0}"#, r#"{"Met":1}"#);
    let error = serde_json::from_str::<Config>(&wrong).expect_err("nothing is there");
    assert!(error.to_string().contains("settings of no instance before"), "{error}");
}
