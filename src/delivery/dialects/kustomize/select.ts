import { parseSelector } from './labels.ts';
import { effectiveNamespace } from './kinds.ts';
import { refuse } from './refuse.ts';
import type { Resource, ResourceMap } from './resource.ts';
import { RE2JS } from 're2js';
import { isTree, lookup, type Value } from './tree.ts';

/** Which resources a patch or replacement is for; every part is a regular expression over the whole text. */
export interface Selector {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly annotationSelector?: string;
}

/** Reads a selector from a kustomization. */
export function readSelector(value: Value | undefined): Selector | undefined {
  if (!isTree(value)) return undefined;
  const selector: Record<string, string> = {};
  for (const key of ['group', 'version', 'kind', 'name', 'namespace', 'labelSelector', 'annotationSelector']) {
    if (value[key] !== undefined && value[key] !== null) selector[key] = String(value[key]);
  }
  return selector;
}

function matcher(pattern: string | undefined): (text: string) => boolean {
  if (!pattern) return () => true;
  try {
    const compiled = RE2JS.compile(`^(?:${pattern.replace(/^\^/, '').replace(/\$$/, '')})$`);
    return text => compiled.matcher(text).find();
  } catch (error) {
    throw refuse(`"${pattern}" is no regular expression: ${(error as Error).message}`);
  }
}

/** Resources the selector matches by their original or their current name and namespace. */
export function select(map: ResourceMap, selector: Selector): Resource[] {
  const [group, version, kind] = [matcher(selector.group), matcher(selector.version), matcher(selector.kind)];
  const [name, namespace] = [matcher(selector.name), matcher(selector.namespace)];
  const labels = parseSelector(selector.labelSelector);
  const annotations = parseSelector(selector.annotationSelector);
  return map.items.filter(resource => {
    const ids = [resource.originalId, resource.id];
    const gvk = resource.gvk;
    return (
      ids.some(id => namespace(effectiveNamespace(id))) &&
      ids.some(id => name(id.name)) &&
      group(gvk.group) &&
      version(gvk.version) &&
      kind(gvk.kind) &&
      labels(lookup(resource.object, 'metadata', 'labels')) &&
      annotations(lookup(resource.object, 'metadata', 'annotations'))
    );
  });
}
