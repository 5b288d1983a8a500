//! The exit status of a configuration test is keepalived's.

use config::{Assumed, InMemory, Loaded, PathFacts, Request, Surroundings, load};
use host::Account;

/// A host where programs are there unless their name says `none`, may be changed by others if it says `unsafe`, and
/// where there are no users and groups called `no…`.
struct Host(Assumed);

impl Surroundings for Host {
    fn node_name(&self) -> String {
        self.0.node_name()
    }
    fn running_as(&self) -> Account {
        self.0.running_as()
    }
    fn user(&self, name: &str) -> Option<(u32, u32)> {
        self.0.user(name).filter(|_| !name.starts_with("nouser"))
    }
    fn group(&self, name: &str) -> Option<u32> {
        self.0.group(name).filter(|_| name != "nogroup")
    }
    fn groups_of(&self, name: &str, gid: u32) -> Vec<u32> {
        self.0.groups_of(name, gid)
    }
    fn resolve(&self, path: &str) -> Option<String> {
        self.facts(path).map(|_| path.into())
    }
    fn facts(&self, path: &str) -> Option<PathFacts> {
        let (uid, mode) = match path {
            _ if path.contains("none") => return None,
            _ if path.starts_with("/unsafe") => (1000, 0o100_777),
            "/" | "/tmp" | "/etc" | "/bin" | "/usr" | "/usr/bin" => (0, 0o040_755),
            "/etc/passwd" => (0, 0o100_644),
            _ => (0, 0o100_755),
        };
        Some(PathFacts { uid, gid: 0, mode })
    }
    fn search_path(&self) -> Vec<String> {
        self.0.search_path()
    }
    fn has_link(&self, name: &str) -> bool {
        self.0.has_link(name)
    }
    fn environment(&self, name: &str) -> Option<String> {
        self.0.environment(name)
    }
    fn has_namespace(&self, name: &str) -> bool {
        name != "none"
    }
}

fn test(text: &str) -> Loaded {
    let request = Request { test: true, ..Request::new("k") };
    load(&request, &InMemory::one("k", text), &Host(Assumed::default()))
}

/// The text that a line of a table stands for.
fn text(line: &str) -> String {
    let long = [
        ("VS ", "virtual_server 192.0.2.1 80 {;RNT "),
        ("V1 ", "virtual_server 192.0.2.1 80 {;"),
        ("RNT ", "RN protocol TCP;"),
        ("RN ", "lvs_sched rr;lvs_method NAT;"),
        ("RS ", "real_server 192.0.2.2 80 {;"),
        ("END", ";};}"),
    ];
    long.iter().fold(line.to_owned(), |text, (short, long)| text.replace(short, long)).replace(';', "\n")
        + "\n"
}

#[test]
fn load_balancing_is_answered_as_keepalived_answers_it() {
    let lines = include_str!("verdicts/services.txt").lines();
    let mut seen = 0;
    let mut wrong = String::new();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (status, case) = line.split_once(' ').unwrap();
        let loaded = test(&text(case));
        seen += 1;
        if loaded.test_status().to_string() != status {
            wrong += &format!("{line}\nended with {}\n{}", loaded.test_status(), loaded.render(false));
        }
        assert!(loaded.diagnostics.iter().all(|found| found.span.is_some()), "{line}");
    }
    println!("{seen} configurations");
    assert!(seen > 700 && wrong.is_empty(), "{wrong}");
}

/// As keepalived: where the network namespace is not there, the test ends well whatever else is wrong.
#[test]
fn an_absent_network_namespace_forgives_all_else() {
    assert_eq!(test("net_namespace there\nfoo\n").test_status(), 5);
    let loaded = test("net_namespace none\nfoo\n");
    assert_eq!((loaded.test_status(), loaded.refusal(), loaded.effective), (0, Some(2), None));
}
