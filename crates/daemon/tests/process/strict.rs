//! Strict mode.

use super::bench::Bench;

/// What it undoes it says, line by line, and runs all the same; a virtual router without an address does not run.
///
/// vrrp-behaviour §6.
/// As observed: B6-01.
#[test]
fn strict_mode_says_what_it_undoes_and_runs_unless_there_is_no_address() {
    let test = "strict_mode_says_what_it_undoes_and_runs_unless_there_is_no_address";
    let Some(bench) = Bench::new(test) else { return };
    let configure = |more: &str| {
        bench.configure(more);
        let text = bench.text("conf").replace("script_user root", "script_user root\n vrrp_strict");
        bench.write("conf", &text);
        text
    };
    configure(
        "preempt_delay 5\n down_timer_adverts 4\n garp_lower_prio_repeat 3\n garp_lower_prio_delay 3\n \
         lower_prio_no_advert off\n higher_prio_send_advert\n \
         authentication {\n  auth_type PASS\n  auth_pass secret\n }",
    );
    let daemon = bench.start(&[]).master();
    for (line, words) in [
        (8, "strict mode takes the state BACKUP with priority 100"),
        (16, "preempt_delay does not go with strict mode; it is ignored"),
        (17, "strict mode takes 3 for down_timer_adverts"),
        (18, "strict mode sends no gratuitous ARPs after a lower priority was heard"),
        (19, "strict mode sends no gratuitous ARPs after a lower priority was heard"),
        (20, "strict mode sets lower_prio_no_advert on"),
        (21, "strict mode sets higher_prio_send_advert off"),
        (23, "version 3 has no authentication; it is ignored"),
    ] {
        let said = format!("(Line {line}) (VI_1) {words}");
        assert_eq!(bench.count(&said), 1, "{said}\n{}", bench.text("log"));
    }
    assert_eq!(daemon.stop(), Some(0));

    // Version 2 runs without an address if it is not strict.
    let text = configure("").replace("version 3", "version 2").replace("advert_int 0.1", "advert_int 1");
    let text = text.replace("10.60.0.100/24", "");
    bench.write("conf", &text);
    let mut daemon = bench.start(&[]);
    assert_eq!(daemon.ended().code(), Some(2));
    bench.await_log("(VI_1) Strict mode needs at least one address");
    bench.write("conf", &text.replace("vrrp_strict", ""));
    let daemon = bench.start(&[]).ready();
    bench.await_log("(VI_1) the virtual router has no address");
    assert_eq!(daemon.stop(), Some(0));
}
