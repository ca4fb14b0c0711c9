import { rego } from '../../policy/index.ts';
import { DataError, exists, patched, removed } from '../opa-data.ts';
import { queryRows } from '../opa-eval.ts';
import { OPA_VERSION, reportOf } from '../opa-flags.ts';
import { partialReply, pathsOf } from '../opa-partial.ts';
import type { Version } from '../opa-sources.ts';
import { filterReply } from './filters.ts';
import { type ActiveBundle, Ownership } from './ownership.ts';
import { type Reply, refuse } from './reply.ts';

/** A request as far as policies are concerned. */
export interface PolicyRequest {
  readonly method: string;
  readonly parts: readonly string[];
  readonly search: URLSearchParams;
  readonly body: string;
  /** Media types that are asked for. */
  readonly accept: string;
  /** `If-None-Match: *`: only what is not there is written. */
  readonly onlyNew: boolean;
}

/** One decision for the log. */
export interface Decision {
  readonly id: string;
  readonly path?: string;
  readonly query?: string;
  readonly input?: rego.Value;
  readonly result?: rego.Value;
  readonly error?: unknown;
  readonly eval_ns: number;
}

/** What the API tells and asks of the parts around it. */
export interface Surroundings {
  /** The document that `POST /` asks for. */
  defaultDecision(): readonly string[];
  /** A name for a decision that is logged; undefined where none is. */
  decisionId(): string | undefined;
  config(): unknown;
  status(): unknown;
  /** What health checks that policies decide are asked with. */
  readiness(): rego.Value;
  /** Why the server is not healthy. */
  unhealthy(search: URLSearchParams): string | undefined;
}

/** Hears of each decision. */
export type Decided = (decision: Decision) => void;

const PROVENANCE = { version: OPA_VERSION, build_commit: '', build_timestamp: '', build_hostname: '' };
const NO_INPUT = { code: 'api_usage_warning', message: "'input' key missing from the request" };

interface CompileRequest {
  readonly query?: unknown;
  readonly unknowns?: readonly string[];
  readonly options?: { readonly disableInlining?: readonly string[] };
}

/** `?x`, `?x=true` and `?x=1` switch x on. */
export const isOn = (search: URLSearchParams, name: string): boolean =>
  search.size > 0 && /^(?:|true|1)$/.test(search.get(name) ?? 'no');

/** Policies and data of a running server; both change by its API. */
export class PolicyServer {
  readonly #modules = new Map<string, rego.Module>();
  readonly #version: Version;
  readonly #world: (strict: boolean) => rego.BuiltinContext;
  readonly #around: Surroundings;
  readonly #owners = new Ownership();
  #data: rego.Value;
  #program: rego.Program;
  /** Entry points by path: compiled once. */
  #entries = new Map<string, ReturnType<rego.Program['entry']>>();

  constructor(
    modules: readonly rego.Module[],
    data: rego.Value,
    version: Version,
    world: (strict: boolean) => rego.BuiltinContext,
    around: Surroundings,
  ) {
    for (const module of modules) this.#modules.set(module.file, module);
    this.#data = data;
    this.#version = version;
    this.#world = world;
    this.#around = around;
    this.#program = rego.compileRego(modules, rego.BUILTINS);
  }

  #texts(): Map<string, string> {
    return new Map([...this.#modules].map(([id, module]) => [id, module.text]));
  }

  get owners(): Ownership {
    return this.#owners;
  }

  /** Puts a bundle in place of its last version. Throws where it does not fit, and then nothing has changed. */
  activate(bundle: ActiveBundle): void {
    this.#owners.admit(bundle);
    const before = this.#owners.active.get(bundle.name);
    let data = this.#data;
    for (const root of before?.roots ?? []) data = replaced(data, root, undefined);
    for (const root of bundle.roots) {
      const own = valueAt(bundle.data, root);
      data = replaced(data, root, own);
    }
    const last = new Set(before?.modules.map(({ file }) => file));
    this.#change(next => {
      for (const id of last) next.delete(id);
      for (const module of bundle.modules) next.set(module.file, module);
    });
    this.#data = data;
    this.#owners.set(bundle);
  }

  /** Takes away the bundles that are configured no more. */
  retain(names: ReadonlySet<string>): void {
    for (const [name, { roots, modules }] of this.#owners.active) {
      if (names.has(name)) continue;
      this.#change(next => {
        for (const { file } of modules) next.delete(file);
      });
      for (const root of roots) this.#data = replaced(this.#data, root, undefined);
      this.#owners.delete(name);
    }
  }

  /** A document: rules where there are some, else what data holds there. */
  document(path: readonly string[], input: rego.Value | undefined, strict = false): rego.Value | undefined {
    const key = path.join('/');
    let entry = this.#entries.get(key);
    if (this.#entries.size > ENTRIES_MAX) this.#entries.clear();
    if (entry === undefined && !this.#entries.has(key)) this.#entries.set(key, (entry = this.#program.entry(path)));
    const evaluation = { ...(input === undefined ? {} : { input }), data: this.#data, builtins: this.#world(strict) };
    if (entry) return entry(evaluation);
    const text = `data${path.map(name => `[${JSON.stringify(name)}]`).join('')}`;
    return queryRows(this.#program, text, { version: this.#version }, evaluation)[0]?.expressions[0]?.value;
  }

  /** Decides, and tells the log of it where there is one. */
  #decided(
    asked: { readonly path?: readonly string[]; readonly query?: string; readonly input: rego.Value | undefined },
    log: Decided | undefined,
    run: () => rego.Value | undefined,
    isTimed = false,
  ): { readonly result: rego.Value | undefined; readonly id: string | undefined; readonly eval_ns: number } {
    const id = this.#around.decisionId();
    if (id === undefined && !isTimed) return { result: run(), id, eval_ns: 0 };
    const started = process.hrtime.bigint();
    const told = {
      ...(asked.path ? { path: asked.path.join('/') } : {}),
      ...(asked.query === undefined ? {} : { query: asked.query }),
      ...(asked.input === undefined ? {} : { input: asked.input }),
    };
    try {
      const result = run();
      const eval_ns = Number(process.hrtime.bigint() - started);
      if (id !== undefined && log) log({ id, ...told, ...(result === undefined ? {} : { result }), eval_ns });
      return { result, id, eval_ns };
    } catch (error) {
      const eval_ns = Number(process.hrtime.bigint() - started);
      if (id !== undefined && log) log({ id, ...told, error: this.#told(error), eval_ns });
      throw error;
    }
  }

  /** The document of a decision, with what the request asks to be told beside it. */
  #decision(
    path: readonly string[],
    input: rego.Value | undefined,
    { search, method }: PolicyRequest,
    log?: Decided,
  ): Reply {
    const strict = isOn(search, 'strict-builtin-errors');
    const isTimed = isOn(search, 'metrics') || isOn(search, 'instrument');
    const decide = (): rego.Value | undefined => this.document(path, input, strict);
    const { result, id, eval_ns } = this.#decided({ path, input }, log, decide, isTimed);
    const warning = method === 'POST' && input === undefined ? { warning: NO_INPUT } : undefined;
    // Most requests ask for nothing beside the document.
    if (search.size === 0 && id === undefined && !warning)
      return { status: 200, body: result === undefined ? {} : { result } };
    const bundles = this.#owners.active.size > 0 ? { bundles: this.#owners.revisions() } : {};
    const body = {
      ...(id === undefined ? {} : { decision_id: id }),
      ...(isOn(search, 'provenance') ? { provenance: { ...PROVENANCE, ...bundles } } : {}),
      ...(isTimed ? { metrics: { timer_rego_query_eval_ns: eval_ns } } : {}),
      ...(result === undefined ? {} : { result }),
      ...warning,
    };
    return { status: 200, body };
  }

  #dataOf(request: PolicyRequest, log?: Decided): Reply {
    const { method, body, search, onlyNew } = request;
    const path = request.parts.slice(2);
    if (method === 'GET' || method === 'POST') {
      const given = method === 'POST' && body !== '' ? rego.fromJsonText(body) : undefined;
      const asked = search.get('input');
      const input = asked === null ? (given as { input?: rego.Value } | undefined)?.input : rego.fromJsonText(asked);
      return this.#decision(path, input, request, log);
    }
    const writes =
      method === 'PATCH' ? patchedPaths(path, body) : method === 'PUT' || method === 'DELETE' ? [path] : [];
    for (const each of writes) this.#owners.guard(each);
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

  #query({ method, body, search }: PolicyRequest, log?: Decided): Reply {
    const given = method === 'POST' ? (rego.fromJsonText(body) as { query?: string; input?: rego.Value }) : {};
    const query = search.get('q') ?? given.query;
    if (typeof query !== 'string') return refuse(400, 'invalid_parameter', "missing required 'q' parameter");
    const { input } = given;
    const { result } = this.#decided({ query, input }, log, () => {
      const evaluation = {
        ...(input === undefined ? {} : { input }),
        data: this.#data,
        builtins: this.#world(isOn(search, 'strict-builtin-errors')),
      };
      return queryRows(this.#program, query, { version: this.#version }, evaluation).map(row => row.bindings ?? {});
    });
    const rows = result as readonly rego.Value[];
    return { status: 200, body: rows.length === 0 ? {} : { result: rows } };
  }

  /** `POST /v1/compile`: what is left of a query when some documents are unknown. */
  #compile({ method, body, search }: PolicyRequest): Reply {
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
    const metrics = isOn(search, 'metrics') ? { metrics: { timer_rego_partial_eval_ns: spent } } : {};
    return { status: 200, body: { result: partialReply(left), ...metrics } };
  }

  /** `POST /v1/compile/{path}`: a rule as a filter of rows. */
  #filters({ method, parts, body, accept }: PolicyRequest): Reply {
    if (method !== 'POST') return refuse(405, 'method_not_allowed', `${method} is not allowed here`);
    return filterReply(
      { path: parts.slice(2), accept, body },
      {
        program: this.#program,
        version: this.#version,
        evaluation: { data: this.#data, builtins: this.#world(false) },
        document: (path, input) => this.document(path, input),
      },
    );
  }

  #policies({ method, parts, body }: PolicyRequest): Reply {
    const id = parts.slice(2).join('/');
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
      this.#owners.guard(known.package);
      this.#change(next => void next.delete(id));
      return { status: 200, body: {} };
    }
    if (method !== 'PUT') return refuse(405, 'method_not_allowed', `${method} is not allowed here`);
    const module = rego.parseModule(body, { file: id, version: this.#version });
    this.#owners.guard(module.package);
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

  /** A document asked for by its input alone. */
  #plain(request: PolicyRequest, path: readonly string[], missing: Reply, log?: Decided): Reply {
    const input = request.body === '' ? undefined : rego.fromJsonText(request.body);
    const { result } = this.#decided({ path, input }, log, () => this.document(path, input));
    return result === undefined ? missing : { status: 200, body: result };
  }

  /** `/health`, or a check that policies decide: `/health/live` asks `data.system.health.live` (OPA, "Health API"). */
  #health(check: readonly string[], search: URLSearchParams): Reply {
    const reason = check.length > 0 ? this.#check(check) : this.#around.unhealthy(search);
    return reason === undefined ? { status: 200, body: {} } : { status: 500, body: { error: reason } };
  }

  #check(check: readonly string[]): string | undefined {
    const name = `health check (data.system.health.${check.join('.')})`;
    const result = this.document(['system', 'health', ...check], this.#around.readiness());
    if (result === undefined) return `${name} was undefined`;
    return result === true ? undefined : `${name} returned unexpected value`;
  }

  #answered(request: PolicyRequest, log?: Decided): Reply {
    const { method, parts, search } = request;
    const [version, name] = parts;
    if (version === 'v1' && name === 'data') return this.#dataOf(request, log);
    if (version === 'health') return this.#health(parts.slice(1), search);
    if (version === 'v1' && name === 'query') return this.#query(request, log);
    if (version === 'v1' && name === 'compile' && parts.length === 2) return this.#compile(request);
    if (version === 'v1' && name === 'compile') return this.#filters(request);
    if (version === 'v1' && name === 'policies') return this.#policies(request);
    if (version === 'v0' && name === 'data' && method === 'POST') {
      const path = parts.slice(2);
      const missing = refuse(404, 'undefined_document', `document undefined: data.${path.join('.')}`);
      return this.#plain(request, path, missing, log);
    }
    if (version === 'v1' && name === 'config') return { status: 200, body: { result: this.#around.config() } };
    if (version === 'v1' && name === 'status') {
      const status = this.#around.status();
      return status === undefined
        ? refuse(500, 'internal_error', 'status plugin not enabled')
        : { status: 200, body: { result: status } };
    }
    if (parts.length === 0 && method === 'POST') {
      const path = this.#around.defaultDecision();
      return this.#plain(
        request,
        path,
        refuse(404, 'undefined_document', `document missing: data.${path.join('.')}`),
        log,
      );
    }
    return refuse(404, 'resource_not_found', `no such path: /${parts.join('/')}`);
  }

  /** One request; errors of policies and documents are answers too. */
  answer(request: PolicyRequest, log?: Decided): Reply {
    try {
      return this.#answered(request, log);
    } catch (error) {
      return this.#refusal(error);
    }
  }

  /** An error as the log of decisions holds it. */
  #told(error: unknown): unknown {
    const { body } = this.#refusal(error);
    return (body as { errors?: readonly unknown[] }).errors?.[0] ?? body;
  }

  #refusal(error: unknown): Reply {
    if (error instanceof SyntaxError)
      return refuse(400, 'invalid_parameter', `body contains malformed input document: ${error.message}`);
    if (error instanceof DataError) return refuse(error.status, error.code, error.message);
    if (error instanceof RangeError) return refuse(500, 'internal_error', 'evaluation nests too deeply');
    const report = reportOf(error, this.#texts());
    const isEvaluation = error instanceof rego.EvaluationError;
    const message = `error(s) occurred while ${isEvaluation ? 'evaluating query' : 'compiling module(s)'}`;
    const code = isEvaluation ? 'internal_error' : 'invalid_parameter';
    return { status: isEvaluation ? 500 : 400, body: { code, message, errors: [report] } };
  }
}

const ENTRIES_MAX = 10_000;

/** Where a patch writes. */
function patchedPaths(path: readonly string[], body: string): (readonly string[])[] {
  const operations = rego.toJson(rego.fromJsonText(body));
  if (!Array.isArray(operations)) return [path];
  return operations.map(each => {
    const below = (each as { path?: unknown } | null)?.path;
    return typeof below === 'string' ? [...path, ...below.split('/').filter(part => part !== '')] : path;
  });
}

/** The document at a path; undefined when there is none. */
function valueAt(data: rego.Value, path: readonly string[]): rego.Value | undefined {
  return path.reduce<rego.Value | undefined>(
    (value, name) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
        ? (value as { readonly [name: string]: rego.Value })[name]
        : undefined,
    data,
  );
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
