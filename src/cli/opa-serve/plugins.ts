import { existsSync, readFileSync } from 'node:fs';

import { rego } from '../../policy/index.ts';
import type { SigningKey } from '../opa-bundle.ts';
import type { Version } from '../opa-sources.ts';
import { BundleLoader, type BundleStatus, serviceFor, type SourceContext, sourceOf, waited } from './bundles.ts';
import { ConfigurationError, Fields, isTree } from './configuration.ts';
import { DecisionLog, decisionLogOf } from './decisions.ts';
import type { Log } from './log.ts';
import type { ActiveBundle } from './ownership.ts';
import { type Service, serviceOf } from './service.ts';

/** Reports of states are put together for this long. */
const STATUS_MS = 100;

export interface PluginWorld {
  readonly version: Version;
  readonly log: Log;
  readonly labels: Readonly<Record<string, string>>;
  activate(bundle: ActiveBundle): void;
  document(path: readonly string[], input: rego.Value): rego.Value | undefined;
}

export type PluginStates = Readonly<Record<string, { readonly state: 'OK' | 'NOT_READY' }>>;

function keysOf(fields: Fields): ReadonlyMap<string, SigningKey & { readonly scope?: string }> {
  return new Map(
    fields.each('keys').map(([id, key]) => {
      const text = key.text('key');
      if (text === undefined)
        throw new ConfigurationError(`keys.${id}.key: write the secret, the PEM text or its file`);
      const scope = key.text('scope');
      const read = existsSync(text) ? readFileSync(text, 'utf8').trim() : text;
      return [
        id,
        { id, algorithm: key.text('algorithm') ?? 'RS256', key: read, ...(scope === undefined ? {} : { scope }) },
      ];
    }),
  );
}

interface StatusSettings {
  readonly service: Service | undefined;
  readonly isConsole: boolean;
  readonly isPrometheus: boolean;
  readonly path: string;
}

/** What one configuration asks for beside the API: bundles, decision log, status. */
export class Plugins {
  readonly decisions: DecisionLog | undefined;
  readonly isPrometheus: boolean;
  readonly #world: PluginWorld;
  readonly #loaders: readonly BundleLoader[];
  readonly #status: StatusSettings | undefined;
  #wake: (() => void) | undefined;

  /** Throws ConfigurationError for a configuration that cannot be used. */
  constructor(configuration: unknown, world: PluginWorld) {
    const fields = new Fields(configuration, 'configuration');
    const services = new Map(fields.each('services').map(([name, each]) => [name, serviceOf(name, each)]));
    const context: SourceContext = {
      services,
      keys: keysOf(fields),
      folder: fields.text('persistence_directory') ?? '.opa',
    };
    this.#world = world;
    this.#loaders = fields.each('bundles').map(
      ([name, each]) =>
        new BundleLoader(sourceOf(name, each, context), world.version, world.log, {
          activate: bundle => world.activate(bundle),
          changed: () => this.#report(),
        }),
    );
    if (fields.has('decision_logs')) {
      const settings = decisionLogOf(fields.fields('decision_logs'), services);
      this.decisions = new DecisionLog(settings, world.log, (path, input) => world.document(path, input));
    }
    this.#status = fields.has('status') ? statusOf(fields.fields('status'), services) : undefined;
    this.isPrometheus = this.#status?.isPrometheus ?? false;
  }

  get bundles(): readonly BundleStatus[] {
    return this.#loaders.map(({ status }) => status);
  }

  get isReady(): boolean {
    return this.#loaders.every(({ isActive }) => isActive);
  }

  states(): PluginStates {
    return {
      discovery: { state: 'OK' },
      ...(this.#loaders.length > 0 ? { bundle: { state: this.isReady ? 'OK' : 'NOT_READY' } as const } : {}),
      ...(this.decisions ? { decision_logs: { state: 'OK' } as const } : {}),
      ...(this.#status ? { status: { state: 'OK' } as const } : {}),
    };
  }

  /** What `/v1/status` tells; undefined where nothing asks for it. */
  status(): unknown {
    if (!this.#status) return undefined;
    return {
      labels: this.#world.labels,
      ...(this.#loaders.length > 0
        ? { bundles: Object.fromEntries(this.bundles.map(each => [each.name, { ...each }])) }
        : {}),
      ...(this.decisions
        ? { decision_logs: this.decisions.dropped > 0 ? { dropped: this.decisions.dropped } : {} }
        : {}),
      plugins: this.states(),
    };
  }

  #report(): void {
    this.#wake?.();
  }

  async #reports(settings: StatusSettings, signal: AbortSignal): Promise<void> {
    const { log } = this.#world;
    log.info('Starting status reporter.', { plugin: 'status' });
    while (!signal.aborted) {
      await new Promise<void>(resolve => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await waited(STATUS_MS, signal);
      if (signal.aborted) return;
      const status = this.status() as object;
      if (settings.isConsole) log.info('Status Log', { ...status, type: 'openpolicyagent.org/status' });
      if (!settings.service) continue;
      try {
        const body = JSON.stringify(status);
        const headers = { 'content-type': 'application/json' };
        const answer = await settings.service.ask({ method: 'POST', path: settings.path, headers, body }, signal);
        if (answer.status < 200 || answer.status > 299)
          throw new Error(`status update failed, server replied with HTTP ${answer.status}`);
        log.info('Status update sent successfully in response to plugin update.', { plugin: 'status' });
      } catch (error) {
        if (!signal.aborted) log.error(`${(error as Error).message}.`, { plugin: 'status' });
      }
    }
  }

  /** Runs until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const reports = this.#status ? this.#reports(this.#status, signal) : undefined;
    this.#report();
    await Promise.all([...this.#loaders.map(loader => loader.run(signal)), this.decisions?.run(signal), reports]);
  }
}

function statusOf(fields: Fields, services: ReadonlyMap<string, Service>): StatusSettings {
  const isConsole = fields.flag('console');
  const isPrometheus = fields.flag('prometheus');
  const partition = fields.text('partition_name');
  const hasService = fields.has('service') || (!isConsole && !isPrometheus && services.size > 0);
  return {
    service: hasService ? serviceFor(fields, 'status', services) : undefined,
    isConsole,
    isPrometheus,
    path: partition === undefined ? '/status' : `/status/${partition}`,
  };
}

/** What is discovered, with the configuration at start on top of it. */
function merged(below: unknown, above: unknown): unknown {
  if (!isTree(below) || !isTree(above)) return above;
  const names = new Set([...Object.keys(below), ...Object.keys(above)]);
  return Object.fromEntries(
    [...names].map(name => [
      name,
      !Object.hasOwn(above, name)
        ? below[name]
        : Object.hasOwn(below, name)
          ? merged(below[name], above[name])
          : above[name],
    ]),
  );
}

/** The configuration a discovery bundle holds at its decision (OPA, "Discovery"). */
export function discovered(
  bundle: ActiveBundle,
  decision: string,
  boot: unknown,
  builtins: rego.BuiltinContext,
): unknown {
  const program = rego.compileRego(bundle.modules, rego.BUILTINS);
  const path = decision.split('/').filter(part => part !== '');
  const text = `x = data${path.map(part => `[${JSON.stringify(part)}]`).join('')}`;
  const value = program.query(text).evaluate({ data: bundle.data, builtins })[0]?.x;
  if (value === undefined) throw new Error(`discovery: the decision "${decision}" is undefined`);
  return merged(rego.toJson(value), boot);
}

/** Watches a discovery bundle; `apply` gets each configuration it leads to. */
export function discoveryLoader(
  configuration: unknown,
  world: PluginWorld,
  builtins: () => rego.BuiltinContext,
  apply: (configuration: unknown) => void,
): BundleLoader | undefined {
  const fields = new Fields(configuration, 'configuration');
  if (!fields.has('discovery')) return undefined;
  const own = fields.fields('discovery');
  const services = new Map(fields.each('services').map(([name, each]) => [name, serviceOf(name, each)]));
  const context = { services, keys: keysOf(fields), folder: fields.text('persistence_directory') ?? '.opa' };
  const decision = own.text('decision') ?? '';
  const source = sourceOf('discovery', own, context);
  return new BundleLoader(source, world.version, world.log.with({ plugin: 'discovery' }), {
    activate: bundle => apply(discovered(bundle, decision, configuration, builtins())),
    changed: () => {},
  });
}
