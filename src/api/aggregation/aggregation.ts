import type { Clock, Random, Timer } from '../../base/index.ts';
import {
  type KubeObject,
  type Registry,
  type ResourceCatalog,
  type ResourceDefinition,
  type ResourceRef,
  StatusError,
  statusError,
  type UserInfo,
} from '../../kernel/index.ts';
import { follow, LOOPBACK } from '../authz/feed.ts';
import type { ApiRequest } from '../serve/request.ts';
import type { Relay } from '../serve/services.ts';
import { endpointOf, type Place } from '../streams/place.ts';
import { definitionsOf } from './definitions.ts';

const API_SERVICES: ResourceRef = { group: 'apiregistration.k8s.io', version: 'v1', resource: 'apiservices' };
/** How often servers that are registered are asked again (kube-aggregator, availability controller). */
const CHECK_MS = 30_000;
const ANSWER_MS_MAX = 5_000;
const PORT = 443;

interface ApiService extends KubeObject {
  spec: {
    group?: string;
    version?: string;
    service?: { namespace?: string; name?: string; port?: number };
    caBundle?: string;
    insecureSkipTLSVerify?: boolean;
  };
  status?: { conditions?: Condition[] };
}

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

/** Asks a place for a small document. */
export interface DocumentRelay extends Relay {
  fetch(place: Place, limit_ms: number): Promise<{ status: number; text: string }>;
}

export interface AggregationParts {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly random: Random;
  readonly relay: DocumentRelay;
  /** What is served here: an APIService cannot take it over. */
  readonly catalog: ResourceCatalog;
}

/** Group versions that other servers serve. */
export interface Aggregation extends Disposable {
  /** Moves whenever a definition comes or goes. */
  readonly generation: number;
  definitions(): Iterable<ResourceDefinition>;
  /** Relays a request about a group version of another server; undefined for all others. */
  serve(request: ApiRequest): Promise<void> | undefined;
}

interface Entry {
  object: ApiService;
  definitions: readonly ResourceDefinition[];
  available: boolean;
}

/** Who asks, as an aggregated server reads it. */
function identityHeaders(user: UserInfo): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'x-remote-user': user.name };
  if (user.uid) headers['x-remote-uid'] = user.uid;
  if (user.groups.length > 0) headers['x-remote-group'] = [...user.groups];
  for (const [name, values] of Object.entries(user.extra ?? {})) {
    headers[`x-remote-extra-${encodeURIComponent(name.toLowerCase())}`] = [...values];
  }
  return headers;
}

class AggregatedApis implements Aggregation {
  generation = 0;
  readonly #parts: AggregationParts;
  readonly #entries = new Map<string, Entry>();
  #timer: Timer | undefined;
  #checking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: AggregationParts) {
    this.#parts = parts;
  }

  set(object: KubeObject): void {
    const service = object as ApiService;
    const name = object.metadata.name!;
    const known = this.#entries.get(name);
    const same = known && JSON.stringify(known.object.spec) === JSON.stringify(service.spec);
    this.#entries.set(name, {
      object: service,
      definitions: same ? known.definitions : [],
      available: same ? known.available : false,
    });
    if (!same) this.#checkSoon(0);
  }

  remove(name: string): void {
    if (this.#entries.delete(name)) this.generation++;
  }

  *definitions(): Iterable<ResourceDefinition> {
    for (const { definitions } of this.#entries.values()) yield* definitions;
  }

  serve(request: ApiRequest): Promise<void> | undefined {
    if (this.#entries.size === 0) return undefined;
    const { group, version } = request.target;
    const entry = this.#entries.get(`${version}.${group}`);
    if (!entry?.object.spec.service || this.#isLocal(group, version)) return undefined;
    return this.#relay(entry, request);
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #isLocal(group: string, version: string): boolean {
    for (const definition of this.#parts.catalog.all()) {
      if (definition.group === group && definition.version === version) return true;
    }
    return false;
  }

  async #relay(entry: Entry, request: ApiRequest): Promise<void> {
    if (!entry.available) throw statusError(503, 'ServiceUnavailable', 'service unavailable');
    const place = await this.#placeOf(entry.object, request.exchange.url, request.user);
    await this.#parts.relay.request(request.exchange, place, {});
  }

  async #placeOf({ spec }: ApiService, path: string, user: UserInfo): Promise<Place> {
    const { namespace = '', name = '', port = PORT } = spec.service ?? {};
    const endpoint = await endpointOf(this.#parts, namespace, name, String(port));
    const authority = spec.caBundle ? { authority: Buffer.from(spec.caBundle, 'base64').toString('utf8') } : {};
    const front = {
      serverName: `${name}.${namespace}.svc`,
      insecure: spec.insecureSkipTLSVerify === true,
      headers: identityHeaders(user),
      ...authority,
    };
    return { agent: false, tls: true, ...endpoint, path, front };
  }

  #checkSoon(delay_ms: number): void {
    if (this.#stopped) return;
    this.#timer?.cancel();
    this.#timer = this.#parts.clock.after(delay_ms, () => {
      this.#checking = this.#checking.then(() => this.#checkAll()).finally(() => this.#checkSoon(CHECK_MS));
    });
  }

  async #checkAll(): Promise<void> {
    await Promise.all([...this.#entries].map(([name, entry]) => this.#check(name, entry)));
  }

  async #check(name: string, entry: Entry): Promise<void> {
    const found = await this.#look(entry.object);
    if (this.#stopped || this.#entries.get(name)?.object.metadata.uid !== entry.object.metadata.uid) return;
    const live = this.#entries.get(name)!;
    live.available = found.condition.status === 'True';
    if (found.definitions && JSON.stringify(found.definitions) !== JSON.stringify(live.definitions)) {
      live.definitions = found.definitions;
      this.generation++;
    }
    await this.#report(name, live.object, found.condition);
  }

  async #look({ spec }: ApiService): Promise<{ condition: Condition; definitions?: readonly ResourceDefinition[] }> {
    const condition = (status: string, reason: string, message: string): { condition: Condition } => ({
      condition: { type: 'Available', status, reason, message },
    });
    if (!spec.service) return condition('True', 'Local', 'Local APIServices are always available');
    const { group = '', version = '' } = spec;
    const path = `/apis/${group}/${version}`;
    try {
      const place = await this.#placeOf({ spec } as ApiService, path, LOOPBACK.user);
      const { status, text } = await this.#parts.relay.fetch(place, ANSWER_MS_MAX);
      if (status !== 200) throw new Error(`bad status from ${path}: ${status}`);
      return { ...condition('True', 'Passed', 'all checks passed'), definitions: definitionsOf(group, version, text) };
    } catch (error) {
      const { message } = error as Error;
      if (!(error instanceof StatusError)) {
        return condition('False', 'FailedDiscoveryCheck', `failing or missing response from ${path}: ${message}`);
      }
      const { namespace, name } = spec.service;
      if (error.code !== 404) return condition('False', 'MissingEndpoints', message);
      return condition('False', 'ServiceNotFound', `service/${name} in "${namespace}" is not present`);
    }
  }

  async #report(name: string, object: ApiService, condition: Condition): Promise<void> {
    const conditions = object.status?.conditions ?? [];
    const before = conditions.find(({ type }) => type === condition.type);
    const { status, reason, message } = before ?? {};
    if (status === condition.status && reason === condition.reason && message === condition.message) return;
    const lastTransitionTime =
      status === condition.status && before?.lastTransitionTime
        ? before.lastTransitionTime
        : new Date(this.#parts.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const others = conditions.filter(({ type }) => type !== condition.type);
    const updated = { ...object, status: { conditions: [...others, { ...condition, lastTransitionTime }] } };
    try {
      await this.#parts.registry.update(LOOPBACK, API_SERVICES, { name }, structuredClone(updated), {
        subresource: 'status',
        fieldManager: 'kube-apiserver',
      });
    } catch (error) {
      // Changed or removed meanwhile: the next look tells it.
      if (!(error instanceof StatusError)) throw error;
    }
  }
}

/** Follows APIServices, asks their servers what they serve, and relays to them. */
export async function startAggregation(parts: AggregationParts): Promise<Aggregation> {
  const apis = new AggregatedApis(parts);
  const feed = await follow(parts.registry, parts.clock, {
    ref: API_SERVICES,
    set: object => apis.set(object),
    remove: (_namespace, name) => apis.remove(name),
  });
  return Object.assign(apis, {
    [Symbol.dispose]: () => {
      feed[Symbol.dispose]();
      AggregatedApis.prototype[Symbol.dispose].call(apis);
    },
  });
}

/** The catalogue as clients see it: what is served here, and what others serve. */
export function withAggregated(catalog: ResourceCatalog, aggregation: Aggregation): ResourceCatalog {
  return {
    resource: ref => catalog.resource(ref),
    kind: ref => catalog.kind(ref),
    *all() {
      yield* catalog.all();
      yield* aggregation.definitions();
    },
  };
}
