import type { ResourceDefinition } from '../../kernel/index.ts';

interface ListedResource {
  readonly name?: unknown;
  readonly singularName?: unknown;
  readonly namespaced?: unknown;
  readonly kind?: unknown;
  readonly group?: unknown;
  readonly version?: unknown;
  readonly verbs?: unknown;
  readonly shortNames?: unknown;
  readonly categories?: unknown;
}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Reads another server's APIResourceList; throws where it is none. */
export function definitionsOf(group: string, version: string, document: string): ResourceDefinition[] {
  const list = JSON.parse(document) as { kind?: unknown; resources?: unknown } | null;
  if (list?.kind !== 'APIResourceList' || !Array.isArray(list.resources)) throw new Error('no APIResourceList came');
  const resources = (list.resources as (ListedResource | null)[]).filter(each => text(each?.name) !== '');
  return resources
    .filter(each => !text(each!.name).includes('/'))
    .map(each => {
      const name = text(each!.name);
      const subresources = resources
        .filter(one => text(one!.name).startsWith(`${name}/`))
        .map(one => ({
          name: text(one!.name).slice(name.length + 1),
          verbs: texts(one!.verbs),
          kind: { group: text(one!.group) || group, version: text(one!.version) || version, kind: text(one!.kind) },
        }));
      return {
        group,
        version,
        resource: name,
        kind: text(each!.kind),
        singular: text(each!.singularName),
        shortNames: texts(each!.shortNames),
        categories: texts(each!.categories),
        namespaced: each!.namespaced === true,
        verbs: texts(each!.verbs),
        subresources,
        schema: { type: 'any' as const },
        storageVersion: version,
        custom: true,
      };
    });
}
