import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  type CompletionItem,
  CompletionItemKind,
  type Connection,
  createConnection,
  type Diagnostic,
  DiagnosticSeverity,
  type DocumentSymbol,
  type InitializeParams,
  type InitializeResult,
  type Position,
  type Range,
  SymbolKind,
  TextDocumentSyncKind,
  type TextEdit,
} from 'vscode-languageserver/node';
import type { Language, Span } from '../base/index.ts';
import { builtinCatalog } from '../kernel/index.ts';
import { editor, rego } from '../policy/index.ts';
import { type Command, EXIT, type Invocation } from './command.ts';

const FILES_MAX = 5_000;
const FILE_BYTES_MAX = 2 * 1024 * 1024;
const FOLDERS_LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', '.git']);
/** Pause in typing after which texts are looked at. */
const QUIET_MS = 120;

const COMPLETIONS: Readonly<Record<editor.Suggestion['kind'], CompletionItemKind>> = {
  keyword: CompletionItemKind.Keyword,
  builtin: CompletionItemKind.Function,
  function: CompletionItemKind.Function,
  rule: CompletionItemKind.Variable,
  import: CompletionItemKind.Module,
};
const SYMBOLS: Readonly<Record<editor.DeclaredName['kind'], SymbolKind>> = {
  package: SymbolKind.Package,
  rule: SymbolKind.Variable,
  function: SymbolKind.Function,
};

const isRego = (uri: string): boolean => uri.endsWith('.rego');
const isDocument = (uri: string): boolean => /\.(ya?ml|json)$/.test(uri);

/** Spans count from 1, the protocol from 0. */
const rangeOf = ({ line, column, endLine = line, endColumn = column + 1 }: Span): Range => ({
  start: { line: line - 1, character: column - 1 },
  end: { line: endLine - 1, character: Math.max(endColumn - 1, 0) },
});

/** Rego files below a folder, so many at most; what cannot be read is left out. */
function* regoFiles(folder: string, left = { files: FILES_MAX }): Generator<string> {
  const entries = (() => {
    try {
      return readdirSync(folder, { withFileTypes: true });
    } catch {
      return [];
    }
  })();
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !FOLDERS_LEFT_OUT.has(entry.name)) yield* regoFiles(path, left);
    else if (entry.isFile() && isRego(entry.name) && statSync(path).size <= FILE_BYTES_MAX && left.files-- > 0)
      yield path;
  }
}

/** The texts an editor works on: what it has open as it is there, other Rego files of its folders as they lie. */
class Desk {
  readonly #open = new Map<string, string>();
  readonly #beside = new Map<string, string>();
  #workspace: editor.RegoWorkspace | undefined;
  version: editor.RegoVersion = 'v1';

  /** Reads the Rego files of folders again. */
  read(folders: readonly string[]): void {
    this.#workspace = undefined;
    this.#beside.clear();
    for (const folder of folders)
      for (const path of regoFiles(folder)) this.#beside.set(pathToFileURL(path).href, readFileSync(path, 'utf8'));
  }

  set(uri: string, text: string | undefined): void {
    this.#workspace = undefined;
    if (text === undefined) this.#open.delete(uri);
    else this.#open.set(uri, text);
  }

  text(uri: string): string {
    return this.#open.get(uri) ?? this.#beside.get(uri) ?? '';
  }

  get rego(): editor.RegoWorkspace {
    const all = new Map([...this.#beside, ...[...this.#open].filter(([uri]) => isRego(uri))]);
    return (this.#workspace ??= editor.openRego(
      [...all].map(([file, text]) => ({ file, text })),
      this.version,
    ));
  }

  get documents(): editor.EditorText[] {
    return [...this.#open].filter(([uri]) => isDocument(uri)).map(([file, text]) => ({ file, text }));
  }

  offset(uri: string, { line, character }: Position): number {
    return editor.offsetOf(this.text(uri), line + 1, character + 1);
  }
}

const diagnosticOf = ({ where, severity, code, message }: editor.Finding): Diagnostic => ({
  range: rangeOf(where),
  severity: severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
  source: 'tenon',
  code,
  message,
});

/** Tells the editor what is wrong, and of files that nothing is wrong with any more. */
function tellFindings(connection: Connection, desk: Desk, language: Language, told: Set<string>): void {
  const byFile = new Map<string, Diagnostic[]>([...told].map(uri => [uri, []]));
  const catalog = builtinCatalog();
  const kindOf: editor.EditorTypes['kindOf'] = (group, version, resource) =>
    catalog.resource({ group, version, resource });
  const found = [
    ...desk.rego.findings,
    ...desk.documents.flatMap(source => editor.findingsInDocuments(source, { language, kindOf })),
  ];
  for (const finding of found) {
    const uri = finding.where.file;
    if (!byFile.has(uri)) byFile.set(uri, []);
    byFile.get(uri)!.push(diagnosticOf(finding));
  }
  told.clear();
  for (const [uri, diagnostics] of byFile) {
    if (diagnostics.length > 0) told.add(uri);
    void connection.sendDiagnostics({ uri, diagnostics });
  }
}

function answerQuestions(connection: Connection, desk: Desk): void {
  connection.onHover(({ textDocument: { uri }, position }) => {
    const value = isRego(uri) ? editor.describe(desk.rego, uri, desk.offset(uri, position)) : undefined;
    return value === undefined ? null : { contents: { kind: 'markdown', value } };
  });
  connection.onDefinition(({ textDocument: { uri }, position }) => {
    const spans = isRego(uri) ? editor.definitionsOf(desk.rego, uri, desk.offset(uri, position)) : [];
    return spans.map(span => ({ uri: span.file, range: rangeOf(span) }));
  });
  connection.onCompletion(({ textDocument: { uri }, position }): CompletionItem[] => {
    if (!isRego(uri)) return [];
    const source = { file: uri, text: desk.text(uri) };
    return editor.suggest(desk.rego, source, desk.offset(uri, position)).map(({ name, kind, detail }) => ({
      label: name,
      kind: COMPLETIONS[kind],
      ...(detail === undefined ? {} : { detail }),
    }));
  });
  connection.onDocumentSymbol(({ textDocument: { uri } }): DocumentSymbol[] => {
    const module = desk.rego.modules.find(({ file }) => file === uri);
    return (module ? editor.namesIn(module) : []).map(({ name, kind, where, whole }) => ({
      name,
      kind: SYMBOLS[kind],
      range: rangeOf(whole),
      selectionRange: rangeOf(where),
    }));
  });
  connection.onDocumentFormatting(({ textDocument: { uri } }): TextEdit[] => {
    if (!isRego(uri)) return [];
    const text = desk.text(uri);
    try {
      const newText = rego.formatModule(text, { file: uri, version: desk.version });
      const lines = text.split('\n').length;
      return newText === text
        ? []
        : [{ range: { start: { line: 0, character: 0 }, end: { line: lines, character: 0 } }, newText }];
    } catch (error) {
      // What cannot be read is not laid out anew; its findings say why.
      if (error instanceof rego.RegoError) return [];
      throw error;
    }
  });
}

const foldersOf = ({ workspaceFolders, rootUri }: InitializeParams): string[] =>
  (workspaceFolders?.map(({ uri }) => uri) ?? (rootUri ? [rootUri] : []))
    .filter(uri => uri.startsWith('file:'))
    .map(uri => fileURLToPath(uri));

/** Serves one editor until it says goodbye; resolves then. */
function serve(connection: Connection, language: Language, signal: AbortSignal): Promise<void> {
  const desk = new Desk();
  const told = new Set<string>();
  let folders: string[] = [];
  let pending: NodeJS.Timeout | undefined;
  const look = (): void => {
    clearTimeout(pending);
    pending = setTimeout(() => tellFindings(connection, desk, language, told), QUIET_MS);
  };
  connection.onInitialize((params): InitializeResult => {
    const { regoVersion } = (params.initializationOptions ?? {}) as { regoVersion?: string };
    if (regoVersion === 'v0') desk.version = 'v0';
    folders = foldersOf(params);
    desk.read(folders);
    return {
      capabilities: {
        textDocumentSync: TextDocumentSyncKind.Full,
        hoverProvider: true,
        definitionProvider: true,
        documentSymbolProvider: true,
        documentFormattingProvider: true,
        completionProvider: { triggerCharacters: ['.'] },
      },
      serverInfo: { name: 'tenon' },
    };
  });
  connection.onInitialized(look);
  connection.onDidOpenTextDocument(({ textDocument: { uri, text } }) => {
    desk.set(uri, text);
    look();
  });
  connection.onDidChangeTextDocument(({ textDocument: { uri }, contentChanges }) => {
    desk.set(uri, contentChanges.at(-1)?.text ?? '');
    look();
  });
  connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
    desk.set(uri, undefined);
    desk.read(folders);
    look();
  });
  connection.onDidChangeWatchedFiles(() => {
    desk.read(folders);
    look();
  });
  answerQuestions(connection, desk);
  return new Promise(done => {
    const end = (): void => {
      clearTimeout(pending);
      done();
    };
    connection.onExit(end);
    process.stdin.once('end', end);
    signal.addEventListener('abort', end, { once: true });
    connection.listen();
  });
}

export const command: Command = {
  name: 'lsp',
  summary: { en: 'Serve editors that write policies', zh: '为编写策略的编辑器提供语言服务' },
  usage: '',
  options: {},
  run: async ({ terminal, signal }: Invocation) => {
    await serve(createConnection(process.stdin, process.stdout), terminal.language, signal);
    return EXIT.yes;
  },
};
