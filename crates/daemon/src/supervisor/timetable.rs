//! Reloads by the clock (`reload_time_file`): the first line of a file says when.
//!
//! The line is `HH:MM:SS`, `YY-MM-DD HH:MM:SS` or `YYYY-MM-DD HH:MM:SS`, local time, or UTC with a `Z` behind it. A time
//! without a date is today's, or tomorrow's if that has passed. After its reload the file is removed, unless
//! `reload_repeat` has it count every day.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::effective;
use host::{Instant, Severity};
use linux::clock::{self, Calendar, WallTime};
use linux::watch_file::FileWatch;
use linux::{Interest, Token, process};

use super::Supervisor;

/// The time file, among what the supervisor waits for.
pub(super) const TIME_FILE: Token = Token(0);

/// How often the clock is looked at, which somebody may set.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Longest line.
const MOST_BYTES: u64 = 64;
const DAY: i64 = 86_400;

/// When to reload.
#[derive(Debug, Default)]
pub(super) struct Timetable {
    watch: Option<FileWatch>,
    path: Option<PathBuf>,
    repeat: bool,
    /// Seconds since 1970.
    due: Option<i64>,
    look: Option<Instant>,
}

impl Timetable {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.look
    }

    /// When the next reload is due, in seconds since 1970.
    fn plan(&mut self, due: Option<i64>, now: Instant) {
        self.due = due;
        self.look = due.map(|due| {
            let left = u64::try_from(due - clock::wall().seconds).unwrap_or(0);
            now + Duration::from_secs(left).min(LOOK_EVERY)
        });
    }
}

impl Supervisor {
    /// Follows the file of the configuration in force.
    pub(super) fn follow_time_file(&mut self, now: Instant) {
        let effective::Reload { time_file, repeat, .. } = &self.effective.daemon.reload;
        let path = time_file.as_ref().map(PathBuf::from);
        self.timetable.repeat = *repeat;
        if path != self.timetable.path {
            if let Some(old) = self.timetable.watch.take() {
                self.poll.unwatch(&old);
            }
            self.timetable.path = path;
            if let Some(path) = self.timetable.path.clone() {
                match FileWatch::open() {
                    Ok(mut watch) => {
                        watch.follow([path]);
                        // One that cannot be watched is read once.
                        let _ = self.poll.watch(&watch, TIME_FILE, Interest::Read);
                        self.timetable.watch = Some(watch);
                    }
                    Err(error) => self.log(Severity::Error, &format!("Unable to follow files: {error}")),
                }
            }
        }
        self.read_time_file(now);
    }

    /// Something happened to the file, or beside it.
    pub(super) fn time_file_changed(&mut self, now: Instant) {
        let changed = self.timetable.watch.as_mut().map(FileWatch::changed).unwrap_or_default();
        if !changed.is_empty() {
            self.read_time_file(now);
        }
    }

    /// Reloads if it is time.
    pub(super) fn expire_timetable(&mut self, now: Instant) {
        if self.timetable.look.is_none_or(|look| look > now) {
            return;
        }
        if self.timetable.due.is_none_or(|due| due > clock::wall().seconds) {
            let due = self.timetable.due;
            return self.timetable.plan(due, now);
        }
        self.log(Severity::Info, "Reloading at the time that the reload time file says");
        self.timetable.plan(None, now);
        if !self.timetable.repeat
            && let Some(Err(error)) = self.timetable.path.as_ref().map(fs::remove_file)
        {
            self.log(Severity::Warning, &format!("Unable to remove the reload time file: {error}"));
        }
        self.ask_reload(now);
    }

    fn read_time_file(&mut self, now: Instant) {
        let line = match self.timetable.path.as_deref().map(first_line) {
            Some(Err(error)) if process::is_shortage(&error) => {
                let line = format!("Unable to read the reload time file: {error}");
                return self.log(Severity::Warning, &line);
            }
            line => line.and_then(Result::ok),
        };
        let due = match line.as_deref().map(|line| (line, due(line, clock::wall().seconds, local))) {
            None => None,
            Some((_, Some(due))) => Some(due),
            Some((line, None)) => {
                self.log(Severity::Warning, &format!("`{line}` in the reload time file is no time to come"));
                None
            }
        };
        if due.is_some() && due != self.timetable.due {
            let seconds = due.unwrap_or_default() - clock::wall().seconds;
            self.log(Severity::Info, &format!("Reload scheduled in {seconds} seconds"));
        }
        self.timetable.plan(due, now);
    }
}

fn first_line(path: &Path) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(File::open(path)?.take(MOST_BYTES)).read_line(&mut line)?;
    Ok(line.trim_end_matches('\n').to_owned())
}

fn local(seconds: i64) -> Calendar {
    WallTime { seconds, nanos: 0 }.local()
}

/// When a line's time is, in seconds since 1970; `None` if it has passed, or makes no sense.
fn due(line: &str, now: i64, local: impl Fn(i64) -> Calendar) -> Option<i64> {
    let (text, utc) = line.strip_suffix('Z').map_or((line, false), |text| (text, true));
    let to_seconds = |written: i64| if utc { written } else { from_local(written, &local) };
    let (date, time) = text.split_once(' ').map_or((None, text), |(date, time)| (Some(date), time));
    let time = seconds_of_day(time)?;
    let due = match date {
        Some(date) => to_seconds(day_of(date)? * DAY + time),
        None => {
            let today = if utc { now.div_euclid(DAY) } else { written(&local(now)).div_euclid(DAY) };
            let first = to_seconds(today * DAY + time);
            if first > now { first } else { to_seconds((today + 1) * DAY + time) }
        }
    };
    (due > now).then_some(due)
}

fn seconds_of_day(text: &str) -> Option<i64> {
    let [hour, minute, second] = numbers(text, ':', [2, 2, 2])?;
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

/// Days since 1970 of `YY-MM-DD` or `YYYY-MM-DD`.
fn day_of(text: &str) -> Option<i64> {
    let short = numbers(text, '-', [2, 2, 2]).map(|[year, month, day]| [year + 2000, month, day]);
    let [year, month, day] = short.or_else(|| numbers(text, '-', [4, 2, 2]))?;
    let possible = (1..=12).contains(&month) && (1..=31).contains(&day);
    possible.then(|| days(year, month, day))
}

/// Three numbers of so many digits each.
fn numbers(text: &str, between: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let parts: Vec<&str> = text.split(between).collect();
    let fits =
        |(part, digits): (&&str, usize)| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() != 3 || !parts.iter().zip(digits).all(fits) {
        return None;
    }
    let mut values = [0; 3];
    for (value, part) in values.iter_mut().zip(parts) {
        *value = part.parse().ok()?;
    }
    Some(values)
}

/// What a local time, taken as if it were UTC, is in UTC.
fn from_local(written_there: i64, local: impl Fn(i64) -> Calendar) -> i64 {
    let offset = |at: i64| written(&local(at)) - at;
    // The first guess may be on the other side of a change of the offset.
    let guess = written_there - offset(written_there);
    written_there - offset(guess)
}

/// Seconds since 1970 of what a calendar shows, as if it were UTC's.
fn written(calendar: &Calendar) -> i64 {
    let Calendar { year, month, day, hour, minute, second, weekday: _, offset: _ } = *calendar;
    days(i64::from(year), i64::from(month), i64::from(day)) * DAY
        + i64::from(hour) * 3600
        + i64::from(minute) * 60
        + i64::from(second)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years are counted from March, so that the leap day is the last.
    let year = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24 07:00:00 UTC.
    const NOW: i64 = 1_795_503_600;

    /// A place that is two hours before UTC.
    fn there(seconds: i64) -> Calendar {
        let at = seconds + 7200;
        let second_of_day = at.rem_euclid(DAY);
        let mut calendar = Calendar { weekday: 0, ..Calendar::EPOCH };
        let small = |value: i64| u8::try_from(value).unwrap();
        calendar.hour = small(second_of_day / 3600);
        calendar.minute = small(second_of_day / 60 % 60);
        calendar.second = small(second_of_day % 60);
        let day = at.div_euclid(DAY);
        let found = (1969..2100)
            .flat_map(|year| (1..=12).map(move |month| (year, month)))
            .rfind(|(year, month)| days(*year, *month, 1) <= day)
            .unwrap();
        calendar.year = i32::try_from(found.0).unwrap();
        calendar.month = small(found.1);
        calendar.day = small(day - days(found.0, found.1, 1) + 1);
        calendar
    }

    #[test]
    fn days_are_counted_as_the_calendar_has_them() {
        for ((year, month, day), expected) in [
            ((1970, 1, 1), 0),
            ((1969, 12, 31), -1),
            ((2000, 2, 29), 11_016),
            ((2000, 3, 1), 11_017),
            ((2026, 11, 24), 20_781),
        ] {
            assert_eq!(days(year, month, day), expected);
        }
        assert_eq!(NOW, 20_781 * DAY + 7 * 3600);
    }

    /// cli-and-files §10: "first line exactly `HH:MM:SS`, `YY-MM-DD HH:MM:SS` or `YYYY-MM-DD HH:MM:SS`, optional `Z`".
    #[test]
    fn a_line_says_when() {
        for (line, after) in [
            ("07:00:01Z", Some(1)),
            ("07:00:00Z", Some(DAY)),
            ("06:59:59Z", Some(DAY - 1)),
            ("09:00:05", Some(5)),
            ("26-11-24 07:01:00Z", Some(60)),
            ("2026-11-24 09:01:00", Some(60)),
            ("2026-11-24 06:00:00Z", None),
            ("7:00:01Z", None),
            ("07:00:61Z", None),
            ("2026-13-01 00:00:00", None),
            ("226-11-24 07:01:00", None),
            ("", None),
            ("soon", None),
        ] {
            assert_eq!(due(line, NOW, there).map(|due| due - NOW), after, "{line}");
        }
    }
}
