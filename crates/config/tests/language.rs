//! The language, statement by statement, as it was seen with keepalived 2.2.7 and 2.4.3; what is left of it to the
//! preprocessor's own tests stands in `expand/tests.rs`. Where standfast differs, the test says so.

mod bare;

use std::collections::BTreeMap;

use bare::Bare;
use config::files::Unreadable;
use config::{Assumed, Effective, Files, InMemory, Loaded, Request, load};

fn read(text: &str) -> Loaded {
    read_as("/etc/keepalived.conf", &InMemory::one("/etc/keepalived.conf", text), None)
}

fn read_as(path: &str, files: &dyn Files, id: Option<&str>) -> Loaded {
    let mut request = Request::new(path);
    request.test = true;
    request.config_id = id;
    load(&request, files, &Assumed { node_name: "main.example.net".into() })
}

fn codes(loaded: &Loaded) -> Vec<String> {
    loaded.diagnostics.iter().map(|found| found.code.to_string()).collect()
}

fn effective(text: &str) -> Effective {
    let loaded = read(text);
    let said = loaded.render(false);
    loaded.effective.unwrap_or_else(|| panic!("{said}"))
}

/// What `router_id` is after reading this as a line of `global_defs`.
fn router_id(line: &str) -> String {
    effective(&format!("global_defs {{\n{line}\n}}\n")).daemon.router_id
}

const INSTANCE: &str = "interface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n";

/// L1-01, L1-02, L1-03, L1-05, L1-06, L1-07, L1-11.
#[test]
fn bytes_and_blanks() {
    for (text, id) in [
        ("router_id a\r\nrouter_id b\r", "b"),
        ("\trouter_id\x0b\x0ca", "a"),
        ("   router_id  a   ", "a"),
        ("router_id \u{e4}\u{20ac}", "\u{e4}\u{20ac}"),
        ("router_id 5;", "5;"),
        ("router_id abc!x", "abc"),
        ("router_id abc#x", "abc"),
        ("router_id a\\#b\\!c", "a#b!c"),
        ("router_id \"a#b!c\"", "a#b!c"),
        ("router_id \"a b\"", "a b"),
        ("router_id \"a\\tb\"", "a\\tb"),
        ("router_id 'a b'", "'a"),
        ("router_id k9\"x\"z", "k9"),
    ] {
        assert_eq!(router_id(text), id, "{text}");
    }
    assert_eq!(effective("global_defs { router_id a }").daemon.router_id, "a");
}

/// L1-01, L1-08, L1-09, L1-11.
#[test]
fn what_garbles_the_text_is_an_error() {
    for (text, code) in [
        ("\u{feff}global_defs {\n}\n", "SF0005"),
        ("global_defs {\nrouter_id a\0b\n}\n", "SF0004"),
        ("global_defs {\nrouter_id \"a\n}\n", "SF0207"),
        ("global_defs {\nrouter_id \"a\\\"b\"\n}\n", "SF0207"),
    ] {
        let loaded = read(text);
        assert!(codes(&loaded).contains(&code.into()), "{text:?}: {:?}", codes(&loaded));
        assert!(loaded.test_status() != 0);
    }
    let long = format!("global_defs {{\nrouter_id {}\n}}\n", "a".repeat(1100));
    assert!(codes(&read(&long)).contains(&"SF0003".into()));
    let just = format!("global_defs {{\nrouter_id {}\n}}\n", "a".repeat(1000));
    assert!(codes(&read(&just)).is_empty());
}

/// Keywords are small letters; so are the words for yes and no.
/// L1-04.
#[test]
fn case_matters() {
    assert_eq!(codes(&read("GLOBAL_DEFS\n")), ["SF0201"]);
    for (word, good) in [
        ("on", true),
        ("off", true),
        ("true", true),
        ("false", true),
        ("yes", true),
        ("no", true),
        ("TRUE", false),
        ("1", false),
    ] {
        let loaded = read(&format!("vrrp_instance a {{\n{INSTANCE}lower_prio_no_advert {word}\n}}\n"));
        assert_eq!(loaded.test_status() == 0, good, "{word}");
    }
}

/// `key \` is the word `key`, a backslash, and another line.
/// L1-10.
#[test]
fn lines_do_not_go_on() {
    let loaded = read("global_defs {\nrouter_id \\\nvalue\n}\n");
    assert_eq!(codes(&loaded), ["SF0201"]);
    assert_eq!(loaded.effective.unwrap().daemon.router_id, "\\");
}

/// L1-12.
#[test]
fn a_script_line_is_split_twice() {
    let text = |line: &str| {
        format!(
            "global_defs {{\nenable_script_security\nscript_user root\n}}\nvrrp_instance a {{\n{INSTANCE}{line}\n}}\n"
        )
    };
    let notify = |line: &str| effective(&text(line)).vrrp.instances[0].notify.any.clone().unwrap();
    let command = notify("notify \"/opt/n.sh a 'b c'\" alice staff");
    assert_eq!(command.argv, ["/opt/n.sh", "a", "b c"]);
    assert_eq!(command.account.unwrap().uid, 65_534);
    assert_eq!(notify("notify /opt/n.sh").argv, ["/opt/n.sh"]);
    let script = |line: &str| {
        let text = text("track_script {\ns\n}")
            .replace("vrrp_instance", &format!("vrrp_script s {{\n{line}\n}}\nvrrp_instance"));
        effective(&text).vrrp.scripts[0].command.argv.clone()
    };
    // Further words are no arguments, and nobody's name.
    assert_eq!(script("script /bin/x a b"), ["/bin/x"]);
    assert_eq!(script("script \"/bin/x a b\""), ["/bin/x", "a", "b"]);
    assert_eq!(script("script '/bin/x \"a b\" c\\x41\\101'"), ["/bin/x", "a b", "cAA"]);
    assert_eq!(script("script /bin/a\"b c\"d"), ["/bin/ab", "cd"]);
}

/// L2-01, L2-02, L2-03, L2-04.
#[test]
fn braces_stand_where_they_like() {
    for text in [
        "global_defs { router_id a }",
        "global_defs{\nrouter_id a\n}",
        "global_defs\n{\nrouter_id a }",
        "global_defs {\nrouter_id a }\nglobal_defs { }",
        "global_defs { notification_email { x y } router_id a }",
    ] {
        assert_eq!(effective(text).daemon.router_id, "a", "{text}");
        assert_eq!(read(text).test_status(), 0, "{text}");
    }
    // Without its brace, what follows is the block all the same.
    let loaded = read("global_defs\nrouter_id a\n}\n");
    assert_eq!((codes(&loaded), loaded.test_status()), (vec!["SF0202".to_owned()], 5));
    assert_eq!(loaded.effective.unwrap().daemon.router_id, "a");
    // What was read of a block that does not end is kept.
    let loaded = read("global_defs {\nrouter_id a\n");
    assert_eq!((codes(&loaded), loaded.test_status()), (vec!["SF0203".to_owned()], 5));
    assert_eq!(loaded.effective.unwrap().daemon.router_id, "a");
    let loaded = read("}\nglobal_defs {\nrouter_id a\n}\n");
    assert_eq!((codes(&loaded), loaded.test_status()), (vec!["SF0204".to_owned()], 5));
    assert_eq!(loaded.effective.unwrap().daemon.router_id, "a");
}

/// Differs: keepalived reads the lines of an unknown block as lines of the block around it. The verdict is the same.
/// L2-05.
#[test]
fn an_unknown_block_is_passed_over() {
    let loaded = read(&format!("vrrp_instance a {{\n{INSTANCE}foo {{ interface eth9 }}\npriority 7\n}}\n"));
    assert_eq!(loaded.test_status(), 5);
    let instance = &loaded.effective.unwrap().vrrp.instances[0];
    assert_eq!((instance.link.as_ref().unwrap().as_str(), instance.priority.0), ("eth0", 7));
}

/// A block that is left out is left out up to its own brace.
#[test]
fn a_rejected_block_ends_at_its_brace() {
    let text = format!(
        "vrrp_instance a {{\n{INSTANCE}}}\nvrrp_instance a {{\nauthentication {{\nauth_type PASS\n}}\n}}\nglobal_defs {{\nrouter_id x\n}}\n"
    );
    let loaded = read(&text);
    assert_eq!(codes(&loaded), ["SF0401"]);
    assert_eq!(loaded.effective.unwrap().daemon.router_id, "x");
}

/// L2-07.
#[test]
fn empty_blocks() {
    for (text, code, status) in [
        ("global_defs {\nnotification_email {\n}\n}\n", "SF0309", 5),
        ("garp_group {\ngarp_interval 0.1\ninterfaces {\n}\n}\n", "SF0309", 5),
        ("vrrp_sync_group G {\n}\n", "SF0309", 5),
        ("virtual_server 192.0.2.1 80 {\n}\n", "SF0701", 5),
        ("global_defs {\n}\n", "", 0),
    ] {
        let loaded = read(text);
        assert!(code.is_empty() || codes(&loaded).contains(&code.into()), "{text}: {:?}", codes(&loaded));
        assert_eq!(loaded.test_status(), status, "{text}");
    }
    let text = "virtual_server 192.0.2.1 80 {\nprotocol TCP\nlb_algo rr\nlb_kind NAT\nreal_server 192.0.2.2 80 {\nTCP_CHECK {\n}\nPING_CHECK {\n}\n}\n}\n";
    let loaded = read(text);
    assert_eq!(loaded.test_status(), 0, "{}", loaded.render(false));
    assert_eq!(loaded.effective.unwrap().check.virtual_servers[0].real_servers[0].checks.len(), 2);
}

/// A keyword without its word stops the reading: status 2, also of a daemon.
/// L2-08.
#[test]
fn a_missing_word_stops_everything() {
    let loaded = read("global_defs {\nsmtp_server\n}\nnonsense\n");
    assert_eq!((loaded.test_status(), loaded.refusal()), (2, Some(2)));
}

/// L2-09.
#[test]
fn numbers_may_be_followed_by_rubbish_but_not_in_a_test() {
    let text = format!("vrrp_instance a {{\n{INSTANCE}garp_master_delay 7x\n}}\n");
    assert_eq!(codes(&read(&text)), ["SF0302"]);
    let files = InMemory::one("k", text);
    let daemon = load(&Request::new("k"), &files, &Assumed::default());
    assert_eq!(codes(&daemon), ["SF0303"]);
    assert_eq!(daemon.effective.unwrap().vrrp.instances[0].announce.delay.as_secs(), 7);
}

/// L3-01, L3-02, L3-03, L3-04, L3-05, L3-06, L3-07.
#[test]
fn conditions() {
    for (line, id) in [
        ("@main router_id a", "a"),
        ("@^main router_id a", "main.example.net"),
        ("@other router_id a", "main.example.net"),
        ("@^other router_id a", "a"),
        ("  @main router_id a", "a"),
        ("@mainly router_id a", "main.example.net"),
        ("@main", "main.example.net"),
        ("@ main router_id a", "main.example.net"),
        ("router_id @main", "@main"),
        ("@main $X=a\nrouter_id $X", "a"),
    ] {
        assert_eq!(router_id(line), id, "{line}");
    }
    // One condition a line, and none that substitution brings.
    assert_eq!(codes(&read("global_defs {\n@main @^other router_id a\n}\n")), ["SF0201"]);
    assert_eq!(codes(&read("$C=@main\nglobal_defs {\n$C router_id a\n}\n")), ["SF0201"]);
    // The id is the option's, else the node's name to its first dot.
    let files = InMemory::one("k", "global_defs {\n@x router_id a\n}\n");
    assert_eq!(read_as("k", &files, Some("x")).effective.unwrap().daemon.router_id, "a");
}

/// Files, of which some cannot be read.
#[derive(Default)]
struct Shelf(BTreeMap<&'static str, Result<&'static str, Unreadable>>);

impl Files for Shelf {
    fn readable(&self, path: &str) -> Result<(), Unreadable> {
        self.read(path).map(|_| ())
    }
    fn read(&self, path: &str) -> Result<Vec<u8>, Unreadable> {
        let found = self.0.get(path).copied().unwrap_or(Err(Unreadable::Missing));
        found.map(|text| text.as_bytes().to_vec())
    }
    fn matches(&self, pattern: &str) -> Vec<String> {
        let (head, tail) = pattern.split_once('*').unwrap_or((pattern, ""));
        let fits = |path: &&&str| {
            path.starts_with(head) && path.ends_with(tail) && !path[head.len()..].contains('/')
        };
        self.0.keys().filter(fits).map(|path| (*path).to_owned()).collect()
    }
    fn canonical(&self, path: &str) -> String {
        path.into()
    }
}

fn including(line: &'static str) -> Loaded {
    let text: &'static str = Box::leak(format!("{line}\n").into_boxed_str());
    let files = Shelf(BTreeMap::from([
        ("/etc/k/main", Ok(text)),
        ("/etc/k/a.conf", Ok("global_defs {\nrouter_id a\n}\n")),
        ("/etc/k/b.conf", Ok("include d/c.inc\n")),
        ("/etc/k/d/c.inc", Ok("include e.inc\n")),
        ("/etc/k/d/e.inc", Ok("global_defs {\nrouter_id e\n}\n")),
        ("/etc/k/dir", Err(Unreadable::NotAFile)),
        ("/etc/k/prog", Err(Unreadable::Executable)),
        ("/etc/k/x/prog.conf", Err(Unreadable::Executable)),
        ("/etc/k/x/z.conf", Ok("global_defs {\nrouter_id z\n}\n")),
    ]));
    read_as("/etc/k/main", &files, None)
}

/// L4-01, L4-03, L4-04.
#[test]
fn includes_read_what_they_name() {
    let id = |line| including(line).effective.map(|effective| effective.daemon.router_id).unwrap_or_default();
    for (line, wanted) in [
        ("include a.conf", "a"),
        ("include /etc/k/a.conf", "a"),
        ("include b.conf", "e"),
        ("include *.conf", "e"),
        ("include {a,b}.conf", "e"),
        ("include x/*.conf", "z"),
        ("global_defs {\ninclude nothing\nrouter_id own\n}", "own"),
    ] {
        assert_eq!(id(line), wanted, "{line}");
    }
    // Quotes are part of the name; an included file may be a part of a block.
    assert_eq!(id("include \"a.conf\""), "main.example.net");
    assert_eq!(codes(&including("includeq a.conf")), ["SF0201"]);
    assert_eq!(codes(&including("include")), ["SF0201"]);
}

/// Which problems are errors, by spelling: (directory, program, no such file, nothing matches, a brace alternative).
/// L4-02, L4-05.
#[test]
fn spellings_of_include_differ_in_what_they_demand() {
    for (spelling, demands) in [
        ("include", [false, false, false, false, false]),
        ("includer", [true, true, false, false, false]),
        ("includem", [true, true, true, false, false]),
        ("includew", [true, true, true, true, false]),
        ("includeb", [true, true, false, false, true]),
        ("includea", [true, true, true, true, true]),
    ] {
        for (name, demanded) in
            ["dir", "prog", "nothing", "no*thing", "{a.conf,nothing}"].into_iter().zip(demands)
        {
            let line: &'static str = Box::leak(format!("{spelling} {name}").into_boxed_str());
            let loaded = including(line);
            assert_eq!(loaded.test_status(), if demanded { 6 } else { 0 }, "{line}");
            assert_eq!(loaded.refusal(), demanded.then_some(6), "{line}");
        }
    }
    // From `include_check` on, and from the start with the option for all.
    assert_eq!(including("global_defs {\ninclude_check\n}\ninclude nothing").test_status(), 6);
    assert_eq!(including("global_defs {\ninclude_check readable\n}").test_status(), 5);
    let mut request = Request::new("/etc/none");
    request.check_includes = true;
    assert_eq!(load(&request, &Shelf::default(), &Assumed::default()).test_status(), 6);
}

/// L3-08.
#[test]
fn an_include_behind_a_condition_or_of_a_variable_does_not_work() {
    for line in ["@main include a.conf", "$F=a.conf\ninclude $F"] {
        let loaded = including(line);
        assert!(codes(&loaded).contains(&"SF0108".into()), "{line}");
        assert_eq!(loaded.effective.unwrap().daemon.router_id, "main.example.net");
    }
}

/// L4-06, L4-07.
#[test]
fn several_main_files_are_read_in_order_and_places_name_them() {
    let files = Shelf(BTreeMap::from([
        ("/etc/k/a.conf", Ok("global_defs {\nrouter_id a\n}\n")),
        ("/etc/k/b.conf", Ok("nonsense\nglobal_defs {\nrouter_id b\n}\n")),
    ]));
    let loaded = read_as("/etc/k/*.conf", &files, None);
    assert_eq!(codes(&loaded), ["SF0008", "SF0201"]);
    let lines: Vec<_> = loaded.log_lines().collect();
    assert!(lines[1].starts_with("(/etc/k/b.conf: Line 1) "), "{lines:?}");
    assert_eq!(loaded.effective.unwrap().daemon.router_id, "b");
    // With one file its name is left out.
    assert!(read("\nnonsense\n").log_lines().next().unwrap().starts_with("(Line 2) "));
}

/// Missing, a directory, a program: nothing is wrong with the configuration, and a daemon does not start.
/// L8-02, L8-08.
#[test]
fn a_main_file_that_cannot_be_read() {
    for why in [Unreadable::Missing, Unreadable::NotAFile, Unreadable::Executable] {
        let files = Shelf(BTreeMap::from([("k", Err(why))]));
        let loaded = read_as("k", &files, None);
        assert_eq!((loaded.test_status(), loaded.refusal()), (0, Some(6)), "{why:?}");
    }
}

/// L5-01, L5-02, L5-03, L5-04, L5-05, L5-06, L5-07, L2-06.
#[test]
fn definitions() {
    for (lines, id) in [
        ("$X=a\nrouter_id $X", "a"),
        ("$X=  a\nrouter_id $X", "a"),
        ("$X=a\nrouter_id b${X}c", "bac"),
        ("$X=a\nrouter_id \"b ${X} c\"", "b a c"),
        ("$X=\nrouter_id x${X}", "x"),
        ("$X=a b\nrouter_id $X", "a"),
        ("$X=\"a b\"\nrouter_id $X", "a b"),
        ("$X=a # gone\nrouter_id $X", "a"),
        ("$Y=$X\n$X=a\nrouter_id $Y", "a"),
        ("$X=a\n$X=b\nrouter_id $X", "b"),
        ("$X=a\nrouter_id $X-z", "$X-z"),
        ("router_id $NONE", "$NONE"),
        ("$X=a#b\nrouter_id ${X}", "a"),
        ("$X=\"a#b\"\nrouter_id $X", "a#b"),
        ("router_id \"a${_HASH}b${_BANG}\"", "a#b!"),
        ("router_id ${_PWD}", "/etc"),
        ("router_id ${_INSTANCE}", "main"),
        ("router_id ${_RANDOM 5 5}", "5"),
        ("router_id x${_ENV NONE}", "x"),
        ("$_PWD=own\nrouter_id ${_PWD}", "own"),
        ("$M=\\\nrouter_id a \\\n\n$M", "a"),
        ("$M= router_id \\\n\nrouter_id x", "x"),
    ] {
        assert_eq!(router_id(lines), id, "{lines}");
    }
    for line in ["$1A=x", "$A =x"] {
        assert_eq!(codes(&read(&format!("{line}\n"))), ["SF0201"], "{line}");
    }
    // The braces of an undefined name are braces.
    assert!(read("global_defs {\nrouter_id ${NONE}\n}\n").test_status() != 0);
}

/// L6-01, L6-02, L6-03, L6-04, L6-05.
#[test]
fn repetition() {
    let names = |text: &str| -> Vec<String> {
        let one = "$V=\\\nvrrp_instance x$i { \\\n interface eth0 \\\nvirtual_router_id ${i} \\\n\
            virtual_ipaddress { \\\n192.0.2.${i} \\\n} \\\n}\n";
        let loaded = read(&format!("{one}{text}\n"));
        let said = loaded.render(false);
        let effective = loaded.effective.unwrap_or_else(|| panic!("{said}"));
        effective.vrrp.instances.into_iter().map(|instance| instance.name).collect()
    };
    assert_eq!(names("~SEQ(i,3) $V"), ["x1", "x2", "x3"]);
    assert_eq!(names("~SEQ(i,2,4) $V"), ["x2", "x3", "x4"]);
    assert_eq!(names("~SEQ(i,1,4,9) $V"), ["x1", "x5", "x9"]);
    assert_eq!(names("~SEQ(i, 3, 1) $V"), ["x3", "x2", "x1"]);
    assert_eq!(names("~SEQ (i,0x3,04) $V"), ["x3", "x4"]);
    assert_eq!(names("~LST(i,7,9) $V"), ["x7", "x9"]);
    assert_eq!(names("~LST({i,j},{1,2},{3}) $V"), ["x1", "x3"]);
    assert_eq!(names("$E=2\n~SEQ(i,$E) $V"), ["x1", "x2"]);
    // Chained, the left one is outside; the variable keeps its last value.
    assert_eq!(router_id("~SEQ(a,1,2) ~SEQ(b,1,3) router_id $a-$b-\nrouter_id ${a}${b}"), "23");
    assert_eq!(router_id("~SEQ(a,4) ~SEQ(a,2) router_id $a\nrouter_id ${a}"), "2");
    assert_eq!(router_id("~SEQx(a,15,17) router_id ${a}"), "11");
    assert_eq!(router_id("~SEQ(a,-2) router_id ${a}"), "-2");
    assert_eq!(router_id("~SEQ(a,0) router_id ${a}"), "0");
    assert_eq!(router_id("~SEQ(a,3)\nrouter_id x"), "x");
    for bad in
        ["~SEQ(a,1,0,5) k", "~SEQ(a,1,-1,5) k", "~SEQ(a) k", "~SEQ k", "~LST(a,{1,2}) k", "~SEQx(a,-2,1) k"]
    {
        assert_eq!(codes(&read(&format!("{bad}\n"))), ["SF0106"], "{bad}");
    }
}

/// Scripts must be defined above; sync groups and track groups find their members anywhere.
/// L7-02.
#[test]
fn what_must_stand_above() {
    let security = "global_defs {\nenable_script_security\nscript_user root\n}\n";
    let script = "vrrp_script s {\nscript /bin/x\n}\n";
    let instance = format!("vrrp_instance a {{\n{INSTANCE}track_script {{\ns\n}}\n}}\n");
    assert_eq!(read(&format!("{security}{script}{instance}")).test_status(), 0);
    assert_eq!(codes(&read(&format!("{security}{instance}{script}"))), ["SF0402", "SF0405"]);
    let other = INSTANCE.replace("router_id 1", "router_id 2").replace("2.1", "2.2");
    let group = "vrrp_sync_group G {\ngroup {\na\nb\n}\n}\ntrack_group T {\ngroup {\na\n}\n}\n";
    let text = format!("{group}vrrp_instance a {{\n{INSTANCE}}}\nvrrp_instance b {{\n{other}}}\n");
    let loaded = read(&text);
    assert_eq!(loaded.test_status(), 0, "{}", loaded.render(false));
    assert_eq!(loaded.effective.unwrap().vrrp.groups[0].members, ["a", "b"]);
}

/// L7-03, L7-04, L7-05, L8-08.
#[test]
fn what_stands_twice() {
    for block in ["vrrp_sync_group", "track_group", "bfd_instance"] {
        let inside = if block == "bfd_instance" { "neighbor_ip 192.0.2.9" } else { "group {\na\n}" };
        let text = format!(
            "{block} x {{\n{inside}\n}}\n{block} x {{\n{inside}\n}}\nvrrp_instance a {{\n{INSTANCE}}}\n"
        );
        assert!(codes(&read(&text)).contains(&"SF0401".into()), "{block}");
    }
    // The same number on the same interface: nothing runs.
    let text = format!("vrrp_instance a {{\n{INSTANCE}}}\nvrrp_instance b {{\n{INSTANCE}}}\n");
    let loaded = read(&text);
    assert_eq!((loaded.test_status(), loaded.effective.is_none()), (5, true));
    // Told apart by their groups, both run.
    let text = format!(
        "vrrp_instance a {{\n{INSTANCE}}}\nvrrp_instance b {{\n{INSTANCE}mcast_dst_ip 224.0.0.99\n}}\n"
    );
    assert!(read(&text).effective.is_some());
    let server = "virtual_server 192.0.2.1 80 {\nprotocol TCP\nlb_algo rr\nlb_kind NAT\nreal_server 192.0.2.2 80 {\n}\n}\n";
    assert_eq!(read(&format!("{server}{server}")).test_status(), 0);
    assert_eq!(router_id("router_id a\nrouter_id b"), "b");
}

/// Exit statuses of a test: security hides everything but a missing word, ordinary complaints hide what cannot run.
/// L8-02, L8-03, L8-04, L8-05, L8-07.
#[test]
fn statuses() {
    for (text, status) in [
        ("", 0),
        ("linkbeat_interfaces {\neth9\n}\n", 4),
        ("interface_up_down_delays {\neth9 1\n}\n", 4),
        ("static_ipaddress {\n192.0.2.1\n}\n", 4),
        ("nonsense\nlinkbeat_interfaces {\neth9\n}\n", 5),
        ("vrrp_instance a {\ninterface eth9\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n", 5),
    ] {
        let files = InMemory::one("k", text);
        assert_eq!(
            load(&Request { test: true, ..Request::new("k") }, &files, &Bare(&[])).test_status(),
            status,
            "{text}"
        );
    }
    let script = "vrrp_script s {\nscript /bin/x\n}\n";
    let instance = format!("vrrp_instance a {{\n{INSTANCE}track_script {{\ns\n}}\n}}\n");
    assert_eq!(read(&format!("{script}{instance}")).test_status(), 6);
    assert_eq!(read(&format!("{script}{instance}nonsense\n")).test_status(), 6);
    assert_eq!(read(script).test_status(), 0);
}

/// Where the manual page is wrong.
/// L9-01, L9-02.
#[test]
fn what_the_manual_does_not_say() {
    let rules =
        |line: &str| read(&format!("vrrp_instance a {{\n{INSTANCE}virtual_rules {{\n{line}\n}}\n}}\n"));
    assert_eq!(rules("from 192.0.2.0/24 table 100 preference 5 dport 80-90").test_status(), 0);
    assert_eq!(rules("from 192.0.2.0/24 table 100 preference 5 dport 80").test_status(), 5);
    assert_eq!(rules("from 192.0.2.0/24 table 100 preference 5 ip_proto tcp").test_status(), 5);
    // Differs: keepalived loses the word behind `inet6`.
    let routes = read(&format!(
        "vrrp_instance a {{\n{INSTANCE}virtual_routes {{\ninet6 default via 2001:db8::1 dev eth0\n}}\n}}\n"
    ));
    assert_eq!(routes.test_status(), 0);
    let script = |line: &str| {
        let security = "global_defs {\nenable_script_security\nscript_user root\n}\n";
        read(&format!(
            "{security}vrrp_script s {{\nscript /bin/x\n{line}\n}}\nvrrp_instance a {{\n{INSTANCE}track_script {{\ns\n}}\n}}\n"
        ))
    };
    assert_eq!(script("interval 0.005").test_status(), 0);
    assert_eq!(script("interval 0.0005").test_status(), 5);
    for keyword in ["state_file_location", "stats_file_location", "json_file_location"] {
        assert_eq!(codes(&read(&format!("global_defs {{\n{keyword} /tmp/x\n}}\n"))), ["SF0201"]);
    }
    let delays = effective("interface_up_down_delays {\neth0 5\n}\n").vrrp.link_delays;
    assert_eq!((delays[0].down.as_secs(), delays[0].up.as_secs()), (5, 0));
}
