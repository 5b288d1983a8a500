//! What a person reads, character by character.

use config::{Assumed, InMemory, Loaded, Request, load};

fn read(files: &InMemory) -> Loaded {
    load(&Request::new("k.conf"), files, &Assumed::default())
}

#[test]
fn a_misspelt_keyword_has_a_caret_and_a_suggestion() {
    let loaded = read(&InMemory::one("k.conf", "global_defs {\n    vrrp_strct   # so\n}\n"));
    let expected = "\
error[SF0201]: Unknown keyword 'vrrp_strct' in global_defs
 --> k.conf:2:5
  |
2 |     vrrp_strct   # so
  |     ^^^^^^^^^^
  |
  = help: did you mean `vrrp_strict`?

";
    assert_eq!(loaded.render(false), expected);
    assert_eq!(
        loaded.log_lines().collect::<Vec<_>>(),
        ["(Line 2) Unknown keyword 'vrrp_strct' in global_defs"]
    );
}

#[test]
fn a_place_leads_through_definitions_and_includes() {
    let files = InMemory::one("k.conf", "global_defs {\ninclude more.conf\n}\n")
        .with("more.conf", "$N=4x\n\nvrrp_version $N\n");
    let expected = "\
error[SF0302]: `4x` is not a number
 --> more.conf:3:14
  |
3 | vrrp_version 4x
  |              ^^
  |
 ::: more.conf:3:1
  |
3 | vrrp_version $N
  | --------------- which is made from this line
  |
 ::: more.conf:1:4
  |
1 | $N=4x
  |    -- defined here
  |
 ::: k.conf:2:9
  |
2 | include more.conf
  |         --------- included here
  |
  = help: a number from 2 to 3 belongs here

";
    let loaded = read(&files);
    let text = loaded.render(false);
    assert_eq!(text, expected, "\n{text}");
    assert_eq!(loaded.log_lines().collect::<Vec<_>>(), ["(more.conf: Line 3) `4x` is not a number"]);
}

#[test]
fn several_errors_come_in_one_run_and_a_missing_brace_is_hinted_at() {
    let text = "vrrp_instance A {\n  interface eth0\n  virtual_router_id 300\n\nvrrp_instance B {\n  virtual_router_id 2\n}\n";
    let loaded = read(&InMemory::one("k.conf", text));
    let found: Vec<_> =
        loaded.diagnostics.iter().map(|found| (found.code.to_string(), found.help.clone())).collect();
    let help = "`vrrp_instance` stands outside all blocks: is a } missing above?";
    assert_eq!(found[0].0, "SF0203");
    assert!(found.contains(&("SF0201".into(), Some(help.into()))), "{found:?}");
    assert!(found.iter().any(|(code, _)| code == "SF0302"));
}

#[test]
fn colours_are_for_terminals_only() {
    let loaded = read(&InMemory::one("k.conf", "nonsense\n"));
    assert!(!loaded.render(false).contains('\u{1b}'));
    assert!(loaded.render(true).contains('\u{1b}'));
    let control = read(&InMemory::one("k.conf", "a\u{1b}[31m\n"));
    assert!(!control.render(false).contains('\u{1b}'));
}

/// Five thousand turns of a sequence make one mistake, not five thousand.
#[test]
fn a_mistake_in_a_sequence_is_told_once_with_how_often_it_comes_again() {
    let text = "$ALL=\\\nvrrp_instance VI_$N { \\\n  colour $N \\\n  shape $N \\\n}\n~SEQ(N, 5000) $ALL\n";
    let loaded = read(&InMemory::one("k.conf", text));
    let lines: Vec<String> = loaded.log_lines().collect();
    let unknown: Vec<_> = lines.iter().filter(|line| line.contains("Unknown keyword")).collect();
    assert_eq!(
        unknown,
        [
            "(Line 6) Unknown keyword 'colour' in vrrp_instance (and 4,999 more of the same)",
            "(Line 6) Unknown keyword 'shape' in vrrp_instance (and 4,999 more of the same)",
        ],
        "{}",
        lines.join("\n")
    );
    assert!(lines.len() < 10, "{}", lines.join("\n"));
    let json = config::diagnostic::json::report("k.conf", &loaded);
    assert_eq!(json["diagnostics"][0]["repeats"], 4999);
}

#[test]
fn the_same_mistake_twice_in_a_file_is_two_mistakes() {
    let loaded = read(&InMemory::one("k.conf", "colour red\ncolour red\n"));
    assert_eq!(loaded.diagnostics.len(), 2);
}

#[test]
fn two_mistakes_in_one_turn_of_a_sequence_are_two() {
    let loaded = read(&InMemory::one("k.conf", "~SEQ(N, 8, 12) global_defs { colour$N } shape$N\n"));
    let found: Vec<_> =
        loaded.diagnostics.iter().map(|found| (found.message.as_str(), found.repeats)).collect();
    assert_eq!(
        found,
        [("Unknown keyword 'colour8' in global_defs", 4), ("Unknown keyword 'shape8' outside all blocks", 4)]
    );
}

#[test]
fn a_regex_that_cannot_be_compiled_has_a_caret_where_it_goes_wrong() {
    let text = "virtual_server 192.0.2.1 80 {\n real_server 192.0.2.2 80 {\n HTTP_GET {\n url {\n path /\n  regex \"ok(\"\n }\n }\n }\n}\n";
    let loaded = read(&InMemory::one("k.conf", text));
    let found = loaded.diagnostics.iter().find(|found| found.code.to_string() == "SF0709").unwrap();
    let place = loaded.sources.place(found.span.unwrap());
    assert_eq!((place.line, place.column), (6, 13), "{}", found.render(&loaded.sources, false));
    assert_eq!(
        found.message,
        "This regex cannot be understood and is ignored: Opening parenthesis without closing parenthesis"
    );
    assert_eq!(found.class, config::Class::Silent, "as keepalived, whose test does not look at it");
}
