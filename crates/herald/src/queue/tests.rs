use super::*;
use crate::letter::Relay;

struct Bench {
    queue: Queue,
    now: Instant,
    said: Vec<Happening>,
}

fn letter(subject: &str) -> Letter {
    let patience = Duration::from_secs(10);
    let relay = Relay { host: "192.0.2.1".into(), port: 25, greeting: "lb1".into(), patience };
    Letter::new(relay, "a@x", &["b@x".into(), "c@x".into()], "", subject, "")
}

fn taken() -> Report {
    Report { taken: 2, ..Report::default() }
}

fn trouble() -> Report {
    Report {
        remaining: vec!["b@x".into(), "c@x".into()],
        trouble: Some("no route".into()),
        ..Report::default()
    }
}

impl Bench {
    fn new(subjects: &[&str]) -> Self {
        let mut bench = Self { queue: Queue::default(), now: Instant::from_millis(5000), said: Vec::new() };
        for subject in subjects {
            bench.push(subject);
        }
        bench
    }

    fn push(&mut self, subject: &str) {
        self.queue.push(letter(subject), self.now, &mut self.said);
    }

    /// The subject of what is handed over.
    fn hand_over(&mut self) -> Option<String> {
        self.queue.hand_over(self.now).map(|letter| letter.subject)
    }

    fn answer(&mut self, report: Report) {
        self.queue.answered(report, self.now, &mut self.said);
    }

    /// Goes to the queue's deadline; says how far that was.
    fn wait(&mut self) -> Duration {
        let until = self.queue.deadline().expect("it waits for something");
        let passed = until.since(self.now);
        self.now = until;
        passed
    }

    fn lost(&self) -> Vec<&str> {
        let subject = |happening: &Happening| match happening {
            Happening::Lost { subject, .. } => Some(subject.clone()),
            Happening::Sent
            | Happening::Refused { .. }
            | Happening::Postponed { .. }
            | Happening::AllLost { .. } => None,
        };
        // Leaked: a handful of words in a test.
        self.said.iter().filter_map(subject).map(|subject| &*subject.leak()).collect()
    }
}

#[test]
fn letters_go_one_at_a_time_in_order() {
    let mut bench = Bench::new(&["1", "2", "3"]);
    assert_eq!(bench.hand_over().as_deref(), Some("1"));
    assert_eq!(bench.hand_over(), None, "the first is not answered");
    bench.answer(taken());
    assert_eq!(bench.hand_over().as_deref(), Some("2"));
    bench.answer(taken());
    assert_eq!(bench.hand_over().as_deref(), Some("3"));
    bench.answer(taken());
    assert_eq!(bench.hand_over(), None);
    assert_eq!((bench.queue.waiting(), bench.queue.counts(), bench.queue.deadline()), (0, (3, 0), None));
    assert_eq!(bench.said, vec![Happening::Sent; 3]);
}

#[test]
fn a_letter_that_fails_is_tried_again_ever_more_slowly_and_those_behind_it_wait() {
    let mut bench = Bench::new(&["1", "2"]);
    let mut rests = Vec::new();
    for _ in 0..8 {
        assert_eq!(bench.hand_over().as_deref(), Some("1"));
        bench.answer(trouble());
        assert_eq!(bench.hand_over(), None);
        rests.push(bench.wait().as_secs());
    }
    assert_eq!(rests, [1, 2, 4, 8, 16, 32, 60, 60]);
    for subject in ["1", "2"] {
        assert_eq!(bench.hand_over().as_deref(), Some(subject));
        bench.answer(taken());
    }
    bench.push("3");
    bench.hand_over();
    bench.answer(trouble());
    assert_eq!(bench.wait().as_secs(), 1, "it went well in between");
}

#[test]
fn only_those_who_did_not_get_it_are_tried_again() {
    let mut bench = Bench::new(&["1"]);
    bench.hand_over();
    bench.answer(Report { taken: 1, remaining: vec!["c@x".into()], ..trouble() });
    bench.wait();
    assert_eq!(bench.queue.hand_over(bench.now).unwrap().recipients, ["c@x"]);
}

#[test]
fn a_letter_that_is_refused_for_all_is_lost_said_and_counted() {
    let mut bench = Bench::new(&["1", "2"]);
    bench.hand_over();
    let refused = vec![("b@x".into(), "550 no".into()), ("c@x".into(), "550 never".into())];
    bench.answer(Report { refused, ..Report::default() });
    assert_eq!(bench.lost(), ["1"]);
    assert_eq!(bench.queue.counts(), (0, 1));
    let lines: Vec<String> = bench.said.iter().map(ToString::to_string).collect();
    assert_eq!(lines[0], "SMTP alert refused for b@x: 550 no");
    assert_eq!(lines[2], "SMTP alert lost (1 so far), \"1\": 550 never");
    assert_eq!(bench.hand_over().as_deref(), Some("2"), "at once");
}

#[test]
fn a_letter_is_given_up_after_an_hour() {
    let mut bench = Bench::new(&["1"]);
    let begin = bench.now;
    while bench.queue.waiting() > 0 {
        assert!(bench.hand_over().is_some());
        bench.answer(trouble());
        if bench.queue.waiting() > 0 {
            bench.wait();
        }
        assert!(bench.now.since(begin) < MOST_AGE + LONGEST_REST);
    }
    assert!(bench.now.since(begin) >= MOST_AGE);
    assert_eq!(bench.lost(), ["1"]);
}

#[test]
fn a_full_queue_loses_the_oldest_that_nobody_has() {
    let mut bench = Bench::new(&["first", "second"]);
    bench.hand_over();
    for number in 2..=MOST_WAITING {
        bench.push(&number.to_string());
    }
    assert_eq!(bench.queue.waiting(), MOST_WAITING);
    assert_eq!(bench.lost(), ["second"]);
    bench.answer(taken());
    assert_eq!(bench.hand_over().as_deref(), Some("2"));
}

#[test]
fn a_herald_that_dies_loses_nothing_unless_it_dies_of_it() {
    let mut bench = Bench::new(&["1", "2"]);
    for _ in 0..2 {
        assert_eq!(bench.hand_over().as_deref(), Some("1"));
        bench.queue.forsaken(bench.now, &mut bench.said);
        assert_eq!(bench.lost(), [""; 0]);
        bench.wait();
    }
    bench.hand_over();
    bench.queue.forsaken(bench.now, &mut bench.said);
    assert_eq!(bench.lost(), ["1"]);
    bench.wait();
    assert_eq!(bench.hand_over().as_deref(), Some("2"));
}

#[test]
fn a_herald_that_has_nothing_may_die_without_a_word() {
    let mut bench = Bench::new(&["1"]);
    bench.queue.forsaken(bench.now, &mut bench.said);
    bench.answer(taken());
    assert_eq!((bench.queue.waiting(), bench.said.len()), (1, 0));
}

#[test]
fn a_herald_has_as_long_as_the_relay_may_take_for_every_answer() {
    let mut bench = Bench::new(&["1"]);
    bench.hand_over();
    let begin = bench.now;
    assert!(!bench.queue.is_overdue(bench.now));
    bench.wait();
    assert!(bench.queue.is_overdue(bench.now));
    // Two recipients and eight other steps of ten seconds.
    assert_eq!(bench.now.since(begin), Duration::from_secs(100));
}

#[test]
fn at_the_stop_all_have_one_more_chance_at_once() {
    let mut bench = Bench::new(&["1", "2", "3"]);
    bench.hand_over();
    bench.answer(trouble());
    assert_eq!(bench.hand_over(), None);
    bench.queue.hurry();
    assert_eq!(bench.hand_over().as_deref(), Some("1"));
    bench.answer(taken());
    assert_eq!(bench.hand_over().as_deref(), Some("2"));
    bench.answer(trouble());
    assert_eq!(bench.lost(), ["2", "3"], "a relay that does not answer holds nothing up");
    assert_eq!((bench.queue.waiting(), bench.queue.deadline()), (0, None));
}

#[test]
fn a_letter_that_came_too_late_for_its_herald_goes_to_the_next_at_once() {
    let mut bench = Bench::new(&["1"]);
    bench.hand_over();
    bench.queue.untouched();
    assert_eq!(bench.hand_over().as_deref(), Some("1"));
    assert_eq!(bench.said, []);
}

#[test]
fn many_that_are_lost_at_once_are_counted_in_one_line() {
    let mut bench = Bench::new(&["x"; 17]);
    bench.queue.give_up("the daemon stops", &mut bench.said);
    let lines: Vec<String> = bench.said.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["17 SMTP alerts lost (17 so far): the daemon stops"]);
    assert_eq!((bench.queue.waiting(), bench.queue.counts()), (0, (0, 17)));
}
