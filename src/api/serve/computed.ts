import {
  type KubeObject,
  matchFields,
  matchLabels,
  notFound,
  parseFieldSelector,
  parseLabelSelector,
  type ResourceCatalog,
  type ResourceDefinition,
  type StoredObject,
} from '../../kernel/index.ts';
import type { Handler } from './resources.ts';
import { sendList } from './lists.ts';
import { sendObject } from './respond.ts';

/** A collection that is computed when somebody asks, not stored: it can be read and nothing else. */
export interface ComputedResource {
  readonly definition: ResourceDefinition;
  /** Its objects as they are now, with name, namespace and labels; of all namespaces when none is named. */
  list(namespace?: string): Promise<readonly KubeObject[]>;
}

const asStored = (object: KubeObject): StoredObject => {
  const { name = '', namespace } = object.metadata;
  const key = { name, ...(namespace ? { namespace } : {}) };
  const json = JSON.stringify(object);
  const bytes = Buffer.from(json);
  const copyTo = (target: Buffer, at: number): void => void bytes.copy(target, at);
  return { key, object, json, bytes, size: bytes.length, copyTo, resourceVersion: 0 };
};

const serveComputed =
  (resource: ComputedResource): Handler =>
  async (services, request) => {
    const { namespace, name } = request.target;
    const objects = await resource.list(namespace === '' ? undefined : namespace);
    if (name !== '') {
      const found = objects.find(({ metadata }) => metadata.name === name);
      if (!found) throw notFound(resource.definition, name);
      sendObject(services, request, 200, asStored(found));
      return;
    }
    const labels = parseLabelSelector(request.params.get('labelSelector') ?? '');
    const fields = parseFieldSelector(request.params.get('fieldSelector') ?? '');
    const items = objects.filter(object => matchLabels(labels, object.metadata.labels) && matchFields(fields, object));
    await sendList(services, request, { items: items.map(asStored), resourceVersion: 0 });
  };

/** Handlers of computed collections, by the key special handlers have. */
export const computedHandlers = (resources: readonly ComputedResource[]): ReadonlyMap<string, Handler> =>
  new Map(
    resources.map(resource => [
      `${resource.definition.group}/${resource.definition.resource}/`,
      serveComputed(resource),
    ]),
  );

/** The catalogue as clients see it: what is stored, and what is computed. */
export function withComputed(catalog: ResourceCatalog, resources: readonly ComputedResource[]): ResourceCatalog {
  const definitions = resources.map(({ definition }) => definition);
  const sameGroup = (one: ResourceDefinition, ref: { group: string; version: string }): boolean =>
    one.group === ref.group && one.version === ref.version;
  return {
    resource: ref =>
      catalog.resource(ref) ?? definitions.find(one => sameGroup(one, ref) && one.resource === ref.resource),
    kind: ref => catalog.kind(ref) ?? definitions.find(one => sameGroup(one, ref) && one.kind === ref.kind),
    *all() {
      yield* catalog.all();
      yield* definitions;
    },
  };
}
