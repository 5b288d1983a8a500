//! Every keyword of load balancing and BFD: a good value is taken, a bad one is complained of at its place, a missing
//! one as the row says.

use config::table::{BlockRows, Row, Value, all};
use config::{Assumed, InMemory, Loaded, Request, load};

/// The blocks that are looked at here.
const ROOTS: [&str; 3] = ["virtual_server", "bfd_instance", "SSL"];

/// What must stand in a block besides the line that is looked at.
fn needed(block: &str) -> &'static str {
    match block {
        "virtual_server" => "lvs_sched rr\nlvs_method NAT\nprotocol TCP\n",
        "HTTP_GET" | "SSL_GET" => "url {\npath /\n}\n",
        "url" => "path /\n",
        "MISC_CHECK" => "misc_path /bin/true\n",
        "FILE_CHECK" => "track_file f\n",
        "BFD_CHECK" => "name b\n",
        "bfd_instance" => "neighbor_ip 192.0.2.99\n",
        _ => "",
    }
}

/// What stands behind the name of a block.
fn head(block: &str) -> &'static str {
    match block {
        "virtual_server" => " 192.0.2.1 80",
        "real_server" => " 192.0.2.2 80",
        "bfd_instance" => " n",
        _ => "",
    }
}

/// A file with a line in a block, and which line it is.
fn file(path: &str, line: &str) -> (String, u32) {
    let keyword = line.split(' ').next().unwrap_or_default();
    let mut text = String::from(
        "global_defs {\nenable_script_security\nscript_user root\n}\ntrack_file f {\nfile /run/f\n}\n\
         bfd_instance b {\nneighbor_ip 192.0.2.98\n}\n",
    );
    for block in path.split('/') {
        text += &format!("{block}{} {{\n", head(block));
        let lines = needed(block);
        if !lines.starts_with(keyword) || !path.ends_with(block) {
            text += lines;
        }
    }
    let at = u32::try_from(text.matches('\n').count() + 1).unwrap_or(0);
    text += &format!("{line}\n");
    text += &"}\n".repeat(path.split('/').count());
    (text, at)
}

fn read(text: &str, test: bool) -> Loaded {
    let request = Request { test, ..Request::new("k") };
    load(&request, &InMemory::one("k", text.to_owned()), &Assumed::default())
}

/// Codes of what is said about words and values of a line, with their columns.
fn said(loaded: &Loaded, line: u32) -> Vec<(String, u32)> {
    let found = loaded.diagnostics.iter().filter_map(|found| {
        let place = loaded.sources.place(found.span?);
        let code = found.code.to_string();
        let about_words = code.starts_with("SF03") || code.starts_with("SF02");
        (place.line == line && about_words && code != "SF0311").then_some((code, place.column))
    });
    found.collect()
}

struct Looked {
    path: String,
    rows: usize,
    values: usize,
}

impl Looked {
    fn good(&mut self, line: &str) {
        self.values += 1;
        let (text, at) = file(&self.path, line);
        let loaded = read(&text, true);
        assert_eq!(said(&loaded, at), [], "{}: {line}\n{}", self.path, loaded.render(false));
        assert_ne!(loaded.test_status(), 2, "{}: {line}", self.path);
    }

    fn bad(&mut self, line: &str, code: &str) {
        self.values += 1;
        let (text, at) = file(&self.path, line);
        let loaded = read(&text, true);
        let column = line.find(' ').map_or(1, |blank| blank + 2);
        let wanted = (code.to_owned(), u32::try_from(column).unwrap_or(0));
        assert!(said(&loaded, at).contains(&wanted), "{}: {line}\n{}", self.path, loaded.render(false));
        assert!(matches!(loaded.test_status(), 5 | 6), "{}: {line}: {}", self.path, loaded.test_status());
    }

    fn missing(&mut self, row: &Row) {
        self.values += 1;
        let (text, at) = file(&self.path, row.name);
        let loaded = read(&text, true);
        let missing = said(&loaded, at).iter().any(|(code, column)| code == "SF0301" && *column == 1);
        assert!(missing, "{}: {}\n{}", self.path, row.name, loaded.render(false));
        assert_eq!(loaded.test_status() == 2, row.must_have_word, "{}: {}", self.path, row.name);
    }

    fn row(&mut self, row: &Row) {
        self.rows += 1;
        let name = row.name;
        if row.deprecated.is_some() {
            let (text, at) = file(&self.path, &format!("{name} 1"));
            assert!(said(&read(&text, true), at).contains(&("SF0206".into(), 1)), "{name}");
            return;
        }
        match &row.value {
            Value::Flag => {
                self.good(name);
                self.good(&format!("{name} whatever"));
            }
            Value::Switch => self.switch(name),
            Value::Number { least, most, alone } => {
                self.good(&format!("{name} {least}"));
                self.good(&format!("{name} {most}"));
                for word in [(least - 1).to_string(), (most + 1).to_string(), "x".into(), format!("{most}x")]
                {
                    self.bad(&format!("{name} {word}"), "SF0302");
                }
                self.lax(row, &format!("{name} {least}x"), "SF0302");
                match alone {
                    Some(_) => self.good(name),
                    None => self.missing(row),
                }
            }
            Value::Decimal { least, decimals, .. } => {
                self.good(&format!("{name} 1001.5"));
                self.good(&format!("{name} {least:.*}", usize::from(*decimals)));
                for word in ["-1", "x", "99999999999999", "1500x"] {
                    self.bad(&format!("{name} {word}"), "SF0302");
                }
                self.lax(row, &format!("{name} 1500x"), "SF0302");
                self.bad(&format!("{name} 1500.1234567"), "SF0304");
                self.missing(row);
            }
            Value::Choice(words) => {
                for word in *words {
                    self.good(&format!("{name} {word}"));
                }
                self.bad(&format!("{name} zzz"), "SF0305");
                self.missing(row);
            }
            Value::Text => {
                self.good(&format!("{name} a"));
                self.good(&format!("{name} \"a b\""));
                self.missing(row);
            }
            Value::Link => {
                self.good(&format!("{name} eth0"));
                self.bad(&format!("{name} abcdefghijklmnopq"), "SF0307");
                self.missing(row);
            }
            Value::Address => {
                self.good(&format!("{name} 192.0.2.77"));
                self.bad(&format!("{name} 192.0.2"), "SF0306");
                self.missing(row);
            }
            Value::Script => {
                self.good(&format!("{name} /bin/true"));
                self.good(&format!("{name} \"/bin/true 'a b' \\\\x41\""));
                self.bad(&format!("{name} '/bin/true"), "SF0207");
            }
            Value::Lines | Value::Block | Value::Words => self.words(row),
        }
    }

    fn switch(&mut self, name: &str) {
        for word in ["", " on", " off", " true", " false", " yes", " no"] {
            self.good(&format!("{name}{word}"));
        }
        self.bad(&format!("{name} maybe"), "SF0305");
        self.bad(&format!("{name} ON"), "SF0305");
    }

    /// What is a number in the daemon and an error in a test.
    fn lax(&mut self, row: &Row, line: &str, code: &str) {
        let (text, at) = file(&self.path, line);
        let codes: Vec<_> = said(&read(&text, false), at).into_iter().map(|(code, _)| code).collect();
        let wanted = if row.lax { "SF0303" } else { code };
        assert!(codes.contains(&wanted.to_owned()), "{}: {line}: {codes:?}", self.path);
        self.bad(line, code);
    }

    /// Keywords that are read in a way of their own.
    fn words(&mut self, row: &Row) {
        let name = row.name;
        let (good, bad): (&[&str], &[(&str, &str)]) = match name {
            "ip_family" => (&["inet"], &[("inet5", "SF0305")]),
            "hashed" | "flag-1" | "flag-2" | "flag-3" | "sorry_server_inhibit" => (&[], &[]),
            "sh-port" | "sh-fallback" | "mh-port" | "mh-fallback" | "sorry_server_lvs_method" => (&[], &[]),
            "lvs_method" | "lb_kind" => (&["NAT", "DR", "TUN type gre csum"], &[("dr", "SF0305")]),
            "persistence_granularity" => (&["255.255.0.0"], &[("x", "SF0306")]),
            "protocol" => (&["TCP", "udp", "Sctp"], &[("AH", "SF0305")]),
            "snmp_name" => (&["a"], &[]),
            "sorry_server" => {
                (&["192.0.2.9", "192.0.2.9 80"], &[("x", "SF0306"), ("300.1.1.1 80", "SF0306")])
            }
            "connect_ip" | "bindto" | "source_ip" | "neighbor_ip" | "neighbour_ip" => {
                (&["192.0.2.9"], &[("192.0.2", "SF0306")])
            }
            "http_protocol" => (&["1.0", "1.0C", "1.0c", "1.1"], &[("2", "SF0305")]),
            "sni_name" => (&["", "a"], &[]),
            "digest" => (&["000102030405060708090a0b0c0d0e0F"], &[("abc", "SF0305")]),
            "status_code" => (&["", "200", "200-299 404"], &[("99", "SF0302"), ("300-200", "SF0302")]),
            "regex_options" => (&["", "caseless utf"], &[]),
            "regex_min_offset" | "regex_max_offset" => (&["5"], &[]),
            "regex_stack" => (&["10 20"], &[]),
            "type" => (&["A", "aaaa"], &[("X", "SF0305")]),
            "name" if self.path.ends_with("DNS_CHECK") => (&[".", "a.b."], &[("a..b", "SF0305")]),
            "name" => (&["b"], &[]),
            "payload" => (&["6f6b", "6 f"], &[("zz", "SF0302"), ("6x", "SF0302")]),
            "require_reply" => (&["", "6xX"], &[("zz", "SF0302")]),
            "user" => (&["root", "root root", "root :root"], &[]),
            "track_file" => (&["f"], &[]),
            "weight" if self.path.ends_with("FILE_CHECK") => {
                (&["2147483647 reverse", "-2147483647"], &[("2147483648", "SF0302"), ("5x", "SF0302")])
            }
            "auth_key" => (&["1 a", "255 0xff"], &[("256 a", "SF0302")]),
            "real_server" => (&["192.0.2.7 80 {\n}", "192.0.2.7 {\n}"], &[("x {\n}", "SF0306")]),
            block if matches!(row.value, Value::Block) => {
                assert!(
                    block.ends_with("_CHECK") || block.ends_with("_GET") || matches!(block, "url" | "host")
                );
                (&[], &[])
            }
            other => panic!("{} {other} is not looked at", self.path),
        };
        for word in good {
            let gap = if word.is_empty() { "" } else { " " };
            self.good(&format!("{name}{gap}{word}"));
        }
        for (word, code) in bad {
            self.bad(&format!("{name} {word}"), code);
        }
        let takes_words = !good.is_empty() && !good.contains(&"") && !name.starts_with("regex");
        if takes_words {
            self.missing(row);
        }
    }
}

/// Whether a row of these blocks is obeyed. Mail, SNMP and checks that poll are not there yet.
fn is_obeyed(path: &str, name: &str) -> bool {
    match path {
        "bfd_instance" | "virtual_server/real_server/BFD_CHECK" => true,
        "virtual_server" | "virtual_server/real_server" => {
            !["ha_suspend", "smtp_alert", "snmp_name"].contains(&name)
        }
        _ => false,
    }
}

#[test]
fn every_keyword_takes_what_is_good_and_complains_of_the_rest() {
    let (mut rows, mut values) = (0, 0);
    let blocks = all();
    let ours = |block: &&BlockRows| ROOTS.contains(&block.path.split('/').next().unwrap_or_default());
    for block in blocks.iter().filter(ours) {
        let mut looked = Looked { path: block.path.clone(), rows: 0, values: 0 };
        for row in &block.rows {
            assert!(row.help.ends_with('.'), "{} {}", block.path, row.name);
            assert_eq!(
                row.not_yet.is_none(),
                is_obeyed(&block.path, row.name),
                "{} {}",
                block.path,
                row.name
            );
            looked.row(row);
        }
        rows += looked.rows;
        values += looked.values;
    }
    println!("{rows} rows, {values} values");
    assert!(rows > 200 && values > 900, "{rows} {values}");
}

/// The documented default, fed through the parser, is the real one.
#[test]
fn defaults_are_what_the_rows_say() {
    let mut seen = 0;
    for block in
        all().iter().filter(|block| ROOTS.contains(&block.path.split('/').next().unwrap_or_default()))
    {
        for row in block.rows.iter().filter(|row| row.default.is_some()) {
            let default = row.default.unwrap_or_default();
            let line = format!("{} {default}", row.name);
            // A comment, so that what must stand there besides is the same.
            let plain =
                read(&file(&block.path, &format!("{} # ", row.name).replacen(row.name, "#", 1)).0, true);
            let (text, at) = file(&block.path, &line);
            let loaded = read(&text, true);
            assert_eq!(said(&loaded, at), [], "{}: {line}", block.path);
            if matches!(row.name, "lvs_sched" | "lb_algo" | "lvs_method" | "lb_kind" | "protocol") {
                continue;
            }
            assert_eq!(loaded.effective, plain.effective, "{}: {line}", block.path);
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

/// Every keyword of keepalived, by block.
const KNOWN: &[(&str, &str)] = &[
    ("SSL", "password ca certificate key"),
    (
        "bfd_instance",
        "source_ip neighbor_ip neighbour_ip min_rx min_tx idle_tx multiplier passive ttl hoplimit max_hops multihop weight vrrp checker",
    ),
    (
        "virtual_server",
        "ip_family retry delay_before_retry warmup connect_timeout delay_loop inhibit_on_failure lb_algo lvs_sched hashed ops flag-1 flag-2 flag-3 sh-port sh-fallback mh-port mh-fallback lb_kind lvs_method persistence_engine persistence_timeout persistence_granularity protocol ha_suspend smtp_alert virtualhost snmp_name alpha omega quorum_up quorum_down quorum hysteresis weight sorry_server sorry_server_inhibit sorry_server_lvs_method real_server",
    ),
    (
        "virtual_server/real_server",
        "weight lvs_method uthreshold lthreshold inhibit_on_failure notify_up notify_down alpha retry delay_before_retry warmup connect_timeout delay_loop smtp_alert virtualhost snmp_name MISC_CHECK SMTP_CHECK TCP_CHECK PING_CHECK UDP_CHECK HTTP_GET SSL_GET DNS_CHECK FILE_CHECK BFD_CHECK",
    ),
    (
        "virtual_server/real_server/HTTP_GET",
        "connect_ip connect_port bindto bind_port bind_if connect_timeout fwmark retry delay_before_retry warmup delay_loop alpha log_all_failures nb_get_retry virtualhost http_protocol enable_sni sni_name fast_recovery url",
    ),
    (
        "virtual_server/real_server/SSL_GET",
        "connect_ip connect_port bindto bind_port bind_if connect_timeout fwmark retry delay_before_retry warmup delay_loop alpha log_all_failures nb_get_retry virtualhost http_protocol enable_sni sni_name fast_recovery url tls_compliant",
    ),
    (
        "virtual_server/real_server/TCP_CHECK",
        "connect_ip connect_port bindto bind_port bind_if connect_timeout fwmark retry delay_before_retry warmup delay_loop alpha log_all_failures",
    ),
    (
        "virtual_server/real_server/SMTP_CHECK",
        "connect_ip connect_port bindto bind_port bind_if connect_timeout fwmark retry delay_before_retry warmup delay_loop alpha log_all_failures helo_name host",
    ),
    (
        "virtual_server/real_server/SMTP_CHECK/host",
        "connect_ip connect_port bindto bind_port bind_if connect_timeout fwmark retry delay_before_retry warmup delay_loop alpha log_all_failures",
    ),
    (
        "virtual_server/real_server/DNS_CHECK",
        "connect_ip connect_port bindto bind_port bind_if connect_timeout fwmark retry delay_before_retry warmup delay_loop alpha log_all_failures type name",
    ),
    (
        "virtual_server/real_server/UDP_CHECK",
        "connect_ip connect_port bindto bind_port bind_if connect_timeout fwmark retry delay_before_retry warmup delay_loop alpha log_all_failures payload require_reply min_reply_length max_reply_length",
    ),
    (
        "virtual_server/real_server/PING_CHECK",
        "connect_ip connect_port bindto bind_port bind_if connect_timeout fwmark retry delay_before_retry warmup delay_loop alpha log_all_failures",
    ),
    (
        "virtual_server/real_server/MISC_CHECK",
        "retry delay_before_retry warmup delay_loop alpha log_all_failures misc_path misc_timeout misc_dynamic user",
    ),
    (
        "virtual_server/real_server/HTTP_GET/url",
        "path digest status_code virtualhost regex regex_no_match regex_options regex_min_offset regex_max_offset regex_stack",
    ),
    (
        "virtual_server/real_server/SSL_GET/url",
        "path digest status_code virtualhost regex regex_no_match regex_options regex_min_offset regex_max_offset regex_stack tls_compliant",
    ),
    ("virtual_server/real_server/FILE_CHECK", "track_file weight"),
    ("virtual_server/real_server/BFD_CHECK", "name alpha"),
];

#[test]
fn no_keyword_of_keepalived_is_left_out() {
    let blocks = all();
    let mut seen = 0;
    for (path, names) in KNOWN {
        let block = blocks.iter().find(|block| block.path == *path).unwrap();
        for name in names.split(' ') {
            assert!(block.rows.iter().any(|row| row.name == name), "{path} {name}");
            seen += 1;
        }
    }
    println!("{seen} keywords");
    assert_eq!(seen, 246);
}
