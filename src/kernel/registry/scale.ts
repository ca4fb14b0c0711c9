import { apiVersionOf, type KubeObject } from '../object.ts';
import type { ResourceDefinition } from '../resource.ts';
import { type LabelSelectorObject, formatLabelSelector } from '../selector.ts';
import { Version } from '../store/version.ts';
import type { StoredObject } from './registry.ts';

/** autoscaling/v1 Scale of an object (registry `scaleFromX` of each workload kind). */
export function scaleOf(_definition: ResourceDefinition, version: Version, _storage: ResourceDefinition): StoredObject {
  const { object } = version;
  const spec = (object.spec ?? {}) as { replicas?: number; selector?: LabelSelectorObject };
  const status = (object.status ?? {}) as { replicas?: number };
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const scale: KubeObject = {
    apiVersion: apiVersionOf({ group: 'autoscaling', version: 'v1' }),
    kind: 'Scale',
    metadata: JSON.parse(
      JSON.stringify({ name, namespace, uid, resourceVersion, creationTimestamp }),
    ) as KubeObject['metadata'],
    spec: { replicas: spec.replicas ?? 0 },
    status: {
      replicas: status.replicas ?? 0,
      ...(spec.selector ? { selector: formatLabelSelector(spec.selector) } : {}),
    },
  };
  return new Version(version.path, version.resourceVersion, JSON.stringify(scale), scale);
}
