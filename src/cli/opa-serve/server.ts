import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { rego } from '../../policy/index.ts';
import { type Flags, listOf, OPA_VERSION, oneOf, versionOf } from '../opa-flags.ts';
import { readSources } from '../opa-sources.ts';
import { type Authentication, refusalOf } from './access.ts';
import { keepAwake } from './awake.ts';
import { isTree, unreadFields } from './configuration.ts';
import { BodyError, partsOf, readBody, send, targetOf } from './listen.ts';
import type { Log } from './log.ts';
import { handlerOf, processLines, RequestMetrics, statusLines } from './metrics.ts';
import { discoveryLoader, Plugins, type PluginWorld } from './plugins.ts';
import { type Decided, isOn, type PolicyRequest, PolicyServer } from './policies.ts';
import { type Reply, refuse } from './reply.ts';

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const splitPath = (path: string): string[] => path.split('/').filter(part => part !== '');

const textAt = (configuration: unknown, name: string, otherwise: string): string => {
  const value = isTree(configuration) ? configuration[name] : undefined;
  return typeof value === 'string' ? value : otherwise;
};

/** The configuration as it is told: what is secret is left out. */
function shownConfiguration(configuration: unknown, labels: object): unknown {
  const given = isTree(configuration) ? configuration : {};
  const without = (value: unknown, name: string): unknown =>
    isTree(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => key !== name)) : value;
  const each = (value: unknown, name: string): unknown => {
    if (Array.isArray(value)) return value.map(item => without(item, name));
    return isTree(value)
      ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, without(item, name)]))
      : value;
  };
  return {
    default_authorization_decision: '/system/authz/allow',
    default_decision: '/system/main',
    ...given,
    ...(given.services === undefined ? {} : { services: each(given.services, 'credentials') }),
    ...(given.keys === undefined ? {} : { keys: each(each(given.keys, 'key'), 'private_key') }),
    labels,
  };
}

/** The server with the plugins of its present configuration. */
export class OpaServer {
  readonly policies: PolicyServer;
  readonly #log: Log;
  readonly #boot: unknown;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #authentication: Authentication;
  readonly #isAuthorized: boolean;
  readonly #metrics = new RequestMetrics();
  readonly #keepAwake = keepAwake();
  readonly #builtins: () => rego.BuiltinContext;
  readonly #world: PluginWorld;
  #configuration: unknown;
  #plugins: Plugins;
  #running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
  #discovery: { readonly isActive: boolean } | undefined;
  #requests = 0;

  constructor(flags: Flags, configuration: unknown, log: Log, builtins: (strict: boolean) => rego.BuiltinContext) {
    const version = versionOf(flags);
    const isBundle = flags.values.bundle === true;
    const { modules, data } = readSources({
      paths: isBundle ? [] : flags.words,
      bundles: isBundle ? flags.words : [],
      ignore: listOf(flags, 'ignore'),
      version,
    });
    this.#log = log;
    this.#boot = configuration;
    this.#configuration = configuration;
    this.#builtins = () => builtins(false);
    this.#authentication = oneOf(flags, 'authentication', ['off', 'token', 'tls']);
    this.#isAuthorized = oneOf(flags, 'authorization', ['off', 'basic']) === 'basic';
    const own = isTree(configuration) && isTree(configuration.labels) ? configuration.labels : {};
    const given = Object.fromEntries(Object.entries(own).map(([name, value]) => [name, String(value)]));
    this.#labels = { ...given, id: randomUUID(), version: OPA_VERSION };
    this.policies = new PolicyServer(modules, data, version, builtins, {
      defaultDecision: () => splitPath(textAt(this.#configuration, 'default_decision', '/system/main')),
      decisionId: () => (this.#plugins.decisions ? randomUUID() : undefined),
      config: () => shownConfiguration(this.#configuration, this.#labels),
      status: () => this.#plugins.status(),
      readiness: () => {
        const state = Object.entries(this.#plugins.states()).map(([name, each]) => [name, each.state] as const);
        return { plugin_state: Object.fromEntries(state), plugins_ready: this.isReady };
      },
      unhealthy: search => this.#unhealthy(search),
    });
    this.#world = {
      version,
      log,
      labels: this.#labels,
      activate: bundle => this.policies.activate(bundle),
      document: (path, input) => this.policies.document(path, input),
    };
    this.#plugins = new Plugins(configuration, this.#world);
  }

  #unhealthy(search: URLSearchParams): string | undefined {
    const wantsBundles = isOn(search, 'bundles') || isOn(search, 'bundle');
    if (wantsBundles && !this.isReady) return 'one or more bundles are not activated';
    if (isOn(search, 'plugins') && !this.isReady) return 'one or more plugins are not up';
    return undefined;
  }

  get isReady(): boolean {
    return this.#plugins.isReady && (this.#discovery?.isActive ?? true);
  }

  /** Starts what the configuration asks for; ends with the signal. */
  async run(signal: AbortSignal): Promise<void> {
    this.#start();
    const loader = discoveryLoader(this.#boot, this.#world, this.#builtins, configuration => {
      const plugins = new Plugins(configuration, this.#world);
      this.#warn(configuration);
      this.#running?.stop.abort();
      this.#configuration = configuration;
      this.#plugins = plugins;
      this.policies.retain(new Set(plugins.bundles.map(({ name }) => name)));
      this.#start();
    });
    this.#discovery = loader;
    const ended = new Promise<void>(resolve =>
      signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    await Promise.all([loader?.run(signal), ended]);
    this.#running?.stop.abort();
    await this.#running?.done;
  }

  #warn(configuration: unknown): void {
    for (const field of unreadFields(configuration))
      if (field !== 'services' && !field.startsWith('plugins'))
        this.#log.warn(`Configuration field "${field}" is not read.`);
  }

  #start(): void {
    const stop = new AbortController();
    const done = this.#plugins.run(stop.signal).catch((error: unknown) => {
      this.#log.error((error as Error).stack ?? String(error));
    });
    this.#running = { stop, done };
  }

  /** Tells of fields that nothing reads. */
  checkFields(): void {
    this.#warn(this.#boot);
  }

  #reply(request: PolicyRequest, incoming: IncomingMessage, id: number): Reply {
    if (this.#isAuthorized) {
      const path = splitPath(textAt(this.#configuration, 'default_authorization_decision', '/system/authz/allow'));
      const refusal = refusalOf(request, this.#authentication, incoming, input => this.policies.document(path, input));
      if (refusal) return refusal;
    }
    if (request.parts[0] === 'metrics' && request.parts.length === 1)
      return { status: 200, type: METRICS_TYPE, body: `${this.#metricLines().join('\n')}\n` };
    const { decisions } = this.#plugins;
    const log: Decided | undefined = decisions
      ? decision => {
          const { remoteAddress, remotePort } = incoming.socket;
          const bundles = this.policies.owners.revisions();
          const headers = Object.fromEntries(
            decisions.headers.flatMap(name => {
              const value = incoming.headers[name.toLowerCase()];
              return value === undefined ? [] : [[name, [value].flat()]];
            }),
          );
          decisions.take(decision, {
            labels: this.#labels,
            ...(Object.keys(bundles).length > 0 ? { bundles: bundles as rego.Value } : {}),
            ...(remoteAddress === undefined ? {} : { requested_by: `${remoteAddress}:${remotePort}` }),
            ...(Object.keys(headers).length > 0 ? { request_context: { http: { headers } } as rego.Value } : {}),
            req_id: id,
          });
        }
      : undefined;
    return this.policies.answer(request, log);
  }

  #metricLines(): string[] {
    const plugins = this.#plugins.isPrometheus ? statusLines(this.#plugins.bundles, this.#plugins.states()) : [];
    return [...this.#metrics.lines(), ...processLines(), ...plugins];
  }

  /** Answers one request. `isDiagnostic` listeners tell health and metrics only. */
  handle(incoming: IncomingMessage, response: ServerResponse, isDiagnostic: boolean): void {
    const started = performance.now();
    const method = incoming.method ?? 'GET';
    const id = ++this.#requests;
    const isLogged = this.#log.isOn('info');
    const target = targetOf(incoming.url ?? '/');
    const about = isLogged
      ? {
          client_addr: `${incoming.socket.remoteAddress}:${incoming.socket.remotePort}`,
          req_id: id,
          req_method: method,
          req_path: target.pathname,
        }
      : {};
    if (isLogged) this.#log.info('Received request.', about);
    readBody(incoming, body => {
      const reply = this.#guarded(() => {
        if (body instanceof BodyError)
          return refuse(body.message.includes('too large') ? 413 : 400, 'invalid_parameter', body.message);
        if (isDiagnostic && !/^\/(?:health|metrics)/.test(target.pathname))
          return refuse(404, 'resource_not_found', 'no such path');
        const onlyNew = incoming.headers['if-none-match'] === '*';
        const accept = incoming.headers.accept ?? '';
        const request = { method, parts: partsOf(target.pathname), search: target.searchParams, body, accept, onlyNew };
        return this.#reply(request, incoming, id);
      });
      const bytes = send(response, reply, isOn(target.searchParams, 'pretty'));
      this.#keepAwake();
      const spent_ms = performance.now() - started;
      this.#metrics.observe(reply.status, handlerOf(target.pathname), method, spent_ms / 1000);
      if (isLogged)
        this.#log.info('Sent response.', {
          ...about,
          resp_bytes: bytes,
          resp_duration: spent_ms,
          resp_status: reply.status,
        });
    });
  }

  /** A fault of ours ends one request, not the server. */
  #guarded(run: () => Reply): Reply {
    try {
      return run();
    } catch (error) {
      if (error instanceof URIError) return refuse(400, 'invalid_parameter', 'path is no valid escaped text');
      this.#log.error((error as Error).stack ?? String(error));
      return refuse(500, 'internal_error', (error as Error).message);
    }
  }
}
