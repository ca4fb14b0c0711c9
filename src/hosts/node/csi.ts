import { createHash } from 'node:crypto';
import type { Clock } from '../../base/index.ts';
import { CsiDriver, CsiVolumes, type SecretName } from '../../compute/index.ts';
import {
  type Client,
  isAlreadyExists,
  isNotFound,
  type KubeObject,
  Quantity,
  type ResourceRef,
} from '../../kernel/index.ts';
import { folderVolumes } from './storage.ts';

const storage = (resource: string): ResourceRef => ({ group: 'storage.k8s.io', version: 'v1', resource });
const NODES: ResourceRef = { group: '', version: 'v1', resource: 'nodes' };
const SECRETS: ResourceRef = { group: '', version: 'v1', resource: 'secrets' };
const [CSI_NODES, CSI_DRIVERS, ATTACHMENTS] = [
  storage('csinodes'),
  storage('csidrivers'),
  storage('volumeattachments'),
];

export type Words = Readonly<Record<string, string>>;

/** Drivers by name. */
export async function openCsiDrivers(endpoints: readonly string[]): Promise<Map<string, CsiDriver> & Disposable> {
  const drivers = new Map<string, CsiDriver>();
  for (const endpoint of endpoints) {
    const driver = await CsiDriver.open(endpoint);
    drivers.set(driver.facts.name, driver);
  }
  return Object.assign(drivers, {
    [Symbol.dispose]: () => drivers.forEach(driver => driver[Symbol.dispose]()),
  });
}

/** Tells the API which drivers a node has (CSINode, CSIDriver) and labels the node with their topology. */
export async function registerDrivers(client: Client, nodeName: string, drivers: Iterable<CsiDriver>): Promise<void> {
  const all = [...drivers].map(({ facts }) => facts);
  const labels = Object.assign({}, ...all.map(({ topology }) => topology?.segments ?? {})) as Words;
  const node = await client.patch(NODES, { name: nodeName }, { type: 'merge', patch: { metadata: { labels } } });
  const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: node.metadata.uid ?? '' };
  const spec = {
    drivers: all.map(({ name, nodeId: nodeID, volumes_max, topology }) => ({
      name,
      nodeID,
      topologyKeys: Object.keys(topology?.segments ?? {}),
      ...(volumes_max > 0 ? { allocatable: { count: volumes_max } } : {}),
    })),
  };
  const object = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name: nodeName, ownerReferences: [owner] },
    spec,
  };
  await client.create(CSI_NODES, object as unknown as KubeObject).catch(async (error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
    await client.patch(CSI_NODES, { name: nodeName }, { type: 'merge', patch: { spec } });
  });
  for (const { name, can } of all) {
    const volumeLifecycleModes = ['Persistent', 'Ephemeral'];
    const driver = { attachRequired: can.attach, podInfoOnMount: true, volumeLifecycleModes };
    const made = { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name }, spec: driver };
    await client.create(CSI_DRIVERS, made as unknown as KubeObject).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  }
}

/** A secret's data, decoded; nothing where none is named. */
export async function secretOf(client: Client, named: SecretName | undefined): Promise<Words> {
  if (!named?.name) return {};
  const secret = await client.get<KubeObject>(SECRETS, { name: named.name, namespace: named.namespace ?? 'default' });
  const data = (secret.data ?? {}) as Words;
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]));
}

const attachmentName = (driver: string, handle: string, node: string): string =>
  `csi-${createHash('sha256').update(`${handle}${driver}${node}`).digest('hex')}`;

type Attachment = KubeObject & { status?: { attached?: boolean; attachmentMetadata?: Words } };

/** A node's volumes: those of drivers through VolumeAttachments, folders as before. */
export function csiVolumes(
  client: Client,
  clock: Clock,
  nodeName: string,
  folder: string,
  drivers: ReadonlyMap<string, CsiDriver>,
): CsiVolumes {
  const time = (): string => new Date(clock.now()).toISOString().replace(/\.\d{3}Z$/, 'Z');
  const status = (name: string, patch: object) =>
    client.patch(
      ATTACHMENTS,
      { name },
      { type: 'merge', patch: { status: patch as never } },
      { subresource: 'status' },
    );
  return new CsiVolumes({
    drivers,
    folder,
    secret: named => secretOf(client, named),
    others: folderVolumes(),
    attach: async (volumeName, source, volumeCapability) => {
      const volumeId = source.volumeHandle ?? '';
      const name = attachmentName(source.driver, volumeId, nodeName);
      const spec = { attacher: source.driver, nodeName, source: { persistentVolumeName: volumeName } };
      const wanted = { apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', metadata: { name }, spec };
      const found = await client
        .create<Attachment>(ATTACHMENTS, wanted as unknown as Attachment)
        .catch((error: unknown) => {
          if (!isAlreadyExists(error)) throw error;
          return client.get<Attachment>(ATTACHMENTS, { name });
        });
      if (found.status?.attached) return found.status.attachmentMetadata ?? {};
      const driver = drivers.get(source.driver)!;
      try {
        const { publishContext } = await driver.call('ControllerPublishVolume', {
          volumeId,
          nodeId: driver.facts.nodeId,
          volumeCapability,
          readonly: source.readOnly ?? false,
          secrets: await secretOf(client, source.controllerPublishSecretRef),
          volumeContext: source.volumeAttributes ?? {},
        });
        await status(name, { attached: true, attachmentMetadata: publishContext });
        return publishContext;
      } catch (error) {
        await status(name, { attached: false, attachError: { message: (error as Error).message, time: time() } });
        throw error;
      }
    },
    detach: async (_volumeName, source) => {
      const volumeId = source.volumeHandle ?? '';
      const name = attachmentName(source.driver, volumeId, nodeName);
      const driver = drivers.get(source.driver)!;
      const secrets = await secretOf(client, source.controllerPublishSecretRef);
      await driver.call('ControllerUnpublishVolume', { volumeId, nodeId: driver.facts.nodeId, secrets });
      await client.delete(ATTACHMENTS, { name }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    },
  });
}

/** A class's secret, whose name and namespace may hold `${pvc.name}` and the like. */
export function secretNamed(
  name: string | undefined,
  namespace: string | undefined,
  words: Words,
): SecretName | undefined {
  const fill = (text: string): string => text.replace(/\$\{([^}]*)\}/g, (all, key: string) => words[key] ?? all);
  return name && namespace ? { name: fill(name), namespace: fill(namespace) } : undefined;
}

/** Bytes of a quantity, rounded up; nothing is none. */
export function bytesOf(quantity: string | number | undefined): number {
  const parsed = quantity === undefined ? undefined : Quantity.parse(quantity);
  return parsed ? Number((parsed.nano + 999_999_999n) / 1_000_000_000n) : 0;
}
