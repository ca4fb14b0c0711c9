import type { ProvisionRequest } from '../../cluster/index.ts';
import { computeFaults, type ContentSource, type CsiDriver, type CsiSource } from '../../compute/index.ts';
import { type Client, isNotFound, type KubeObject, type ResourceRef } from '../../kernel/index.ts';
import { bytesOf } from './csi.ts';
import {
  CONTENTS,
  SNAPSHOT_GROUP,
  SNAPSHOTS,
  type VolumeSnapshot,
  type VolumeSnapshotContent,
} from './csi-snapshot-kinds.ts';

type PersistentVolumeClaim = ProvisionRequest['claim'];

const CLAIMS: ResourceRef = { group: '', version: 'v1', resource: 'persistentvolumeclaims' };
const VOLUMES: ResourceRef = { group: '', version: 'v1', resource: 'persistentvolumes' };
/** On a VolumeSnapshotContent whose volume may be restored in another volumeMode (KEP-3141). */
const MODE_CHANGE = 'snapshot.storage.kubernetes.io/allow-volume-mode-change';

type Volume = KubeObject & {
  readonly spec: {
    readonly csi?: CsiSource;
    readonly capacity?: { readonly storage?: string };
    readonly volumeMode?: string;
  };
};

/** Why a volume cannot be made as asked. */
export const refusal = (driver: string, detail: string): Error =>
  computeFaults.error('csi-refused', { driver, verb: 'CreateVolume', detail });

const modeOf = (spec: { readonly volumeMode?: string | undefined }): string => spec.volumeMode ?? 'Filesystem';

/** A claim's volume; undefined until it is bound. */
export async function volumeOf(client: Client, namespace: string, name: string): Promise<Volume | undefined> {
  const claim = await client.get<PersistentVolumeClaim>(CLAIMS, { namespace, name });
  if (claim.status?.phase !== 'Bound' || !claim.spec.volumeName) return undefined;
  return client.get<Volume>(VOLUMES, { name: claim.spec.volumeName });
}

/**
 * What a claim's volume starts with, by its dataSource or dataSourceRef: a VolumeSnapshot or another claim of its namespace
 * (Kubernetes, "Persistent Volumes": volume snapshot and restore, volume cloning). Undefined for an empty volume; rejects
 * with why the source cannot be had, or cannot yet.
 */
export async function contentSourceOf(
  client: Client,
  driver: CsiDriver,
  claim: PersistentVolumeClaim,
): Promise<ContentSource | undefined> {
  const source = claim.spec.dataSourceRef ?? claim.spec.dataSource;
  if (!source) return undefined;
  const { name, can } = driver.facts;
  const namespace = claim.metadata.namespace ?? '';
  const group = source.apiGroup ?? '';
  const other = (source as { namespace?: string }).namespace;
  if (other !== undefined && other !== namespace) throw refusal(name, 'sources of other namespaces are not supported');
  const what = `${source.kind} "${source.name}"`;
  try {
    if (group === '' && source.kind === 'PersistentVolumeClaim') {
      if (!can.clone) throw refusal(name, 'the driver does not clone volumes');
      return await cloned(client, name, claim, source.name);
    }
    if (group === SNAPSHOT_GROUP && source.kind === 'VolumeSnapshot') {
      if (!can.snapshot) throw refusal(name, 'the driver has no snapshots');
      return await restored(client, name, claim, source.name);
    }
  } catch (error) {
    if (isNotFound(error)) throw refusal(name, `${what} or what it stands for is not there`);
    throw error;
  }
  throw refusal(name, `${what} is filled by a populator of its own, which is not part of this`);
}

async function cloned(
  client: Client,
  driver: string,
  claim: PersistentVolumeClaim,
  name: string,
): Promise<ContentSource> {
  const volume = await volumeOf(client, claim.metadata.namespace ?? '', name);
  if (!volume) throw refusal(driver, `PersistentVolumeClaim "${name}" is not bound yet`);
  if (volume.spec.csi?.driver !== driver) throw refusal(driver, `the volume of "${name}" is not of this driver`);
  fits(driver, claim, bytesOf(volume.spec.capacity?.storage), modeOf(volume.spec));
  return { volume: { volumeId: volume.spec.csi.volumeHandle ?? '' } };
}

async function restored(
  client: Client,
  driver: string,
  claim: PersistentVolumeClaim,
  name: string,
): Promise<ContentSource> {
  const { namespace = '' } = claim.metadata;
  const snapshot = await client.get<VolumeSnapshot>(SNAPSHOTS, { namespace, name });
  const { readyToUse, boundVolumeSnapshotContentName: bound } = snapshot.status ?? {};
  if (snapshot.metadata.deletionTimestamp) throw refusal(driver, `VolumeSnapshot "${name}" is being deleted`);
  if (!readyToUse || !bound) throw refusal(driver, `VolumeSnapshot "${name}" is not ready`);
  const content = await client.get<VolumeSnapshotContent>(CONTENTS, { name: bound });
  const { volumeSnapshotRef, sourceVolumeMode } = content.spec;
  // Whoever may write a VolumeSnapshot may not thereby read another's data.
  if (volumeSnapshotRef.uid !== snapshot.metadata.uid)
    throw refusal(driver, `VolumeSnapshotContent "${bound}" is bound to another VolumeSnapshot`);
  if (content.spec.driver !== driver) throw refusal(driver, `VolumeSnapshot "${name}" is not of this driver`);
  const isFree = content.metadata.annotations?.[MODE_CHANGE] === 'true';
  fits(driver, claim, content.status?.restoreSize ?? 0, isFree ? undefined : sourceVolumeMode);
  return { snapshot: { snapshotId: content.status?.snapshotHandle ?? '' } };
}

function fits(driver: string, { spec }: PersistentVolumeClaim, bytes: number, mode: string | undefined): void {
  const wanted = bytesOf(spec.resources?.requests?.storage);
  if (wanted < bytes) throw refusal(driver, `the claim asks for ${wanted} bytes, its source has ${bytes}`);
  if (mode !== undefined && mode !== modeOf(spec))
    throw refusal(driver, `the claim's volumeMode is ${modeOf(spec)}, that of its source ${mode}`);
}
