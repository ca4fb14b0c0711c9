import type { KubeObject, ObjectKey } from '../object.ts';
import type { ResourceDefinition, SubresourceDefinition } from '../resource.ts';
import { formatLabelSelector, type LabelSelectorObject } from '../selector.ts';
import { badRequest, statusError } from '../status.ts';
import { Version } from '../store/version.ts';
import { copyObject } from './copy.ts';
import { refuseInvalid } from './metadata.ts';
import type { RegistryParts } from './ports.ts';
import type { StoredObject } from './registry.ts';
import { change } from './change.ts';
import { type Target, writerOf } from './write.ts';

type Paths = NonNullable<SubresourceDefinition['scalePaths']>;

/** Where built-in workloads keep what a Scale shows. */
const BUILTIN: Paths = { specReplicas: '.spec.replicas', statusReplicas: '.status.replicas' };

const pathsOf = (definition: ResourceDefinition): Paths =>
  definition.subresources.find(({ name }) => name === 'scale')?.scalePaths ?? BUILTIN;

const segments = (path: string): string[] => path.split('.').filter(part => part !== '');

function read(object: KubeObject, path: string): unknown {
  let value: unknown = object;
  for (const name of segments(path)) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function write(object: KubeObject, path: string, value: unknown): void {
  const names = segments(path);
  let place = object as Record<string, unknown>;
  for (const name of names.slice(0, -1)) {
    if (!Object.hasOwn(place, name) || typeof place[name] !== 'object' || place[name] === null) place[name] = {};
    place = place[name] as Record<string, unknown>;
  }
  place[names.at(-1)!] = value;
}

/** The selector text of a Scale: that of the status path for custom kinds, else the workload's own. */
function selectorText(object: KubeObject, paths: Paths): string | undefined {
  if (paths !== BUILTIN) {
    const text = paths.labelSelector ? read(object, paths.labelSelector) : undefined;
    return typeof text === 'string' ? text : undefined;
  }
  const selector = (object.spec as { selector?: LabelSelectorObject & Record<string, string> } | undefined)?.selector;
  if (!selector) return undefined;
  return formatLabelSelector(object.kind === 'ReplicationController' ? { matchLabels: selector } : selector);
}

function scaleObject(definition: ResourceDefinition, object: KubeObject): KubeObject {
  const paths = pathsOf(definition);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = selectorText(object, paths);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: JSON.parse(
      JSON.stringify({ name, namespace, uid, resourceVersion, creationTimestamp }),
    ) as KubeObject['metadata'],
    spec: { replicas: Number(read(object, paths.specReplicas) ?? 0) },
    status: { replicas: Number(read(object, paths.statusReplicas) ?? 0), ...(selector ? { selector } : {}) },
  };
}

/** autoscaling/v1 Scale of an object. */
export function scaleOf(definition: ResourceDefinition, stored: StoredObject): StoredObject {
  const scale = scaleObject(definition, stored.object);
  return new Version(
    stored.key.namespace ? `${stored.key.namespace}/${stored.key.name}` : stored.key.name,
    stored.resourceVersion,
    JSON.stringify(scale),
    scale,
  );
}

/** Writes through the scale subresource: only the replica count of the object changes. */
export async function changeScale(
  parts: RegistryParts,
  target: Target,
  key: ObjectKey,
  compute: (scale: KubeObject) => KubeObject,
): Promise<StoredObject> {
  const { definition } = target;
  if (!definition.subresources.some(({ name }) => name === 'scale')) {
    throw statusError(404, 'NotFound', 'the server could not find the requested resource');
  }
  const stored = await change(parts, target, key, live => {
    const shown = scaleObject(definition, live);
    const scale = compute(copyObject(shown));
    if (scale.kind !== 'Scale') throw badRequest(`expected a Scale, got ${JSON.stringify(scale.kind)}`);
    const replicas = Number((scale.spec as { replicas?: unknown } | undefined)?.replicas ?? 0);
    if (!Number.isInteger(replicas) || replicas < 0) {
      const message = `Invalid value: ${replicas}: must be greater than or equal to 0`;
      refuseInvalid(definition, key.name, [{ reason: 'FieldValueInvalid', message, field: 'spec.replicas' }]);
    }
    const object = copyObject(live);
    write(object, pathsOf(definition).specReplicas, replicas);
    const tracked = copyObject(parts.merge.track(definition, live, object, writerOf(parts, target)));
    if (scale.metadata?.resourceVersion) tracked.metadata.resourceVersion = scale.metadata.resourceVersion;
    else delete tracked.metadata.resourceVersion;
    if (scale.metadata?.uid) tracked.metadata.uid = scale.metadata.uid;
    return tracked;
  });
  return scaleOf(definition, stored);
}
