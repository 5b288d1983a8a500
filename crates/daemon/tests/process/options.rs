//! Every option of addresses, routes and rules, from the file to the kernel.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::process::Command;

use super::bench::Bench;

const OPTIONS: &str = include_str!("network/options.tsv");

/// A line of a file, and how `ip` shows what comes of it: not at all where it is empty.
struct Row {
    kind: &'static str,
    line: &'static str,
    shown: &'static str,
}

fn rows() -> impl Iterator<Item = Row> {
    OPTIONS.lines().filter(|row| !row.starts_with('#')).skip(1).map(|row| {
        let fields: Vec<&str> = row.split('\t').collect();
        Row { kind: fields[0], line: fields[1], shown: fields.get(3).copied().unwrap_or(fields[2]) }
    })
}

/// The lines of a kind, each in its turn.
fn list(kind: &str) -> String {
    rows().filter(|row| row.kind.starts_with(kind)).fold(String::new(), |text, row| text + row.line + "\n")
}

/// What `ip` lists, in single spaces, a line a thing.
fn ip(bench: &Bench, words: &str) -> Vec<String> {
    let output = bench.inside(|| Command::new("ip").args(words.split(' ')).output()).unwrap();
    let text = String::from_utf8(output.stdout).unwrap().replace('\\', " ");
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn set_up(bench: &Bench) {
    for line in [
        "link add d0 type veth peer name p0",
        "link add d1 type veth peer name p1",
        "link set p0 up",
        "link set p1 up",
        "link set d0 up",
        "link set d1 up",
        "addr add 10.1.0.1/24 dev d0",
        "addr add 2001:db8:1::1/64 dev d0 nodad",
        "addr add 10.2.0.1/24 dev d1",
    ] {
        assert!(ip(bench, line).is_empty());
    }
    bench.inside(|| fs::write("/proc/sys/net/ipv6/conf/d0/accept_dad", "0")).unwrap();
    fs::create_dir(bench.path("iproute2")).unwrap();
    for (file, line) in [("rt_tables", "200 testtab"), ("rt_realms", "10 realmA"), ("group", "7 grpA")] {
        bench.write(&format!("iproute2/{file}"), &format!("{line}\n"));
    }
}

/// How something is listed, but for how long it still lives.
fn lasting(listed: &str) -> String {
    let is_left =
        |word: &&str| word.ends_with("sec") && *word != "0sec" && word.as_bytes()[0].is_ascii_digit();
    let words = listed.split(' ').map(|word| if is_left(&word) { "…sec" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Whether a listed thing is there because of a line: what tells them apart is in both.
fn is_of(row: &Row, listed: &str) -> bool {
    let mut words = row.line.split(' ');
    if row.kind.starts_with("rule") {
        let preference = words.skip_while(|word| !matches!(*word, "priority" | "pref" | "order")).nth(1);
        return preference.is_some_and(|number| listed.starts_with(&format!("{number}:")));
    }
    words
        .find(|word| word.contains(['.', ':']))
        .is_some_and(|key| listed.contains(key.split('/').next().unwrap_or(key)))
}

/// Every line is as it was recorded; where the row says so, it is what standfast makes of it.
fn compare(bench: &Bench) {
    let has_mpls = ip(bench, "route add 10.98.0.0/24 encap mpls 9 via 10.1.0.254 dev d0 table 99").is_empty()
        && !ip(bench, "route show table 99").is_empty();
    let addresses = || {
        ip(bench, "-d -o addr show")
            .into_iter()
            .map(|line| line.trim_end_matches(" valid_lft forever preferred_lft forever").to_owned())
    };
    let listed = BTreeMap::from([
        ("addr", addresses().collect()),
        ("addr6", addresses().collect()),
        ("route", ip(bench, "-d -o -4 route show table all")),
        ("route6", ip(bench, "-d -o -6 route show table all")),
        ("rule", ip(bench, "-d -4 rule show")),
        ("rule6", ip(bench, "-d -6 rule show")),
    ]);
    let mut wrong = String::new();
    for row in rows().filter(|row| has_mpls || !row.line.contains("mpls")) {
        let listed: &Vec<String> = &listed[row.kind];
        let right = match row.shown {
            "" | "-" => !listed.iter().any(|listed| is_of(&row, listed)),
            shown if row.kind.starts_with("addr") => {
                listed.iter().any(|listed| lasting(listed).ends_with(shown))
            }
            shown => listed.iter().any(|listed| lasting(listed) == shown),
        };
        if !right {
            let found: Vec<_> = listed.iter().filter(|listed| is_of(&row, listed)).collect();
            writeln!(wrong, "{}\n  should be {:?}\n  is {found:?}", row.line, row.shown).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Nothing is left of them.
fn is_clean(bench: &Bench) -> bool {
    let routes = ip(bench, "-4 route show table all proto keepalived").len()
        + ip(bench, "-6 route show table all proto keepalived").len();
    let rules = ip(bench, "-4 rule show").len() + ip(bench, "-6 rule show").len();
    let addresses = ip(bench, "-o addr show")
        .iter()
        .filter(|line| line.contains(" 10.50.") || line.contains(":50:"))
        .count();
    // The kernel's own rules: local, main and default; for IPv6 the first two.
    (addresses, routes, rules) == (0, 0, 5)
}

/// A daemon on `d0` with blocks of these names, in its instance or beside it.
fn holds(bench: &Bench, names: [&str; 3], inside: bool) {
    set_up(bench);
    let blocks = [("addr", names[0]), ("route", names[1]), ("rule", names[2])]
        .map(|(kind, name)| format!("{name} {{\n{}}}\n", list(kind)))
        .concat();
    bench.configure(if inside { &blocks } else { "" });
    let text = bench.text("conf").replace("interface eth0", "interface d0");
    let text = text.replace("10.60.0.100/24", "10.1.0.100/24");
    let text = text
        .replace("script_user root", "script_user root\n default_interface d0\n iproute_etc_dir @/iproute2");
    bench.write("conf", &(text + if inside { "" } else { &blocks }));
    let daemon = bench.start(&[]).ready();
    bench.await_log("Entering MASTER STATE");
    bench.until("the last rule", || ip(bench, "-6 rule show").iter().any(|rule| rule.starts_with("2009:")));
    compare(bench);
    assert_eq!(daemon.stop(), Some(0));
    assert!(is_clean(bench));
}

/// vrrp-behaviour §17.1, §17.2, §17.3.
/// As observed: B17-01, B17-02, B17-03, B17-04, B17-05, B17-06.
#[test]
fn what_a_master_holds_is_in_the_kernel_as_keepalived_puts_it_there() {
    let test = "what_a_master_holds_is_in_the_kernel_as_keepalived_puts_it_there";
    let Some(bench) = Bench::new(test) else { return };
    holds(&bench, ["virtual_ipaddress_excluded", "virtual_routes", "virtual_rules"], true);
}

/// vrrp-behaviour §17.1, §17.2, §17.3.
/// As observed: B17-01, B17-02, B17-03.
#[test]
fn static_things_are_in_the_kernel_as_keepalived_puts_them_there() {
    let Some(bench) = Bench::new("static_things_are_in_the_kernel_as_keepalived_puts_them_there") else {
        return;
    };
    holds(&bench, ["static_ipaddress", "static_routes", "static_rules"], false);
}
