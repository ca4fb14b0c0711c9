import { type Effect, keyOf, type Note } from '../effect.ts';
import { CLAIMS, VOLUMES } from '../refs.ts';
import { findVolume } from '../scheduler/filters/volume.ts';
import { SELECTED_NODE } from '../scheduler/claim-volumes.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../types.ts';

export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';

export interface ClaimInput {
  readonly claim: PersistentVolumeClaim;
  readonly storageClass: StorageClass | undefined;
  readonly volumes: () => Iterable<PersistentVolume>;
  readonly volumeNamed: (name: string) => PersistentVolume | undefined;
  /** True when this process can provision for the class. */
  readonly canProvision: boolean;
}

/** What to do about a claim; `provision` is the one effect the API cannot carry out alone. */
export interface ClaimStep {
  readonly effects: readonly Effect[];
  readonly provision?: { readonly storageClass: StorageClass; readonly node?: string };
}

const isFor = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean => {
  const reserved = volume.spec.claimRef;
  return (
    reserved?.namespace === claim.metadata.namespace &&
    reserved?.name === claim.metadata.name &&
    (!reserved?.uid || reserved.uid === claim.metadata.uid)
  );
};

/** One PersistentVolumeClaim brought nearer to a volume (Kubernetes, "Persistent Volumes": binding). */
export function stepClaim(input: ClaimInput): ClaimStep {
  const { claim, storageClass } = input;
  if (claim.metadata.deletionTimestamp) return { effects: [] };
  if (claim.spec.volumeName) return named(input, claim.spec.volumeName);
  const waits = storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
  const node = claim.metadata.annotations?.[SELECTED_NODE];
  const reserved = [...input.volumes()].find(volume => isFor(volume, claim) && !volume.metadata.deletionTimestamp);
  if (reserved) return { effects: bind(claim, reserved) };
  if (waits && !node)
    return {
      effects: [
        note(claim, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding'),
      ],
    };
  const found = waits ? undefined : findVolume(claim, input.volumes());
  if (found) return { effects: bind(claim, found) };
  if (!storageClass) {
    const name = claim.spec.storageClassName;
    return name
      ? { effects: [note(claim, 'Warning', 'ProvisioningFailed', `storageclass.storage.k8s.io "${name}" not found`)] }
      : {
          effects: [
            note(
              claim,
              'Normal',
              'FailedBinding',
              'no persistent volumes available for this claim and no storage class is set',
            ),
          ],
        };
  }
  if (storageClass.provisioner === 'kubernetes.io/no-provisioner')
    return {
      effects: [
        note(
          claim,
          'Normal',
          'FailedBinding',
          'no persistent volumes available for this claim and no storage class is set',
        ),
      ],
    };
  if (input.canProvision) return { effects: [], provision: { storageClass, ...(node ? { node } : {}) } };
  return { effects: external(claim, storageClass) };
}

function named({ claim, volumeNamed }: ClaimInput, name: string): ClaimStep {
  const volume = volumeNamed(name);
  const completed = claim.metadata.annotations?.[BIND_COMPLETED] !== undefined;
  if (!volume || (volume.spec.claimRef && !isFor(volume, claim))) {
    if (!completed) return { effects: [] };
    const lost = { ...claim, status: { ...claim.status, phase: 'Lost' } };
    const message = volume
      ? `Bound claim has lost its PersistentVolume. Data on the volume is lost! Two claims are bound to the same volume, this one is bound incorrectly`
      : 'Bound claim has lost its PersistentVolume. Data on the volume is lost!';
    return claim.status?.phase === 'Lost'
      ? { effects: [] }
      : {
          effects: [
            { do: 'update', ref: CLAIMS, object: lost, subresource: 'status' },
            note(claim, 'Warning', 'ClaimLost', message),
          ],
        };
  }
  return { effects: bind(claim, volume) };
}

const note = (about: PersistentVolumeClaim, type: Note['type'], reason: string, message: string): Effect => ({
  do: 'note',
  note: { about, type, reason, message },
});

/** Someone else's provisioner finds the claim by this annotation. */
function external(claim: PersistentVolumeClaim, storageClass: StorageClass): Effect[] {
  const { provisioner } = storageClass;
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  const told = note(claim, 'Normal', 'ExternalProvisioning', message);
  if (claim.metadata.annotations?.[STORAGE_PROVISIONER] === provisioner) return [told];
  return [
    {
      do: 'patch',
      ref: CLAIMS,
      key: keyOf(claim),
      patch: { metadata: { annotations: { [STORAGE_PROVISIONER]: provisioner } } },
    },
    told,
  ];
}

/** The volume first, then the claim: after a crash between the two the same steps finish it. */
function bind(claim: PersistentVolumeClaim, volume: PersistentVolume): Effect[] {
  const { namespace = '', name, uid } = claim.metadata;
  const effects: Effect[] = [];
  if (volume.spec.claimRef?.uid !== uid) {
    const claimRef = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace,
      name,
      uid,
      resourceVersion: claim.metadata.resourceVersion,
    };
    const patch = {
      metadata: { resourceVersion: volume.metadata.resourceVersion, annotations: { [BOUND_BY_CONTROLLER]: 'yes' } },
      spec: { claimRef },
    };
    effects.push({ do: 'patch', ref: VOLUMES, key: keyOf(volume), patch });
  }
  if (volume.status?.phase !== 'Bound')
    effects.push({
      do: 'patch',
      ref: VOLUMES,
      key: keyOf(volume),
      patch: { status: { phase: 'Bound' } },
      subresource: 'status',
    });
  if (claim.spec.volumeName !== volume.metadata.name || claim.metadata.annotations?.[BIND_COMPLETED] === undefined) {
    const annotations = { [BIND_COMPLETED]: 'yes', ...(claim.spec.volumeName ? {} : { [BOUND_BY_CONTROLLER]: 'yes' }) };
    effects.push({
      do: 'patch',
      ref: CLAIMS,
      key: keyOf(claim),
      patch: { metadata: { annotations }, spec: { volumeName: volume.metadata.name } },
    });
  }
  if (claim.status?.phase !== 'Bound') {
    const status = {
      phase: 'Bound',
      accessModes: volume.spec.accessModes ?? [],
      capacity: { ...volume.spec.capacity },
    };
    effects.push({ do: 'patch', ref: CLAIMS, key: keyOf(claim), patch: { status }, subresource: 'status' });
  }
  return effects;
}

/** What becomes of a volume: Available, Bound, or Released and then kept or removed by its reclaim policy. */
export function stepVolume(
  volume: PersistentVolume,
  claim: PersistentVolumeClaim | undefined,
): { readonly phase: string; readonly remove: boolean } {
  const reserved = volume.spec.claimRef;
  if (!reserved) return { phase: 'Available', remove: false };
  if (!reserved.uid) return { phase: volume.status?.phase ?? 'Available', remove: false };
  if (claim && claim.metadata.uid === reserved.uid) return { phase: 'Bound', remove: false };
  return { phase: 'Released', remove: volume.spec.persistentVolumeReclaimPolicy === 'Delete' };
}
