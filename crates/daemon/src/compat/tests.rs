use super::*;

fn wish(line: &str) -> Wish {
    let words: Vec<OsString> =
        std::iter::once("keepalived").chain(line.split_whitespace()).map(OsString::from).collect();
    parse(&words)
}

fn options(line: &str) -> Options {
    let wish = wish(line);
    let Wish::Run(options) = wish else { panic!("{line}: {wish:?}") };
    *options
}

fn refusal(line: &str) -> String {
    let wish = wish(line);
    let Wish::Refuse(text) = wish else { panic!("{line}: {wish:?}") };
    text
}

#[test]
fn a_typical_units_command_line_is_understood() {
    let options = options(
        "--dont-fork -D -S 3 -f /etc/keepalived/a.conf -p /run/a.pid --vrrp_pid=/run/b.pid -c /x -b /y",
    );
    assert!(options.foreground && options.detail && options.vrrp && options.respawn && options.syslog);
    assert_eq!(options.facility, Facility::Local(3));
    assert_eq!(options.config, "/etc/keepalived/a.conf");
    assert_eq!(options.pid_file, Some("/run/a.pid".into()));
    assert_eq!(options.vrrp_pid_file, Some("/run/b.pid".into()));
    assert!(options.complaints.is_empty());
}

#[test]
fn letters_may_be_bundled_and_long_names_cut_short() {
    let options = options("-nlDG --dont-resp --log-fac=local5 -u0022");
    assert!(options.foreground && options.console && options.detail && !options.syslog && !options.respawn);
    assert_eq!(options.facility, Facility::Local(5));
    assert_eq!(options.umask, Some(0o022));
    // Two names begin so.
    assert_eq!(refusal("--dont-release"), "Unknown option --dont-release");
}

/// cli-and-files: "optional arguments must be glued or use `=`".
#[test]
fn an_optional_word_must_be_glued_or_follow_an_equals_sign() {
    assert_eq!(options("-g/var/log/k.log").log_file, Some("/var/log/k.log".into()));
    assert_eq!(options("--log-file=/k.log").log_file, Some("/k.log".into()));
    let apart = options("-g /k.log");
    assert_eq!(apart.log_file, Some(DEFAULT_LOG_FILE.into()));
    assert_eq!(apart.complaints, ["Unexpected argument(s): /k.log"]);
    assert!(matches!(wish("-t -f /a"), Wish::Test(options, None) if options.config == "/a"));
    assert!(matches!(wish("-t/tmp/out"), Wish::Test(_, Some(file)) if file == Path::new("/tmp/out")));
}

#[test]
fn what_makes_no_sense_is_refused() {
    assert_eq!(refusal("--bogus"), "Unknown option --bogus");
    assert_eq!(refusal("-Z"), "Unknown option -Z");
    assert_eq!(refusal("-p"), "Missing parameter for option -p");
    assert!(refusal("--vrrp=3").contains("--vrrp"));
    assert_eq!(refusal("--signum=FOO"), "Unknown sigfunc FOO");
}

#[test]
fn what_is_not_there_yet_is_said() {
    let complaint = &options("-x").complaints[0];
    assert!(complaint.contains("--snmp") && complaint.contains("not yet supported"), "{complaint}");
    assert!(refusal("-T").contains("not yet supported"));
}

#[test]
fn the_process_kinds_are_chosen_by_p_and_c() {
    assert!(options("").vrrp);
    assert!(options("-P").vrrp);
    assert!(!options("-C").vrrp);
    assert!(options("-P -C").vrrp);
}

/// The numbers were printed by keepalived 2.2.7 with the GNU C library.
#[cfg(target_env = "gnu")]
#[test]
fn signal_numbers_are_upstreams() {
    for (name, number) in [
        ("STOP", "15"),
        ("RELOAD", "1"),
        ("DATA", "10"),
        ("STATS", "12"),
        ("STATS_CLEAR", "63"),
        ("JSON", "36"),
    ] {
        assert!(matches!(wish(&format!("--signum={name}")), Wish::Answer(text) if text == number), "{name}");
        assert!(matches!(wish(&format!("--signum {name}")), Wish::Answer(text) if text == number), "{name}");
    }
}

#[test]
fn a_bad_facility_or_mask_is_said_and_the_default_stays() {
    let options = options("-S 9 -u abc");
    assert_eq!(options.facility, Facility::Daemon);
    assert_eq!(options.umask, None);
    assert_eq!(options.complaints, ["Invalid log facility '9'", "Invalid --umask option abc"]);
}

#[test]
fn relative_paths_are_made_absolute() {
    let here = std::env::current_dir().unwrap();
    assert_eq!(Path::new(&options("-f k.conf").config), here.join("k.conf"));
}

#[test]
fn the_usage_names_every_option() {
    let Wish::Explain(text) = wish("-h") else { panic!() };
    for flag in flags::FLAGS {
        assert!(text.contains(&format!("--{}", flag.long)), "{}", flag.long);
    }
    assert!(text.starts_with("Usage: keepalived"));
    let Wish::Explain(text) = wish("-v") else { panic!() };
    assert!(text.starts_with("Keepalived ("));
}
