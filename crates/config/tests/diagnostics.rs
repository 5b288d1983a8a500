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
