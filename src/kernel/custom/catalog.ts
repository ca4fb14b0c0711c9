import type { KindRef, ResourceRef } from '../object.ts';
import type { ResourceCatalog, ResourceDefinition } from '../resource.ts';
import { builtinCatalog } from '../schema/builtin.ts';
import { type CustomResourceDefinition, conditionOf } from './document.ts';
import { definitionsOf } from './definition.ts';

/** A catalogue that CRDs add to. */
export interface CustomCatalog extends ResourceCatalog {
  /** Takes in a definition as it is now; serves it when it is established. Tells whether anything changed. */
  set(crd: CustomResourceDefinition): boolean;
  remove(name: string): boolean;
  /** The CRD behind a served collection. */
  sourceOf(ref: { readonly group: string; readonly resource: string }): CustomResourceDefinition | undefined;
  /** Definitions known, served or not. */
  sources(): Iterable<CustomResourceDefinition>;
  /** Called after each change. */
  onChange(listener: () => void): () => void;
}

/** Layers custom kinds over a catalogue; built-in kinds win over custom ones of the same name. */
export function customCatalog(base: ResourceCatalog = builtinCatalog()): CustomCatalog {
  const sources = new Map<string, CustomResourceDefinition>();
  const resources = new Map<string, ResourceDefinition>();
  const kinds = new Map<string, ResourceDefinition>();
  const listeners = new Set<() => void>();
  const changed = (): void => {
    resources.clear();
    kinds.clear();
    for (const crd of sources.values()) {
      if (conditionOf(crd, 'Established') !== 'True') continue;
      for (const definition of definitionsOf(crd)) {
        resources.set(`${definition.group}/${definition.version}/${definition.resource}`, definition);
        kinds.set(`${definition.group}/${definition.version}/${definition.kind}`, definition);
      }
    }
    for (const listener of listeners) listener();
  };
  return {
    resource: (ref: ResourceRef) => base.resource(ref) ?? resources.get(`${ref.group}/${ref.version}/${ref.resource}`),
    kind: (ref: KindRef) => base.kind(ref) ?? kinds.get(`${ref.group}/${ref.version}/${ref.kind}`),
    *all() {
      yield* base.all();
      for (const definition of resources.values()) if (definition.served !== false) yield definition;
    },
    set: crd => {
      const name = crd.metadata.name!;
      const known = sources.get(name);
      if (
        known?.metadata.resourceVersion !== undefined &&
        known.metadata.resourceVersion === crd.metadata.resourceVersion
      )
        return false;
      sources.set(name, crd);
      changed();
      return true;
    },
    remove: name => {
      if (!sources.delete(name)) return false;
      changed();
      return true;
    },
    sourceOf: ref => sources.get(`${ref.resource}.${ref.group}`),
    sources: () => sources.values(),
    onChange: listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
