import type { Answer } from '../../base/index.ts';
import { splitApiVersion } from '../../kernel/index.ts';
import { ROOT_NAMESPACES, UNBUILT_GROUPS } from '../dialects/unbuilt.ts';
import { explainFaults } from '../faults.ts';
import type { Documents } from '../model.ts';

/** A hop for each layer with objects that could change the verdict between these namespaces: unknown, never allowed. */
export function unbuiltHops(documents: Documents, namespaces: ReadonlySet<string>): Answer[] {
  const found = new Map<string, Answer['unmodelled'][number][]>();
  for (const object of documents.objects) {
    const layer = UNBUILT_GROUPS.find(([pattern]) => pattern.test(splitApiVersion(object.apiVersion).group))?.[1];
    const { namespace, name = '' } = object.metadata;
    if (
      layer === undefined ||
      (namespace !== undefined && !namespaces.has(namespace) && !ROOT_NAMESPACES.has(namespace))
    )
      continue;
    const fault = explainFaults.make(
      'unbuilt-layer',
      { kind: object.kind, name: namespace ? `${namespace}/${name}` : name },
      documents.originOf(object)?.span,
    );
    found.set(layer, [...(found.get(layer) ?? []), fault]);
  }
  return [...found].map(([layer, unmodelled]) => ({
    outcome: 'unknown',
    layer,
    enforcer: layer,
    by: { default: { en: 'Objects of a layer that is not modelled', zh: '存在尚未建模之层的对象' } },
    because: [],
    nearMisses: [],
    unmodelled,
  }));
}
