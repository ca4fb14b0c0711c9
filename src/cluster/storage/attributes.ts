import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import { isNotFound } from '../../kernel/status.ts';
import { carryOut, type ClusterEnv, ownedInformer, ownKey } from '../driver.ts';
import { ATTRIBUTES_CLASSES, CLAIMS, VOLUMES } from '../refs.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../types.ts';

const COMPONENT = 'vac-protection-controller';
const IN_USE = 'kubernetes.io/vac-protection';

interface Attributed {
  readonly spec?: { readonly volumeAttributesClassName?: string };
}

const classOf = (object: unknown): string[] => {
  const name = (object as Attributed).spec?.volumeAttributesClassName;
  return name ? [name] : [];
};

/** A deleted VolumeAttributesClass stays until no claim and no volume names it (KEP-3751). */
export function startAttributesProtectionController(env: ClusterEnv): Controller {
  const classes = env.informers.of(ATTRIBUTES_CLASSES);
  const claims = ownedInformer<PersistentVolumeClaim>(env, CLAIMS);
  const volumes = env.informers.of<PersistentVolume>(VOLUMES);
  return runController({
    name: COMPONENT,
    clock: env.clock,
    watches: [
      watchOf(classes, change => (change.object.metadata.deletionTimestamp ? ownKey(change) : [])),
      watchOf(claims, ({ object }) => classOf(object)),
      watchOf(volumes, ({ object }) => classOf(object)),
    ],
    report: (error, key) => env.report(error, `${COMPONENT} ${key}`),
    reconcile: async key => {
      const { metadata } = classes.get(key) ?? {};
      if (!metadata?.deletionTimestamp || !metadata.finalizers?.includes(IN_USE)) return undefined;
      const used = [...claims.list(), ...volumes.list()].some(object => classOf(object)[0] === key);
      if (used) return undefined;
      const rest = metadata.finalizers.filter(each => each !== IN_USE);
      const patch = { metadata: { uid: metadata.uid ?? '', finalizers: rest.length > 0 ? rest : null } };
      await carryOut(env, COMPONENT, [{ do: 'patch', ref: ATTRIBUTES_CLASSES, key: { name: key }, patch }]).catch(
        (error: unknown) => {
          if (!isNotFound(error)) throw error;
        },
      );
      return undefined;
    },
  });
}
