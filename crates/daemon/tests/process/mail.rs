//! Alert mail, at a real relay and at one that misbehaves.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::bench::{Bench, Daemon, is_over, send};

/// `global` in the block of all; the instance mails.
fn configure(bench: &Bench, port: u16, global: &str) {
    bench.configure("smtp_alert");
    let mail = format!(
        "script_user root\n router_id lb1\n smtp_server 127.0.0.1 {port}\n smtp_helo_name lb1.example.net\n \
         notification_email_from keepalived@example.net\n notification_email {{\n  root\n }}\n {global}\n"
    );
    edit(bench, |text| text.replace("script_user root\n", &mail));
}

/// Not by [`Bench::write`], to which the sign in addresses means a directory.
fn edit(bench: &Bench, change: impl FnOnce(String) -> String) {
    fs::write(bench.path("conf"), change(bench.text("conf"))).unwrap();
}

/// A relay that takes everything, or says nothing.
struct Relay {
    port: u16,
    hangs: Arc<AtomicBool>,
    letters: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    fn new(bench: &Bench, port: u16) -> Self {
        let listener = bench.inside(|| TcpListener::bind(("127.0.0.1", port))).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (hangs, letters) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let relay = Self { port, hangs: Arc::clone(&hangs), letters: Arc::clone(&letters) };
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (hangs, letters) = (Arc::clone(&hangs), Arc::clone(&letters));
                std::thread::spawn(move || serve(&stream, &hangs, &letters));
            }
        });
        relay
    }

    /// One that says nothing, at which the configuration is aimed.
    fn hanging(bench: &Bench) -> Self {
        let relay = Self::new(bench, 0);
        relay.hangs.store(true, Ordering::Relaxed);
        configure(bench, relay.port, "");
        relay
    }

    fn subjects(&self) -> Vec<String> {
        let letters = self.letters.lock().unwrap();
        letters.iter().map(|letter| subject(letter).to_owned()).collect()
    }
}

/// What of the subject is not the same for all.
fn subject(letter: &str) -> &str {
    letter
        .split_once("Subject: [lb1] VRRP Instance VI_1 - ")
        .map_or("?", |(_, rest)| rest.lines().next().unwrap())
}

/// It says nothing any more once it hangs, until it is closed.
fn serve(stream: &TcpStream, hangs: &AtomicBool, letters: &Mutex<Vec<String>>) -> Option<()> {
    let mut out = stream;
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let mut say = |words: &str| {
        while hangs.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        write!(out, "{words}\r\n").ok()
    };
    say("220 relay")?;
    loop {
        let line = lines.next()?;
        if line == "DATA" {
            say("354 go on")?;
            let text: Vec<String> = lines.by_ref().take_while(|line| line != ".").collect();
            letters.lock().unwrap().push(text.join("\n"));
        }
        say("250 ok")?;
    }
}

/// The process that sends mail; 0 if there is none.
fn herald(daemon: &Daemon<'_>) -> u32 {
    let pid = daemon.child.id();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let is_it = |pid: &u32| {
        let words = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.contains("--standfast=herald")
    };
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).find(is_it).unwrap_or(0)
}

/// OpenSMTPD with a spool of its own. It is ended when this is dropped.
struct OpenSmtpd(Child);

impl OpenSmtpd {
    fn start(bench: &Bench, port: u16) -> Self {
        bench.write("box", "");
        fs::set_permissions(bench.path("box"), Permissions::from_mode(0o666)).unwrap();
        let text = format!(
            "listen on 127.0.0.1 port {port}\naction \"keep\" mda \"cat >> @/box\" user nobody\n\
             match from any for any action \"keep\"\n"
        );
        bench.write("smtpd.conf", &text);
        let place = "mount -t tmpfs none /var/spool && mount -t tmpfs none /run && exec smtpd -d -f \"$0\"";
        let log = fs::File::create(bench.path("smtpd.log")).unwrap();
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", place]).arg(bench.path("smtpd.conf"));
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let relay = Self(bench.inside(|| command.spawn()).unwrap());
        let connects = || bench.inside(|| TcpStream::connect(("127.0.0.1", port))).is_ok();
        bench.until("the relay", connects);
        relay
    }
}

impl Drop for OpenSmtpd {
    fn drop(&mut self) {
        send(self.0.id(), "TERM");
        let _ = self.0.wait();
    }
}

/// monitoring §6; RFC 5321. The second recipient is refused by the relay, and the first gets the mail.
#[test]
fn alerts_reach_a_real_relay_in_order_from_a_process_without_rights() {
    let test = "alerts_reach_a_real_relay_in_order_from_a_process_without_rights";
    let Some(bench) = Bench::new(test) else { return };
    if Command::new("smtpd").arg("-h").stderr(Stdio::null()).stdout(Stdio::null()).status().is_err() {
        println!("SKIPPED: {test}: there is no smtpd");
        return;
    }
    let _relay = OpenSmtpd::start(&bench, 2525);
    configure(&bench, 2525, "notification_email {\n  stranger@elsewhere.invalid\n }");
    let daemon = bench.start(&[]).master();
    bench.await_log("SMTP alert refused for stranger@elsewhere.invalid: permanent error (550)");
    bench.until("both mails", || bench.text("box").contains("Entering MASTER"));
    let pid = herald(&daemon);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    for line in [
        "Uid:\t65534\t65534",
        "Gid:\t65534\t65534",
        "CapEff:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Name:\tkeepalived_mail",
    ] {
        assert!(status.contains(line), "{line} in {status}");
    }
    bench.until("its end, since there is nothing to do", || is_over(pid));
    assert_eq!(daemon.stop(), Some(0));
    bench.until("the last mail", || bench.text("box").contains("Stopping"));
    let text = bench.text("box");
    let places = ["Entering BACKUP state", "Entering MASTER state", "Stopping"].map(|what| {
        let subject = format!("Subject: [lb1] VRRP Instance VI_1 - {what}\n");
        text.find(&subject).unwrap_or_else(|| panic!("{what} in {text}"))
    });
    assert!(places.is_sorted(), "{text}");
    assert!(
        text.contains("\nFrom: keepalived@example.net\n") && text.contains("Delivered-To: root@"),
        "{text}"
    );
    assert!(text.contains("\n\n=> VRRP Instance is now owning VRRP VIPs <=\n"), "{text}");
}

#[test]
fn alerts_wait_for_a_relay_that_is_away_for_a_moment_and_keep_their_order() {
    let test = "alerts_wait_for_a_relay_that_is_away_for_a_moment_and_keep_their_order";
    let Some(bench) = Bench::new(test) else { return };
    configure(&bench, 2525, "");
    let daemon = bench.start(&[]).master();
    bench.await_log("SMTP alert delayed, SMTP server [127.0.0.1]:2525: Connection error: Connection refused");
    let relay = Relay::new(&bench, 2525);
    bench.until("both mails", || relay.subjects() == ["Entering BACKUP state", "Entering MASTER state"]);
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(relay.subjects()[2..], ["Stopping"], "before the daemon ended");
    assert_eq!(bench.count("SMTP alert lost"), 0);
}

#[test]
fn a_relay_that_hangs_delays_nothing_and_a_stop_waits_for_it_only_so_long() {
    let test = "a_relay_that_hangs_delays_nothing_and_a_stop_waits_for_it_only_so_long";
    let Some(bench) = Bench::new(test) else { return };
    let relay = Relay::hanging(&bench);
    edit(&bench, |text| format!("child_wait_time 1\n{text}"));
    let daemon = bench.start(&[]).master();
    bench.until("the herald", || herald(&daemon) != 0);
    let pid = herald(&daemon);
    assert_eq!(daemon.stop(), Some(0));
    assert!(is_over(pid) && !bench.has_address());
    let lost = "SMTP alert lost (3 so far), \"[lb1] VRRP Instance VI_1 - Stopping\": the daemon stops";
    assert_eq!(bench.count(lost), 1, "{}", bench.text("log"));
    relay.hangs.store(false, Ordering::Relaxed);
}

#[test]
fn a_herald_that_is_killed_loses_no_alert() {
    let Some(bench) = Bench::new("a_herald_that_is_killed_loses_no_alert") else { return };
    let relay = Relay::hanging(&bench);
    let daemon = bench.start(&[]).master();
    bench.until("the herald", || herald(&daemon) != 0);
    send(herald(&daemon), "KILL");
    bench.await_log("its herald died; tried again in 1 seconds");
    relay.hangs.store(false, Ordering::Relaxed);
    bench.until("both mails", || relay.subjects() == ["Entering BACKUP state", "Entering MASTER state"]);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_herald_does_not_outlive_its_supervisor_whatever_the_relay_does() {
    let test = "a_herald_does_not_outlive_its_supervisor_whatever_the_relay_does";
    let Some(bench) = Bench::new(test) else { return };
    let relay = Relay::hanging(&bench);
    let mut daemon = bench.start(&[]).master();
    bench.until("the herald, without rights", || {
        let status = fs::read_to_string(format!("/proc/{}/status", herald(&daemon))).unwrap_or_default();
        status.contains("Name:\tkeepalived_mail")
    });
    let (pid, worker) = (herald(&daemon), bench.pid("vrrp.pid"));
    daemon.signal("KILL");
    daemon.ended();
    bench.until("its end", || is_over(pid));
    bench.until("the worker's end", || is_over(worker));
    relay.hangs.store(false, Ordering::Relaxed);
}

/// cli-and-files §7: "An instance or group does not mail the same state twice in a row; `no_email_faults` drops FAULT."
/// Observed with keepalived 2.2.7: what is dropped does not count as mailed. A worker that is started anew says nothing
/// again that its predecessor said.
#[test]
fn nothing_is_mailed_twice_not_after_a_muted_fault_nor_by_a_new_worker() {
    let test = "nothing_is_mailed_twice_not_after_a_muted_fault_nor_by_a_new_worker";
    let Some(bench) = Bench::new(test) else { return };
    let relay = Relay::new(&bench, 0);
    configure(&bench, relay.port, "no_email_faults");
    // So long an interval that it stays backup.
    let gate = format!("track_file gate {{\n file {}\n}}\n", bench.path("gate").display());
    edit(&bench, |text| {
        let slow = text.replace("advert_int 0.1", "advert_int 40");
        gate + &slow.replace("smtp_alert\n", "smtp_alert\n track_file {\n  gate weight 0\n }\n")
    });
    bench.write("gate", "0");
    let daemon = bench.start(&[]).ready();
    bench.until("the first mail", || relay.subjects() == ["Entering BACKUP state"]);
    bench.write("gate", "1");
    bench.await_log("(VI_1) Entering FAULT STATE");
    bench.write("gate", "0");
    bench.until("backup again", || bench.count("(VI_1) Entering BACKUP STATE") == 2);
    send(bench.pid("vrrp.pid"), "KILL");
    bench.until("backup anew", || bench.count("(VI_1) Entering BACKUP STATE") == 3);
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(relay.subjects(), ["Entering BACKUP state", "Stopping"]);
}

#[test]
fn without_a_relay_or_a_recipient_nothing_is_started() {
    let Some(bench) = Bench::new("without_a_relay_or_a_recipient_nothing_is_started") else { return };
    bench.configure("smtp_alert");
    let daemon = bench.start(&[]).master();
    assert_eq!(herald(&daemon), 0);
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(bench.count("SMTP"), 0);
}
