// Starts `standfast lsp` and speaks with it; all that is known of the language is there.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = function () {
  const settings = workspace.getConfiguration("keepalived");
  const options = { host: settings.get("host") };
  for (const key of ["main", "id"]) {
    if (settings.get(key)) options[key] = settings.get(key);
  }
  client = new LanguageClient(
    "keepalived",
    "Keepalived (standfast)",
    { command: settings.get("server"), args: ["lsp"] },
    { documentSelector: [{ language: "keepalived" }], initializationOptions: options },
  );
  return client.start();
};

exports.deactivate = function () {
  return client && client.stop();
};
