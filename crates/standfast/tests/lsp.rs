//! An editor's side of the conversation, over the pipes of the real program.
#![expect(clippy::unwrap_used, reason = "a server that does not answer is a failed test")]

use std::fs;
use std::io::{BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use lsp_server::Message;
use serde_json::{Value, json};

/// An editor with its server.
struct Editor {
    server: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    folder: PathBuf,
    asked: i32,
    /// The mistakes shown, by file.
    shown: Vec<(String, Value)>,
}

impl Editor {
    /// An editor in a folder of its own with these files.
    fn open(test: &str, files: &[(&str, &str)]) -> Self {
        let mut editor = Self::start(test, files);
        let answer =
            editor.ask("initialize", json!({ "capabilities": {}, "processId": null, "rootUri": null }));
        assert_eq!(answer["capabilities"]["hoverProvider"], true);
        editor.tell("initialized", json!({}));
        editor
    }

    fn start(test: &str, files: &[(&str, &str)]) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("lsp-{test}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
        let mut server = Command::new(env!("CARGO_BIN_EXE_standfast"))
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (server.stdin.take().unwrap(), BufReader::new(server.stdout.take().unwrap()));
        Self { server, to, from, folder, asked: 0, shown: Vec::new() }
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}", self.folder.join(name).display())
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.to.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Asks, and waits for the answer; what is shown meanwhile is kept.
    fn try_ask(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            match Message::read(&mut self.from).unwrap().expect("the server is there") {
                Message::Response(response) => {
                    assert_eq!(response.id, id.into());
                    return response.response_result.map_err(|error| error.message);
                }
                Message::Notification(note) => {
                    assert_eq!(note.method, "textDocument/publishDiagnostics");
                    let uri = note.params["uri"].as_str().unwrap().to_owned();
                    self.shown.retain(|(known, _)| *known != uri);
                    self.shown.push((uri, note.params["diagnostics"].clone()));
                }
                Message::Request(_) => panic!("the server asks nothing"),
            }
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.try_ask(method, params).unwrap()
    }

    fn show(&mut self, name: &str, text: &str) {
        let uri = self.uri(name);
        let document = json!({ "uri": uri, "languageId": "keepalived", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn change(&mut self, name: &str, text: &str) {
        let document = json!({ "uri": self.uri(name), "version": 2 });
        let changes = json!([{ "text": text }]);
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    fn at(&self, name: &str, line: u32, character: u32) -> Value {
        json!({ "textDocument": { "uri": self.uri(name) }, "position": { "line": line, "character": character } })
    }

    /// The mistakes shown in a file; a question is asked so that all that was said before has arrived.
    fn mistakes(&mut self, name: &str) -> Vec<Value> {
        let at = self.at(name, 0, 0);
        self.ask("textDocument/hover", at);
        let uri = self.uri(name);
        let found = self.shown.iter().find(|(known, _)| *known == uri);
        found.map_or_else(Vec::new, |(_, list)| list.as_array().unwrap().clone())
    }

    fn labels(&mut self, name: &str, line: u32, character: u32) -> Vec<String> {
        let at = self.at(name, line, character);
        let answer = self.ask("textDocument/completion", at);
        answer.as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
    }

    fn leave(mut self) {
        assert!(self.ask("shutdown", Value::Null).is_null());
        self.tell("exit", Value::Null);
        assert!(self.server.wait().unwrap().success());
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

const CONF: &str = "\
$LAN=eth0
vrrp_script chk {
    script /bin/true
}
vrrp_instance VI_1 {
    interface $LAN
    virtual_router_id 51
    virtual_ipaddress {
        192.0.2.10
    }
    track_script {
        chk
    }
}
vrrp_instance VI_2 {
    interface $LAN
    virtual_router_id 52
    virtual_ipaddress {
        192.0.2.11
    }
}
vrrp_sync_group G {
    group {
        VI_1
        VI_2
    }
}
include more.conf
global_defs {
    enable_script_security
    script_user root
}
";

#[test]
fn mistakes_come_and_go_while_typing() {
    let mut editor = Editor::open("typing", &[("more.conf", "")]);
    editor.show("k.conf", "global_defs {\n    vrrp_strct\n}\n");
    let found = editor.mistakes("k.conf");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["code"], "SF0201");
    assert_eq!(found[0]["severity"], 1);
    assert_eq!(found[0]["source"], "standfast");
    assert!(found[0]["message"].as_str().unwrap().contains("did you mean `vrrp_strict`?"));
    let range = json!({ "start": { "line": 1, "character": 4 }, "end": { "line": 1, "character": 14 } });
    assert_eq!(found[0]["range"], range);
    editor.change("k.conf", "global_defs {\n    vrrp_strict\n}\n");
    assert_eq!(editor.mistakes("k.conf"), [] as [Value; 0]);
    editor.change("k.conf", CONF);
    assert_eq!(editor.mistakes("k.conf"), [] as [Value; 0]);
    editor.leave();
}

#[test]
fn a_file_is_read_within_the_one_that_includes_it_open_or_not() {
    let main = "vrrp_instance VI_1 {\n    interface eth0\n    virtual_ipaddress {\n        192.0.2.10\n    }\n    include vrid.inc\n}\n";
    let mut editor = Editor::open("include", &[("keepalived.conf", main), ("vrid.inc", "")]);
    editor.show("vrid.inc", "virtual_router_id 300\n");
    let found = editor.mistakes("vrid.inc");
    assert_eq!(found[0]["code"], "SF0302", "{found:?}");
    assert_eq!(found[0]["relatedInformation"][0]["message"], "included here");
    assert!(
        found[0]["relatedInformation"][0]["location"]["uri"].as_str().unwrap().ends_with("keepalived.conf")
    );
    editor.change("vrid.inc", "virtual_router_id 51\n");
    assert_eq!(editor.mistakes("vrid.inc"), [] as [Value; 0]);
    // Completion and explanations know the block as well.
    assert!(editor.labels("vrid.inc", 1, 0).contains(&"priority".to_owned()));
    let at = editor.at("vrid.inc", 0, 3);
    let hover = editor.ask("textDocument/hover", at);
    assert!(hover["contents"]["value"].as_str().unwrap().contains("virtual_router_id"));
    editor.leave();
}

#[test]
fn keywords_are_completed_by_block_and_names_where_they_are_used() {
    let mut editor = Editor::open("complete", &[]);
    let text = CONF.replace("        chk\n", "        \n");
    editor.show("k.conf", &text);
    let outside = editor.labels("k.conf", 32, 0);
    assert!(
        outside.contains(&"vrrp_instance".into()) && !outside.contains(&"priority".into()),
        "{outside:?}"
    );
    let inside = editor.labels("k.conf", 5, 7);
    assert!(inside.contains(&"priority".into()) && !inside.contains(&"vrrp_instance".into()), "{inside:?}");
    assert_eq!(editor.labels("k.conf", 11, 8), ["chk"]);
    assert!(editor.labels("k.conf", 23, 8).contains(&"VI_2".into()));
    let variables = editor.labels("k.conf", 5, 15);
    assert!(variables.contains(&"${LAN}".into()), "{variables:?}");
    editor.change("k.conf", "vrrp_instance A {\n    strict_mode \n");
    assert_eq!(editor.labels("k.conf", 1, 16), ["on", "off"]);
    editor.leave();
}

#[test]
fn what_is_pointed_at_is_explained() {
    let mut editor = Editor::open("hover", &[]);
    editor.show("k.conf", CONF);
    let mut said = |line, character| {
        let at = editor.at("k.conf", line, character);
        editor.ask("textDocument/hover", at)["contents"]["value"].as_str().unwrap_or_default().to_owned()
    };
    let keyword = said(6, 10);
    assert!(keyword.contains("virtual_router_id") && keyword.contains("1 to 255"), "{keyword}");
    let name = said(11, 9);
    assert!(name.contains("vrrp_script chk") && name.contains("k.conf:2:13"), "{name}");
    assert!(said(5, 16).contains("$LAN=eth0"));
    assert_eq!(said(8, 10), "");
    editor.leave();
}

#[test]
fn definitions_of_scripts_instances_variables_and_includes_are_found() {
    let mut editor = Editor::open("definition", &[("more.conf", "")]);
    editor.show("k.conf", CONF);
    let mut goes_to = |line, character| {
        let at = editor.at("k.conf", line, character);
        let answer = editor.ask("textDocument/definition", at);
        let uri = answer[0]["uri"].as_str().unwrap_or_default();
        let file = uri.rsplit('/').next().unwrap_or_default().to_owned();
        (file, answer[0]["range"]["start"]["line"].as_u64())
    };
    assert_eq!(goes_to(11, 9), ("k.conf".into(), Some(1)));
    assert_eq!(goes_to(24, 10), ("k.conf".into(), Some(14)));
    assert_eq!(goes_to(5, 16), ("k.conf".into(), Some(0)));
    assert_eq!(goes_to(27, 12), ("more.conf".into(), Some(0)));
    assert_eq!(goes_to(2, 15), ("true".into(), Some(0)));
    assert_eq!(goes_to(6, 23), (String::new(), None));
    let mut params = editor.at("k.conf", 4, 16);
    params["context"] = json!({ "includeDeclaration": false });
    let uses = editor.ask("textDocument/references", params);
    assert_eq!(uses.as_array().unwrap().len(), 1);
    assert_eq!(uses[0]["range"]["start"]["line"], 23);
    let uri = editor.uri("k.conf");
    let symbols = editor.ask("textDocument/documentSymbol", json!({ "textDocument": { "uri": uri } }));
    let names: Vec<&str> =
        symbols.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["chk", "VI_1", "VI_2", "G"]);
    editor.leave();
}

#[test]
fn an_instance_is_renamed_everywhere_or_not_at_all() {
    let mut editor = Editor::open("rename", &[("more.conf", "")]);
    editor.show("k.conf", CONF);
    let at = editor.at("k.conf", 4, 16);
    assert_eq!(editor.ask("textDocument/prepareRename", at)["placeholder"], "VI_1");
    let mut rename = |line, character, new: &str| {
        let mut params = editor.at("k.conf", line, character);
        params["newName"] = new.into();
        editor.try_ask("textDocument/rename", params)
    };
    let edit = rename(23, 10, "LAN").unwrap();
    let edits = edit["changes"].as_object().unwrap().values().next().unwrap().as_array().unwrap().clone();
    let lines: Vec<_> = edits.iter().map(|edit| edit["range"]["start"]["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [4, 23]);
    assert!(edits.iter().all(|edit| edit["newText"] == "LAN"));
    assert!(rename(23, 10, "VI_2").unwrap_err().contains("already"));
    assert!(rename(23, 10, "a b").unwrap_err().contains("cannot be a name"));
    assert!(rename(6, 6, "x").unwrap_err().contains("nothing with a name"));
    editor.change(
        "k.conf",
        &CONF.replace("        VI_1\n", "        $ONE\n").replace("$LAN=", "$ONE=VI_1\n$LAN="),
    );
    let mut params = editor.at("k.conf", 5, 16);
    params["newName"] = "LAN".into();
    assert!(editor.try_ask("textDocument/rename", params).unwrap_err().contains("made of definitions"));
    editor.leave();
}

#[test]
fn formatting_sets_the_indentation_and_nothing_else() {
    let mut editor = Editor::open("format", &[]);
    editor.show("k.conf", "global_defs {\nrouter_id  \"a  b\"   # c\n  }\n");
    let document = json!({ "uri": editor.uri("k.conf") });
    let options = json!({ "tabSize": 4, "insertSpaces": true });
    let edits =
        editor.ask("textDocument/formatting", json!({ "textDocument": document, "options": options }));
    let texts: Vec<_> =
        edits.as_array().unwrap().iter().map(|edit| edit["newText"].as_str().unwrap()).collect();
    assert_eq!(texts, ["    router_id  \"a  b\"   # c", "}"]);
    editor.leave();
}

#[test]
fn nothing_that_an_editor_says_ends_the_server() {
    let mut editor = Editor::start("malformed", &[]);
    assert!(editor.try_ask("textDocument/hover", json!({})).unwrap_err().contains("initialize"));
    for nonsense in
        ["Content-Length: 7\r\n\r\n{\"a\": }", "garbage\r\n\r\n", "Content-Length: x\r\n\r\n", "\r\n\r\n"]
    {
        editor.to.write_all(nonsense.as_bytes()).unwrap();
    }
    editor.to.write_all(b"Content-Length: 4\r\n\r\n\xff\xfe\x00{").unwrap();
    editor.to.flush().unwrap();
    // Each of the four that were frames is answered, without an id; that is no message of the library's.
    for _ in 0..4 {
        let error = read_raw(&mut editor.from);
        assert_eq!((&error["id"], &error["error"]["code"]), (&Value::Null, &json!(-32700)));
    }
    editor.ask("initialize", json!({ "capabilities": {} }));
    assert!(editor.try_ask("initialize", json!({ "capabilities": {} })).is_err());
    assert!(editor.try_ask("no/such", json!(7)).unwrap_err().contains("no/such"));
    assert!(editor.try_ask("textDocument/hover", json!([1])).is_err());
    editor.tell("textDocument/didOpen", json!({ "textDocument": 7 }));
    editor.tell("$/cancelRequest", json!({ "id": 1 }));
    editor.tell(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": "file:///x", "version": 1 }, "contentChanges": [] }),
    );
    let far = json!({ "textDocument": { "uri": "file:///no/such.conf" }, "position": { "line": 4_000_000_000_u32, "character": 4_000_000_000_u32 } });
    for method in ["hover", "definition", "completion", "prepareRename"] {
        let _ = editor.try_ask(&format!("textDocument/{method}"), far.clone());
    }
    editor.show(
        "k.conf",
        "}}}}\n\"\n$A=$B\n$B=$A\nx $A {\n~SEQ(x, 99999999999) {\ninclude k.conf\n\u{1}\u{0}😀{",
    );
    for (line, character) in [(0, 0), (0, 4), (1, 1), (4, 3), (5, 9), (6, 9), (7, 3), (7, 4), (8, 0)] {
        for method in ["hover", "definition", "completion", "prepareRename"] {
            let at = editor.at("k.conf", line, character);
            let _ = editor.try_ask(&format!("textDocument/{method}"), at);
        }
    }
    editor.leave();
}

/// One frame, whatever it holds.
fn read_raw(from: &mut BufReader<ChildStdout>) -> Value {
    use std::io::{BufRead, Read};
    let mut header = String::new();
    from.read_line(&mut header).unwrap();
    let length: usize = header.trim().strip_prefix("Content-Length: ").unwrap().parse().unwrap();
    let mut body = vec![0; length + 2];
    from.read_exact(&mut body).unwrap();
    serde_json::from_slice(&body).unwrap()
}
