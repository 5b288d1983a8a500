use std::fs;
use std::os::unix::net::UnixDatagram;

use host::Journal as _;

use super::*;

/// A directory that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("standfast-journal-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
    fn socket(&self) -> PathBuf {
        self.0.join("log")
    }
    fn daemon(&self) -> UnixDatagram {
        let daemon = UnixDatagram::bind(self.socket()).unwrap();
        daemon.set_nonblocking(true).unwrap();
        daemon
    }
    fn journal(&self, detail: bool) -> Journal {
        let options = JournalOptions {
            ident: "Keepalived_vrrp".into(),
            syslog: Some((self.socket(), Facility::Local(3))),
            console: false,
            file: None,
            detail,
        };
        Journal::open(&options).0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// When every sink is tried again, whatever it did.
fn later() -> Instant {
    clock::now() + LONGEST_REST
}

fn next(daemon: &UnixDatagram) -> Option<String> {
    let mut buffer = [0; 8192];
    let length = daemon.recv(&mut buffer).ok()?;
    Some(String::from_utf8(buffer[..length].to_vec()).unwrap())
}

/// RFC 3164 §4: `<PRI>`, then the header's time, then the tag with its process number.
#[test]
fn a_line_in_the_systems_log_has_priority_time_ident_and_number() {
    let scratch = Scratch::new("line");
    let daemon = scratch.daemon();
    scratch.journal(false).write(Severity::Info, "(VI_1) Entering MASTER STATE");
    let line = next(&daemon).unwrap();
    // Facility local3 is 19, severity info is 6: 19 * 8 + 6.
    let rest = line.strip_prefix("<158>").unwrap();
    let tail = format!(" Keepalived_vrrp[{}]: (VI_1) Entering MASTER STATE", std::process::id());
    assert_eq!(&rest[15..], tail);
}

#[test]
fn details_are_written_only_if_wanted() {
    let scratch = Scratch::new("detail");
    let daemon = scratch.daemon();
    scratch.journal(false).write(Severity::Detail, "a");
    assert_eq!(next(&daemon), None);
    scratch.journal(true).write(Severity::Detail, "b");
    assert!(next(&daemon).unwrap().ends_with(": b"));
}

#[test]
fn a_log_daemon_that_comes_late_or_is_restarted_gets_the_lines() {
    let scratch = Scratch::new("restart");
    let mut journal = scratch.journal(false);
    journal.write(Severity::Info, "before there was one");
    let daemon = scratch.daemon();
    journal.write(Severity::Info, "now");
    journal.flush_at(later());
    assert!(next(&daemon).unwrap().ends_with("before there was one"));
    assert!(next(&daemon).unwrap().ends_with("now"));
    drop(daemon);
    fs::remove_file(scratch.socket()).unwrap();
    journal.write(Severity::Info, "while it is away");
    let daemon = scratch.daemon();
    journal.flush_at(later());
    assert_eq!(journal.deadline(), None);
    assert!(next(&daemon).unwrap().ends_with("while it is away"));
}

/// A host without a log daemon must not wake us ten times a second for it.
#[test]
fn a_log_daemon_that_is_not_there_is_looked_for_ever_more_seldom_and_a_new_line_does_not_change_that() {
    let scratch = Scratch::new("absent");
    let mut journal = scratch.journal(false);
    journal.write(Severity::Info, "a line");
    let mut due = journal.deadline().unwrap();
    let mut rests = Vec::new();
    for _ in 0..8 {
        journal.write(Severity::Info, "another");
        assert_eq!(journal.deadline(), Some(due));
        journal.flush_at(due);
        let next = journal.deadline().unwrap();
        rests.push(next.since(due).as_millis());
        due = next;
    }
    assert_eq!(rests, [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
    // One that is found and goes again is looked for soon.
    let daemon = scratch.daemon();
    journal.flush_at(due);
    assert_eq!(journal.deadline(), None);
    drop(daemon);
    journal.write(Severity::Info, "away");
    assert!(journal.deadline().unwrap() <= clock::now() + FIRST_REST);
}

/// It takes ten lines at a time, or whatever the kernel keeps of them.
#[test]
fn a_log_daemon_that_reads_again_has_all_lines_soon() {
    let scratch = Scratch::new("again");
    let daemon = scratch.daemon();
    let mut journal = scratch.journal(false);
    for number in 0..MAX_WAITING {
        journal.write(Severity::Info, &format!("line {number}"));
    }
    // It has hung for long.
    for _ in 0..10 {
        journal.flush_at(journal.deadline().unwrap());
    }
    let mut due = journal.deadline().unwrap();
    while next(&daemon).is_some() {}
    journal.flush_at(due);
    while let Some(next_due) = journal.deadline() {
        assert_eq!(next_due.since(due), FIRST_REST);
        due = next_due;
        while next(&daemon).is_some() {}
        journal.flush_at(due);
    }
}

#[test]
fn a_log_daemon_that_does_not_read_costs_lines_but_no_time_and_their_number_is_told() {
    let scratch = Scratch::new("slow");
    let daemon = scratch.daemon();
    let mut journal = scratch.journal(false);
    // Would hang here if it waited.
    for number in 0..MAX_WAITING * 2 {
        journal.write(Severity::Info, &format!("line {number}"));
    }
    let mut lines = Vec::new();
    let mut now = clock::now();
    loop {
        let before = lines.len();
        now += LONGEST_REST;
        lines.extend(std::iter::from_fn(|| next(&daemon)));
        journal.flush_at(now);
        if lines.len() == before {
            break;
        }
    }
    journal.write(Severity::Info, "after");
    let told = next(&daemon).unwrap();
    let lost: usize =
        told.split(": ").nth(1).and_then(|text| text.split(' ').next()).unwrap().parse().unwrap();
    assert_eq!(lines.len() + lost, MAX_WAITING * 2, "{told}");
    assert!(next(&daemon).unwrap().ends_with(": after"));
}

/// What waits is bounded in lines, also where many are joined to be written together.
#[test]
fn a_file_that_takes_nothing_keeps_no_more_lines_than_a_log_daemon_and_is_told_how_many_it_missed() {
    let scratch = Scratch::new("stuck");
    let path = scratch.0.join("pipe");
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::from_bits_truncate(0o600));
    rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).unwrap();
    // Nobody could open it to write while nobody has it open to read.
    let options = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::NONBLOCK;
    let reader = rustix::fs::open(&path, options, rustix::fs::Mode::empty()).unwrap();
    let options = JournalOptions {
        ident: "Keepalived".into(),
        syslog: None,
        console: false,
        file: Some(path),
        detail: false,
    };
    let mut journal = Journal::open(&options).0;
    let written = MAX_WAITING * 4;
    for number in 0..written {
        journal.write(Severity::Info, &format!("line {number}"));
    }
    let mut text = Vec::new();
    let mut now = clock::now();
    for _ in 0..100 {
        let mut block = [0; 65536];
        while let Ok(length @ 1..) = rustix::io::read(&reader, &mut block) {
            text.extend_from_slice(&block[..length]);
        }
        now += LONGEST_REST;
        journal.flush_at(now);
    }
    let got = String::from_utf8_lossy(&text).lines().count();
    let in_the_pipe = 65536 / "Tue Nov 24 05:54:48 2026: line 0\n".len();
    assert!((MAX_WAITING..=MAX_WAITING + in_the_pipe).contains(&got), "{got}");
    journal.write(Severity::Info, "after");
    let mut block = [0; 4096];
    let length = rustix::io::read(&reader, &mut block).unwrap();
    let told = String::from_utf8_lossy(&block[..length]).into_owned();
    assert!(told.contains(&format!(": {} log lines were lost\n", written - got)), "{got} {told}");
    assert!(told.ends_with(": after\n"), "{told}");
}

#[test]
fn several_lines_are_several_entries_and_control_characters_are_shown() {
    let scratch = Scratch::new("lines");
    let daemon = scratch.daemon();
    scratch.journal(false).write(Severity::Info, "one\ntwo \u{1b}[2J\n\n");
    assert!(next(&daemon).unwrap().ends_with(": one"));
    assert!(next(&daemon).unwrap().ends_with(": two \\u{1b}[2J"));
    assert_eq!(next(&daemon), None);
}

#[test]
fn a_file_is_appended_to_and_begun_anew_after_it_was_moved_away() {
    let scratch = Scratch::new("file");
    let path = scratch.0.join("keepalived.log");
    fs::write(&path, "old\n").unwrap();
    let options = JournalOptions {
        ident: "Keepalived".into(),
        syslog: None,
        console: false,
        file: Some(path.clone()),
        detail: false,
    };
    let (mut journal, failure) = Journal::open(&options);
    assert!(failure.is_none());
    journal.write(Severity::Info, "new");
    let text = fs::read_to_string(&path).unwrap();
    let (first, second) = text.split_once('\n').unwrap();
    assert_eq!(first, "old");
    // `Tue Nov 24 05:54:48 2026: new`, as keepalived writes it.
    assert_eq!(second.len(), "Tue Nov 24 05:54:48 2026: new\n".len());
    assert!(second.ends_with(": new\n"));
    fs::rename(&path, scratch.0.join("rotated")).unwrap();
    for _ in 0..200 {
        journal.write(Severity::Info, "later");
    }
    assert!(fs::read_to_string(&path).unwrap().ends_with(": later\n"));
}

#[test]
fn a_file_that_cannot_be_opened_is_told_of() {
    let options = JournalOptions {
        ident: "Keepalived".into(),
        syslog: None,
        console: false,
        file: Some("/nonexistent/directory/log".into()),
        detail: false,
    };
    assert!(Journal::open(&options).1.is_some());
}

#[test]
fn a_line_that_is_too_long_is_cut() {
    let line = printable(&"ä".repeat(MAX_LINE));
    assert!(line.len() <= MAX_LINE + '…'.len_utf8() + 1);
    assert!(line.ends_with('…'));
}
