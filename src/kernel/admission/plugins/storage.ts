import type { KubeObject } from '../../object.ts';
import type { AdmissionStep } from '../admission.ts';
import type { AdmissionReads } from '../reads.ts';

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
const DEFAULT_INGRESS_CLASS = 'ingressclass.kubernetes.io/is-default-class';

/** The marked default; the newest of several, as the API server decides since 1.26. */
function defaultOf(objects: readonly KubeObject[], annotation: string): KubeObject | undefined {
  const marked = objects.filter(
    ({ metadata: { annotations } }) => annotations !== undefined && annotations[annotation] === 'true',
  );
  const age = (object: KubeObject): string => object.metadata.creationTimestamp ?? '';
  return [...marked].sort((left, right) =>
    age(left) === age(right) ? (left.metadata.name! < right.metadata.name! ? -1 : 1) : age(left) < age(right) ? 1 : -1,
  )[0];
}

/** Claims that name no class get the default one (DefaultStorageClass). */
export function defaultStorageClass(reads: AdmissionReads): AdmissionStep {
  return {
    name: 'DefaultStorageClass',
    handles: (operation, definition) =>
      operation === 'CREATE' && definition.resource === 'persistentvolumeclaims' && definition.group === '',
    mutate: ({ object }) => {
      const spec = (object!.spec ??= {}) as { storageClassName?: string };
      if (
        spec.storageClassName !== undefined ||
        object!.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] !== undefined
      )
        return false;
      const chosen = defaultOf(reads.list('storage.k8s.io/storageclasses', ''), DEFAULT_CLASS);
      if (!chosen) return false;
      spec.storageClassName = chosen.metadata.name!;
      return true;
    },
  };
}

/** Ingresses that name no class get the default one (DefaultIngressClass). */
export function defaultIngressClass(reads: AdmissionReads): AdmissionStep {
  return {
    name: 'DefaultIngressClass',
    handles: (operation, definition, subresource) =>
      operation === 'CREATE' &&
      definition.resource === 'ingresses' &&
      definition.group === 'networking.k8s.io' &&
      subresource === '',
    mutate: ({ object }) => {
      const spec = (object!.spec ??= {}) as { ingressClassName?: string };
      if (
        spec.ingressClassName !== undefined ||
        object!.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined
      )
        return false;
      const chosen = defaultOf(reads.list('networking.k8s.io/ingressclasses', ''), DEFAULT_INGRESS_CLASS);
      if (!chosen) return false;
      spec.ingressClassName = chosen.metadata.name!;
      return true;
    },
  };
}

const PROTECTION: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
  volumeattributesclasses: 'kubernetes.io/vac-protection',
};

/** Claims and volumes stay while something uses them; their controller takes the finalizer off (StorageObjectInUseProtection). */
export function storageObjectInUse(): AdmissionStep {
  return {
    name: 'StorageObjectInUseProtection',
    handles: (operation, definition, subresource) =>
      operation === 'CREATE' &&
      (definition.group === '' || definition.group === 'storage.k8s.io') &&
      subresource === '' &&
      Object.hasOwn(PROTECTION, definition.resource),
    mutate: ({ object, definition }) => {
      const finalizer = PROTECTION[definition.resource]!;
      const { metadata } = object!;
      if (metadata.finalizers?.includes(finalizer)) return false;
      metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
      return true;
    },
  };
}
