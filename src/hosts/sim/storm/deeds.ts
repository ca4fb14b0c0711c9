/** Deeds that need several steps: what people do to names, owners, taints, priorities and namespaces. */
import type { KubeObject, ResourceRef } from '../../../kernel/index.ts';
import { at, type Hand } from './hand.ts';
import * as refs from './refs.ts';
import type { PodObject } from './pods.ts';
import { NAMESPACE, QUOTA_PODS_MAX, smallDeployment } from './workload.ts';

export const bare = (kind: string, name: string, rest: object, namespace = NAMESPACE): KubeObject =>
  ({ apiVersion: 'v1', kind, metadata: { name, namespace }, ...rest }) as unknown as KubeObject;
export const bareMap = (name: string): KubeObject => bare('ConfigMap', name, {});

/** A pod nobody owns; a long end keeps its room taken. */
export const barePod = (name: string, priority?: string): KubeObject =>
  bare('Pod', name, {
    spec: {
      containers: [
        {
          name: 'c',
          image: priority ? 'linger:high' : 'linger:bare',
          resources: { requests: { cpu: '700m', memory: '64Mi' } },
        },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 20,
      ...(priority ? { priorityClassName: priority } : {}),
    },
  });

/** Many at once, gone again after a while. */
export async function burst(
  hand: Hand,
  name: string,
  count: number,
  ref: ResourceRef,
  make: (name: string) => KubeObject,
): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => hand.create(ref, make(`${name}-${index}`))));
  await hand.wait(20_000);
  for (let index = 0; index < count; index++) await hand.remove(ref, `${name}-${index}`);
}

/** A delete that is meant for the first of two objects of one name comes when the second is there. */
export async function staleDelete(hand: Hand, name: string): Promise<void> {
  const first = await hand.try(() =>
    hand.client.create<KubeObject>(refs.CONFIG_MAPS, bareMap(name), { namespace: NAMESPACE }),
  );
  if (!first) return;
  await hand.remove(refs.CONFIG_MAPS, name);
  await hand.create(refs.CONFIG_MAPS, bareMap(name));
  const { uid = '', resourceVersion = '' } = first.metadata;
  for (const preconditions of [{ uid }, { resourceVersion }])
    await hand.client.delete(refs.CONFIG_MAPS, at(name), { preconditions }).catch(() => undefined);
  await hand.wait(5_000);
  await hand.remove(refs.CONFIG_MAPS, name);
}

/** Asks for the address, or the node port, that another Service has. */
export async function steal(hand: Hand, name: string, what: string): Promise<void> {
  const services = await hand.try(() => hand.client.list<KubeObject>(refs.SERVICES, { namespace: NAMESPACE }));
  type Spec = { clusterIP?: string; ports?: { nodePort?: number }[] };
  const specs = (services?.items ?? []).map(each => each.spec as Spec);
  const addresses = specs.flatMap(({ clusterIP }) => (clusterIP && clusterIP !== 'None' ? [clusterIP] : []));
  if (addresses.length === 0) return;
  const ports = specs.flatMap(each => each.ports ?? []).flatMap(({ nodePort }) => nodePort ?? []);
  const nodePort = ports.length > 0 ? hand.draw.of(ports) : 30_080;
  const spec =
    what === 'address'
      ? { clusterIP: hand.draw.of(addresses), ports: [{ port: 80 }] }
      : { type: 'NodePort', ports: [{ port: 80, nodePort }] };
  await hand.create(refs.SERVICES, bare('Service', name, { spec: { selector: { app: 'web' }, ...spec } }));
  await hand.wait(30_000);
  await hand.remove(refs.SERVICES, name);
}

/** An owner and what it owns; the owner is deleted one way or another, and what is left is cleared away. */
export async function owners(hand: Hand, name: string, propagationPolicy: string): Promise<void> {
  await hand.create(refs.CONFIG_MAPS, bareMap(name));
  const owner = await hand.try(() => hand.client.get<KubeObject>(refs.CONFIG_MAPS, at(name)));
  if (!owner) return;
  const reference = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name,
    uid: owner.metadata.uid ?? '',
    blockOwnerDeletion: true,
  };
  const names = [`${name}-a`, `${name}-b`];
  for (const each of names) {
    const map = bareMap(each);
    await hand.create(refs.CONFIG_MAPS, { ...map, metadata: { ...map.metadata, ownerReferences: [reference] } });
  }
  await hand.wait(5_000);
  await hand.remove(refs.CONFIG_MAPS, name, { propagationPolicy });
  await hand.wait(30_000);
  for (const each of names) await hand.remove(refs.CONFIG_MAPS, each);
}

/**
 * An owner is deleted and made again at once under its name; who worked for the first of them still adds a dependent, and what
 * works for the second owns one of another kind from its first moment.
 */
export async function inherit(hand: Hand, name: string, propagationPolicy: string): Promise<void> {
  const make = (): Promise<KubeObject | undefined> =>
    hand.try(() => hand.client.create<KubeObject>(refs.CONFIG_MAPS, bareMap(name), { namespace: NAMESPACE }));
  const owned = (child: string, owner: KubeObject): Promise<void> => {
    const { uid = '' } = owner.metadata;
    const made = bare('Service', child, { spec: { ports: [{ port: 80 }] } });
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid, blockOwnerDeletion: true }];
    return hand.create(refs.SERVICES, { ...made, metadata: { ...made.metadata, ownerReferences } });
  };
  const first = await make();
  if (!first) return;
  await owned(`${name}-old`, first);
  await hand.wait(hand.draw.of([200, 4_000]));
  await hand.remove(refs.CONFIG_MAPS, name, { propagationPolicy });
  let second = await make();
  for (let tries = 0; !second && tries < 10; tries++) {
    await hand.wait(2_000);
    second = await make();
  }
  if (second) await owned(`${name}-new`, second);
  // Who collects may have started anew meanwhile, and never heard of the first.
  await hand.wait(hand.draw.of([0, 5_000, 45_000]));
  await owned(`${name}-late`, first);
}

/** Pods of an application end, some long, and evictions ask for more of them before they are gone. */
export async function disturb(
  hand: Hand,
  evict: (pods: readonly PodObject[]) => Promise<void>,
  app: string,
  count: number,
): Promise<void> {
  const pods = await hand.podsOf(app);
  for (const pod of pods.slice(0, count)) await hand.remove(refs.PODS, pod.metadata.name ?? '');
  await hand.wait(hand.draw.of([0, 300, 1_500]));
  await evict(pods.slice(count));
}

/** Neighbours of a namespace of their own fill the nodes for a while; some make room before the rest goes. */
export async function crowd(hand: Hand, name: string, replicas: number): Promise<void> {
  await hand.create(refs.NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as KubeObject);
  const pods = Array.from({ length: replicas }, (_, index) => `full-${index}`);
  const pod = (each: string): KubeObject => ({ ...barePod(each), metadata: { name: each, namespace: name } });
  await Promise.all(pods.map(each => hand.create(refs.PODS, pod(each))));
  await hand.wait(hand.draw.of([15_000, 45_000]));
  for (const each of pods.slice(0, replicas / 3))
    await hand.try(() => hand.client.delete(refs.PODS, at(each, name), { gracePeriodSeconds: 5 }));
  await hand.wait(80_000);
  await hand.try(() => hand.client.delete(refs.NAMESPACES, { name }));
}

/** The quota is drawn tight around what is used, and let out again. */
export async function squeeze(hand: Hand, room: number): Promise<void> {
  type Quota = KubeObject & { status?: { used?: Record<string, string> } };
  const quota = await hand.try(() => hand.client.get<Quota>(refs.QUOTAS, at('all')));
  const { hard = {} } = (quota?.spec ?? {}) as { hard?: Record<string, string> };
  const used = Number(quota?.status?.used?.pods);
  if (!(used > 0)) return;
  await hand.patch(refs.QUOTAS, 'all', { spec: { hard: { pods: String(Math.min(used + room, Number(hard.pods))) } } });
  await hand.wait(40_000);
  await hand.patch(refs.QUOTAS, 'all', { spec: { hard: { pods: String(QUOTA_PODS_MAX) } } });
}

/** A node repels pods for a while. */
export async function taint(hand: Hand, node: string, effect: string): Promise<void> {
  const set = (on: boolean): Promise<unknown> =>
    hand.try(async () => {
      const found = await hand.client.get<KubeObject>(refs.NODES, { name: node });
      const spec = (found.spec ?? {}) as { taints?: { key: string }[] };
      const others = (spec.taints ?? []).filter(({ key }) => key !== 'storm.tenon.dev/keep-off');
      const taints = on ? [...others, { key: 'storm.tenon.dev/keep-off', effect }] : others;
      return hand.client.update(refs.NODES, { ...found, spec: { ...spec, taints } } as KubeObject);
    });
  await set(true);
  await hand.wait(20_000);
  await set(false);
}

/** A pod loses the label its owner knows it by, and gets it back. */
export async function relabel(hand: Hand, app: string): Promise<void> {
  const pods = await hand.podsOf(app);
  if (pods.length === 0) return;
  const { name = '' } = hand.draw.of(pods).metadata;
  await hand.patch(refs.PODS, name, { metadata: { labels: { app: 'stray' } } });
  await hand.wait(12_000);
  if (hand.draw.chance(0.5)) await hand.patch(refs.PODS, name, { metadata: { labels: { app } } });
  else await hand.remove(refs.PODS, name);
}

/** Work is suspended and taken up again. */
export async function suspend(hand: Hand, name: string, for_ms: number): Promise<void> {
  await hand.patch(refs.JOBS, name, { spec: { suspend: true } });
  await hand.wait(for_ms);
  await hand.patch(refs.JOBS, name, { spec: { suspend: false } });
}

/** A namespace with a life of its own, that is deleted while one of its objects is held by a finalizer. */
export async function namespace(hand: Hand, name: string): Promise<void> {
  await hand.create(refs.NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as KubeObject);
  await hand.create(refs.DEPLOYMENTS, smallDeployment('guest', name));
  const held = bare('ConfigMap', 'held', {}, name);
  await hand.create(refs.CONFIG_MAPS, {
    ...held,
    metadata: { ...held.metadata, finalizers: ['storm.tenon.dev/hold'] },
  });
  await hand.create(refs.SERVICES, bare('Service', 'guest', { spec: { ports: [{ port: 80 }] } }, name));
  await hand.wait(12_000);
  await hand.try(() => hand.client.delete(refs.NAMESPACES, { name }));
  await hand.wait(8_000);
  // Nothing more may come in: it would stay behind.
  await hand.create(refs.CONFIG_MAPS, bare('ConfigMap', 'late', {}, name));
  const patch = { metadata: { finalizers: null } };
  await hand.try(() => hand.client.patch(refs.CONFIG_MAPS, at('held', name), { type: 'merge', patch: patch as never }));
}

/** What a deed that nobody could finish left behind: nodes that repel, objects that are held. */
export async function release(hand: Hand, nodes: readonly string[]): Promise<void> {
  for (const name of nodes)
    await hand.try(async () => {
      const found = await hand.client.get<KubeObject>(refs.NODES, { name });
      const spec = (found.spec ?? {}) as { taints?: { key: string }[] };
      const taints = (spec.taints ?? []).filter(({ key }) => key !== 'storm.tenon.dev/keep-off');
      if (taints.length === (spec.taints ?? []).length) return found;
      return hand.client.update(refs.NODES, { ...found, spec: { ...spec, taints } } as KubeObject);
    });
  // Neighbours whose end nobody heard of, because the store was away for longer than a person tries.
  const spaces = await hand.try(() => hand.client.list<KubeObject>(refs.NAMESPACES, {}));
  for (const { metadata } of spaces?.items ?? [])
    if (metadata.name?.startsWith('crowd-') && !metadata.deletionTimestamp)
      await hand.try(() => hand.client.delete(refs.NAMESPACES, { name: metadata.name ?? '' }));
  const maps = await hand.try(() => hand.client.list<KubeObject>(refs.CONFIG_MAPS, {}));
  for (const { metadata } of maps?.items ?? []) {
    if (!metadata.finalizers?.includes('storm.tenon.dev/hold')) continue;
    const key = at(metadata.name ?? '', metadata.namespace);
    const patch = { metadata: { finalizers: null } };
    await hand.try(() => hand.client.patch(refs.CONFIG_MAPS, key, { type: 'merge', patch: patch as never }));
  }
}
