import type { Provisioner, ProvisionRequest } from '../../cluster/index.ts';
import {
  capabilityOf,
  type CsiCalls,
  type CsiDriver,
  type CsiSource,
  type CsiVolumes,
  type SecretName,
  type Topology,
} from '../../compute/index.ts';
import type { Client } from '../../kernel/index.ts';
import { bytesOf, secretNamed, secretOf, type Words } from './csi.ts';
import { contentSourceOf, refusal } from './csi-source.ts';

/** StorageClass parameters that are for us and not for the driver. */
const OWN = 'csi.storage.k8s.io/';

/** Annotations of a volume that name the secret its removal needs (Kubernetes CSI, "StorageClass Secrets"). */
const DELETION_SECRET = 'volume.kubernetes.io/provisioner-deletion-secret-';

/** A secret a StorageClass names for one use, for this claim and volume. */
function secretFor(use: string, { name, claim, storageClass }: ProvisionRequest): SecretName | undefined {
  const parameters = (storageClass.parameters ?? {}) as Words;
  const own = (key: string): string | undefined => parameters[`${OWN}${use}-secret-${key}`];
  return secretNamed(own('name'), own('namespace'), {
    'pvc.name': claim.metadata.name,
    'pvc.namespace': claim.metadata.namespace ?? '',
    'pv.name': name,
  });
}

const affinityOf = (topologies: readonly Topology[]): object | undefined =>
  topologies.length === 0
    ? undefined
    : {
        required: {
          nodeSelectorTerms: topologies.map(({ segments }) => ({
            matchExpressions: Object.entries(segments).map(([key, value]) => ({
              key,
              operator: 'In',
              values: [value],
            })),
          })),
        },
      };

/** Secrets a volume carries, and what StorageClass parameters call them. */
const SECRET_REFS = [
  ['controllerPublishSecretRef', 'controller-publish'],
  ['nodeStageSecretRef', 'node-stage'],
  ['nodePublishSecretRef', 'node-publish'],
  ['controllerExpandSecretRef', 'controller-expand'],
] as const;

type Creation = CsiCalls['CreateVolume'];

/** A new volume, empty or a copy of what the claim names. */
async function create(
  client: Client,
  driver: CsiDriver,
  claim: ProvisionRequest['claim'],
  request: Creation[0],
): Promise<Creation[1]['volume']> {
  const volumeContentSource = await contentSourceOf(client, driver, claim);
  if (!volumeContentSource) return (await driver.call('CreateVolume', request)).volume;
  const { volume } = await driver.call('CreateVolume', { ...request, volumeContentSource });
  if (volume?.contentSource) return volume;
  // A driver too old to know of sources gives an empty volume (CSI specification, CreateVolume).
  await driver.call('DeleteVolume', { volumeId: volume?.volumeId ?? '', secrets: request.secrets });
  throw refusal(driver.facts.name, 'the driver made an empty volume in place of a copy');
}

/** What the volume notes of the secret it was made with; nothing where its class names none. */
function deletionSecretOf(request: ProvisionRequest): Readonly<Record<string, string>> {
  const secret = secretFor('provisioner', request);
  const noted: Record<string, string> = {};
  if (secret?.name && secret.namespace) {
    noted[`${DELETION_SECRET}name`] = secret.name;
    noted[`${DELETION_SECRET}namespace`] = secret.namespace;
  }
  return noted;
}

/** Removes a volume with the secret it notes; one that never got a handle has nothing to remove. */
async function remove(
  client: Client,
  driver: CsiDriver,
  { metadata, spec }: Parameters<Provisioner['remove']>[0],
): Promise<void> {
  const { csi } = spec as unknown as { csi?: CsiSource };
  if (!csi?.volumeHandle) return;
  const noted = metadata.annotations ?? {};
  const [name, namespace] = [noted[`${DELETION_SECRET}name`], noted[`${DELETION_SECRET}namespace`]];
  const secrets = await secretOf(client, name && namespace ? { name, namespace } : undefined);
  await driver.call('DeleteVolume', { volumeId: csi.volumeHandle, secrets });
}

/** Makes, grows and removes volumes by a driver's controller service, for StorageClasses that name it. */
export function csiProvisioner(client: Client, driver: CsiDriver, onNode: () => CsiVolumes | undefined): Provisioner {
  const { name, topology, can } = driver.facts;
  const capability = (
    spec: { accessModes?: readonly string[]; volumeMode?: string },
    source: Partial<CsiSource>,
    options: readonly string[],
  ) => capabilityOf(spec.accessModes ?? [], source.fsType ?? '', options, spec.volumeMode);
  return {
    async provision(request) {
      const { name: volumeName, claim, storageClass } = request;
      const parameters = (storageClass.parameters ?? {}) as Words;
      const own = (key: string): string | undefined => parameters[`${OWN}${key}`];
      const secretRef = (use: string): SecretName | undefined => secretFor(use, request);
      const fsType = claim.spec.volumeMode === 'Block' ? '' : (own('fstype') ?? '');
      const mountOptions = (storageClass.mountOptions ?? []) as readonly string[];
      const requisite = topology ? [topology] : [];
      const volume = await create(client, driver, claim, {
        name: volumeName,
        capacityRange: { requiredBytes: bytesOf(claim.spec.resources?.requests?.storage) },
        volumeCapabilities: [capability(claim.spec, { fsType }, mountOptions)],
        parameters: Object.fromEntries(Object.entries(parameters).filter(([key]) => !key.startsWith(OWN))),
        secrets: await secretOf(client, secretRef('provisioner')),
        ...(topology ? { accessibilityRequirements: { requisite, preferred: requisite } } : {}),
      });
      const refs = SECRET_REFS.map(([ref, use]) => [ref, secretRef(use)] as const);
      const csi = {
        driver: name,
        volumeHandle: volume?.volumeId ?? '',
        ...(fsType ? { fsType } : {}),
        volumeAttributes: { ...volume?.volumeContext },
        ...Object.fromEntries(refs.filter(([, ref]) => ref !== undefined)),
      };
      const nodeAffinity = affinityOf(volume?.accessibleTopology ?? []);
      return {
        csi,
        ...(mountOptions.length > 0 ? { mountOptions } : {}),
        ...(nodeAffinity ? { nodeAffinity } : {}),
      } as never;
    },
    annotations: deletionSecretOf,
    remove: volume => remove(client, driver, volume),
    ...(can.expand
      ? {
          async resize(volume, capacity_bytes) {
            const spec = volume.spec as unknown as {
              csi: CsiSource & { controllerExpandSecretRef?: SecretName };
              accessModes?: string[];
              volumeMode?: string;
            };
            const volumeCapability = capability(spec, spec.csi, []);
            const answer = await driver.call('ControllerExpandVolume', {
              volumeId: spec.csi.volumeHandle ?? '',
              capacityRange: { requiredBytes: capacity_bytes },
              secrets: await secretOf(client, spec.csi.controllerExpandSecretRef),
              volumeCapability,
            });
            if (answer.nodeExpansionRequired)
              await onNode()?.expand(volume.metadata.name, volumeCapability, capacity_bytes);
          },
        }
      : {}),
  };
}
