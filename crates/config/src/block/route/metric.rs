//! Metrics of a route (`RTAX_*`).

use host::{LinkName, Route};

use crate::block::line::{Dropped, Line};
use crate::diagnostic::code;
use crate::value::leading_decimal;

/// `RTAX_*` numbers from the kernel's `rtnetlink.h`.
const MTU: u16 = 2;
const WINDOW: u16 = 3;
const RTT: u16 = 4;
const RTTVAR: u16 = 5;
const SSTHRESH: u16 = 6;
const CWND: u16 = 7;
const ADVMSS: u16 = 8;
const REORDERING: u16 = 9;
const HOPLIMIT: u16 = 10;
const INITCWND: u16 = 11;
const FEATURES: u16 = 12;
const RTO_MIN: u16 = 13;
const INITRWND: u16 = 14;
const QUICKACK: u16 = 15;
const CC_ALGO: u16 = 16;
const FASTOPEN_NO_COOKIE: u16 = 17;

/// `RTAX_FEATURE_ECN`
const ECN: u32 = 1;

/// Reads a metric; `false` if the word is none.
pub(super) fn metric(
    line: &mut Line<'_, '_, '_>,
    word: &str,
    route: &mut Route<LinkName>,
) -> Result<bool, Dropped> {
    let (number, value) = match word {
        "mtu" => (MTU, lockable(line, word, route, MTU)?),
        "advmss" => (ADVMSS, lockable(line, word, route, ADVMSS)?),
        "reordering" => (REORDERING, lockable(line, word, route, REORDERING)?),
        "cwnd" => (CWND, lockable(line, word, route, CWND)?),
        "ssthresh" => (SSTHRESH, lockable(line, word, route, SSTHRESH)?),
        "window" => (WINDOW, line.number_u32(word)?),
        "initcwnd" => (INITCWND, line.number_u32(word)?),
        "initrwnd" => (INITRWND, line.number_u32(word)?),
        "hoplimit" => (HOPLIMIT, u32::from(line.number_u8(word)?)),
        "quickack" => (QUICKACK, u32::from(line.number(word, 0, 1)? == 1)),
        "fastopen_no_cookie" => (FASTOPEN_NO_COOKIE, u32::from(line.number(word, 0, 1)? == 1)),
        // The kernel keeps eighths and quarters of a millisecond for these two.
        "rtt" => (RTT, time(line, word, route, RTT, 8)?),
        "rttvar" => (RTTVAR, time(line, word, route, RTTVAR, 4)?),
        "rto_min" => (RTO_MIN, time(line, word, route, RTO_MIN, 1)?),
        "congctl" => {
            lock(line, route, CC_ALGO);
            route.congestion_control = Some(line.need(word)?.to_owned());
            return Ok(true);
        }
        "features" => {
            match line.need(word)? {
                "ecn" => set(route, FEATURES, ECN),
                other => line.warn(code::BAD_WORD, format!("`{other}` is no feature; it is ignored")),
            }
            return Ok(true);
        }
        _ => return Ok(false),
    };
    set(route, number, value);
    Ok(true)
}

fn set(route: &mut Route<LinkName>, number: u16, value: u32) {
    route.metrics.retain(|(have, _)| *have != number);
    route.metrics.push((number, value));
}

fn lock(line: &mut Line<'_, '_, '_>, route: &mut Route<LinkName>, number: u16) {
    if line.take("lock") {
        route.locked |= 1 << number;
    }
}

fn lockable(
    line: &mut Line<'_, '_, '_>,
    word: &str,
    route: &mut Route<LinkName>,
    number: u16,
) -> Result<u32, Dropped> {
    lock(line, route, number);
    line.number_u32(word)
}

/// Least and most milliseconds of a time that TCP learns.
const SHORTEST: u128 = 200;
const LONGEST: u128 = 120_000;

/// A time in the kernel's units, so many a millisecond; a number without a unit is in them already.
fn time(
    line: &mut Line<'_, '_, '_>,
    option: &str,
    route: &mut Route<LinkName>,
    number: u16,
    units: u128,
) -> Result<u32, Dropped> {
    lock(line, route, number);
    let word = line.need(option)?;
    let digits = word.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (value, unit) = word.split_at_checked(digits).unwrap_or((word, ""));
    let Some((thousandths, _, false)) = leading_decimal(value, 3) else {
        return Err(line.drop(code::BAD_NUMBER, format!("`{word}` is no time")));
    };
    let raw = match unit {
        "" => thousandths / 1000,
        "s" | "sec" | "secs" => thousandths.saturating_mul(units),
        "ms" | "msec" | "msecs" => thousandths.saturating_mul(units) / 1000,
        _ => return Err(line.drop(code::BAD_NUMBER, format!("`{word}` is no time; write it with s or ms"))),
    };
    let fits = raw.clamp(SHORTEST * units, LONGEST * units);
    if fits != raw {
        let message = format!("`{option}` is taken as {} ms: from 200 ms to 120 s are allowed", fits / units);
        line.warn(code::ADJUSTED, message);
    }
    Ok(u32::try_from(fits).unwrap_or(u32::MAX))
}
