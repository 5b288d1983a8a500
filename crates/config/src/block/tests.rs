//! What the rows say of themselves is true.

use crate::block::authentication::AUTHENTICATION;
use crate::block::global_defs::GLOBAL_DEFS;
use crate::block::root::ROOT;
use crate::block::vrrp_instance::VRRP_INSTANCE;
use crate::block::vrrp_script::VRRP_SCRIPT;
use crate::table::Block;
use crate::{Assumed, Effective, InMemory, Loaded, Request, load};

/// A configuration with a line put into each of its blocks.
fn with(global: &str, script: &str, instance: &str) -> Loaded {
    let text = format!(
        "global_defs {{\nenable_script_security\nscript_user root\n{global}\n}}\n\
         vrrp_script s {{\nscript /bin/true\n{script}\n}}\n\
         vrrp_instance i {{\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {{\n192.0.2.1\n}}\n\
         track_script {{\ns\n}}\n{instance}\n}}\n"
    );
    load(&Request::new("k"), &InMemory::one("k", text), &Assumed::default())
}

fn effective(loaded: Loaded) -> Effective {
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.render(false));
    loaded.effective.unwrap()
}

/// The documented default, fed through the parser, is the real one.
#[test]
fn defaults_are_what_the_rows_say() {
    fn defaults<B>(block: &Block<B>) -> Vec<String> {
        let obeyed = block.rows().filter(|row| row.later.is_none());
        obeyed.filter_map(|row| Some(format!("{} {}", row.name, row.default?))).collect()
    }
    let plain = effective(with("", "", ""));
    let (global, script, instance) =
        (defaults(&GLOBAL_DEFS), defaults(&VRRP_SCRIPT), defaults(&VRRP_INSTANCE));
    assert!(global.len() > 10 && script.len() > 3 && instance.len() > 2);
    for line in global {
        assert_eq!(effective(with(&line, "", "")), plain, "{line}");
    }
    for line in script {
        assert_eq!(effective(with("", &line, "")), plain, "{line}");
    }
    for line in instance {
        assert_eq!(effective(with("", "", &line)), plain, "{line}");
    }
}

#[test]
fn every_obeyed_row_has_help_and_no_name_stands_twice() {
    fn look<B>(block: &Block<B>) {
        let mut names: Vec<_> = block.rows().map(|row| row.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{}: {names:?}", block.name);
        for row in block.rows() {
            assert!(row.help.ends_with('.'), "{}", row.name);
        }
    }
    look(&ROOT);
    look(&GLOBAL_DEFS);
    look(&VRRP_SCRIPT);
    look(&VRRP_INSTANCE);
    look(&AUTHENTICATION);
}

/// Never silently swallowed.
#[test]
fn what_is_not_yet_supported_says_so() {
    let later = GLOBAL_DEFS.rows().filter(|row| row.later.is_some());
    for row in later {
        let loaded = with(&format!("{} 1", row.name), "", "");
        let codes: Vec<_> = loaded.diagnostics.iter().map(|found| found.code.to_string()).collect();
        assert!(codes.contains(&"SF0901".into()), "{}: {codes:?}", row.name);
        assert!(loaded.effective.is_some());
    }
}
