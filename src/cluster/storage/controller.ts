import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import type { Informer } from '../../kernel/informer.ts';
import { objectKey } from '../../kernel/indexer.ts';
import { isAlreadyExists, isNotFound } from '../../kernel/status.ts';
import { carryOut, type ClusterEnv, noteAs, ownedInformer, ownKey } from '../driver.ts';
import { isTerminated } from '../pods.ts';
import { parseQuantity } from '../quantity.ts';
import { CLAIMS, NODES, PODS, STORAGE_CLASSES, VOLUMES } from '../refs.ts';
import { claimNames } from '../scheduler/filters/volume.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../types.ts';
import { BOUND_BY_CONTROLLER, PROVISIONED_BY, stepClaim, stepVolume } from './step.ts';

const COMPONENT = 'persistentvolume-controller';
const IN_USE = 'kubernetes.io/pvc-protection';

/** Binds claims to volumes, provisions what classes promise, and reclaims what is released. */
export function startVolumeController(env: ClusterEnv): Controller {
  const claims = ownedInformer<PersistentVolumeClaim>(env, CLAIMS);
  const volumes = env.informers.of<PersistentVolume>(VOLUMES);
  const classes = env.informers.of<StorageClass>(STORAGE_CLASSES);
  const nodes = env.informers.of<Node>(NODES);
  const pending = (): string[] => [...claims.list()].filter(claim => claim.status?.phase !== 'Bound').map(objectKey);
  return runController({
    name: COMPONENT,
    clock: env.clock,
    workers: 4,
    watches: [
      watchOf(claims, change => [
        ...ownKey(change),
        ...(change.object.spec.volumeName ? [change.object.spec.volumeName] : []),
      ]),
      watchOf(volumes, change => [
        ...ownKey(change),
        ...(change.object.spec.claimRef
          ? [`${change.object.spec.claimRef.namespace}/${change.object.spec.claimRef.name}`]
          : pending()),
      ]),
      watchOf(classes, pending),
      watchOf(nodes, () => []),
    ],
    report: (error, key) => env.report(error, `${COMPONENT} ${key}`),
    reconcile: async key => {
      if (key.includes('/')) {
        const claim = claims.get(key);
        if (claim) await bindClaim(env, claim, volumes, classes, nodes);
      } else {
        const volume = volumes.get(key);
        if (volume) await keepVolume(env, volume, claims);
      }
      return undefined;
    },
  });
}

async function bindClaim(
  env: ClusterEnv,
  claim: PersistentVolumeClaim,
  volumes: Informer<PersistentVolume>,
  classes: Informer<StorageClass>,
  nodes: Informer<Node>,
): Promise<void> {
  const storageClass = claim.spec.storageClassName ? classes.get(claim.spec.storageClassName) : undefined;
  const provisioner = storageClass && env.provisioners?.get(storageClass.provisioner);
  if (claim.status?.phase === 'Bound' && claim.spec.volumeName && storageClass)
    await grow(env, claim, storageClass, volumes.get(claim.spec.volumeName));
  const step = stepClaim({
    claim,
    storageClass,
    volumes: () => volumes.list(),
    volumeNamed: name => volumes.get(name),
    canProvision: provisioner !== undefined,
  });
  await carryOut(env, COMPONENT, step.effects);
  if (!step.provision || !provisioner) return;
  const node = step.provision.node ? nodes.get(step.provision.node) : undefined;
  await provision(env, claim, step.provision.storageClass, node);
}

async function provision(
  env: ClusterEnv,
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  node: Node | undefined,
): Promise<void> {
  const provisioner = env.provisioners!.get(storageClass.provisioner)!;
  const name = `pvc-${claim.metadata.uid}`;
  const { namespace = '', name: claimName, uid, resourceVersion } = claim.metadata;
  try {
    noteAs(env, storageClass.provisioner, {
      about: claim,
      type: 'Normal',
      reason: 'Provisioning',
      message: `External provisioner is provisioning volume for claim "${namespace}/${claimName}"`,
    });
    const request = { name, claim, storageClass, ...(node ? { node } : {}) };
    const spec = await provisioner.provision(request);
    const own = provisioner.annotations?.(request);
    const object = {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: {
        name,
        annotations: { ...own, [PROVISIONED_BY]: storageClass.provisioner, [BOUND_BY_CONTROLLER]: 'yes' },
      },
      spec: {
        capacity: { storage: claim.spec.resources?.requests?.storage ?? '0' },
        accessModes: claim.spec.accessModes ?? [],
        volumeMode: claim.spec.volumeMode ?? 'Filesystem',
        storageClassName: storageClass.metadata.name,
        persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: claimName, uid, resourceVersion },
        ...spec,
      },
    };
    await env.client.create(VOLUMES, object).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
    noteAs(env, storageClass.provisioner, {
      about: claim,
      type: 'Normal',
      reason: 'ProvisioningSucceeded',
      message: `Successfully provisioned volume ${name}`,
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    noteAs(env, storageClass.provisioner, {
      about: claim,
      type: 'Warning',
      reason: 'ProvisioningFailed',
      message: `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${why}`,
    });
    throw error;
  }
}

/** A claim that asks for more than its volume has, of a class whose volumes may grow. */
async function grow(
  env: ClusterEnv,
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  volume: PersistentVolume | undefined,
): Promise<void> {
  const wanted = claim.spec.resources?.requests?.storage;
  const wanted_bytes = parseQuantity(wanted) ?? 0;
  const resize = env.provisioners?.get(storageClass.provisioner)?.resize;
  if (
    !volume ||
    !resize ||
    !storageClass.allowVolumeExpansion ||
    wanted_bytes <= (parseQuantity(claim.status?.capacity?.storage) ?? 0)
  )
    return;
  await resize.call(env.provisioners!.get(storageClass.provisioner), volume, wanted_bytes);
  const capacity = { storage: wanted! };
  await carryOut(env, COMPONENT, [
    { do: 'patch', ref: VOLUMES, key: { name: volume.metadata.name }, patch: { spec: { capacity } } },
    {
      do: 'patch',
      ref: CLAIMS,
      key: { namespace: claim.metadata.namespace ?? '', name: claim.metadata.name },
      patch: { status: { capacity } },
      subresource: 'status',
    },
  ]);
  noteAs(env, 'volume_expand', {
    about: claim,
    type: 'Normal',
    reason: 'FileSystemResizeSuccessful',
    message: 'Resize of the volume succeeded',
  });
}

async function keepVolume(
  env: ClusterEnv,
  volume: PersistentVolume,
  claims: Informer<PersistentVolumeClaim>,
): Promise<void> {
  const reserved = volume.spec.claimRef;
  const { phase, remove } = stepVolume(volume, reserved && claims.get(`${reserved.namespace}/${reserved.name}`));
  const key = { name: volume.metadata.name };
  if (volume.status?.phase !== phase && volume.status?.phase !== 'Failed')
    await carryOut(env, COMPONENT, [
      { do: 'patch', ref: VOLUMES, key, patch: { status: { phase } }, subresource: 'status' },
    ]);
  const provisioner = remove && env.provisioners?.get(volume.metadata.annotations?.[PROVISIONED_BY] ?? '');
  if (!provisioner) {
    // A volume no claim holds may go (pv-protection controller).
    if (volume.metadata.deletionTimestamp && phase !== 'Bound') await dropFinalizers(env, volume);
    return;
  }
  try {
    await provisioner.remove(volume);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    noteAs(env, COMPONENT, { about: volume, type: 'Warning', reason: 'VolumeFailedDelete', message });
    throw error;
  }
  await dropFinalizers(env, volume);
  await carryOut(env, COMPONENT, [{ do: 'delete', ref: VOLUMES, key, uid: volume.metadata.uid }]);
}

async function dropFinalizers(env: ClusterEnv, volume: PersistentVolume): Promise<void> {
  const rest = volume.metadata.finalizers?.filter(each => each !== 'kubernetes.io/pv-protection') ?? [];
  if (rest.length === (volume.metadata.finalizers?.length ?? 0)) return;
  const patch = { metadata: { finalizers: rest.length > 0 ? rest : null } };
  await carryOut(env, COMPONENT, [{ do: 'patch', ref: VOLUMES, key: { name: volume.metadata.name }, patch }]);
}

/** Deleted claims and volumes stay until no pod mounts the claim and no claim holds the volume (StorageObjectInUseProtection). */
export function startClaimProtectionController(env: ClusterEnv): Controller {
  const component = 'pvc-protection-controller';
  const claims = ownedInformer<PersistentVolumeClaim>(env, CLAIMS);
  const pods = ownedInformer<Pod>(env, PODS).index('claim', pod =>
    claimNames(pod).map(name => `${pod.metadata.namespace}/${name}`),
  );
  return runController({
    name: component,
    clock: env.clock,
    watches: [
      watchOf(claims, change => (change.object.metadata.deletionTimestamp ? ownKey(change) : [])),
      watchOf(pods, ({ type, object }) =>
        type === 'deleted' || isTerminated(object)
          ? claimNames(object).map(name => `${object.metadata.namespace}/${name}`)
          : [],
      ),
    ],
    report: (error, key) => env.report(error, `${component} ${key}`),
    reconcile: async key => {
      const claim = claims.get(key);
      if (!claim?.metadata.deletionTimestamp || !claim.metadata.finalizers?.includes(IN_USE)) return undefined;
      if (pods.by('claim', key).some(pod => !isTerminated(pod) && pod.spec.nodeName)) return undefined;
      const finalizers = claim.metadata.finalizers.filter(each => each !== IN_USE);
      const patch = { metadata: { uid: claim.metadata.uid, finalizers: finalizers.length > 0 ? finalizers : null } };
      await carryOut(env, component, [
        {
          do: 'patch',
          ref: CLAIMS,
          key: { namespace: claim.metadata.namespace ?? '', name: claim.metadata.name },
          patch,
        },
      ]).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
      return undefined;
    },
  });
}
