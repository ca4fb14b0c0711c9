import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import {
  CompletionRequest,
  createProtocolConnection,
  DefinitionRequest,
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  DocumentFormattingRequest,
  ExitNotification,
  HoverRequest,
  InitializedNotification,
  InitializeRequest,
  type Location,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  type PublishDiagnosticsParams,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node';

/** An editor on a folder: the program, a connection to it, and what it told of each file. */
async function openEditor(folder: string) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'lsp'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>(done => child.on('exit', done));
  const connection = createProtocolConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  const told: PublishDiagnosticsParams[] = [];
  let wake = (): void => {};
  connection.onNotification(PublishDiagnosticsNotification.type, params => {
    told.push(params);
    wake();
  });
  connection.listen();
  const rootUri = pathToFileURL(folder).href;
  await connection.sendRequest(InitializeRequest.type, { processId: null, rootUri, capabilities: {} });
  await connection.sendNotification(InitializedNotification.type, {});
  /** What is told of a file next; resolves with the messages. */
  const next = async (uri: string): Promise<string[]> => {
    for (;;) {
      const at = told.findIndex(each => each.uri === uri);
      if (at >= 0) {
        const [found] = told.splice(at, 1);
        return found!.diagnostics.map(
          ({ range, message }) => `${range.start.line}:${range.start.character} ${message}`,
        );
      }
      await new Promise<void>(done => {
        wake = done;
      });
    }
  };
  return { connection, next, ended, uri: (name: string) => pathToFileURL(join(folder, name)).href };
}

const show = (connection: ProtocolConnection, uri: string, text: string): Promise<void> =>
  connection.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: 'rego', version: 1, text },
  });

test('an editor is told of faults, names and layout, and of faults that are gone', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-lsp-'));
  writeFileSync(join(folder, 'lib.rego'), 'package lib\n\ndouble(x) := x * 2\n');
  try {
    const { connection, next, ended, uri } = await openEditor(folder);
    const textDocument = { uri: uri('main.rego') };
    await show(connection, textDocument.uri, 'package main\n\nallow if data.lib.double(1) == missing\n');
    assert.deepEqual(await next(textDocument.uri), ['2:9 var missing is unsafe']);
    const text = 'package main\n\nallow if data.lib.double(1)   == 2\n';
    await connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { ...textDocument, version: 2 },
      contentChanges: [{ text }],
    });
    assert.deepEqual(await next(textDocument.uri), []);
    const position = { line: 2, character: 20 };
    const found = (await connection.sendRequest(DefinitionRequest.type, { textDocument, position })) as Location[];
    assert.deepEqual([found[0]?.uri, found[0]?.range.start], [uri('lib.rego'), { line: 2, character: 0 }]);
    const hover = await connection.sendRequest(HoverRequest.type, { textDocument, position });
    assert.match(JSON.stringify(hover), /data\.lib\.double/);
    const complete = await connection.sendRequest(CompletionRequest.type, {
      textDocument,
      position: { line: 2, character: 18 },
    });
    assert.match(JSON.stringify(complete), /data\.lib\.double/);
    const options = { tabSize: 2, insertSpaces: false };
    const edits = await connection.sendRequest(DocumentFormattingRequest.type, { textDocument, options });
    assert.match(edits![0]!.newText, /^allow if data\.lib\.double\(1\) == 2$/m);
    const policy = 'apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: {rules: [{name: r}]}\n';
    await show(connection, uri('p.yaml'), policy);
    assert.equal((await next(uri('p.yaml'))).length, 1);
    await connection.sendRequest(ShutdownRequest.type);
    await connection.sendNotification(ExitNotification.type);
    assert.equal(await ended, 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
