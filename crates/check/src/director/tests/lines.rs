//! What else people read.

use super::bench::*;
use host::Engine;

#[test]
fn a_reload_says_how_much_it_changed() {
    let mut other = service([server(12)]);
    other.target = crate::config::Target::Address { address: address(100), port: 81 };
    let mut bench = Bench::new(config([service([server(11)]), other]));
    bench.said();
    bench.configure(config([service([server(11)])]));
    let said = bench.said();
    assert!(said.contains(&"Virtual servers: 1 kept, 0 adjusted, 0 added, 1 removed".into()), "{said:?}");
}

#[test]
fn the_status_tells_who_serves_and_why() {
    let mut bench = Bench::new(config([sorry(service([server(11)]))]));
    bench.path("11", false);
    let status = bench.director.status(bench.now);
    let [service] = status.services.as_slice() else { panic!("{status:?}") };
    assert_eq!((service.quorum, service.sorry, service.weight), (Some(false), true, 0));
    assert_eq!(service.sorry_server.as_deref(), Some("[10.0.0.14]:tcp:80"));
    let [server] = service.servers.as_slice() else { panic!("{status:?}") };
    assert!(!server.up && !server.checks[0].up);
    assert_eq!(server.checks[0].session.as_deref(), Some("11"));
    assert_eq!((status.outstanding, status.refused), (0, 0));
}
