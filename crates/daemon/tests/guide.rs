//! What every guide to keepalived sets up: two load balancers, one address, a script that watches the service.
//!
//! A real haproxy or nginx runs on both nodes, a client asks for the page through the virtual address, and whatever
//! is taken from the master — its service, its daemon, its life, its link — the page still comes.

#[expect(dead_code, reason = "shared by several programs, each of which uses its part")]
mod netns;

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Duration;

use netns::clock::{Stamp, wait_for};
use netns::daemon::Make;
use netns::instance::Instance;
use netns::lab::{Host, Lab};
use netns::pair::{Pair, Who};
use netns::runner::{self, Options, Trial, reason};
use netns::service::{PORT, Program, Service, fetch};
use netns::timing::LATE;

fn main() -> ExitCode {
    let options = Options::read();
    let mut trials = Vec::new();
    for program in [Program::Haproxy, Program::Nginx] {
        for makes in runner::pairings(&options) {
            let (watch, programs): (_, &[_]) = match program {
                Program::Haproxy => ("killall -0", &["ip", "haproxy", "killall", "unshare", "wget"]),
                Program::Nginx => ("wget --spider", &["ip", "nginx", "unshare", "wget"]),
            };
            let name = format!("{program:?} watched by {watch}: {}/{}", makes.0, makes.1);
            let run = Box::new(move || Guide::new(makes, program).play());
            trials.push(Trial { name, makes: vec![makes.0, makes.1], programs, kernel: None, run });
        }
    }
    runner::main("guide", &options, trials)
}

/// The pair of the guide, with its services and a client.
struct Guide {
    services: [Service; 2],
    client: Host,
    pair: Pair,
}

/// The virtual address, as guides write it: without a prefix length.
const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 1, 0, 100));

/// The file of a guide.
fn file(state: &str, link: &str, priority: u8, script: &str) -> String {
    format!(
        "! Configuration File for keepalived\n\
         global_defs {{\n    router_id LB_{priority}\n    script_user root\n}}\n\n\
         vrrp_script chk_service {{\n    script \"{script}\"\n    interval 3\n    fall 3\n    rise 1\n    \
         weight -11\n}}\n\n\
         vrrp_instance VI_1 {{\n    state {state}\n    interface {link}\n    virtual_router_id 51\n    \
         priority {priority}\n    advert_int 1\n    authentication {{\n        auth_type PASS\n        \
         auth_pass 1111\n    }}\n    virtual_ipaddress {{\n        {ADDRESS}\n    }}\n    \
         track_script {{\n        chk_service\n    }}\n}}\n"
    )
}

fn instance(state: &str, link: &str, priority: u8, script: &str) -> Instance {
    Instance {
        addresses: vec![ADDRESS.to_string()],
        file: Some(file(state, link, priority, script)),
        ..Instance::v2(priority)
    }
}

impl Guide {
    fn new(makes: (Make, Make), program: Program) -> Guide {
        let script = match program {
            Program::Haproxy => "killall -0 haproxy".to_owned(),
            Program::Nginx => format!("/usr/bin/wget -q --spider http://127.0.0.1:{PORT}/"),
        };
        let mut pair = Pair::on(Lab::new(), makes, |_, a, b| {
            a.namespace.with_own_processes();
            b.namespace.with_own_processes();
            (instance("MASTER", "eth0", 100, &script), instance("BACKUP", "ens33", 90, &script))
        });
        let service = |who, name| Service::new(&pair.lab, &pair.side(who).host, program, name);
        let services = [service(Who::A, "a"), service(Who::B, "b")];
        let client = pair.lab.host("eth0");
        Guide { services, client, pair }
    }

    fn play(&mut self) {
        if let Err(panicked) = catch_unwind(AssertUnwindSafe(|| self.outages())) {
            panic!("{}\n{}", reason(panicked.as_ref()), self.pair.story());
        }
    }

    /// As observed: B4.2-01.
    fn outages(&mut self) {
        self.services.iter_mut().for_each(Service::start);
        self.pair.establish();
        self.serves("a");

        self.service_stops_and_starts();
        self.daemon_stops_and_starts();
        self.daemon_is_killed_and_starts();
        self.link_goes_and_comes();
    }

    /// Three failures in a row, three seconds apart, then the backup's master-down time.
    fn service_stops_and_starts(&mut self) {
        let event = self.services[0].stop();
        let a = self.pair.side(Who::A);
        let within = Duration::from_secs_f64(9.0 + LATE) + a.instance.interval;
        let lowered = self.pair.wire.wait_advert(&a.host, event, within, |advert| advert.priority == 89);
        let lowered = lowered.expect("A advertises 100 less 11").at;
        let after = lowered.since(event);
        assert!(after >= 6.0, "A's priority fell after {after:.3} s: fewer than three runs failed");
        self.pair.takes_over(Who::B, lowered);
        self.pair.steps_back(Who::A, event);
        self.pair.sole_holder(Who::B);
        self.serves("b");

        let event = Stamp::now();
        self.services[0].start();
        let wait = self.pair.side(Who::A).instance.master_down();
        // One success is enough; the next run begins within three seconds.
        let interval = self.pair.side(Who::A).instance.interval.as_secs_f64();
        self.pair.becomes_master(Who::A, event, wait - interval, 3.0 + wait + LATE);
        self.comes_back(event);
    }

    fn daemon_stops_and_starts(&mut self) {
        let event = self.pair.side_mut(Who::A).daemon.terminate();
        let skew = self.pair.side(Who::B).instance.skew();
        self.pair.becomes_master(Who::B, event, skew, skew);
        assert_eq!(self.pair.side_mut(Who::A).daemon.wait().code(), Some(0), "A's exit status");
        self.pair.sole_holder(Who::B);
        self.serves("b");
        self.daemon_starts();
    }

    fn daemon_is_killed_and_starts(&mut self) {
        let event = self.pair.side_mut(Who::A).daemon.power_off();
        self.pair.takes_over(Who::B, event);
        self.serves("b");
        self.daemon_starts();
    }

    fn daemon_starts(&mut self) {
        let event = self.pair.side_mut(Who::A).daemon.start();
        let wait = self.pair.side(Who::A).instance.master_down();
        self.pair.becomes_master(Who::A, event, wait, wait);
        self.comes_back(event);
    }

    fn link_goes_and_comes(&mut self) {
        let event = Stamp::now();
        self.pair.lab.cut(&self.pair.side(Who::A).host);
        self.pair.holds_nothing(Who::A);
        self.pair.takes_over(Who::B, event);
        self.serves("b");

        let event = Stamp::now();
        self.pair.lab.mend(&self.pair.side(Who::A).host);
        let wait = self.pair.side(Who::A).instance.master_down();
        self.pair.becomes_master(Who::A, event, wait, wait);
        self.comes_back(event);
    }

    /// A is master again: B lets go, and the page comes from A.
    fn comes_back(&self, event: Stamp) {
        self.pair.steps_back(Who::B, event);
        self.pair.sole_holder(Who::A);
        self.serves("a");
    }

    /// The client comes to see the page of this node through the virtual address.
    fn serves(&self, node: &str) {
        let page =
            wait_for(Duration::from_secs(3), || fetch(&self.client, ADDRESS).filter(|page| page == node));
        let now = || fetch(&self.client, ADDRESS).unwrap_or_else(|| "nothing".to_owned());
        assert!(page.is_some(), "the client should see the page of {node}, sees {}", now());
    }
}
