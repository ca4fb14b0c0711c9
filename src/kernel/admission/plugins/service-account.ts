import { nameSuffix, type Random } from '../../../base/index.ts';
import type { KubeObject } from '../../object.ts';
import { forbidden } from '../../status.ts';
import type { AdmissionAttributes, AdmissionStep } from '../admission.ts';
import type { AdmissionReads } from '../reads.ts';

/** Where containers find the token (ServiceAccount admission, DefaultAPITokenMountPath). */
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN_EXPIRATION_S = 3607;
const VOLUME_PREFIX = 'kube-api-access-';

interface Container {
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
}
interface PodSpec {
  serviceAccountName?: string;
  serviceAccount?: string;
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: { name: string }[];
  volumes?: { name: string; [kind: string]: unknown }[];
  containers?: Container[];
  initContainers?: Container[];
}

const isMirror = (pod: KubeObject): boolean =>
  pod.metadata.annotations !== undefined && Object.hasOwn(pod.metadata.annotations, 'kubernetes.io/config.mirror');

function tokenVolume(name: string): { name: string; projected: unknown } {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_EXPIRATION_S, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
      defaultMode: 420,
    },
  };
}

/** True where it changed anything. */
function mountToken(spec: PodSpec, random: Random): boolean {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const bare = containers.filter(
    ({ volumeMounts }) => !volumeMounts?.some(({ mountPath }) => mountPath === MOUNT_PATH),
  );
  if (bare.length === 0) return false;
  let name = spec.volumes?.find(volume => volume.name.startsWith(VOLUME_PREFIX))?.name;
  if (name === undefined) {
    name = VOLUME_PREFIX + nameSuffix(random);
    spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
  }
  for (const container of bare) {
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: MOUNT_PATH }];
  }
  return true;
}

/**
 * Gives every pod its service account, the account's pull secrets and a mounted token. The account `default` is taken as
 * there: its controller makes it in every namespace, and a pod created a moment earlier should not be refused for that.
 */
export function serviceAccount(reads: AdmissionReads, random: Random): AdmissionStep {
  const mutate = ({ object, key, definition }: AdmissionAttributes): boolean => {
    const pod = object!;
    if (isMirror(pod)) return false;
    const spec = pod.spec as PodSpec;
    let changed = !spec.serviceAccountName || spec.serviceAccount !== spec.serviceAccountName;
    spec.serviceAccountName ||= 'default';
    spec.serviceAccount = spec.serviceAccountName;
    const account = reads.get('serviceaccounts', `${key.namespace}/${spec.serviceAccountName}`);
    if (!account && spec.serviceAccountName !== 'default') {
      const name = spec.serviceAccountName;
      throw forbidden(
        definition,
        pod.metadata.name ?? pod.metadata.generateName ?? '',
        `error looking up service account ${key.namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
      );
    }
    const automount = spec.automountServiceAccountToken ?? account?.automountServiceAccountToken;
    if (automount !== false && mountToken(spec, random)) changed = true;
    const secrets = account?.imagePullSecrets as { name: string }[] | undefined;
    if (!spec.imagePullSecrets?.length && secrets?.length) {
      spec.imagePullSecrets = structuredClone(secrets);
      changed = true;
    }
    return changed;
  };
  return {
    name: 'ServiceAccount',
    plain: true,
    handles: (operation, definition, subresource) =>
      operation === 'CREATE' && definition.resource === 'pods' && definition.group === '' && subresource === '',
    mutate,
  };
}
