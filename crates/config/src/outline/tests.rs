use serde_json::{Value as Json, json};

use super::text::{Inside, definitions, included, indented, inside};
use super::{Named, Outline, Role, read};
use crate::{Assumed, InMemory, Request, load};

mod generated;

fn outline(text: &str) -> Outline {
    read(&Request::new("k.conf"), &InMemory::one("k.conf", text), &Assumed::default())
}

/// What is printed reads to the same as what it was made from.
fn reads_the_same(text: &str) -> String {
    let loaded =
        |text: &str| load(&Request::new("k.conf"), &InMemory::one("k.conf", text), &Assumed::default());
    let printed = outline(text).printed();
    let (one, other) = (loaded(text), loaded(&printed));
    assert_eq!(one.effective, other.effective, "\n{text}\n--- printed ---\n{printed}");
    assert_eq!(outline(&printed).printed(), printed, "printing twice is printing once\n{text}");
    printed
}

const PAIR: &str = "\
$IF=eth0
global_defs {
    vrrp_garp_master_delay 07   # octal it is not
    enable_script_security yes
}
vrrp_script chk { script \"/bin/true 'a b' # no comment\" ; weight 1 }
~SEQ(N, 2) vrrp_instance VI_$N {
    interface $IF
    virtual_router_id $N
    priority +1$N
    advert_int 01.50
    virtual_ipaddress { 192.0.2.${N}/24 dev $IF }
    track_script { chk weight -2 }
    unknown { priority 7 }
}
";

#[test]
fn a_configuration_is_printed_without_what_expands_it() {
    let text = PAIR.replace("~SEQ(N, 2) vrrp", "$N=1\nvrrp");
    assert_eq!(
        reads_the_same(&text),
        "\
global_defs {
    vrrp_garp_master_delay 7
    enable_script_security yes
}

vrrp_script chk {
    script \"/bin/true 'a b' # no comment\" ; weight 1
}

vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 1
    priority 11
    advert_int 1.5
    virtual_ipaddress {
        192.0.2.1/24 dev eth0
    }
    track_script {
        chk weight -2
    }
}
"
    );
}

#[test]
fn the_examples_are_printed_as_what_they_are() {
    for text in
        [include_str!("../../../../examples/pair/a.conf"), include_str!("../../../../examples/pair/b.conf")]
    {
        assert!(reads_the_same(text).contains("vrrp_instance"));
    }
}

#[test]
fn words_are_quoted_where_they_must_be() {
    for text in [
        "global_defs {\n router_id \"a # b\"\n}\n",
        "global_defs {\n router_id a\\#b\n}\n",
        "global_defs {\n router_id \"a\\\\#b\"\n}\n",
        "global_defs {\n router_id \"{\"\n}\n",
        "global_defs {\n router_id \"\"\n}\n",
        "global_defs {\n notification_email {\n \"@x\" \"$A=1\" \"~SEQ(a, 1) b\"\n \"include x\"\n \"include\" x\n}\n}\n",
        "$B=\"${_HASH}x\"\nglobal_defs {\n router_id $B\n}\n",
        "global_defs {\n router_id \"${NOT}\"\n}\n",
        "global_defs {\n router_id \"unmatched\n}\n",
    ] {
        reads_the_same(text);
    }
}

#[test]
fn settings_have_their_places_and_inherited_values_and_defaults() {
    let (settings, places) = outline(PAIR.replace("~SEQ(N, 2) vrrp", "$N=1\nvrrp").as_str()).settings();
    let router = &settings["vrrp_instance"][0];
    assert_eq!(router["name"], "VI_1");
    assert_eq!((&router["priority"], &router["advert_int"]), (&json!(11), &json!(1.5)));
    assert_eq!(router["virtual_ipaddress"], json!([["192.0.2.1/24", "dev", "eth0"]]));
    assert_eq!(router["preempt_delay"], 0, "a default");
    assert!(places.get("/vrrp_instance/0/preempt_delay").is_none());
    assert_eq!(settings["global_defs"]["vrrp_garp_master_delay"], 7);
    let place = &places["/vrrp_instance/0/advert_int"];
    assert_eq!((&place["line"], &place["column"]), (&json!(12), &json!(16)));
    let made = &places["/vrrp_instance/0/interface"];
    assert_eq!(made["via"][0]["what"], "defined here");
    assert_eq!(made["via"][0]["line"], 1);
    if crate::reference::row("vrrp_instance", "garp_master_delay").is_some_and(|row| row.inherits.is_some()) {
        assert_eq!(router["garp_master_delay"], 7);
        assert_eq!(
            places["/vrrp_instance/0/garp_master_delay"]["inherited_from"],
            "/global_defs/vrrp_garp_master_delay"
        );
    }
}

#[test]
fn a_bad_value_is_no_setting() {
    let (settings, _) =
        outline("vrrp_instance A {\n virtual_router_id 7\n virtual_router_id 300\n strict_mode maybe\n}\n")
            .settings();
    assert_eq!(settings["vrrp_instance"][0]["virtual_router_id"], 7);
    assert!(settings["vrrp_instance"][0].get("strict_mode").is_none_or(Json::is_boolean));
}

#[test]
fn names_are_found_where_they_are_given_and_used() {
    let outline = outline(
        "vrrp_script chk {\n}\nvrrp_instance A {\n track_script {\n  chk weight 2\n }\n}\n\
         vrrp_sync_group G {\n group {\n  A B\n }\n}\nbfd_instance r {\n}\nvirtual_server group web {\n \
         real_server 192.0.2.1 {\n  BFD_CHECK {\n   name r\n  }\n }\n}\n",
    );
    let found: Vec<_> = outline
        .names()
        .iter()
        .map(|name| (name.named, name.role, outline.sources.text(name.span).to_owned()))
        .collect();
    let name = |named, role, word: &str| (named, role, word.to_owned());
    for wanted in [
        name(Named::Script, Role::Defines, "chk"),
        name(Named::Script, Role::Uses, "chk"),
        name(Named::Instance, Role::Defines, "A"),
        name(Named::Instance, Role::Uses, "B"),
        name(Named::SyncGroup, Role::Defines, "G"),
        name(Named::Session, Role::Uses, "r"),
        name(Named::ServerGroup, Role::Uses, "web"),
    ] {
        assert!(found.contains(&wanted), "{wanted:?} is not in {found:?}");
    }
}

#[test]
fn the_block_at_a_place_is_known_in_an_unfinished_text() {
    let at = |text: &str| inside(text, &Inside::default());
    let path = |path: &str, words: &[&str]| Inside {
        path: path.into(),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        ..Inside::default()
    };
    assert_eq!(at("glob"), path("", &["glob"]));
    assert_eq!(at("global_defs {\n  rout"), path("global_defs", &["rout"]));
    assert_eq!(at("global_defs { router_id x"), path("global_defs", &["router_id", "x"]));
    assert_eq!(
        at("vrrp_instance A { # }\n authentication\n {\n"),
        path("vrrp_instance/authentication", &[""])
    );
    assert_eq!(
        at("vrrp_instance A {\n authentication { auth_type PASS }\n state "),
        path("vrrp_instance", &["state", ""])
    );
    assert_eq!(inside("rout", &path("global_defs", &[])), path("global_defs", &["rout"]));
    let data = at("vrrp_instance A {\n track_script {\n c");
    assert_eq!((data.path.as_str(), data.lines_of.as_deref()), ("vrrp_instance", Some("track_script")));
    assert!(at("nonsense {\n").unknown);
    assert_eq!(at("}\n}\nglobal_defs {\n"), path("global_defs", &[""]));
}

#[test]
fn definitions_and_includes_of_a_line_are_seen() {
    assert_eq!(
        definitions("  $A=x ${B} $C-d $D # $E"),
        [(2..4, "A", Role::Defines), (7..11, "B", Role::Uses), (17..19, "D", Role::Uses)]
    );
    let sequence = definitions("~SEQ(N, 1, $LAST) x$N");
    assert!(sequence.contains(&(5..6, "N", Role::Defines)), "{sequence:?}");
    let files = InMemory::one("/e/a.conf", "").with("/e/b.conf", "");
    let (at, paths) = included(" include {a,b}.conf # both", "/e", &files).unwrap();
    assert_eq!((at, paths), (9..19, vec!["/e/a.conf".to_owned(), "/e/b.conf".to_owned()]));
    assert!(included("includes x", "/e", &files).is_none());
}

#[test]
fn indentation_follows_the_braces_and_changes_no_meaning() {
    let text = "global_defs {\nrouter_id x   \n   }\n\n\n@a vrrp_instance A {\n@^a vrrp_instance B {\n\tinterface eth0 # {\n}\r\n$X= \\\n state {\\\n y \\\n }\nvrrp_script s { script \"}\" }\nlast";
    assert_eq!(
        indented(text, "  "),
        "global_defs {\n  router_id x\n}\n\n\n@a vrrp_instance A {\n@^a vrrp_instance B {\n  interface eth0 # {\n}\n$X= \\\n  state {\\\n    y \\\n  }\nvrrp_script s { script \"}\" }\nlast"
    );
    assert_eq!(indented(&indented(PAIR, "    "), "    "), indented(PAIR, "    "));
    let loaded =
        |text: &str| load(&Request::new("k.conf"), &InMemory::one("k.conf", text), &Assumed::default());
    assert_eq!(loaded(PAIR).effective, loaded(&indented(PAIR, "\t")).effective);
}
