use std::time::Duration;

use nix::sys::signal::{Signal, raise};

use super::*;
use crate::clock;

#[test]
fn a_deadline_in_the_past_does_not_wait_and_the_origin_is_one() {
    let mut poll = Poll::new().unwrap();
    for deadline in [Instant::ZERO, Instant::from_nanos(1), clock::now()] {
        let Woken { expired, signalled, at, .. } = poll.wait(Some(deadline), &mut Vec::new()).unwrap();
        assert!(expired && !signalled && at >= deadline);
    }
}

#[test]
fn a_deadline_ahead_is_never_told_early() {
    let mut poll = Poll::new().unwrap();
    for micros in [50, 700, 3_000] {
        let deadline = clock::now() + Duration::from_micros(micros);
        while !poll.wait(Some(deadline), &mut Vec::new()).unwrap().expired {}
        assert!(clock::now() >= deadline);
    }
}

#[test]
fn a_deadline_that_is_put_off_is_told_when_it_is_due_and_not_before() {
    let mut poll = Poll::new().unwrap();
    let (here, there) = std::os::unix::net::UnixDatagram::pair().unwrap();
    poll.watch(&here, Token(3), Interest::Read).unwrap();
    there.send(b"x").unwrap();
    let early = clock::now() + Duration::from_millis(2);
    let late = early + Duration::from_millis(2);
    let mut ready = Vec::new();
    assert!(!poll.wait(Some(early), &mut ready).unwrap().expired);
    here.recv(&mut [0; 8]).unwrap();
    let woken = poll.wait(Some(late), &mut ready).unwrap();
    assert!(woken.expired && woken.at >= late);
    assert_eq!(ready, [Token(3)]);
}

#[test]
fn a_deadline_that_is_taken_back_does_not_wake() {
    let mut poll = Poll::new().unwrap();
    assert!(poll.wait(Some(Instant::ZERO), &mut Vec::new()).unwrap().expired);
    assert!(!poll.peek(Some(Instant::NEVER), &mut Vec::new()).unwrap().expired);
    assert!(poll.peek(Some(Instant::ZERO), &mut Vec::new()).unwrap().expired);
    assert!(!poll.peek(None, &mut Vec::new()).unwrap().expired);
}

#[test]
fn readiness_is_told_until_it_is_read_and_writing_only_if_asked_for() {
    let mut poll = Poll::new().unwrap();
    let (here, there) = std::os::unix::net::UnixDatagram::pair().unwrap();
    let mut ready = Vec::new();
    poll.watch(&here, Token(3), Interest::Read).unwrap();
    poll.peek(None, &mut ready).unwrap();
    assert_eq!(ready, []);
    there.send(b"x").unwrap();
    poll.wait(None, &mut ready).unwrap();
    poll.wait(None, &mut ready).unwrap();
    assert_eq!(ready, [Token(3), Token(3)]);
    here.recv(&mut [0; 8]).unwrap();
    ready.clear();
    poll.peek(None, &mut ready).unwrap();
    assert_eq!(ready, []);
    poll.rewatch(&here, Token(4), Interest::ReadWrite).unwrap();
    poll.wait(None, &mut ready).unwrap();
    assert_eq!(ready, [Token(4)]);
    poll.unwatch(&here);
    poll.unwatch(&here);
    ready.clear();
    poll.peek(None, &mut ready).unwrap();
    assert_eq!(ready, []);
}

#[test]
fn a_caught_signal_wakes_instead_of_killing() {
    // Blocking signals is the thread's own affair.
    std::thread::spawn(|| {
        let mut poll = Poll::new().unwrap();
        poll.catch(&[libc::SIGHUP]).unwrap();
        poll.catch(&[libc::SIGHUP, libc::SIGTERM]).unwrap();
        raise(Signal::SIGTERM).unwrap();
        raise(Signal::SIGHUP).unwrap();
        assert!(poll.wait(None, &mut Vec::new()).unwrap().signalled);
        assert_eq!(poll.signals(), [libc::SIGHUP, libc::SIGTERM]);
        assert!(!poll.peek(None, &mut Vec::new()).unwrap().signalled);
    })
    .join()
    .unwrap();
}

/// A deadline that passed while a process was stopped must not be met before what came in meanwhile has been looked at.
#[test]
fn what_was_ready_in_time_is_told_with_the_deadline() {
    let mut poll = Poll::new().unwrap();
    let (here, there) = std::os::unix::net::UnixDatagram::pair().unwrap();
    poll.watch(&here, Token(3), Interest::Read).unwrap();
    there.send(b"x").unwrap();
    // Told early, so that the timer is set to another deadline than the one that then passes.
    let early = clock::now() + Duration::from_secs(60);
    let mut ready = Vec::new();
    assert!(!poll.wait(Some(early), &mut ready).unwrap().expired);
    ready.clear();
    let woken = poll.wait(Some(clock::now()), &mut ready).unwrap();
    assert!(woken.expired);
    assert_eq!(ready, [Token(3)], "what was ready in time is told with the deadline");
}
