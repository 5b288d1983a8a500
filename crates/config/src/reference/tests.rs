use super::example::{in_its_blocks, line};
use super::*;
use crate::table::Value;
use crate::{Assumed, InMemory, Request, Severity, load};

/// What the examples refer to.
const AROUND: &str = "vrrp_script chk_haproxy {\nscript /bin/true\n}\ntrack_file load {\nfile /run/load\n}\n\
    vrrp_track_process haproxy {\nprocess haproxy\n}\nbfd_instance router_1 {\nneighbor_ip 192.0.2.254\n}\n\
    virtual_server_group web {\n192.0.2.10 80\n}\nvrrp_instance VI_2 {\ninterface eth2\nvirtual_router_id 2\n\
    virtual_ipaddress {\n192.0.2.202\n}\n}\nvrrp_instance VI_3 {\ninterface eth2\nvirtual_router_id 3\n\
    virtual_ipaddress {\n192.0.2.203\n}\n}\n";

#[test]
fn every_example_reads_without_an_error() {
    let around = AROUND.lines().count();
    let mut bad = Vec::new();
    let mut count = 0;
    for block in blocks() {
        for row in &block.rows {
            count += 1;
            let example = in_its_blocks(&block.path, row);
            let indent = block.path.split('/').filter(|name| !name.is_empty()).count();
            let own = around + indent + 1..=around + indent + line(&block.path, row).len();
            let text = format!("{AROUND}{}\n", example.join("\n"));
            let loaded = load(&Request::new("k"), &InMemory::one("k", text), &Assumed::default());
            for found in loaded.diagnostics.iter().filter(|found| found.severity == Severity::Error) {
                let Some(span) = found.span else { continue };
                let place = loaded.sources.place(span);
                if own.contains(&usize::try_from(place.line).unwrap()) {
                    bad.push(format!("{}/{}: {}", block.path, row.name, found.message));
                }
            }
            let empty = !row.help.is_empty() && example.iter().any(|line| line.trim() == "...");
            let wordless = !row.help.is_empty()
                && !row.syntax.is_empty()
                && row.value == Value::Words
                && row.must_have_word
                && line(&block.path, row)[0] == row.name;
            if empty || wordless {
                bad.push(format!("{}/{}: no example", block.path, row.name));
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    assert!(count > 200, "{count}");
}

#[test]
fn a_keyword_is_explained_with_its_block_range_default_and_example() {
    let asked = |word| explain(Asked { word, path: None });
    let text = asked("advert_int").unwrap();
    for part in ["advert_int ", "in vrrp_instance", "Default  1", "Example:", "vrrp_instance VI_1 {"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let several = asked("track_script").unwrap();
    assert!(several.contains("vrrp_instance") && several.contains("vrrp_sync_group"), "{several}");
    let one = asked("vrrp_script/weight").unwrap();
    assert!(one.contains("in vrrp_script") && !one.contains("track_file"), "{one}");
    assert!(asked("prioritty").is_none());
    assert_eq!(nearest("prioritty").as_deref(), Some("priority"));
}

#[test]
fn the_schema_is_json_with_a_property_a_keyword() {
    let schema: serde_json::Value = serde_json::from_str(&schema::schema()).unwrap();
    let priority = &schema["properties"]["vrrp_instance"]["items"]["properties"]["priority"];
    assert_eq!(priority["type"], "integer");
    assert_eq!((&priority["minimum"], &priority["maximum"]), (&1.into(), &255.into()));
    assert_eq!(priority["default"], 100);
}

#[test]
fn the_manual_names_every_keyword_and_has_no_stray_request() {
    let page = man::page();
    for row in blocks().iter().flat_map(|block| &block.rows) {
        assert!(page.contains(&format!("\\fB{}\\fR", row.name.replace('-', "\\-"))), "{}", row.name);
    }
    let known =
        [".\\\"", ".TH", ".SH", ".TP", ".PP", ".EX", ".EE", ".B", ".I", ".BI", ".BR", ".br", ".RS", ".RE"];
    for line in page.lines().filter(|line| line.starts_with(['.', '\''])) {
        assert!(known.contains(&line.split(' ').next().unwrap()), "{line}");
    }
}

#[test]
fn an_editor_is_offered_the_keywords_of_a_block_and_the_words_of_a_choice() {
    let offered = completion::keywords("vrrp_instance");
    assert!(offered.iter().any(|one| one.word == "virtual_router_id"));
    assert!(!offered.iter().any(|one| one.word == "router_id"));
    assert!(completion::keywords("").iter().any(|one| one.word == "vrrp_instance"));
    assert!(completion::keywords("no/such").is_empty());
    let words = completion::words("vrrp_instance", "strict_mode");
    assert_eq!(words.iter().map(|one| one.word).collect::<Vec<_>>(), ["on", "off"]);
}
