import { targetUrl } from '../base/index.ts';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rego } from '../policy/index.ts';
import type { Invocation } from './command.ts';
import { DataError, exists, patched, removed } from './opa-data.ts';
import { queryRows } from './opa-eval.ts';
import { type Flags, listOf, parseFlags, reportOf, textOf, versionOf, worldOf } from './opa-flags.ts';
import { partialReply, pathsOf } from './opa-partial.ts';
import { readSources, type Version } from './opa-sources.ts';

const BODY_MAX = 64 * 1024 * 1024;

interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

const refuse = (status: number, code: string, message: string): Reply => ({ status, body: { code, message } });

/** The version of OPA whose answers these are. */
const VERSION = '1.22.2';
const PROVENANCE = { version: VERSION, build_commit: '', build_timestamp: '', build_hostname: '' };
const NO_INPUT = { code: 'api_usage_warning', message: "'input' key missing from the request" };

interface CompileRequest {
  readonly query?: unknown;
  readonly unknowns?: readonly string[];
  readonly options?: { readonly disableInlining?: readonly string[] };
}

/** `?x`, `?x=true` and `?x=1` switch x on. */
const isOn = (search: URLSearchParams, name: string): boolean => /^(?:|true|1)$/.test(search.get(name) ?? 'no');

/** Policies and data of a running server; both change by its API. */
class PolicyServer {
  readonly #modules = new Map<string, rego.Module>();
  readonly #version: Version;
  readonly #world: (strict: boolean) => rego.BuiltinContext;
  readonly #config = {
    default_authorization_decision: '/system/authz/allow',
    default_decision: '/system/main',
    labels: { id: randomUUID(), version: VERSION },
  };
  #data: rego.Value;
  #program: rego.Program;
  /** Entry points by path: compiled once. */
  #entries = new Map<string, ReturnType<rego.Program['entry']>>();

  constructor(
    modules: readonly rego.Module[],
    data: rego.Value,
    version: Version,
    world: (strict: boolean) => rego.BuiltinContext,
  ) {
    for (const module of modules) this.#modules.set(module.file, module);
    this.#data = data;
    this.#version = version;
    this.#world = world;
    this.#program = rego.compileRego(modules, rego.BUILTINS);
  }

  #texts(): Map<string, string> {
    return new Map([...this.#modules].map(([id, module]) => [id, module.text]));
  }

  /** A document: rules where there are some, else what data holds there. */
  #document(path: readonly string[], input: rego.Value | undefined, strict = false): rego.Value | undefined {
    const key = path.join('/');
    let entry = this.#entries.get(key);
    if (entry === undefined && !this.#entries.has(key)) this.#entries.set(key, (entry = this.#program.entry(path)));
    const evaluation = { ...(input === undefined ? {} : { input }), data: this.#data, builtins: this.#world(strict) };
    if (entry) return entry(evaluation);
    const text = `data${path.map(name => `[${JSON.stringify(name)}]`).join('')}`;
    return queryRows(this.#program, text, { version: this.#version }, evaluation)[0]?.expressions[0]?.value;
  }

  /** The document of a decision, with what the request asks to be told beside it. */
  #decision(path: readonly string[], input: rego.Value | undefined, search: URLSearchParams, warn: boolean): Reply {
    const started = process.hrtime.bigint();
    const result = this.#document(path, input, isOn(search, 'strict-builtin-errors'));
    const spent = Number(process.hrtime.bigint() - started);
    const body = {
      ...(isOn(search, 'provenance') ? { provenance: PROVENANCE } : {}),
      ...(isOn(search, 'metrics') || isOn(search, 'instrument')
        ? { metrics: { timer_rego_query_eval_ns: spent, timer_server_handler_ns: spent } }
        : {}),
      ...(result === undefined ? {} : { result }),
      ...(warn ? { warning: NO_INPUT } : {}),
    };
    return { status: 200, body };
  }

  data(method: string, path: readonly string[], body: string, search: URLSearchParams, onlyNew: boolean): Reply {
    if (method === 'GET' || method === 'POST') {
      const given = method === 'POST' && body !== '' ? rego.fromJsonText(body) : undefined;
      const asked = search.get('input');
      const input = asked === null ? (given as { input?: rego.Value } | undefined)?.input : rego.fromJsonText(asked);
      return this.#decision(path, input, search, method === 'POST' && input === undefined);
    }
    if (method === 'PUT') {
      if (onlyNew && exists(this.#data, path)) return { status: 304 };
      this.#data = replaced(this.#data, path, rego.fromJsonText(body));
      return { status: 204 };
    }
    if (method === 'DELETE') {
      this.#data = removed(this.#data, path);
      return { status: 204 };
    }
    if (method === 'PATCH') {
      this.#data = patched(this.#data, path, rego.fromJsonText(body));
      return { status: 204 };
    }
    return refuse(405, 'method_not_allowed', `${method} is not allowed here`);
  }

  query(method: string, body: string, search: URLSearchParams): Reply {
    const given = method === 'POST' ? (rego.fromJsonText(body) as { query?: string; input?: rego.Value }) : {};
    const text = search.get('q') ?? given.query;
    if (typeof text !== 'string') return refuse(400, 'invalid_parameter', "missing required 'q' parameter");
    const rows = queryRows(
      this.#program,
      text,
      { version: this.#version },
      {
        ...(given.input === undefined ? {} : { input: given.input }),
        data: this.#data,
        builtins: this.#world(isOn(search, 'strict-builtin-errors')),
      },
    );
    return { status: 200, body: rows.length === 0 ? {} : { result: rows.map(row => row.bindings ?? {}) } };
  }

  /** `POST /v1/compile`: what is left of a query when some documents are unknown. */
  compile(method: string, body: string, search: URLSearchParams): Reply {
    if (method !== 'POST') return refuse(405, 'method_not_allowed', `${method} is not allowed here`);
    const given = (body === '' ? {} : rego.toJson(rego.fromJsonText(body))) as CompileRequest;
    if (typeof given.query !== 'string' || given.query === '')
      return refuse(400, 'invalid_parameter', "missing required 'query' value");
    const started = process.hrtime.bigint();
    const input = (rego.fromJsonText(body) as { input?: rego.Value }).input;
    const left = this.#program.partially(
      given.query,
      {
        version: this.#version,
        imports: ['in', 'every', 'if', 'contains'],
        unknowns: pathsOf(given.unknowns ?? ['input']),
        disabled: pathsOf(given.options?.disableInlining ?? []),
        shallow: false,
      },
      { ...(input === undefined ? {} : { input }), data: this.#data, builtins: this.#world(false) },
    );
    const spent = Number(process.hrtime.bigint() - started);
    const metrics = isOn(search, 'metrics')
      ? { metrics: { timer_rego_partial_eval_ns: spent, timer_server_handler_ns: spent } }
      : {};
    return { status: 200, body: { result: partialReply(left), ...metrics } };
  }

  policies(method: string, id: string, body: string): Reply {
    const shown = (module: rego.Module): unknown => ({
      id: module.file,
      raw: module.text,
      ast: rego.moduleJson(module),
    });
    if (method === 'GET' && id === '') return { status: 200, body: { result: [...this.#modules.values()].map(shown) } };
    const known = this.#modules.get(id);
    if (method === 'GET' || method === 'DELETE') {
      if (!known) return refuse(404, 'resource_not_found', `storage_not_found_error: policy id "${id}"`);
      if (method === 'GET') return { status: 200, body: { result: shown(known) } };
      this.#change(next => void next.delete(id));
      return { status: 200, body: {} };
    }
    if (method !== 'PUT') return refuse(405, 'method_not_allowed', `${method} is not allowed here`);
    const module = rego.parseModule(body, { file: id, version: this.#version });
    this.#change(next => void next.set(id, module));
    return { status: 200, body: {} };
  }

  /** Compiles the changed set first: a set that does not compile changes nothing. */
  #change(change: (next: Map<string, rego.Module>) => void): void {
    const next = new Map(this.#modules);
    change(next);
    this.#program = rego.compileRego([...next.values()], rego.BUILTINS);
    this.#entries = new Map();
    this.#modules.clear();
    for (const [id, module] of next) this.#modules.set(id, module);
  }

  /** One request; errors of policies and documents are answers too. */
  answer(method: string, url: ReturnType<typeof targetOf>, body: string, onlyNew = false): Reply {
    try {
      const parts = partsOf(url.pathname);
      if (parts[0] === 'health') return { status: 200, body: {} };
      if (parts[0] === 'v1' && parts[1] === 'data')
        return this.data(method, parts.slice(2), body, url.searchParams, onlyNew);
      if (parts[0] === 'v1' && parts[1] === 'query') return this.query(method, body, url.searchParams);
      if (parts[0] === 'v1' && parts[1] === 'compile' && parts.length === 2)
        return this.compile(method, body, url.searchParams);
      if (parts[0] === 'v1' && parts[1] === 'policies') return this.policies(method, parts.slice(2).join('/'), body);
      if (parts[0] === 'v0' && parts[1] === 'data' && method === 'POST') {
        const result = this.#document(parts.slice(2), body === '' ? undefined : rego.fromJsonText(body));
        return result === undefined
          ? refuse(404, 'undefined_document', `document undefined: data.${parts.slice(2).join('.')}`)
          : { status: 200, body: result };
      }
      if (parts[0] === 'v1' && parts[1] === 'config') return { status: 200, body: { result: this.#config } };
      if (parts[0] === 'v1' && parts[1] === 'status') return refuse(500, 'internal_error', 'status plugin not enabled');
      if (parts.length === 0 && method === 'POST') {
        const result = this.#document(['system', 'main'], body === '' ? undefined : rego.fromJsonText(body));
        return result === undefined
          ? refuse(404, 'undefined_document', 'document missing: data.system.main')
          : { status: 200, body: result };
      }
      return refuse(404, 'resource_not_found', `no such path: ${url.pathname}`);
    } catch (error) {
      if (error instanceof URIError) return refuse(400, 'invalid_parameter', 'path is no valid escaped text');
      if (error instanceof SyntaxError)
        return refuse(400, 'invalid_parameter', `body contains malformed input document: ${error.message}`);
      if (error instanceof DataError) return refuse(error.status, error.code, error.message);
      if (error instanceof RangeError) return refuse(500, 'internal_error', 'evaluation nests too deeply');
      const report = reportOf(error, this.#texts());
      return error instanceof rego.EvaluationError
        ? { status: 500, body: { code: 'internal_error', message: report.message, errors: [report] } }
        : {
            status: 400,
            body: {
              code: 'invalid_parameter',
              message: 'error(s) occurred while compiling module(s)',
              errors: [report],
            },
          };
    }
  }
}

/** Data with a document put at a path, or taken away. */
function replaced(data: rego.Value, path: readonly string[], value: rego.Value | undefined): rego.Value {
  const [name, ...rest] = path;
  if (name === undefined) return value === undefined ? ({} as rego.Value) : value;
  const fields = new Map(
    Object.entries(typeof data === 'object' && data !== null && !Array.isArray(data) ? data : {}) as [
      string,
      rego.Value,
    ][],
  );
  if (rest.length === 0 && value === undefined) fields.delete(name);
  else fields.set(name, replaced(fields.get(name) ?? ({} as rego.Value), rest, value));
  const out = Object.create(null) as { [name: string]: rego.Value };
  for (const [key, item] of fields) out[key] = item;
  return out;
}

/** Hands over the body, or undefined when it is too long. */
function readBody(request: IncomingMessage, next: (body: string | undefined) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= BODY_MAX) chunks.push(chunk);
    else chunks.length = 0;
  });
  request.on('end', () => {
    if (size > BODY_MAX) next(undefined);
    else next(chunks.length === 1 ? chunks[0]!.toString('utf8') : Buffer.concat(chunks).toString('utf8'));
  });
}

function send(response: ServerResponse, { status, body }: Reply, pretty = false): void {
  if (body === undefined) return void response.writeHead(status).end();
  // Refusals are written for people.
  const text =
    pretty || status >= 400
      ? `${JSON.stringify(rego.toJson(body as rego.Value), undefined, 2)}\n`
      : `${rego.jsonText(body as rego.Value)}\n`;
  const length = Buffer.byteLength(text);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': length }).end(text);
}

const partsOf = (pathname: string): string[] => {
  const parts = pathname.split('/').filter(part => part !== '');
  return pathname.includes('%') ? parts.map(decodeURIComponent) : parts;
};

const NO_SEARCH = new URLSearchParams();

/** Path and search of a request's target: most have no search. */
function targetOf(target: string): { readonly pathname: string; readonly searchParams: URLSearchParams } {
  if (target.startsWith('/') && !target.includes('?')) return { pathname: target, searchParams: NO_SEARCH };
  return targetUrl(target);
}

/** `run --server`: OPA's REST API until the signal. */
export async function serve(args: readonly string[], invocation: Invocation): Promise<number> {
  const flags: Flags = parseFlags(args, {
    server: { type: 'boolean', short: 's' },
    addr: { type: 'string', short: 'a' },
    bundle: { type: 'string', short: 'b', multiple: true },
  });
  const { terminal, signal } = invocation;
  if (flags.values.server !== true) {
    terminal.err('Only "run --server" is there: use "tenon opa eval" for single queries');
    return 2;
  }
  const version = versionOf(flags);
  const { modules, data } = readSources({
    paths: flags.words,
    bundles: listOf(flags, 'bundle'),
    ignore: listOf(flags, 'ignore'),
    version,
  });
  const policies = new PolicyServer(modules, data, version, strict => worldOf(invocation, strict));
  const server = createServer((request, response) => {
    readBody(request, body => {
      if (body === undefined) return send(response, refuse(413, 'invalid_parameter', 'request body too large'));
      const target = targetOf(request.url ?? '/');
      const onlyNew = request.headers['if-none-match'] === '*';
      try {
        const reply = policies.answer(request.method ?? 'GET', target, body, onlyNew);
        send(response, reply, isOn(target.searchParams, 'pretty'));
      } catch (error) {
        // A fault of ours ends one request, not the server.
        terminal.err(JSON.stringify({ level: 'error', msg: (error as Error).stack ?? String(error) }));
        if (response.headersSent) response.destroy();
        else send(response, refuse(500, 'internal_error', (error as Error).message));
      }
    });
  });
  const [, host = '127.0.0.1', port = '8181'] =
    /^(?:https?:\/\/)?(.*?):(\d+)$/.exec(textOf(flags, 'addr') ?? '127.0.0.1:8181') ?? [];
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(Number(port), host || '127.0.0.1', resolve),
  );
  terminal.err(
    `${JSON.stringify({ level: 'info', msg: 'Initializing server.', addrs: [`${host || '127.0.0.1'}:${(server.address() as AddressInfo).port}`] })}`,
  );
  await new Promise<void>(resolve =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
  return 0;
}
