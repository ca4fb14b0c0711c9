import { sleep } from '../../base/ports.ts';
import type { Informer } from '../../kernel/informer.ts';
import type { ClusterEnv } from '../driver.ts';
import { CLAIMS, VOLUMES } from '../refs.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../types.ts';
import { claimNames, findVolume, isBound } from './filters/volume.ts';
import type { Snapshot } from './snapshot.ts';

/** Tells provisioners and the volume binder where a claim's first consumer will run. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';

const WAIT_MS_MAX = 600_000;

/** Before binding a pod: gets its delayed claims volumes that the chosen node can use, and waits until they are bound. */
export async function claimVolumes(
  env: ClusterEnv,
  claims: Informer<PersistentVolumeClaim>,
  snapshot: Snapshot,
  pod: Pod,
  nodeName: string,
  signal: AbortSignal,
): Promise<void> {
  const namespace = pod.metadata.namespace ?? '';
  const open = claimNames(pod)
    .map(name => snapshot.claim(namespace, name))
    .filter(claim => claim !== undefined && !isBound(claim)) as PersistentVolumeClaim[];
  if (open.length === 0) return;
  const node = snapshot.nodes.find(info => info.name === nodeName)?.node;
  if (!node) return;
  const taken = new Set<string>();
  for (const claim of open) {
    const volume = findVolume(claim, snapshot.volumes(), node, taken);
    if (volume) {
      taken.add(volume.metadata.name);
      await reserve(env, volume, claim);
    } else {
      const key = { namespace, name: claim.metadata.name };
      await env.client.patch(CLAIMS, key, {
        type: 'merge',
        patch: { metadata: { annotations: { [SELECTED_NODE]: nodeName } } },
      });
    }
  }
  await whenBound(env, claims, open, signal);
}

async function reserve(env: ClusterEnv, volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
  const { namespace = '', name, uid } = claim.metadata;
  const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid };
  const annotations = { ...volume.metadata.annotations, 'pv.kubernetes.io/bound-by-controller': 'yes' };
  await env.client.update(VOLUMES, {
    ...volume,
    metadata: { ...volume.metadata, annotations },
    spec: { ...volume.spec, claimRef },
  });
}

async function whenBound(
  env: ClusterEnv,
  claims: Informer<PersistentVolumeClaim>,
  wanted: readonly PersistentVolumeClaim[],
  signal: AbortSignal,
): Promise<void> {
  const isDone = (): boolean =>
    wanted.every(each => {
      const claim = claims.get(`${each.metadata.namespace}/${each.metadata.name}`);
      return claim !== undefined && isBound(claim);
    });
  if (isDone()) return;
  const stop = new AbortController();
  const late = sleep(env.clock, WAIT_MS_MAX, AbortSignal.any([stop.signal, signal])).catch(() => undefined);
  let detach: (() => void) | undefined;
  const bound = new Promise<true>(resolve => {
    detach = claims.onChange(() => {
      if (isDone()) resolve(true);
    });
  });
  const outcome = await Promise.race([bound, late]);
  detach?.();
  stop.abort(new Error('Bound'));
  if (outcome !== true) throw new Error('Timed out waiting for the pod’s volume claims to be bound');
}
