import type { Answer, Fault, Text } from '../../base/index.ts';
import { kindOf, type KubeObject } from '../../kernel/index.ts';
import { explainFaults } from '../faults.ts';
import type { Prepared } from './prepared.ts';
import { fieldsOf, listOf } from './workload.ts';

const both = (en: string, zh: string): Text => ({ en, zh });

/** Versions each custom kind is served in, by group and kind, as the definitions among the documents say. */
function servedVersions(prepared: Prepared): Map<string, string[]> {
  return new Map(
    prepared.kinds('CustomResourceDefinition').map(({ spec }) => {
      const { group, names, versions } = fieldsOf(spec);
      const served = listOf(versions)
        .map(fieldsOf)
        .filter(version => version.served !== false);
      return [`${String(group)}/${String(fieldsOf(names).kind)}`, served.map(({ name }) => String(name))];
    }),
  );
}

/** Objects written in a version that their definition does not serve: the API server would not take them. */
export function skewed(prepared: Prepared): { object: KubeObject; fault: Fault }[] {
  const served = servedVersions(prepared);
  if (served.size === 0) return [];
  return prepared.documents.objects.flatMap(object => {
    const { group, version, kind } = kindOf(object);
    const versions = served.get(`${group}/${kind}`);
    if (!versions || versions.includes(version)) return [];
    const { namespace, name = '' } = object.metadata;
    const named = { kind, name: namespace ? `${namespace}/${name}` : name, version, served: versions.join(', ') };
    const fault = explainFaults.make('version-skew', named, prepared.documents.originOf(object, '/apiVersion')?.span);
    return [{ object, fault }];
  });
}

/** What such objects say of these namespaces is not known: whether an older form of them is in force depends on the cluster. */
export function skewHop(prepared: Prepared, namespaces: ReadonlySet<string>): Answer[] {
  const unmodelled = skewed(prepared)
    .filter(({ object: { metadata } }) => metadata.namespace === undefined || namespaces.has(metadata.namespace))
    .map(({ fault }) => fault);
  if (unmodelled.length === 0) return [];
  const text = both(
    'Objects in a version that is not served would be refused; what stands in their place is not known',
    '版本未被提供的对象会被拒绝;其现行内容未知',
  );
  const base = { layer: 'delivery', enforcer: 'versions', because: [], nearMisses: [] } as const;
  return [{ ...base, outcome: 'unknown', by: { default: text }, unmodelled }];
}
