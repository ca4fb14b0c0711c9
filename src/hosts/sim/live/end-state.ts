/** What a cluster came to, without what is chance or clock: two clusters that did the same are equal here. */
import type { KubeObject } from '../../../kernel/index.ts';
import { canonical } from '../record/objects.ts';
import type { Json } from '../../../kernel/index.ts';

const KINDS = new Set([
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'Job',
  'Pod',
  'Service',
  'ResourceQuota',
  'PodDisruptionBudget',
  'ConfigMap',
]);

/** Identity, clocks and addresses. Conditions are compared by type, status, reason and message. */
const CHANCE = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'managedFields',
  'startTime',
  'completionTime',
  'startedAt',
  'finishedAt',
  'lastTransitionTime',
  'lastUpdateTime',
  'lastProbeTime',
  'podIP',
  'podIPs',
  'hostIP',
  'hostIPs',
  'clusterIP',
  'clusterIPs',
  'containerID',
  'imageID',
  'controller-uid',
  'batch.kubernetes.io/controller-uid',
  // How often it was written: two clusters batch their writes differently.
  'observedGeneration',
  'generation',
]);

/** What the two hosts are known to say otherwise, and why. */
export const DIFFERENCES: readonly { readonly path: RegExp; readonly why: string }[] = [
  { path: /^Pod status\.containerStatuses\.\d+\.image$/, why: 'a runtime tells the full name of the image it found' },
  {
    path: /^Pod status\.containerStatuses\.\d+\.(state|lastState)\.\w+\.message$/,
    why: 'the words of a runtime or registry',
  },
  {
    path: /^Pod status\.containerStatuses\.\d+\.(resources|user|allocatedResources|volumeMounts)(\.|$)/,
    why: 'what a real runtime reports of its containers',
  },
  {
    path: /^Pod status\.conditions\.PodReadyToStartContainers\./,
    why: 'a real sandbox that waits for images may be up or not at the moment of comparison',
  },
  { path: /^Pod status\.containerStatuses\.\d+\.restartCount$/, why: 'depends on when the comparison is made' },
];

/** Random ends of names, and what is made of uids. */
const unrandom = (text: string): string =>
  text
    .replace(/\b([a-z0-9-]+-[0-9a-f]{8,10})-[a-z0-9]{5}\b/g, '$1-*')
    .replace(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-*');

function normal(value: unknown, jobPod: string | undefined): unknown {
  if (typeof value === 'string') {
    const text = unrandom(value);
    return jobPod === undefined ? text : text.replace(new RegExp(`${jobPod}-[a-z0-9]{5}\\b`, 'g'), `${jobPod}-*`);
  }
  if (Array.isArray(value)) return byType(value.map(one => normal(one, jobPod)));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => !CHANCE.has(key) && one !== undefined)
      .map(([key, one]) => [key, normal(one, jobPod)]),
  );
}

/** Conditions by their types: their order says nothing. */
function byType(list: unknown[]): unknown {
  const typed = list.every(one => typeof one === 'object' && one !== null && 'type' in one && 'status' in one);
  if (!typed || list.length === 0) return list;
  return Object.fromEntries((list as { type: string }[]).map(one => [one.type, one]));
}

function flat(value: unknown, path: string, into: Map<string, string>): void {
  if (value !== null && typeof value === 'object')
    for (const [key, one] of Object.entries(value)) flat(one, path === '' ? key : `${path}.${key}`, into);
  else into.set(path, JSON.stringify(value));
}

/** Every object of a namespace as `Kind name` and the values of its paths; those of one name are told apart by number. */
export function endState(
  objects: Iterable<KubeObject>,
  namespace: string,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const shown = [...objects]
    .filter(
      ({ kind, metadata }) =>
        KINDS.has(kind) && metadata.namespace === namespace && metadata.name !== 'kube-root-ca.crt',
    )
    .map(object => {
      const owner = object.metadata.ownerReferences?.find(({ controller }) => controller);
      const jobPod = object.kind === 'Job' ? object.metadata.name : owner?.kind === 'Job' ? owner.name : undefined;
      return normal(object, jobPod) as KubeObject;
    })
    .sort((left, right) => (canonical(left as unknown as Json) < canonical(right as unknown as Json) ? -1 : 1));
  const state = new Map<string, ReadonlyMap<string, string>>();
  for (const object of shown) {
    const base = `${object.kind} ${object.metadata.name ?? object.metadata.generateName}`;
    let name = base;
    for (let number = 2; state.has(name); number++) name = `${base} #${number}`;
    const values = new Map<string, string>();
    const { apiVersion: _, kind, ...rest } = object;
    flat(rest, '', values);
    for (const path of values.keys())
      if (DIFFERENCES.some(one => one.path.test(`${kind} ${path}`))) values.delete(path);
    state.set(name, values);
  }
  return state;
}

/** Where two end states differ, in words: `Pod a status.phase: simulated "Running", real "Pending"`. */
export function differences(simulated: ReturnType<typeof endState>, real: ReturnType<typeof endState>): string[] {
  const found: string[] = [];
  for (const name of new Set([...simulated.keys(), ...real.keys()])) {
    const [one, other] = [simulated.get(name), real.get(name)];
    if (!one || !other) {
      found.push(`${name}: only ${one ? 'simulated' : 'real'}`);
      continue;
    }
    for (const path of new Set([...one.keys(), ...other.keys()]))
      if (one.get(path) !== other.get(path))
        found.push(`${name} ${path}: simulated ${one.get(path) ?? 'absent'}, real ${other.get(path) ?? 'absent'}`);
  }
  return found;
}
