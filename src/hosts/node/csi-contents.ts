import type { Clock } from '../../base/index.ts';
import type { CsiDriver, Snapshot } from '../../compute/index.ts';
import {
  type Client,
  type Informers,
  type ResourceRef,
  type Controller,
  type Informer,
  isNotFound,
  type KubeObject,
  runController,
  watchOf,
} from '../../kernel/index.ts';
import {
  CLASSES,
  CONTENTS,
  type VolumeSnapshot,
  type VolumeSnapshotClass,
  type VolumeSnapshotContent,
} from './csi-snapshot-kinds.ts';
import { secretOf, type Words } from './csi.ts';

/** How often a driver is asked whether a snapshot can be used. */
const READY_MS = 1_000;
const BEING_CREATED = 'snapshot.storage.kubernetes.io/volumesnapshot-being-created';

/** Marks a content whose snapshot is going, so that the driver's snapshot goes too. */
export const BEING_DELETED = 'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted';
/** Finalizer of a content. */
export const CONTENT_BOUND = 'snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection';

export interface SnapshotsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly informers: Informers;
  readonly drivers: ReadonlyMap<string, CsiDriver>;
  readonly report: (error: unknown, where: string) => void;
}

/** Writes a finalizer list, unless it is the one there is. */
export async function keepFinalizers(
  client: Client,
  ref: ResourceRef,
  { metadata }: KubeObject,
  wanted: (list: readonly string[]) => readonly string[],
): Promise<void> {
  const { name = '', namespace, uid = '', finalizers = [] } = metadata;
  const list = wanted(finalizers);
  if (list.length === finalizers.length) return;
  const patch = { metadata: { uid, finalizers: list.length > 0 ? [...list] : null } };
  await client
    .patch(ref, { name, ...(namespace ? { namespace } : {}) }, { type: 'merge', patch })
    .catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
}

type Asked = Pick<Snapshot, 'snapshotId' | 'readyToUse'> & Partial<Snapshot>;

/** Makes and removes the drivers' snapshots behind VolumeSnapshotContents, as external-snapshotter's sidecar does. */
export function startContents(
  options: SnapshotsOptions,
  snapshots: Informer<VolumeSnapshot>,
  contents: Informer<VolumeSnapshotContent>,
): Controller {
  return runController({
    name: 'snapshot-contents',
    clock: options.clock,
    watches: [
      watchOf(contents, ({ object }) => [object.metadata.name ?? '']),
      watchOf(snapshots, ({ object }) => [`snapcontent-${object.metadata.uid}`]),
    ],
    report: (error, key) => options.report(error, `snapshot content ${key}`),
    reconcile: async name => {
      const content = contents.get(name);
      const driver = content && options.drivers.get(content.spec.driver);
      if (!content || !driver?.facts.can.snapshot) return undefined;
      if (content.metadata.deletionTimestamp) {
        const { volumeSnapshotRef: ref } = content.spec;
        const snapshot = snapshots.get(`${ref.namespace}/${ref.name}`);
        const isHeld = snapshot?.metadata.uid === ref.uid && content.metadata.annotations?.[BEING_DELETED] !== 'yes';
        if (!isHeld) await remove(options, driver, content);
        return undefined;
      }
      if (content.status?.readyToUse) return undefined;
      return make(options, driver, content);
    },
  });
}

async function make(
  options: SnapshotsOptions,
  driver: CsiDriver,
  content: VolumeSnapshotContent,
): Promise<number | undefined> {
  const { client, clock } = options;
  await keepFinalizers(client, CONTENTS, content, list => [...new Set([...list, CONTENT_BOUND])]);
  try {
    const { sizeBytes, creationTime, snapshotId, readyToUse } = await ask(options, driver, content);
    await write(options, content, {
      snapshotHandle: snapshotId,
      readyToUse,
      error: null,
      ...(creationTime ? { creationTime: creationTime.seconds * 1e9 + creationTime.nanos } : {}),
      ...(sizeBytes ? { restoreSize: sizeBytes } : {}),
    });
    return readyToUse ? undefined : READY_MS;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const time = new Date(clock.now()).toISOString();
    await write(options, content, { readyToUse: false, error: { message, time } });
    throw error;
  }
}

/** The driver's snapshot as it is now: made where there is none, for a second asking under one name changes nothing. */
async function ask(options: SnapshotsOptions, driver: CsiDriver, content: VolumeSnapshotContent): Promise<Asked> {
  const { client } = options;
  const { source, volumeSnapshotRef, volumeSnapshotClassName: className } = content.spec;
  const secrets = await secretsOf(options, content);
  if (source.snapshotHandle !== undefined) {
    if (!driver.facts.can.listSnapshots) return { snapshotId: source.snapshotHandle, readyToUse: true };
    const { entries } = await driver.call('ListSnapshots', { snapshotId: source.snapshotHandle, secrets });
    const found = entries.find(({ snapshot }) => snapshot?.snapshotId === source.snapshotHandle)?.snapshot;
    if (!found) throw new Error(`Driver "${driver.facts.name}" has no snapshot "${source.snapshotHandle}"`);
    return found;
  }
  const chosen = className
    ? await client.get<VolumeSnapshotClass>(CLASSES, { name: className }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
        return undefined;
      })
    : undefined;
  const parameters = Object.entries(chosen?.parameters ?? {}).filter(([key]) => !key.startsWith('csi.storage.k8s.io/'));
  // Whoever deletes the content after a crash between the call and the write of its answer must know of the call.
  if (content.metadata.annotations?.[BEING_CREATED] !== 'yes')
    await annotate(options, content, { [BEING_CREATED]: 'yes' });
  const { snapshot } = await driver.call('CreateSnapshot', {
    sourceVolumeId: source.volumeHandle ?? '',
    name: `snapshot-${volumeSnapshotRef.uid}`,
    secrets,
    parameters: Object.fromEntries(parameters),
  });
  if (!snapshot) throw new Error(`Driver "${driver.facts.name}" made a snapshot and told nothing of it`);
  return snapshot;
}

async function remove(options: SnapshotsOptions, driver: CsiDriver, content: VolumeSnapshotContent): Promise<void> {
  if (!content.metadata.finalizers?.includes(CONTENT_BOUND)) return;
  const { spec, status, metadata } = content;
  if (spec.deletionPolicy === 'Delete') {
    const isUnsure = metadata.annotations?.[BEING_CREATED] === 'yes' && status?.snapshotHandle === undefined;
    const handle =
      status?.snapshotHandle ??
      spec.source.snapshotHandle ??
      (isUnsure ? (await ask(options, driver, content)).snapshotId : undefined);
    const secrets = await secretsOf(options, content);
    if (handle !== undefined) await driver.call('DeleteSnapshot', { snapshotId: handle, secrets });
  }
  await keepFinalizers(options.client, CONTENTS, content, list => list.filter(each => each !== CONTENT_BOUND));
}

function secretsOf({ client }: SnapshotsOptions, { metadata }: KubeObject): Promise<Words> {
  const own = (key: string): string | undefined => metadata.annotations?.[`snapshot.storage.kubernetes.io/${key}`];
  const [name, namespace] = [own('deletion-secret-name'), own('deletion-secret-namespace')];
  return secretOf(client, name && namespace ? { name, namespace } : undefined);
}

async function annotate({ client }: SnapshotsOptions, { metadata }: KubeObject, annotations: Words): Promise<void> {
  await client.patch(CONTENTS, { name: metadata.name ?? '' }, { type: 'merge', patch: { metadata: { annotations } } });
}

async function write({ client }: SnapshotsOptions, { metadata }: KubeObject, status: object): Promise<void> {
  await client.patch(
    CONTENTS,
    { name: metadata.name ?? '' },
    { type: 'merge', patch: { status: status as never } },
    { subresource: 'status' },
  );
}
