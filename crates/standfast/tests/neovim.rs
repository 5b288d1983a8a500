//! A real editor with the configuration that the guide gives for it.
#![expect(clippy::unwrap_used, reason = "an editor that does not start is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

const TEXT: &str = "vrrp_script chk_haproxy {\nscript /bin/true\ninterfal 2\n}\n\
    vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress {\n192.0.2.1\n}\n\
    track_script {\nchk_haproxy\n}\n}\n";

/// The configuration in the guide that is for old versions too.
fn from_the_guide() -> String {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/editors.md");
    let guide = fs::read_to_string(guide).unwrap();
    let blocks = guide.split("```lua\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.into_iter().find(|block| block.contains("start_client")).unwrap().to_owned()
}

fn told(folder: &Path) -> Option<Value> {
    fs::write(folder.join("init.lua"), from_the_guide()).unwrap();
    fs::write(folder.join("keepalived.conf"), TEXT).unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_standfast")).parent().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/neovim/try.lua");
    let told = folder.join("told.json");
    let status = Command::new("nvim")
        .args(["--headless", "-i", "NONE", "-n", "-u"])
        .arg(folder.join("init.lua"))
        .arg("-S")
        .arg(script)
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display()))
        .env("HOME", folder)
        .env("FILE", folder.join("keepalived.conf"))
        .env("TOLD", &told)
        .stdin(Stdio::null())
        .status()
        .ok()?;
    assert!(status.success(), "{status}");
    Some(serde_json::from_str(&fs::read_to_string(told).unwrap()).unwrap())
}

#[test]
fn neovim_shows_mistakes_explains_finds_renames_and_indents() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("neovim");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let Some(told) = told(&folder) else {
        println!("SKIPPED: nvim is not installed");
        return;
    };
    assert_eq!(told["why"], Value::Null, "{told:#}");
    let mistakes = told["mistakes"].to_string();
    assert!(mistakes.contains("Unknown keyword 'interfal' in vrrp_script"), "{mistakes}");
    assert!(mistakes.contains("did you mean `interval`?"), "{mistakes}");
    assert_eq!(told["mistakes"][0]["line"], 3, "{mistakes}");
    let hover = told["hover"].to_string();
    assert!(hover.contains("number of the virtual router") || hover.contains("virtual_router_id"), "{hover}");
    let definition = told["definition"].to_string();
    assert!(definition.contains("keepalived.conf"), "{definition}");
    let lines: Vec<&str> =
        told["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(lines[0], "vrrp_script chk_web {");
    assert_eq!(lines[1], "\tscript /bin/true", "indented as Neovim is set");
    assert!(lines.contains(&"\t\tchk_web"), "{lines:?}");
}
