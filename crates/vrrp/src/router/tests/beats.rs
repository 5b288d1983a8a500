//! Links whose drivers are asked for their carriers, because the kernel is not told of them.

use alloc::vec::Vec;
use core::time::Duration;

use host::Link;

use super::bench::*;
use crate::config::{Config, LinkDelay, PolledLink};
use crate::event::{Action, Event};
use crate::notice::State;

fn polled() -> Config {
    let polled_links = [PolledLink { link: eth0(), method: None }].into();
    Config { polled_links, ..config([instance()], []) }
}

fn read(carrier: bool) -> Event {
    Event::CarrierRead { link: eth0(), carrier }
}

/// A master whose link has told that it has a carrier.
fn master() -> Bench {
    let (mut bench, _) = Bench::start(polled());
    bench.tell(read(true));
    bench.wait(10_000);
    assert_eq!(bench.state(), State::Master);
    bench
}

/// vrrp-behaviour §22.3.
#[test]
fn what_the_driver_says_counts_and_what_the_kernel_says_does_not() {
    let mut bench = master();
    assert_eq!(brief(&bench.tell(Event::LinkChanged(link(false)))), Vec::<&str>::new());
    assert_eq!(bench.state(), State::Master);
    assert_eq!(brief(&bench.tell(read(true))), Vec::<&str>::new(), "it says so again and again");
    let out = bench.tell(read(false));
    assert_eq!(brief(&out), ["FAULT", "-192.0.2.100/32"]);
    assert!(log(&out).contains(&"Linkbeat reports eth0 down".into()), "{:?}", log(&out));
    bench.tell(Event::LinkChanged(link(true)));
    assert_eq!(bench.state(), State::Fault);
    let out = bench.tell(read(true));
    assert_eq!(brief(&out), ["BACKUP"]);
    assert!(log(&out).contains(&"Linkbeat reports eth0 up".into()));
}

#[test]
fn a_master_whose_polled_link_has_a_carrier_again_announces_its_addresses() {
    let mut config = polled();
    config.instances = [instance().with(|it| it.track_own_link = false)].into();
    let (mut bench, _) = Bench::start(config);
    bench.tell(read(false));
    bench.wait(20_000);
    assert_eq!(bench.state(), State::Master);
    assert_eq!(brief(&bench.tell(read(true)))[0], "garp 192.0.2.100");
}

/// Differs: keepalived finds out with its next question.
#[test]
fn a_polled_link_that_somebody_sets_down_is_down_at_once() {
    let mut bench = master();
    let down = Link { admin_up: false, ..link(true) };
    assert_eq!(brief(&bench.tell(Event::LinkChanged(down))), ["FAULT", "-192.0.2.100/32"]);
}

#[test]
fn what_the_driver_says_before_the_first_configuration_counts_in_its_first_decisions() {
    let mut bench = Bench { router: Default::default(), now: host::Instant::ZERO, obedient: true };
    bench.tell(read(false));
    bench.tell(Event::Configured(alloc::boxed::Box::new(polled())));
    bench.tell(survey(alloc::vec![link(true)], alloc::vec![address(OURS)]));
    assert_eq!(bench.state(), State::Fault);
}

#[test]
fn a_reload_that_asks_no_more_goes_back_to_what_the_kernel_says() {
    let mut bench = master();
    bench.tell(read(false));
    assert_eq!(bench.state(), State::Fault);
    bench.tell(Event::Configured(alloc::boxed::Box::new(config([instance()], []))));
    assert_eq!(bench.state(), State::Backup);
}

/// A link that is made anew is another one, of which its driver has said nothing yet.
#[test]
fn a_link_that_comes_back_under_its_name_is_believed_in_until_its_driver_says_otherwise() {
    let mut bench = master();
    bench.tell(read(false));
    bench.tell(Event::LinkRemoved(ETH0));
    bench.tell(Event::LinkChanged(link(true)));
    bench.tell(Event::AddressAdded(address(OURS)));
    assert_eq!(bench.state(), State::Backup);
    bench.tell(read(false));
    assert_eq!(bench.state(), State::Fault);
}

#[test]
fn a_polled_link_must_be_down_for_its_delay_too() {
    let delay = LinkDelay { link: eth0(), down: Duration::from_secs(1), up: Duration::ZERO };
    let (mut bench, _) = Bench::start(Config { link_delays: [delay].into(), ..polled() });
    bench.tell(read(true));
    bench.wait(10_000);
    let out = bench.tell(read(false));
    assert!(out.iter().all(|action| matches!(action, Action::Notice(_))), "{out:?}");
    bench.wait(999);
    assert_eq!(bench.state(), State::Master);
    bench.wait(2);
    assert_eq!(bench.state(), State::Fault);
}
