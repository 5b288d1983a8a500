//! Words that might stand in a configuration.

use super::Draw;
use crate::reference::{self, example_words};
use crate::table::Row;

/// What reading is most likely to stumble over: bounds of numbers, signs of the language, names that mean something.
const ODD: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1",
    "255",
    "256",
    "65535",
    "65536",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "0.000001",
    "1e9",
    ".",
    "1x",
    "0x1f",
    "1-3",
    "{",
    "}",
    "\"",
    "\"\"",
    "'",
    "!",
    "#",
    "\\",
    "\\#",
    "\\x41",
    "$",
    "$A",
    "${A}",
    "${A 1 2}",
    "$1",
    "$_PWD",
    "$_INSTANCE",
    "${_RANDOM 1 9}",
    "${_ENV PATH}",
    "$A=",
    "~SEQ(A, 3)",
    "~SEQ(A, 9, -9, -2, %03d)",
    "~LST({A,B}, {1,2}, {3,4})",
    "@main",
    "@^main",
    "include",
    "0.0.0.0",
    "192.0.2.1",
    "192.0.2.0/24",
    "192.0.2.1-9",
    "300.1.1.1",
    "::",
    "2001:db8::1/64",
    "fe80::1%eth0",
    "ff02::12",
    "224.0.0.18",
    "127.0.0.1",
    "eth0",
    "a-name-too-long-for-a-link",
    "VI_1",
    "VI_2",
    "ü",
    "reverse",
    "weight",
    "inet6",
    "dev",
    "via",
    "nexthop",
    "encap",
    "group",
    "default",
];

/// A block's path, and one of its rows.
pub(super) fn any_row(draw: &mut Draw) -> Option<(&'static str, &'static Row)> {
    let block = draw.one_of(reference::blocks())?;
    Some((block.path.as_str(), draw.one_of(&block.rows)?))
}

/// Something to put into a line: odd, a keyword, an option, a good value, or a word that stands elsewhere.
pub(super) fn any_word(draw: &mut Draw, lines: &[String]) -> String {
    let word = match draw.below(5) {
        0 => any_row(draw).map(|(_, row)| row.name.to_owned()),
        1 => any_row(draw)
            .and_then(|(_, row)| Some(format!("{} {}", draw.one_of(row.options)?.name, odd(draw)))),
        2 => any_row(draw).map(|(path, row)| example_words(path, row)),
        3 => draw.one_of(lines).and_then(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            draw.one_of(&words).map(|word| (*word).to_owned())
        }),
        _ => None,
    };
    word.unwrap_or_else(|| odd(draw).to_owned())
}

fn odd(draw: &mut Draw) -> &'static str {
    draw.one_of(ODD).copied().unwrap_or_default()
}
