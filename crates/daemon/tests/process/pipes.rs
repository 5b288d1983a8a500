//! The event pipes.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};

use super::bench::{Bench, is_over};

/// `more` in the block of the instance, `global` in that of all.
fn configure(bench: &Bench, global: &str, more: &str) {
    bench.configure(more);
    bench.write(
        "conf",
        &bench.text("conf").replace("script_user root\n", &format!("script_user root\n {global}\n")),
    );
}

/// A reader that does not wait.
struct Reader {
    file: File,
    text: String,
    ended: bool,
}

impl Reader {
    fn open(bench: &Bench, name: &str) -> Self {
        bench.until(name, || bench.path(name).exists());
        let file = OpenOptions::new().read(true).custom_flags(0o4000).open(bench.path(name)).unwrap();
        Self { file, text: String::new(), ended: false }
    }

    fn lines(&mut self) -> &str {
        let mut buffer = [0; 4096];
        while let Ok(count) = self.file.read(&mut buffer) {
            if count == 0 {
                self.ended = true;
                break;
            }
            self.text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        }
        &self.text
    }
}

/// vrrp-behaviour §14.
/// As observed: B14-01.
#[test]
fn every_change_is_a_line_in_both_pipes_until_the_end() {
    let Some(bench) = Bench::new("every_change_is_a_line_in_both_pipes_until_the_end") else { return };
    let global = "notify_fifo @/all\n vrrp_notify_fifo @/vrrp nobody\n vrrp_notify_priority_changes";
    configure(&bench, global, "track_interface {\n  eth1 weight 5\n }");
    let daemon = bench.start(&[]).ready();
    let mut readers = [Reader::open(&bench, "all"), Reader::open(&bench, "vrrp")];
    let expected =
        "INSTANCE \"VI_1\" BACKUP_PRIORITY 105\nINSTANCE \"VI_1\" BACKUP 105\nINSTANCE \"VI_1\" MASTER 105\n";
    for reader in &mut readers {
        bench.until("the first lines", || reader.lines() == expected);
    }
    let of = |name: &str| fs::metadata(bench.path(name)).unwrap();
    assert!(of("all").file_type().is_fifo() && of("all").permissions().mode() & 0o777 == 0o600);
    assert_eq!((of("all").uid(), of("vrrp").uid()), (0, 65_534));
    assert_eq!(daemon.stop(), Some(0));
    for reader in &mut readers {
        assert!(reader.lines().ends_with("MASTER 105\nINSTANCE \"VI_1\" STOP 105\n"), "{}", reader.text);
        assert!(reader.ended, "no writer is left");
    }
    assert!(!bench.path("all").exists() && !bench.path("vrrp").exists(), "made, so removed");
}

/// vrrp-behaviour §12, §14.
/// As observed: B12-03.
#[test]
fn a_reload_leaves_a_pipe_open_and_writes_the_states_if_it_is_asked_to() {
    let test = "a_reload_leaves_a_pipe_open_and_writes_the_states_if_it_is_asked_to";
    let Some(bench) = Bench::new(test) else { return };
    let global = "notify_fifo @/all\n fifo_write_vrrp_states_on_reload";
    configure(&bench, global, "");
    let daemon = bench.start(&[]).master();
    let mut reader = Reader::open(&bench, "all");
    let first = "INSTANCE \"VI_1\" BACKUP 100\nINSTANCE \"VI_1\" MASTER 100\n";
    bench.until("the first lines", || reader.lines() == first);
    daemon.signal("HUP");
    let again = format!("{first}INSTANCE \"VI_1\" MASTER 100\n");
    bench.until("the state again", || reader.lines() == again);
    assert!(!reader.ended);
    configure(&bench, "notify_fifo @/other", "");
    daemon.signal("HUP");
    bench.until("the end of the old pipe", || {
        reader.lines();
        reader.ended && !bench.path("all").exists()
    });
    let mut other = Reader::open(&bench, "other");
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(other.lines(), "INSTANCE \"VI_1\" STOP 100\n");
}

/// cli-and-files §5.1: "`*_fifo_script` | FIFO path | once, when the FIFO is opened".
#[test]
fn a_script_reads_a_pipe_from_the_first_line_to_the_last() {
    let Some(bench) = Bench::new("a_script_reads_a_pipe_from_the_first_line_to_the_last") else { return };
    let text =
        "#!/bin/sh\necho $$ > @/reading\nwhile read -r line; do echo \"$1 $line\"; done < \"$2\" >> @/read\n";
    bench.script("reader", text);
    configure(&bench, "notify_fifo @/all\n notify_fifo_script \"@/reader own\"", "");
    let daemon = bench.start(&[]).master();
    bench.until("the lines", || bench.text("read").ends_with("MASTER 100\n"));
    assert_eq!(daemon.stop(), Some(0));
    let lines = ["BACKUP", "MASTER", "STOP"].map(|state| format!("own INSTANCE \"VI_1\" {state} 100\n"));
    assert_eq!(bench.text("read"), lines.concat());
    assert!(is_over(bench.pid("reading")));
}

#[test]
fn a_reader_that_never_ends_is_ended() {
    let Some(bench) = Bench::new("a_reader_that_never_ends_is_ended") else { return };
    bench.script("reader", "#!/bin/sh\necho $$ > @/reading\nexec sleep 1000\n");
    configure(&bench, "notify_fifo @/all\n notify_fifo_script @/reader", "");
    let daemon = bench.start(&[]).master();
    bench.until("the reader", || bench.pid("reading") != 0);
    assert_eq!(daemon.stop(), Some(0));
    assert!(is_over(bench.pid("reading")));
}

#[test]
fn a_pipe_that_nobody_reads_delays_nothing_and_what_is_no_pipe_is_left_alone() {
    let test = "a_pipe_that_nobody_reads_delays_nothing_and_what_is_no_pipe_is_left_alone";
    let Some(bench) = Bench::new(test) else { return };
    bench.write("file", "mine");
    assert!(std::process::Command::new("mkfifo").arg(bench.path("full")).status().unwrap().success());
    let full =
        OpenOptions::new().read(true).write(true).custom_flags(0o4000).open(bench.path("full")).unwrap();
    // Filled to the last byte by somebody else.
    let line = [b'x'; 1];
    let block = [b'x'; 4096];
    while std::io::Write::write(&mut &full, &block).is_ok() {}
    while std::io::Write::write(&mut &full, &line).is_ok() {}
    configure(&bench, "notify_fifo @/full\n vrrp_notify_fifo @/file", "");
    let daemon = bench.start(&[]).master();
    bench.await_log("lines lost: 1 (it is full, nobody reads it)");
    bench.await_log("it is no named pipe");
    assert_eq!(daemon.stop(), Some(0));
    assert!(bench.path("full").exists(), "it was there before");
    assert_eq!(bench.text("file"), "mine");
}

/// monitoring §5: "instance removed by reload | … DELETED 100 (with notify_deleted) … | notify_deleted own words".
#[test]
fn the_removal_of_an_instance_is_told_as_such() {
    let Some(bench) = Bench::new("the_removal_of_an_instance_is_told_as_such") else { return };
    bench.script("told", "#!/bin/sh\necho \"$*\" >> @/states\n");
    configure(&bench, "", "notify @/told\n notify_deleted \"@/told own words\"");
    let conf = bench.text("conf").replace("VI_1", "VI_2").replace("id 7", "id 8").replace("0.100/", "0.101/");
    let second = conf.split_once("vrrp_instance").unwrap().1;
    bench.write("conf", &format!("{}vrrp_instance{second}", bench.text("conf")));
    let daemon = bench.start(&[]).master();
    configure(&bench, "", "notify @/told");
    daemon.signal("HUP");
    bench.await_log("Reload complete");
    bench.until("the last word", || bench.text("states").contains("INSTANCE VI_2 DELETED 100\n"));
    let words = bench.text("states");
    assert!(words.contains("own words\nINSTANCE VI_2 DELETED 100\n"), "{words}");
    assert_eq!(daemon.stop(), Some(0));
}
