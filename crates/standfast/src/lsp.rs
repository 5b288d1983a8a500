//! The language server: what an editor knows about `keepalived.conf`.
//!
//! One thread reads a message, answers it, and reads the next; there is no state but the open documents. `frame` cuts
//! the stream into messages and lets nothing malformed in, `documents` holds what is open over what is on disk,
//! `reading` is a configuration as it stands now, `position` turns places of one into places of the other. The
//! answers are a file a question: `complete`, `hover`, `navigate`, `rename`, `format`. What is known of the language
//! comes from `config`; nothing here knows a keyword.

mod complete;
mod documents;
mod format;
mod frame;
mod hover;
mod navigate;
mod position;
mod reading;
mod rename;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Write};

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    CompletionOptions, HoverProviderCapability, InitializeParams, InitializeResult, OneOf,
    PublishDiagnosticsParams, RenameOptions, ServerCapabilities, ServerInfo, TextDocumentSyncCapability,
    TextDocumentSyncKind, Uri,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use documents::Documents;
use reading::Reading;

/// How a conversation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// The editor said goodbye.
    Asked,
    /// It went away without a word.
    Abrupt,
}

/// Serves one editor until it leaves.
pub(crate) fn serve(input: &mut dyn BufRead, output: &mut dyn Write) -> io::Result<End> {
    let mut server = Server::default();
    loop {
        let message = match frame::read(input)? {
            frame::Frame::Message(message) => message,
            frame::Frame::Malformed(why) => {
                frame::write_malformed(output, &why)?;
                continue;
            }
            frame::Frame::End => return Ok(End::Abrupt),
        };
        match message {
            Message::Request(request) => {
                let response = server.answer(request);
                frame::write(output, &response.into())?;
            }
            Message::Notification(notification) if notification.method == "exit" => {
                return Ok(if server.stage == Stage::Over { End::Asked } else { End::Abrupt });
            }
            Message::Notification(notification) => {
                for notice in server.note(notification) {
                    frame::write(output, &notice.into())?;
                }
            }
            // We ask nothing, so there is nothing that this could answer.
            Message::Response(_) => {}
        }
    }
}

/// How far the conversation is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Stage {
    /// Not yet introduced.
    #[default]
    New,
    Open,
    /// After `shutdown`.
    Over,
}

#[derive(Default)]
struct Server {
    stage: Stage,
    documents: Documents,
    /// What each main file's reading has told the editor, so that it can be taken back.
    told: BTreeMap<String, BTreeSet<String>>,
}

/// Why a request is not answered as asked.
struct Refusal {
    code: ErrorCode,
    why: String,
}

impl Refusal {
    fn new(code: ErrorCode, why: impl Into<String>) -> Self {
        Self { code, why: why.into() }
    }
}

type Answer = Result<Value, Refusal>;

impl Server {
    fn answer(&mut self, request: Request) -> Response {
        let Request { id, method, params } = request;
        let answer = match (self.stage, method.as_str()) {
            (Stage::New, "initialize") => self.initialize(params),
            (Stage::New, _) => Err(Refusal::new(ErrorCode::ServerNotInitialized, "initialize comes first")),
            (Stage::Open, "shutdown") => {
                self.stage = Stage::Over;
                Ok(Value::Null)
            }
            (Stage::Open, _) => self.question(&method, params),
            (Stage::Over, _) => Err(Refusal::new(ErrorCode::InvalidRequest, "the server is shut down")),
        };
        respond(id, answer)
    }

    fn question(&self, method: &str, params: Value) -> Answer {
        match method {
            "textDocument/completion" => ask(params, |params: lsp_types::CompletionParams| {
                complete::complete(&self.documents, &params.text_document_position)
            }),
            "textDocument/hover" => ask(params, |params: lsp_types::HoverParams| {
                hover::hover(&self.documents, &params.text_document_position_params)
            }),
            "textDocument/definition" => ask(params, |params: lsp_types::GotoDefinitionParams| {
                navigate::definition(&self.documents, &params.text_document_position_params)
            }),
            "textDocument/references" => ask(params, |params: lsp_types::ReferenceParams| {
                let declared = params.context.include_declaration;
                navigate::references(&self.documents, &params.text_document_position, declared)
            }),
            "textDocument/documentSymbol" => ask(params, |params: lsp_types::DocumentSymbolParams| {
                navigate::symbols(&self.documents, &params.text_document.uri)
            }),
            "textDocument/prepareRename" => ask(params, |params: lsp_types::TextDocumentPositionParams| {
                rename::prepare(&self.documents, &params)
            }),
            "textDocument/rename" => {
                let params: lsp_types::RenameParams = parse(params)?;
                let edit = rename::rename(&self.documents, &params.text_document_position, &params.new_name)
                    .map_err(|why| Refusal::new(ErrorCode::RequestFailed, why))?;
                json(edit)
            }
            "textDocument/formatting" => ask(params, |params: lsp_types::DocumentFormattingParams| {
                format::format(&self.documents, &params.text_document.uri, &params.options)
            }),
            _ => Err(Refusal::new(ErrorCode::MethodNotFound, format!("{method} is not known here"))),
        }
    }

    fn initialize(&mut self, params: Value) -> Answer {
        let params: InitializeParams = parse(params)?;
        self.documents.introduce(&params);
        self.stage = Stage::Open;
        json(InitializeResult {
            capabilities: ServerCapabilities {
                text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL)),
                completion_provider: Some(CompletionOptions {
                    trigger_characters: Some(vec!["$".into(), " ".into()]),
                    ..CompletionOptions::default()
                }),
                hover_provider: Some(HoverProviderCapability::Simple(true)),
                definition_provider: Some(OneOf::Left(true)),
                references_provider: Some(OneOf::Left(true)),
                document_symbol_provider: Some(OneOf::Left(true)),
                document_formatting_provider: Some(OneOf::Left(true)),
                rename_provider: Some(OneOf::Right(RenameOptions {
                    prepare_provider: Some(true),
                    work_done_progress_options: Default::default(),
                })),
                ..ServerCapabilities::default()
            },
            server_info: Some(ServerInfo {
                name: "standfast".into(),
                version: Some(env!("CARGO_PKG_VERSION").into()),
            }),
        })
    }

    /// Takes a notification; what comes back is told to the editor.
    fn note(&mut self, notification: Notification) -> Vec<Notification> {
        if self.stage != Stage::Open {
            return Vec::new();
        }
        let Notification { method, params } = notification;
        let changed = match method.as_str() {
            "textDocument/didOpen" => {
                parse(params).ok().map(|params: lsp_types::DidOpenTextDocumentParams| {
                    self.documents.put(params.text_document.uri, params.text_document.text)
                })
            }
            "textDocument/didChange" => {
                parse(params).ok().and_then(|params: lsp_types::DidChangeTextDocumentParams| {
                    // All of the text comes each time, as we asked for.
                    let text = params.content_changes.into_iter().next_back()?.text;
                    Some(self.documents.put(params.text_document.uri, text))
                })
            }
            "textDocument/didClose" => {
                parse(params).ok().map(|params: lsp_types::DidCloseTextDocumentParams| {
                    self.documents.close(&params.text_document.uri)
                })
            }
            "textDocument/didSave" => {
                parse(params).ok().map(|params: lsp_types::DidSaveTextDocumentParams| {
                    position::path_of(&params.text_document.uri)
                })
            }
            _ => None,
        };
        changed.map_or_else(Vec::new, |path| self.diagnose(&path))
    }

    /// Reads the configuration that a file belongs to and tells what is wrong with it.
    fn diagnose(&mut self, path: &str) -> Vec<Notification> {
        let reading = Reading::of(&self.documents, path);
        let found = reading.diagnostics(&self.documents);
        // A file that had a main file of its own until now: its mistakes are that one's.
        if reading.main != path {
            self.told.remove(path);
        }
        let before = self.told.remove(&reading.main).unwrap_or_default();
        let mut now: BTreeSet<String> = found.keys().cloned().collect();
        if self.documents.is_open(path) {
            now.insert(path.to_owned());
        }
        let notices = before
            .union(&now)
            .filter_map(|path| {
                let diagnostics = found.get(path).cloned().unwrap_or_default();
                let params = PublishDiagnosticsParams::new(self.documents.uri(path)?, diagnostics, None);
                Some(Notification::new("textDocument/publishDiagnostics".into(), params))
            })
            .collect();
        self.told.insert(reading.main, now);
        notices
    }
}

fn ask<P: DeserializeOwned, R: Serialize>(params: Value, answer: impl FnOnce(P) -> R) -> Answer {
    json(answer(parse(params)?))
}

fn parse<P: DeserializeOwned>(params: Value) -> Result<P, Refusal> {
    serde_json::from_value(params).map_err(|why| Refusal::new(ErrorCode::InvalidParams, why.to_string()))
}

fn json(answer: impl Serialize) -> Answer {
    serde_json::to_value(answer).map_err(|why| Refusal::new(ErrorCode::InternalError, why.to_string()))
}

fn respond(id: RequestId, answer: Answer) -> Response {
    match answer {
        Ok(value) => Response::new_ok(id, value),
        Err(Refusal { code, why }) => Response::new_err(id, code as i32, why),
    }
}

/// A URI from text; `None` if the text is none.
fn uri(text: &str) -> Option<Uri> {
    text.parse().ok()
}
