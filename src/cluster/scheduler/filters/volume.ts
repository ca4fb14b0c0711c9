import { matchesTerms } from '../../node-match.ts';
import { parseQuantity } from '../../quantity.ts';
import { matchesSelector } from '../../selector.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../../types.ts';
import type { Snapshot } from '../snapshot.ts';
import { type Filter, refuse, SKIP } from './filter.ts';

export const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

/** Names of the claims a pod mounts, generic ephemeral ones among them (`POD-VOLUME`). */
export function claimNames(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap(volume => {
    if (volume.persistentVolumeClaim) return [volume.persistentVolumeClaim.claimName];
    return volume.ephemeral ? [`${pod.metadata.name}-${volume.name}`] : [];
  });
}

/** A claim is usable once it names a volume that is bound to it. */
export const isBound = (claim: PersistentVolumeClaim): boolean =>
  Boolean(claim.spec.volumeName) && claim.status?.phase === 'Bound';

/** Whether a volume's node affinity lets a node use it. */
export const reaches = (volume: PersistentVolume, node: Node): boolean => {
  const required = volume.spec.nodeAffinity?.required;
  return !required || matchesTerms(required.nodeSelectorTerms, node);
};

/** Whether an unclaimed volume would do for a claim, on that node where one is given. The smallest that does is taken. */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
  node?: Node,
  taken?: ReadonlySet<string>,
): PersistentVolume | undefined {
  const wanted = parseQuantity(claim.spec.resources?.requests?.storage) ?? 0;
  let best: PersistentVolume | undefined;
  let bestSize = Number.POSITIVE_INFINITY;
  for (const volume of volumes) {
    const reserved = volume.spec.claimRef;
    const mine =
      reserved?.name === claim.metadata.name &&
      reserved.namespace === claim.metadata.namespace &&
      (!reserved.uid || reserved.uid === claim.metadata.uid);
    if (reserved && !mine) continue;
    if (taken?.has(volume.metadata.name) || volume.metadata.deletionTimestamp) continue;
    if (!mine && volume.status?.phase !== 'Available') continue;
    if (claim.spec.volumeName && claim.spec.volumeName !== volume.metadata.name) continue;
    if ((volume.spec.storageClassName ?? '') !== (claim.spec.storageClassName ?? '')) continue;
    if ((volume.spec.volumeMode ?? 'Filesystem') !== (claim.spec.volumeMode ?? 'Filesystem')) continue;
    if (!(claim.spec.accessModes ?? []).every(mode => volume.spec.accessModes?.includes(mode))) continue;
    if (claim.spec.selector && !matchesSelector(claim.spec.selector, volume.metadata.labels)) continue;
    if (node && !reaches(volume, node)) continue;
    const size = parseQuantity(volume.spec.capacity?.storage) ?? 0;
    if (size < wanted) continue;
    if (mine) return volume;
    if (size < bestSize) [best, bestSize] = [volume, size];
  }
  return best;
}

const waitsForConsumer = (storageClass: StorageClass | undefined): boolean =>
  storageClass?.volumeBindingMode === 'WaitForFirstConsumer';

function provisionable(storageClass: StorageClass, node: Node): boolean {
  if (storageClass.provisioner === NO_PROVISIONER) return false;
  const topologies = storageClass.allowedTopologies ?? [];
  const labels = node.metadata.labels ?? {};
  return (
    topologies.length === 0 ||
    topologies.some(each =>
      (each.matchLabelExpressions ?? []).every(rule => rule.values.includes(labels[rule.key] ?? '\u0000')),
    )
  );
}

export const volumeBinding: Filter = {
  name: 'VolumeBinding',
  prepare: (pod, snapshot) => {
    const names = claimNames(pod);
    if (names.length === 0) return SKIP;
    const bound: PersistentVolume[] = [];
    const delayed: { claim: PersistentVolumeClaim; storageClass: StorageClass }[] = [];
    for (const name of names) {
      const claim = snapshot.claim(pod.metadata.namespace ?? '', name);
      if (!claim) return { reject: `persistentvolumeclaim "${name}" not found` };
      if (claim.metadata.deletionTimestamp) return { reject: `persistentvolumeclaim "${name}" is being deleted` };
      if (isBound(claim)) {
        const volume = snapshot.volume(claim.spec.volumeName!);
        if (!volume)
          return {
            reject: `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName}"`,
          };
        bound.push(volume);
        continue;
      }
      const storageClass = claim.spec.storageClassName ? snapshot.storageClass(claim.spec.storageClassName) : undefined;
      if (!waitsForConsumer(storageClass) || claim.spec.volumeName)
        return { reject: 'pod has unbound immediate PersistentVolumeClaims' };
      delayed.push({ claim, storageClass: storageClass! });
    }
    return {
      check: info => {
        const conflict = bound.find(volume => !reaches(volume, info.node));
        if (conflict)
          return refuse(
            'VolumeBinding',
            "node(s) didn't match PersistentVolume's node affinity",
            true,
            conflict.metadata.name,
          );
        const taken = new Set<string>();
        for (const { claim, storageClass } of delayed) {
          const volume = findVolume(claim, snapshot.volumes(), info.node, taken);
          if (volume) taken.add(volume.metadata.name);
          else if (!provisionable(storageClass, info.node))
            return refuse(
              'VolumeBinding',
              "node(s) didn't find available persistent volumes to bind",
              true,
              claim.metadata.name,
            );
        }
        return undefined;
      },
    };
  },
};

/** ReadWriteOncePod: one pod in the whole cluster (KEP-2485). */
export const volumeRestrictions: Filter = {
  name: 'VolumeRestrictions',
  prepare: (pod: Pod, snapshot: Snapshot) => {
    const namespace = pod.metadata.namespace ?? '';
    const exclusive = claimNames(pod).filter(name =>
      snapshot.claim(namespace, name)?.spec.accessModes?.includes('ReadWriteOncePod'),
    );
    if (exclusive.length === 0) return SKIP;
    const inUse = snapshot.nodes.some(info =>
      [...info.pods()].some(
        other => other.metadata.namespace === namespace && claimNames(other).some(name => exclusive.includes(name)),
      ),
    );
    if (!inUse) return SKIP;
    const reason =
      'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod';
    return { check: () => refuse('VolumeRestrictions', reason, false, exclusive.join(', ')) };
  },
};
