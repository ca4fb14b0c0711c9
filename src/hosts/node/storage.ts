import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Provisioner } from '../../cluster/index.ts';
import type { Volumes } from '../../compute/index.ts';
import { type Client, isAlreadyExists, type ResourceRef } from '../../kernel/index.ts';
import { hostFaults } from './faults.ts';

export const LOCAL_PROVISIONER = 'tenon.dev/local';
const STORAGE_CLASSES: ResourceRef = { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses' };

/** Persistent volumes as folders of this node. Capacity is what the claim asked for; it is not enforced (docs/unproven.md). */
export function localProvisioner(folder: string, nodeName: string): Provisioner {
  const pathOf = (name: string): string => join(folder, name);
  return {
    async provision({ name, claim }) {
      const { dataSourceRef, dataSource } = claim.spec;
      const source = dataSourceRef ?? dataSource;
      if (source)
        throw hostFaults.error('volume-unsupported', { name, kind: `a copy of ${source.kind} "${source.name}"` });
      if (claim.spec.volumeMode === 'Block')
        throw hostFaults.error('volume-unsupported', { name, kind: 'volumeMode: Block' });
      mkdirSync(pathOf(name), { recursive: true });
      // Any user of any pod may be its owner: what keeps pods apart is the mount, and fsGroup where it is set.
      chmodSync(pathOf(name), 0o777);
      const terms = [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [nodeName] }] }];
      return { local: { path: pathOf(name) }, nodeAffinity: { required: { nodeSelectorTerms: terms } } };
    },
    async remove(volume) {
      const path = (volume.spec as { local?: { path?: string } } | undefined)?.local?.path ?? '';
      if (path.startsWith(`${folder}/`)) rmSync(path, { recursive: true, force: true });
    },
    // A folder has no size to change; the claim's status tells the new one.
    resize: async () => undefined,
  };
}

/** Folders on this node: local and hostPath volumes are used where they are. */
export function folderVolumes(): Volumes {
  return {
    publish({ volume, volumeName }) {
      const { local, hostPath } = volume as { local?: { path: string }; hostPath?: { path: string } };
      const path = local?.path ?? hostPath?.path;
      if (path === undefined)
        return Promise.reject(
          hostFaults.error('volume-unsupported', { name: volumeName, kind: Object.keys(volume).join(', ') }),
        );
      return Promise.resolve({ path });
    },
    unpublish: () => Promise.resolve(),
  };
}

/** The default StorageClass, as a new cluster has one. */
export async function seedStorageClass(client: Client): Promise<void> {
  const object = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: LOCAL_PROVISIONER,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
  };
  await client.create(STORAGE_CLASSES, object).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}
