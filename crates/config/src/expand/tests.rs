//! The preprocessor, statement by statement. What is said "As keepalived" was seen with keepalived 2.2.7.

use super::Expander;
use crate::diagnostic::{Diagnostic, Report};
use crate::files::InMemory;
use crate::load::Request;
use crate::source::Sources;
use crate::surroundings::Assumed;

fn expand_files(files: &InMemory) -> (Vec<String>, Vec<Diagnostic>) {
    let (mut sources, mut report) = (Sources::default(), Report::default());
    let surroundings = Assumed { node_name: "main.example.net".into() };
    let mut lines = Vec::new();
    {
        let request = Request::new("/etc/k.conf");
        let mut expander = Expander::new(&request, files, &surroundings, &mut sources, &mut report);
        expander.start("/etc/k.conf");
        while let Some(line) = expander.next_line() {
            lines.push(expander.sources.text(line).to_owned());
        }
    }
    (lines, report.into_list(&sources))
}

fn expand(text: &str) -> Vec<String> {
    let (lines, found) = expand_files(&InMemory::one("/etc/k.conf", text));
    assert!(found.is_empty(), "{found:?}");
    lines
}

fn codes(files: &InMemory) -> Vec<String> {
    expand_files(files).1.iter().map(|found| found.code.to_string()).collect()
}

/// L1-02, L1-03, L1-05.
#[test]
fn comments_blanks_and_line_ends_go() {
    assert_eq!(expand("  a b \t\r\n# c\n\nd ! e\n\"x # y\" # z"), ["a b", "d", "\"x # y\""]);
}

/// `@ID rest` keeps `rest` only if ID equals the id; `@^ID rest` only if it differs.
/// L3-02, L3-03, L3-04, L3-05.
#[test]
fn conditions_keep_or_drop_a_line() {
    let text = "@main a\n@other b\n@^main c\n@^other d\n@main\n@ e\n@mainly f\nx @main y\n@main @^x g";
    assert_eq!(expand(text), ["a", "d", "x @main y", "@^x g"]);
}

/// L3-06.
#[test]
fn conditions_work_for_definitions() {
    assert_eq!(expand("$P=1\n@main $P=2\np $P"), ["p 2"]);
}

/// As keepalived, against its manual: a condition that a definition brings is data.
/// L3-07.
#[test]
fn a_condition_from_a_definition_is_not_looked_at() {
    assert_eq!(expand("$C=@main\n$C key"), ["@main key"]);
}

/// L5-02.
#[test]
fn definitions_are_put_in_with_and_without_braces() {
    let text = "$A=1 2\n$B= x\nk $A $B, ${A}y $A-z\nq \"$B ${B}\"\n$EMPTY=\nw ${EMPTY}v";
    assert_eq!(expand(text), ["k 1 2 x, 1 2y $A-z", "q \"x x\"", "w v"]);
}

/// L5-03.
#[test]
fn definitions_may_name_later_ones_and_be_redefined() {
    assert_eq!(expand("$A=${B}\n$B=1\nk $A\n$B=2\nk $A"), ["k 1", "k 2"]);
}

/// L5-01.
#[test]
fn what_is_no_definition_stays() {
    assert_eq!(expand("$1A=x\n$A =x"), ["$1A=x", "$A =x"]);
}

/// After substitution comments are stripped again.
/// L5-05.
#[test]
fn a_definition_may_bring_a_comment() {
    assert_eq!(expand("$A=x ${_HASH} y\nk $A\nk \"${_HASH}\""), ["k x", "k \"#\""]);
}

/// L5-06.
#[test]
fn multi_line_definitions_bring_lines() {
    let text = "$M= \\\nblock { \\\n  key $V \\\n}\n$V=1\nhead $M\n$V=2\n$M";
    assert_eq!(expand(text), ["head block {", "key 1", "}", "block {", "key 2", "}"]);
}

/// Differs: keepalived 2.4 ends the definition at the comment, 2.2 does not.
#[test]
fn a_comment_in_a_multi_line_definition_is_complained_of_and_left_out() {
    let files = InMemory::one("/etc/k.conf", "$M=\\\na \\\n # gone \\\nb\n$M");
    assert_eq!(expand_files(&files).0, ["a", "b"]);
    assert_eq!(codes(&files), ["SF0110"]);
}

/// L5-06.
#[test]
fn multi_line_definitions_nest() {
    assert_eq!(expand("$A=\\\na1 \\\na2\n$B=\\\n$A \\\nb\n$B"), ["a1", "a2", "b"]);
}

/// L5-07.
#[test]
fn predefined_names_know_directory_and_id() {
    assert_eq!(expand("k ${_PWD} ${_INSTANCE} ${_RANDOM 5 5} x${_ENV NONE}x"), ["k /etc main 5 xx"]);
}

/// L6-01.
#[test]
fn sequences_count_up_down_and_by_steps() {
    assert_eq!(expand("~SEQ(i, 3) k $i"), ["k 1", "k 2", "k 3"]);
    assert_eq!(expand("~SEQ(i,3,1) k $i"), ["k 3", "k 2", "k 1"]);
    assert_eq!(expand("~SEQ(i,0x10,8,040) k $i"), ["k 16", "k 24", "k 32"]);
    assert_eq!(expand("~SEQ (i, -2) k $i"), ["k -1", "k -2"]);
    assert_eq!(expand("~SEQ(i, 0) k $i"), ["k 1", "k 0"]);
    assert_eq!(expand("~SEQx(i,9,11) k ${i}"), ["k 9", "k a", "k b"]);
    assert_eq!(expand("$E=2\n~SEQ(i,$E) k $i"), ["k 1", "k 2"]);
}

/// L6-02.
#[test]
fn lists_give_values_in_turn() {
    assert_eq!(expand("~LST(v, a, b) k $v"), ["k a", "k b"]);
    assert_eq!(expand("~LST({a,b}, {1,2}, {3}) k ${a}-${b}."), ["k 1-2.", "k 3-."]);
}

/// L6-03.
#[test]
fn the_left_sequence_is_the_outer_loop() {
    assert_eq!(expand("~SEQ(a,2) ~SEQ(b,2) k ${a}${b}"), ["k 11", "k 12", "k 21", "k 22"]);
}

/// L6-03.
#[test]
fn a_sequence_repeats_a_multi_line_definition() {
    assert_eq!(expand("$M=\\\nx $N \\\ny\n~SEQ(N,2) $M"), ["x 1", "y", "x 2", "y"]);
}

#[test]
fn a_definition_may_hold_a_sequence() {
    assert_eq!(expand("$S= ~SEQ(i,2) $M\n$M=\\\nx $i \\\ny\n$S"), ["x 1", "y", "x 2", "y"]);
}

/// L6-05.
#[test]
fn malformed_sequences_are_left_out() {
    for line in
        ["~SEQ(i,1,0,3) k", "~SEQ(i,1,-1,3) k", "~SEQ(i) k", "~SEQ(i,2 k", "~SEQy(i,2) k", "~SEQx(i,-1,2) k"]
    {
        let (lines, found) = expand_files(&InMemory::one("/etc/k.conf", format!("{line}\nend")));
        assert_eq!(lines, ["end"], "{line}");
        assert_eq!(found.len(), 1, "{line}");
    }
}

#[test]
fn a_sequence_of_a_thousand_million_elements_is_an_error() {
    assert_eq!(codes(&InMemory::one("/etc/k.conf", "~SEQ(i,1000000000) k $i")), ["SF0107"]);
}

#[test]
fn a_definition_that_names_itself_is_an_error_with_the_way() {
    let (lines, found) = expand_files(&InMemory::one("/etc/k.conf", "$A=${B}\n$B=${A}\nk $A\nend"));
    assert_eq!(lines, ["end"]);
    assert_eq!(found[0].message, "$A names itself: $A → $B → $A");
    assert_eq!(found[0].related.len(), 2);
}

#[test]
fn a_multi_line_definition_that_names_itself_is_an_error() {
    let (lines, found) = expand_files(&InMemory::one("/etc/k.conf", "$A=\\\nx \\\n$A\n$A\nend"));
    assert_eq!(lines, ["x", "end"]);
    assert_eq!(found[0].code.to_string(), "SF0104");
}

#[test]
fn definitions_that_double_one_another_end_soon() {
    let mut text = String::from("$A0=xxxxxxxxxx\n");
    for i in 0..60 {
        text += &format!("$A{}=${{A{i}}}${{A{i}}}\n", i + 1);
    }
    assert_eq!(codes(&InMemory::one("/etc/k.conf", text + "k $A60")), ["SF0105"]);
    let mut empty = String::from("$A0=\n");
    for i in 0..60 {
        empty += &format!("$A{}=${{A{i}}}${{A{i}}}\n", i + 1);
    }
    assert_eq!(codes(&InMemory::one("/etc/k.conf", empty + "k $A60")), ["SF0105"]);
}

/// L4-04, L4-03.
#[test]
fn includes_are_relative_to_the_file_they_stand_in() {
    let files = InMemory::one("/etc/k.conf", "a\ninclude d/*.conf\nz")
        .with("/etc/d/1.conf", "b\ninclude ../x\ninclude sub/{p,q}\n")
        .with("/etc/d/2.conf", "c")
        .with("/etc/d/sub/p", "p")
        .with("/etc/d/sub/q", "q")
        .with("/etc/d/../x", "x");
    let (lines, found) = expand_files(&files);
    assert_eq!(lines, ["a", "b", "x", "p", "q", "c", "z"]);
    assert!(found.is_empty());
}

/// Quotes are not removed.
/// L4-01.
#[test]
fn the_name_of_an_include_is_the_rest_of_the_line() {
    let files = InMemory::one("/etc/k.conf", "include \"x\"\ninclude a b")
        .with("/etc/\"x\"", "q")
        .with("/etc/a b", "r");
    assert_eq!(expand_files(&files).0, ["q", "r"]);
}

#[test]
fn a_file_that_includes_itself_is_an_error_with_the_way() {
    let files = InMemory::one("/etc/k.conf", "a\ninclude b.conf").with("/etc/b.conf", "b\ninclude k.conf");
    let (lines, found) = expand_files(&files);
    assert_eq!(lines, ["a", "b"]);
    assert_eq!((found[0].code.to_string().as_str(), found[0].refuses), ("SF0102", Some(6)));
    assert_eq!(found[0].related.len(), 1);
}

/// L4-02.
#[test]
fn the_letter_of_an_include_decides_what_is_an_error() {
    for (keyword, missing, no_match, brace) in [
        ("include", false, false, false),
        ("includer", false, false, false),
        ("includem", true, false, false),
        ("includew", true, true, false),
        ("includeb", false, false, true),
        ("includea", true, true, true),
    ] {
        for (pattern, refuses) in [("none", missing), ("none*", no_match), ("{k.conf2,none}", brace)] {
            let files = InMemory::one("/etc/k.conf", format!("{keyword} {pattern}")).with("/etc/k.conf2", "");
            let (_, found) = expand_files(&files);
            assert_eq!(found.len(), 1, "{keyword} {pattern}");
            assert_eq!(found[0].refuses.is_some(), refuses, "{keyword} {pattern}");
        }
    }
    assert_eq!(expand("includeq x"), ["includeq x"]);
}

/// As keepalived: on a conditional line, or with a name in it, an include is not read.
/// L3-08.
#[test]
fn an_include_behind_a_condition_is_not_obeyed() {
    let files = InMemory::one("/etc/k.conf", "@main include x\n$F=x\ninclude $F").with("/etc/x", "x");
    assert_eq!(codes(&files), ["SF0108", "SF0108"]);
}

/// L1-08, L1-09.
#[test]
fn a_zero_byte_drops_its_line_and_a_long_line_is_mentioned() {
    assert_eq!(codes(&InMemory::one("/etc/k.conf", "a\0b")), ["SF0004"]);
    let long = format!("k {}", "x".repeat(1100));
    let (lines, found) = expand_files(&InMemory::one("/etc/k.conf", long.clone()));
    assert_eq!((lines, found[0].code.to_string().as_str()), (vec![long], "SF0003"));
}
