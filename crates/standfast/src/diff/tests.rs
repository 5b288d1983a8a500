use config::outline::{self, Outline};
use config::{Assumed, Effective, InMemory, Request, load};

use super::*;

fn read(file: &str, text: &str) -> (Outline, Effective) {
    let (request, files) = (Request::new(file), InMemory::one(file, text));
    let loaded = load(&request, &files, &Assumed::default());
    let effective = loaded.effective.as_ref().unwrap_or_else(|| panic!("{}", loaded.render(false))).clone();
    (outline::read(&request, &files, &Assumed::default()), effective)
}

fn instance(name: &str, vrid: u8, more: &str) -> String {
    format!(
        "vrrp_instance {name} {{\n    interface eth0\n    virtual_router_id {vrid}\n    virtual_ipaddress {{\n        \
         192.0.2.{vrid}/24\n    }}\n    {more}\n}}\n"
    )
}

fn tried(old: &str, new: &str) -> (Vec<Change>, Reload) {
    let (old, new) = (read("old", old), read("new", new));
    (settings(&old.0, &new.0), reload(&old.1, &new.1))
}

fn paths(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|change| change.path.join("/")).collect()
}

#[test]
fn nothing_differs_from_itself() {
    let text = instance("VI_1", 51, "priority 150");
    let (changes, reload) = tried(&text, &text);
    assert_eq!(changes, []);
    assert_eq!(reload.fates[0].what, What::Kept(State::Master));
    assert_eq!((reload.appears, reload.goes), (Held::default(), Held::default()));
    assert_eq!(reload.summary, ReloadSummary { kept: 1, ..ReloadSummary::default() });
}

#[test]
fn another_priority_is_one_change_with_both_places_and_disturbs_nothing() {
    let (changes, reload) =
        tried(&instance("VI_1", 51, "priority 100"), &instance("VI_1", 51, "priority 150"));
    assert_eq!(paths(&changes), ["vrrp_instance VI_1/priority"]);
    let (old, new) = (changes[0].old.clone().unwrap(), changes[0].new.clone().unwrap());
    assert_eq!((old.value, new.value), (100.into(), 150.into()));
    assert_eq!(new.place.unwrap()["line"], 7);
    assert_eq!(reload.fates[0].what, What::Kept(State::Master));
    assert_eq!(reload.summary.adjusted, 1);
}

#[test]
fn an_address_more_appears_and_one_less_goes() {
    let old = instance("VI_1", 51, "");
    let new = old.replace("192.0.2.51/24", "192.0.2.51/24\n192.0.2.52/24");
    let (changes, there) = tried(&old, &new);
    assert_eq!(paths(&changes), ["vrrp_instance VI_1/virtual_ipaddress"]);
    let addresses = |held: &Held| held.addresses.iter().map(|(_, it)| it.to_string()).collect::<Vec<_>>();
    assert_eq!(addresses(&there.appears), ["192.0.2.52/24"]);
    assert_eq!(addresses(&tried(&new, &old).1.goes), ["192.0.2.52/24"]);
}

#[test]
fn virtual_routers_come_and_go_and_others_stay_whatever_they_are_called() {
    let old = instance("VI_1", 51, "") + &instance("VI_2", 52, "");
    let new = instance("other", 51, "") + &instance("VI_3", 53, "");
    let (changes, reload) = tried(&old, &new);
    let heads = ["vrrp_instance VI_1", "vrrp_instance VI_2", "vrrp_instance VI_3", "vrrp_instance other"];
    assert_eq!(paths(&changes), heads, "a block that comes or goes is one change");
    let fate = |name: &str, before: Option<&str>, what| Fate {
        name: name.into(),
        before: before.map(Into::into),
        what,
    };
    assert_eq!(
        reload.fates,
        [
            fate("other", Some("VI_1"), What::Kept(State::Master)),
            fate("VI_3", None, What::Added),
            fate("VI_2", None, What::Removed),
        ]
    );
}

#[test]
fn an_interface_of_its_own_appears_and_costs_no_election() {
    let (_, reload) = tried(&instance("VI_1", 51, ""), &instance("VI_1", 51, "use_vmac vrrp.51"));
    assert_eq!(reload.fates[0].what, What::Kept(State::Master));
    assert_eq!(reload.appears.links.iter().map(ToString::to_string).collect::<Vec<_>>(), ["vrrp.51"]);
}

#[test]
fn another_password_is_a_change_that_shows_neither() {
    let secret =
        |word| format!("authentication {{\n        auth_type PASS\n        auth_pass {word}\n    }}");
    let (changes, _) = tried(&instance("VI_1", 51, &secret("old1")), &instance("VI_1", 51, &secret("new2")));
    assert_eq!(paths(&changes), ["vrrp_instance VI_1/authentication/auth_pass"]);
    let shown = format!("{changes:?}");
    assert!(!shown.contains("old1") && !shown.contains("new2") && shown.contains("\"line\""), "{shown}");
}
