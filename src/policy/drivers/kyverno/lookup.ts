import {
  isNotFound,
  type Json,
  type JsonObject,
  type KindRef,
  type KubeObject,
  type ResourceDefinition,
  type ResourceRef,
  splitApiVersion,
} from '../../../kernel/index.ts';
import { globalEntry } from '../../dialects/kyverno/global.ts';
import type { KyvernoWorld, Requester } from '../../dialects/kyverno/model.ts';
import { textAt } from '../../dialects/kyverno/model.ts';
import { apiPath } from '../../dialects/kyverno/paths.ts';
import { requesterOf } from '../../dialects/kyverno/requester.ts';
import type { UserInfo } from '../../../kernel/index.ts';
import type { Background } from './model.ts';

/** Rounds of finding out what a decision looks at; each finds at least one more collection. */
const ROUNDS_MAX = 20;

/** An object a decision looked up by name; `*` is every object of the namespace. */
export interface Sought {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Finds a collection by resource or by kind; a subresource behind a slash is left out. */
export function definitionOf(
  catalog: Background['catalog'],
  apiVersion: string,
  name: string,
): ResourceDefinition | undefined {
  const { group, version } = splitApiVersion(apiVersion);
  const plain = name.split('/')[0]!;
  const found = catalog.kind({ group, version, kind: plain }) ?? catalog.resource({ group, version, resource: plain });
  if (found !== undefined || (group !== '*' && version !== '*' && group !== '')) return found;
  for (const each of catalog.all()) {
    if (each.kind !== plain && each.resource !== plain) continue;
    if ((group === '*' || group === each.group) && (version === '*' || version === each.version)) return each;
  }
  return undefined;
}

export const refOf = (definition: ResourceDefinition): ResourceRef => ({
  group: definition.group,
  version: definition.version,
  resource: definition.resource,
});

/** What is in the cluster, read once for one piece of work. */
export class Lookup {
  readonly #background: Background;
  readonly #lists = new Map<string, readonly JsonObject[]>();
  readonly #missing = new Map<string, ResourceDefinition>();
  #sought: Sought[] = [];

  constructor(background: Background) {
    this.#background = background;
  }

  /** Objects that the last decision looked up by name. */
  get sought(): readonly Sought[] {
    return this.#sought;
  }

  /** Makes a decision; what it looks at and is not known yet is read, and the decision made again. */
  async decide<T>(decision: (world: KyvernoWorld) => T): Promise<T> {
    const world = this.#world();
    for (let round = 0; ; round++) {
      this.#sought = [];
      const outcome = decision(world);
      if (this.#missing.size === 0 || round >= ROUNDS_MAX) return outcome;
      for (const definition of this.#missing.values()) await this.list(definition);
      this.#missing.clear();
    }
  }

  /** Every object of a collection, with its kind. */
  async list(definition: ResourceDefinition): Promise<readonly JsonObject[]> {
    const ref = refOf(definition);
    const key = keyOf(definition);
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    let items: readonly KubeObject[] = [];
    try {
      ({ items } = await this.#background.client.list(ref));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    const apiVersion = definition.group === '' ? definition.version : `${definition.group}/${definition.version}`;
    const found = items.map(item => ({ ...item, apiVersion, kind: definition.kind }) as unknown as JsonObject);
    this.#lists.set(key, found);
    return found;
  }

  /** Forgets a collection, after a write to it. */
  forget(definition: ResourceDefinition): void {
    this.#lists.delete(keyOf(definition));
  }

  /** Who made a request, with the roles bound to them. */
  async requester(user: UserInfo): Promise<Requester> {
    const rbac = 'rbac.authorization.k8s.io/v1';
    return this.decide(world =>
      requesterOf(user, world.list(rbac, 'rolebindings', ''), world.list(rbac, 'clusterrolebindings', '')),
    );
  }

  async namespaceLabels(name: string): Promise<Readonly<Record<string, string>>> {
    if (name === '') return {};
    const found = await this.decide(world => world.get('v1', 'namespaces', '', name));
    const metadata = found?.metadata as { labels?: Record<string, string> } | undefined;
    return metadata?.labels ?? {};
  }

  #known(apiVersion: string, resource: string): readonly JsonObject[] {
    const definition = definitionOf(this.#background.catalog, apiVersion, resource);
    if (definition === undefined || !definition.verbs.includes('list')) return [];
    const found = this.#lists.get(keyOf(definition));
    if (found === undefined) this.#missing.set(keyOf(definition), definition);
    return found ?? [];
  }

  #world(): KyvernoWorld {
    const { ports, schemaOf, catalog, documents } = this.#background;
    const list: KyvernoWorld['list'] = (apiVersion, resource, namespace) => {
      const kind = definitionOf(catalog, apiVersion, resource)?.kind ?? resource;
      this.#sought.push({ apiVersion, kind, namespace, name: '*' });
      return within(apiVersion, resource, namespace);
    };
    const within: KyvernoWorld['list'] = (apiVersion, resource, namespace) => {
      const found = this.#known(apiVersion, resource);
      return namespace === '' ? found : found.filter(each => textAt(each, 'metadata', 'namespace') === namespace);
    };
    return {
      ...ports,
      schemaOf,
      resourceOf: (kind: KindRef) => catalog.kind(kind) ?? ports.resourceOf(kind),
      get: (apiVersion, resource, namespace, name) => {
        const definition = definitionOf(catalog, apiVersion, resource);
        this.#sought.push({ apiVersion, kind: definition?.kind ?? resource, namespace, name });
        const at = definition?.namespaced === false ? '' : namespace;
        return within(apiVersion, resource, at).find(each => textAt(each, 'metadata', 'name') === name);
      },
      list,
      call: (url, method) => (method === 'GET' ? apiPath(url, list, true) : undefined),
      globalContext: (name, projection): Json | undefined =>
        globalEntry(documents.of('GlobalContextEntry'), name, projection, list, ports),
      image: () => undefined,
      connected: true,
    };
  }
}

const keyOf = ({ group, version, resource }: ResourceDefinition): string => `${group}/${version}/${resource}`;
