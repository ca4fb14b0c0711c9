import {
  type Informer,
  isAlreadyExists,
  isNotFound,
  type KubeObject,
  runController,
  watchOf,
} from '../../kernel/index.ts';
import { BEING_DELETED, CONTENT_BOUND, keepFinalizers, type SnapshotsOptions, startContents } from './csi-contents.ts';
import {
  CLASSES,
  CONTENTS,
  SNAPSHOTS,
  type VolumeSnapshot,
  type VolumeSnapshotClass,
  type VolumeSnapshotContent,
} from './csi-snapshot-kinds.ts';
import { secretNamed } from './csi.ts';
import { volumeOf } from './csi-source.ts';

const OWN = 'snapshot.storage.kubernetes.io/';
const BOUND = `${OWN}volumesnapshot-bound-protection`;
const SOURCE = `${OWN}volumesnapshot-as-source-protection`;
const DEFAULT_CLASS = `${OWN}is-default-class`;
const RETRY_MS = 5_000;

/** Makes, binds and removes snapshots of volumes of these drivers (KEP-177): what their side programs do elsewhere. */
export function startSnapshots(options: SnapshotsOptions): AsyncDisposable {
  const { clock, informers } = options;
  const snapshots = informers.of<VolumeSnapshot>(SNAPSHOTS);
  const contents = informers.of<VolumeSnapshotContent>(CONTENTS);
  const classes = informers.of<VolumeSnapshotClass>(CLASSES);
  const stack = new AsyncDisposableStack();
  stack.use(
    runController({
      name: 'snapshots',
      clock,
      watches: [
        watchOf(snapshots, ({ object }) => [`${object.metadata.namespace}/${object.metadata.name}`]),
        watchOf(contents, ({ object: { spec } }) => [
          `${spec.volumeSnapshotRef.namespace}/${spec.volumeSnapshotRef.name}`,
        ]),
        watchOf(classes, () => [...snapshots.list()].map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)),
      ],
      report: (error, key) => options.report(error, `snapshot ${key}`),
      reconcile: async key => {
        const snapshot = snapshots.get(key);
        if (!snapshot) return undefined;
        const step = new SnapshotStep(options, snapshot, contents, classes);
        return snapshot.metadata.deletionTimestamp ? step.remove() : step.bring();
      },
    }),
  );
  stack.use(startContents(options, snapshots, contents));
  return stack;
}

/** One VolumeSnapshot, brought nearer to its content or its end; steps give the milliseconds until the next look. */
class SnapshotStep {
  readonly #options: SnapshotsOptions;
  readonly #snapshot: VolumeSnapshot;
  readonly #contents: Informer<VolumeSnapshotContent>;
  readonly #classes: Informer<VolumeSnapshotClass>;
  readonly #key: { readonly name: string; readonly namespace: string };
  readonly #uid: string;

  constructor(
    options: SnapshotsOptions,
    snapshot: VolumeSnapshot,
    contents: Informer<VolumeSnapshotContent>,
    classes: Informer<VolumeSnapshotClass>,
  ) {
    this.#options = options;
    this.#snapshot = snapshot;
    this.#contents = contents;
    this.#classes = classes;
    const { name = '', namespace = '', uid = '' } = snapshot.metadata;
    this.#key = { name, namespace };
    this.#uid = uid;
  }

  #content(): VolumeSnapshotContent | undefined {
    return this.#contents.get(this.#snapshot.spec.source.volumeSnapshotContentName ?? `snapcontent-${this.#uid}`);
  }

  async remove(): Promise<number | undefined> {
    const { client } = this.#options;
    const content = this.#content();
    const isOurs = content?.spec.volumeSnapshotRef.uid === this.#uid;
    if (content && isOurs && content.spec.deletionPolicy === 'Delete') {
      const key = { name: content.metadata.name ?? '' };
      if (content.metadata.annotations?.[BEING_DELETED] !== 'yes')
        await client.patch(CONTENTS, key, {
          type: 'merge',
          patch: { metadata: { annotations: { [BEING_DELETED]: 'yes' } } },
        });
      // The snapshot stays until the driver's is gone.
      if (!content.metadata.deletionTimestamp) await client.delete(CONTENTS, key);
      return undefined;
    }
    await keepFinalizers(client, SNAPSHOTS, this.#snapshot, list =>
      list.filter(each => each !== BOUND && each !== SOURCE),
    );
    return undefined;
  }

  async bring(): Promise<number | undefined> {
    const { spec } = this.#snapshot;
    const isDynamic = spec.source.persistentVolumeClaimName !== undefined;
    const content = this.#content();
    if (!content) {
      if (!isDynamic)
        return this.#fail(`VolumeSnapshotContent "${spec.source.volumeSnapshotContentName}" is not there`);
      if (this.#snapshot.status?.boundVolumeSnapshotContentName)
        return this.#fail('The VolumeSnapshotContent of the snapshot is gone');
      return this.#make();
    }
    const driver = this.#options.drivers.get(content.spec.driver);
    if (!driver) return undefined;
    const { volumeSnapshotRef: ref } = content.spec;
    const { name, namespace } = this.#key;
    if (ref.name !== name || ref.namespace !== namespace || (ref.uid && ref.uid !== this.#uid))
      return this.#fail(`VolumeSnapshotContent "${content.metadata.name}" is for another VolumeSnapshot`);
    await this.#protect();
    if (!ref.uid)
      await this.#options.client.patch(
        CONTENTS,
        { name: content.metadata.name ?? '' },
        { type: 'merge', patch: { spec: { volumeSnapshotRef: { uid: this.#uid } } } },
      );
    await this.#tell(content);
    return undefined;
  }

  #protect(): Promise<void> {
    return keepFinalizers(this.#options.client, SNAPSHOTS, this.#snapshot, list => [
      ...new Set([...list, BOUND, SOURCE]),
    ]);
  }

  async #make(): Promise<number | undefined> {
    const { client, drivers } = this.#options;
    const { namespace, name } = this.#key;
    const claim = this.#snapshot.spec.source.persistentVolumeClaimName ?? '';
    const volume = await volumeOf(client, namespace, claim).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
      return undefined;
    });
    if (!volume) return this.#fail(`PersistentVolumeClaim "${claim}" is not there or not bound`);
    const { csi, volumeMode = 'Filesystem' } = volume.spec;
    if (!csi) return this.#fail(`The volume of PersistentVolumeClaim "${claim}" is of no CSI driver`);
    if (!drivers.has(csi.driver)) return undefined;
    const chosen = this.#class(csi.driver);
    if (typeof chosen === 'string') return this.#fail(chosen);
    await this.#protect();
    const className = chosen.metadata.name ?? '';
    const content = `snapcontent-${this.#uid}`;
    const words = {
      'volumesnapshotcontent.name': content,
      'volumesnapshot.name': name,
      'volumesnapshot.namespace': namespace,
    };
    const secret = secretNamed(
      chosen.parameters?.['csi.storage.k8s.io/snapshotter-secret-name'],
      chosen.parameters?.['csi.storage.k8s.io/snapshotter-secret-namespace'],
      words,
    );
    if (this.#snapshot.spec.volumeSnapshotClassName === undefined)
      await client.patch(SNAPSHOTS, this.#key, {
        type: 'merge',
        patch: { spec: { volumeSnapshotClassName: className } },
      });
    const object = {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotContent',
      metadata: {
        name: content,
        finalizers: [CONTENT_BOUND],
        ...(secret
          ? {
              annotations: {
                [`${OWN}deletion-secret-name`]: secret.name ?? '',
                [`${OWN}deletion-secret-namespace`]: secret.namespace ?? '',
              },
            }
          : {}),
      },
      spec: {
        driver: csi.driver,
        deletionPolicy: chosen.deletionPolicy,
        source: { volumeHandle: csi.volumeHandle ?? '' },
        sourceVolumeMode: volumeMode,
        volumeSnapshotClassName: className,
        volumeSnapshotRef: {
          apiVersion: 'snapshot.storage.k8s.io/v1',
          kind: 'VolumeSnapshot',
          name,
          namespace,
          uid: this.#uid,
        },
      },
    };
    await client.create(CONTENTS, object as KubeObject).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
    return undefined;
  }

  /** The class named, or the one default class of the driver; words where there is none. */
  #class(driver: string): VolumeSnapshotClass | string {
    const named = this.#snapshot.spec.volumeSnapshotClassName;
    if (named !== undefined) {
      const found = this.#classes.get(named);
      if (!found) return `VolumeSnapshotClass "${named}" is not there`;
      return found.driver === driver ? found : `VolumeSnapshotClass "${named}" is of driver "${found.driver}"`;
    }
    const defaults = [...this.#classes.list()].filter(
      each => each.driver === driver && each.metadata.annotations?.[DEFAULT_CLASS] === 'true',
    );
    if (defaults.length === 1) return defaults[0]!;
    return defaults.length === 0
      ? `Driver "${driver}" has no default VolumeSnapshotClass`
      : `Driver "${driver}" has ${defaults.length} default VolumeSnapshotClasses`;
  }

  async #fail(message: string): Promise<number> {
    const known = (this.#snapshot.status as { error?: { message?: string } } | undefined)?.error?.message;
    const time = new Date(this.#options.clock.now()).toISOString();
    if (known !== message) await this.#write({ readyToUse: false, error: { message, time } });
    return RETRY_MS;
  }

  /** What the content says, as the snapshot shows it. */
  async #tell({ metadata, status = {} }: VolumeSnapshotContent): Promise<void> {
    const { creationTime, restoreSize, readyToUse = false, error } = status;
    const told = {
      boundVolumeSnapshotContentName: metadata.name ?? '',
      readyToUse,
      error: error ?? null,
      ...(creationTime ? { creationTime: new Date(creationTime / 1e6).toISOString().replace(/\.\d+Z$/, 'Z') } : {}),
      ...(restoreSize ? { restoreSize: String(restoreSize) } : {}),
    };
    const known = (this.#snapshot.status ?? {}) as Record<string, unknown>;
    if (Object.entries(told).some(([key, value]) => JSON.stringify(known[key] ?? null) !== JSON.stringify(value)))
      await this.#write(told);
  }

  async #write(status: object): Promise<void> {
    await this.#options.client.patch(
      SNAPSHOTS,
      this.#key,
      { type: 'merge', patch: { status: status as never } },
      { subresource: 'status' },
    );
  }
}
