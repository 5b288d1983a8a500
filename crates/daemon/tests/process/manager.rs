//! What systemd hears.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use super::bench::Bench;

#[test]
fn the_service_manager_hears_of_readiness_reload_and_stop() {
    let Some(bench) = Bench::new("the_service_manager_hears_of_readiness_reload_and_stop") else { return };
    bench.configure("");
    let manager = UnixDatagram::bind(bench.path("notify")).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let next = || {
        let mut buffer = [0; 500];
        let length = manager.recv(&mut buffer).expect("it is told");
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    let mut command = bench.command();
    command.env("NOTIFY_SOCKET", bench.path("notify"));
    let daemon = bench.spawn(&mut command);
    let ready = format!("READY=1\nMAINPID={}", daemon.child.id());
    assert_eq!(next(), ready);
    daemon.signal("HUP");
    assert!(next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert_eq!(next(), ready);
    // A bad file: the reload is over all the same.
    bench.write("conf", "vrrp_instance {");
    daemon.signal("HUP");
    assert!(next().starts_with("RELOADING=1\n"));
    assert_eq!(next(), ready);
    daemon.signal("TERM");
    assert_eq!(next(), "STOPPING=1");
    assert_eq!(daemon.stop(), Some(0));
}
