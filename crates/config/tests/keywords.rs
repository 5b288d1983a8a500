//! Every keyword that keepalived knows, in its block: with good values, with values out of range, with words that make
//! no sense, and without a word. `data/keywords.tsv` holds them, one a line.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use config::table::{self, Value};
use config::{Assumed, Class, Diagnostic, InMemory, Loaded, Request, load};

const DATA: &str = include_str!("data/keywords.tsv");

/// What stands before every line that is tried.
const BEFORE: &str = "\
global_defs {
enable_script_security
script_user root
}
vrrp_script scr {
script /usr/bin/true
}
track_file trk {
file /tmp/trk
}
vrrp_track_process prc {
process foo
}
bfd_instance bfd {
neighbor_ip 192.0.2.250
}
track_group tg {
group {
base
}
}
vrrp_instance base {
interface eth0
virtual_router_id 1
virtual_ipaddress {
192.0.2.2
}
}
vrrp_instance basf {
interface eth0
virtual_router_id 2
virtual_ipaddress {
192.0.2.3
}
}
";

/// A line of the data.
#[derive(Debug)]
struct Case {
    kind: &'static str,
    block: &'static str,
    keyword: &'static str,
    missing: &'static str,
    notes: &'static str,
    good: Vec<String>,
    out: Vec<String>,
    bad: Vec<String>,
}

fn cases() -> Vec<Case> {
    let values = |text: &str| -> Vec<String> {
        let all = text.split(";;").filter(|value| *value != "-");
        all.map(|value| value.replace("(nothing)", "").replace("\\n", "\n")).collect()
    };
    let lines = DATA.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&'static str> = line.split('\t').collect();
            Case {
                kind: fields[0],
                block: if fields[1] == "(outermost)" { "" } else { fields[1] },
                keyword: fields[2],
                missing: fields[3],
                notes: fields[4],
                good: values(fields[5]),
                out: values(fields[6]),
                bad: values(fields[7]),
            }
        })
        .collect()
}

/// Lines that a block needs besides the one that is tried: the keyword, and the line.
fn needs(block: &str, keyword: &str) -> Vec<(&'static str, &'static str)> {
    let sched = match keyword {
        "sh-port" | "sh-fallback" => "lvs_sched sh",
        "mh-port" | "mh-fallback" => "lvs_sched mh",
        "hashed" => "lvs_sched rr",
        _ => "lb_algo rr",
    };
    let protocol = if keyword == "ops" { "protocol UDP" } else { "protocol TCP" };
    let last = block.rsplit('/').next().unwrap_or("");
    match last {
        "garp_group" => vec![("garp_interval", "garp_interval 0.5")],
        "track_file" | "vrrp_track_file" => vec![("file", "file /tmp/n")],
        "vrrp_script" => vec![("script", "script /usr/bin/true")],
        "vrrp_track_process" => vec![("process", "process foo")],
        "vrrp_sync_group" => vec![("group", "group {\nbase\nbasf\n}")],
        "vrrp_instance" => {
            let mut lines = vec![
                ("interface", "interface eth0"),
                ("virtual_router_id", "virtual_router_id 9"),
                ("virtual_ipaddress", "virtual_ipaddress {\n192.0.2.10\n}"),
            ];
            match keyword {
                "vmac_xmit_base" => lines.push(("", "use_vmac")),
                "unicast_ttl" | "check_unicast_src" | "unicast_src_ip" | "old_unicast_checksum" => {
                    lines.push(("", "unicast_peer {\n192.0.2.11\n}"));
                }
                "timer_expired_backup" | "thread_timer_expired" => lines.push(("", "nopreempt")),
                "owner_ignore_adverts" => lines.push(("", "priority 255")),
                "vrf" => {
                    lines.retain(|(name, _)| *name == "virtual_router_id");
                    lines.push(("", "unicast_src_ip 192.0.2.12\nunicast_peer {\n192.0.2.11\n}"));
                    lines.push(("", "virtual_ipaddress {\n192.0.2.10 dev eth0\n}"));
                }
                "native_ipv6" => lines.retain(|(name, _)| *name != "virtual_ipaddress"),
                _ => {}
            }
            lines
        }
        "authentication" => vec![("auth_type", "auth_type PASS"), ("auth_pass", "auth_pass 1")],
        "auth_hmac" => {
            vec![("", "key 1 abcdefghijklmnopqrstuvwxyz0123456789"), ("active_key", "active_key 1")]
        }
        "bfd_instance" if keyword != "neighbour_ip" => vec![("neighbor_ip", "neighbor_ip 192.0.2.251")],
        "virtual_server" => {
            let mut lines = vec![
                ("protocol", protocol),
                ("lvs_sched", sched),
                ("lvs_method", "lb_kind NAT"),
                ("", "real_server 192.0.2.97 80 {\n}"),
            ];
            lines.retain(|(name, _)| !(keyword == "lb_algo" && *name == "lvs_sched"));
            lines.retain(|(name, _)| !(keyword == "lb_kind" && *name == "lvs_method"));
            if keyword.starts_with("sorry_server_") {
                lines.push(("", "sorry_server 192.0.2.96 80"));
            }
            lines
        }
        "HTTP_GET" | "SSL_GET" => vec![("url", "url {\npath /\n}")],
        "url" => vec![("path", "path /")],
        "MISC_CHECK" => vec![("misc_path", "misc_path /usr/bin/true")],
        "FILE_CHECK" => vec![("track_file", "track_file trk")],
        "BFD_CHECK" => vec![("name", "name bfd")],
        _ => Vec::new(),
    }
}

/// The words that open a block.
fn opening(name: &str, keyword: &str) -> String {
    match name {
        "global_defs" | "SSL" | "garp_group" | "authentication" | "auth_hmac" | "url" | "host" => name.into(),
        "virtual_server" if keyword == "ip_family" => "virtual_server fwmark 5".into(),
        "virtual_server" => "virtual_server 192.0.2.66 80".into(),
        "real_server" => "real_server 192.0.2.98 80".into(),
        check if check.chars().next().is_some_and(char::is_uppercase) => check.into(),
        list if list.starts_with("static_") || list.starts_with("track_") && keyword.starts_with('(') => {
            list.into()
        }
        named => format!("{named} NEW"),
    }
}

/// A file with one line of interest, and the number of that line.
fn file(case: &Case, line: &str) -> (String, u32) {
    let mut text = BEFORE.to_owned();
    let mut open = 0;
    let names: Vec<&str> = case.block.split('/').filter(|name| !name.is_empty()).collect();
    let is_list = case.kind == "option";
    for (depth, name) in names.iter().enumerate() {
        let innermost = depth + 1 == names.len();
        if innermost && is_list {
            let named = if *name == "virtual_server_group" { "virtual_server_group NEW" } else { name };
            let _ = writeln!(text, "{named} {{");
        } else {
            let keyword = if innermost { case.keyword } else { "" };
            let of_server = names.get(1) == Some(&"real_server") && depth == 0;
            let _ = writeln!(text, "{} {{", opening(name, if of_server { "" } else { keyword }));
            for (needed, written) in needs(&names[..=depth].join("/"), keyword) {
                if needed != keyword || needed.is_empty() {
                    let _ = writeln!(text, "{written}");
                }
            }
        }
        open += 1;
    }
    let number = 1 + u32::try_from(text.lines().count()).expect("a file of these lines is short");
    let _ = writeln!(text, "{line}");
    text.push_str(&"}\n".repeat(open));
    (text, number)
}

/// The line that tries a value.
fn line(case: &Case, value: &str) -> String {
    let keyword = case.keyword;
    if case.kind != "option" {
        return format!("{keyword} {value}");
    }
    let list = case.block.rsplit('/').next().unwrap_or("");
    let named = keyword.starts_with(['<', '[']);
    let base = match list {
        _ if named && !list.starts_with("virtual_rules") && !list.starts_with("static_rules") => "",
        "static_ipaddress" if keyword != "dev" => "192.0.2.77/24 dev eth0",
        "virtual_ipaddress" if keyword == "autojoin" => "239.1.2.3/32",
        "static_ipaddress" | "virtual_ipaddress" | "virtual_ipaddress_excluded" => "192.0.2.77/24",
        "static_routes" | "virtual_routes" => match keyword {
            "or" => "198.51.100.0/24 via 192.0.2.254",
            "dev" | "oif" | "via" | "gw" | "nexthop" => "198.51.100.0/24",
            _ => "198.51.100.0/24 dev eth0",
        },
        "static_rules" | "virtual_rules" => match keyword {
            _ if named => "from 198.51.100.0/24 preference 99",
            "from" => "table 100 preference 99",
            "preference" | "order" | "priority" => "from 198.51.100.0/24 table 100",
            "track_group" => "from 198.51.100.0/24 table 100 preference 99 dev eth0",
            _ => "from 198.51.100.0/24 table 100 preference 99",
        },
        "track_interface" => "eth2",
        "track_script" => "scr",
        "track_file" => "trk",
        "track_process" => "prc",
        "track_bfd" => "bfd",
        "unicast_peer" => "192.0.2.8",
        _ => "",
    };
    if named { format!("{base} {value}") } else { format!("{base} {keyword} {value}") }
}

fn read(text: &str, test: bool) -> Loaded {
    let mut request = Request::new("k");
    request.test = test;
    load(&request, &InMemory::one("k", text), &Assumed::default())
}

/// What was found in these lines that counts.
fn found(loaded: &Loaded, from: u32, lines: usize) -> Vec<&Diagnostic> {
    let until = from + u32::try_from(lines.max(1)).expect("a line of these is short");
    let inside = |diagnostic: &&Diagnostic| {
        diagnostic.span.is_some_and(|span| (from..until).contains(&loaded.sources.place(span).line))
    };
    loaded.diagnostics.iter().filter(inside).filter(|diagnostic| diagnostic.class > Class::Silent).collect()
}

/// What went otherwise than the data say, for all values of one kind.
fn tries(case: &Case, values: &[String], wanted: bool, wrong: &mut Vec<String>) -> usize {
    for value in values {
        let line = line(case, value);
        let (text, number) = file(case, &line);
        let loaded = read(&text, true);
        let found = found(&loaded, number, line.lines().count());
        if found.is_empty() == wanted {
            let said: Vec<_> = found.iter().map(|found| found.log_line(&loaded.sources)).collect();
            let what = if wanted { "is taken" } else { "is not taken" };
            wrong.push(format!("{} `{}` {what}: {said:?}", case.block, line.replace('\n', "\\n")));
        }
    }
    values.len()
}

#[test]
fn every_keyword_takes_what_it_should_and_nothing_else() {
    let cases = cases();
    let mut wrong = Vec::new();
    let (mut good, mut out, mut bad, mut missing, mut lax) = (0, 0, 0, 0, 0);
    for case in &cases {
        good += tries(case, &case.good, case.notes.contains("warns"), &mut wrong);
        out += tries(case, &case.out, true, &mut wrong);
        bad += tries(case, &case.bad, true, &mut wrong);
        missing += without_a_word(case, &mut wrong);
        lax += with_rubbish(case, &mut wrong);
    }
    println!(
        "{} rows: {good} good values taken, {out} out of range and {bad} malformed complained of at their place, \
         {missing} lacking a word, {lax} with rubbish behind a number",
        cases.len()
    );
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

fn without_a_word(case: &Case, wrong: &mut Vec<String>) -> usize {
    let class = match case.missing {
        "stop" => Class::Stop,
        "complaint" => Class::Complaint,
        _ => return 0,
    };
    let (text, number) = file(case, case.keyword);
    let loaded = read(&text, true);
    let worst = found(&loaded, number, 1).iter().map(|found| found.class).max();
    if worst != Some(class) {
        wrong.push(format!("{} `{}` without a word: {worst:?}", case.block, case.keyword));
    }
    1
}

/// `7x` is 7 for a daemon and nothing for a test.
fn with_rubbish(case: &Case, wrong: &mut Vec<String>) -> usize {
    let Some(value) = case.good.iter().find(|value| value.parse::<f64>().is_ok()) else { return 0 };
    if !case.notes.contains("lax") || case.kind != "line" {
        return 0;
    }
    let line = line(case, &format!("{value}x"));
    let (text, number) = file(case, &line);
    for (test, code) in [(true, "SF0302"), (false, "SF0303")] {
        let loaded = read(&text, test);
        let codes: Vec<_> = found(&loaded, number, 1).iter().map(|found| found.code.to_string()).collect();
        if !codes.iter().any(|have| have == code) {
            wrong.push(format!("{} `{line}`, test {test}: {codes:?} instead of {code}", case.block));
        }
    }
    1
}

/// Nothing that keepalived knows is unknown here, and nothing more is known but what is ours.
#[test]
fn the_tables_and_the_data_name_the_same_keywords() {
    let mut ours = BTreeSet::new();
    for block in table::all() {
        for row in &block.rows {
            if row.since != Some("standfast") {
                ours.insert((block.path.clone(), row.name.to_owned()));
            }
        }
    }
    let lines = cases().into_iter().filter(|case| matches!(case.kind, "line" | "block"));
    let theirs: BTreeSet<_> = lines.map(|case| (case.block.to_owned(), case.keyword.to_owned())).collect();
    let lacking: Vec<_> = theirs.difference(&ours).collect();
    let more: Vec<_> = ours.difference(&theirs).collect();
    assert!(lacking.is_empty() && more.is_empty(), "lacking {lacking:?}\nmore {more:?}");
}

/// Options of lines, too.
#[test]
fn the_tables_and_the_data_name_the_same_options() {
    let mut wrong = Vec::new();
    for case in cases().iter().filter(|case| case.kind == "option") {
        let (outer, list) = case.block.rsplit_once('/').unwrap_or(("", case.block));
        let blocks = table::all();
        let rows = blocks.iter().filter(|block| block.path == outer).flat_map(|block| &block.rows);
        let row = rows.clone().find(|row| row.name == list);
        let names: Vec<_> =
            row.map(|row| row.options.iter().map(|option| option.name).collect()).unwrap_or_default();
        let known = names.iter().any(|name| {
            *name == case.keyword || name.starts_with(['<', '[']) && case.keyword.starts_with(['<', '['])
        });
        if !known {
            wrong.push(format!("{} {}: {names:?}", case.block, case.keyword));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whoever prints the rows finds in each what it needs.
#[test]
fn every_row_explains_itself() {
    for block in table::all() {
        for row in &block.rows {
            let place = format!("{}/{}", block.path, row.name);
            assert!(row.help.ends_with('.'), "{place}: {}", row.help);
            if matches!(row.value, Value::Lines | Value::Block) {
                assert!(!row.syntax.is_empty(), "{place}");
            }
            for option in row.options {
                assert!(option.help.ends_with('.'), "{place} {}", option.name);
            }
        }
    }
}
