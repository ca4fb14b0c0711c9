import type { KubeObject } from '../../kernel/index.ts';
import type { Attributes, Decision } from '../serve/services.ts';

const ALLOWED: Decision = { allowed: true, reason: '' };
const refuse = (reason: string): Decision => ({ allowed: false, reason });

interface Reference {
  readonly name: string;
}

interface Volume {
  readonly secret?: { secretName?: string };
  readonly configMap?: Reference;
  readonly persistentVolumeClaim?: { claimName: string };
  readonly projected?: { sources?: { secret?: Reference; configMap?: Reference }[] };
  readonly ephemeral?: object;
  readonly name: string;
  readonly [source: string]: unknown;
}

interface Container {
  readonly env?: { valueFrom?: { secretKeyRef?: Reference; configMapKeyRef?: Reference } }[];
  readonly envFrom?: { secretRef?: Reference; configMapRef?: Reference }[];
}

interface PodSpec {
  readonly nodeName?: string;
  readonly serviceAccountName?: string;
  readonly imagePullSecrets?: Reference[];
  readonly volumes?: Volume[];
  readonly containers?: Container[];
  readonly initContainers?: Container[];
  readonly ephemeralContainers?: Container[];
  readonly resourceClaims?: { resourceClaimName?: string }[];
}

/** `resource/namespace/name` of everything a pod makes its node need. */
function referencesOf(namespace: string, podName: string, spec: PodSpec): Set<string> {
  const found = new Set<string>();
  const add = (resource: string, name: string | undefined): void => {
    if (name) found.add(`${resource}/${namespace}/${name}`);
  };
  add('serviceaccounts', spec.serviceAccountName);
  for (const secret of spec.imagePullSecrets ?? []) add('secrets', secret.name);
  for (const claim of spec.resourceClaims ?? []) add('resourceclaims', claim.resourceClaimName);
  for (const volume of spec.volumes ?? []) {
    add('secrets', volume.secret?.secretName);
    add('configmaps', volume.configMap?.name);
    add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName);
    if (volume.ephemeral) add('persistentvolumeclaims', `${podName}-${volume.name}`);
    for (const source of volume.projected?.sources ?? []) {
      add('secrets', source.secret?.name);
      add('configmaps', source.configMap?.name);
    }
  }
  for (const container of [
    ...(spec.containers ?? []),
    ...(spec.initContainers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ]) {
    for (const { valueFrom } of container.env ?? []) {
      add('secrets', valueFrom?.secretKeyRef?.name);
      add('configmaps', valueFrom?.configMapKeyRef?.name);
    }
    for (const { secretRef, configMapRef } of container.envFrom ?? []) {
      add('secrets', secretRef?.name);
      add('configmaps', configMapRef?.name);
    }
  }
  return found;
}

interface Placed {
  readonly node: string;
  readonly references: ReadonlySet<string>;
}

const WRITE_OWN: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'get']);

/** Which node may read what: only what pods bound to it refer to (Kubernetes, "Using Node Authorization"). */
export class NodeAuthorizer {
  readonly #pods = new Map<string, Placed>();
  /** Nodes by `resource/namespace/name`, with how many of their pods refer to it. */
  readonly #needs = new Map<string, Map<string, number>>();
  /** `namespace/name` of the claim each volume is bound to. */
  readonly #claimOf = new Map<string, string>();

  setPod(pod: KubeObject): void {
    const { namespace = '', name = '' } = pod.metadata;
    const key = `${namespace}/${name}`;
    const spec = pod.spec as PodSpec;
    const known = this.#pods.get(key);
    if (known && known.node === spec.nodeName) return;
    this.removePod(namespace, name);
    if (!spec.nodeName) return;
    const references = referencesOf(namespace, name, spec);
    references.add(`pods/${key}`);
    this.#pods.set(key, { node: spec.nodeName, references });
    for (const reference of references) {
      let nodes = this.#needs.get(reference);
      if (!nodes) this.#needs.set(reference, (nodes = new Map()));
      nodes.set(spec.nodeName, (nodes.get(spec.nodeName) ?? 0) + 1);
    }
  }

  removePod(namespace: string, name: string): void {
    const key = `${namespace}/${name}`;
    const known = this.#pods.get(key);
    if (!known) return;
    this.#pods.delete(key);
    for (const reference of known.references) {
      const nodes = this.#needs.get(reference)!;
      const left = nodes.get(known.node)! - 1;
      if (left > 0) nodes.set(known.node, left);
      else nodes.delete(known.node);
      if (nodes.size === 0) this.#needs.delete(reference);
    }
  }

  setVolume(volume: KubeObject): void {
    const claim = (volume.spec as { claimRef?: { namespace?: string; name?: string } } | undefined)?.claimRef;
    if (claim?.namespace && claim.name) this.#claimOf.set(volume.metadata.name!, `${claim.namespace}/${claim.name}`);
    else this.#claimOf.delete(volume.metadata.name!);
  }

  removeVolume(name: string): void {
    this.#claimOf.delete(name);
  }

  #related(node: string, reference: string): boolean {
    return this.#needs.get(reference)?.has(node) ?? false;
  }

  authorize(attributes: Attributes): Decision {
    const { user, isResource, verb, group, resource, subresource, namespace, name } = attributes;
    if (!isResource || !user.name.startsWith('system:node:')) return refuse('');
    const node = user.name.slice('system:node:'.length);
    switch (`${group}/${resource}`) {
      case '/secrets':
      case '/configmaps':
        if (verb !== 'get' && verb !== 'list' && verb !== 'watch')
          return refuse('can only read resources of this type');
        if (name === '') return refuse('can only read namespaced object of this type by name');
        return this.#related(node, `${resource}/${namespace}/${name}`)
          ? ALLOWED
          : this.#unrelated(node, resource, name);
      case '/persistentvolumeclaims':
        if (verb !== 'get' && subresource !== 'status') return refuse('can only get individual resources of this type');
        return this.#related(node, `${resource}/${namespace}/${name}`)
          ? ALLOWED
          : this.#unrelated(node, resource, name);
      case '/persistentvolumes': {
        const claim = this.#claimOf.get(name);
        if (verb !== 'get' || subresource !== '') return refuse('can only get individual resources of this type');
        return claim && this.#related(node, `persistentvolumeclaims/${claim}`)
          ? ALLOWED
          : this.#unrelated(node, resource, name);
      }
      case '/serviceaccounts':
        if (verb !== 'create' || subresource !== 'token')
          return refuse('can only create tokens for individual service accounts');
        return this.#related(node, `${resource}/${namespace}/${name}`)
          ? ALLOWED
          : this.#unrelated(node, resource, name);
      case 'coordination.k8s.io/leases':
        if (namespace !== 'kube-node-lease')
          return refuse('can only access leases in the "kube-node-lease" system namespace');
        if (!WRITE_OWN.has(verb)) return refuse('can only get, create, update, patch, or delete a node lease');
        return verb === 'create' || name === node
          ? ALLOWED
          : refuse('can only access node lease with the same name as the requesting node');
      case 'storage.k8s.io/csinodes':
        if (!WRITE_OWN.has(verb)) return refuse('can only get, create, update, patch, or delete a CSINode');
        return verb === 'create' || name === node
          ? ALLOWED
          : refuse('can only access CSINode with the same name as the requesting node');
      case '/nodes':
        // Reading other nodes needs a role; writing is only for one's own.
        if (verb === 'create' || name === node || verb === 'list' || verb === 'watch') return ALLOWED;
        return refuse('node may only access its own Node object');
      case '/pods':
        return this.#pod(node, attributes);
      default:
        return this.#always(attributes);
    }
  }

  #unrelated(node: string, resource: string, name: string): Decision {
    return refuse(`no relationship found between node '${node}' and this object (${resource} "${name}")`);
  }

  #pod(node: string, { verb, subresource, namespace, name }: Attributes): Decision {
    if (verb === 'list' || verb === 'watch') return ALLOWED;
    if (verb === 'create' && subresource === '') return ALLOWED;
    if (subresource !== '' && subresource !== 'status' && subresource !== 'eviction') return refuse('');
    return this.#related(node, `pods/${namespace}/${name}`) ? ALLOWED : this.#unrelated(node, 'pods', name);
  }

  /** What every node may do whatever runs on it. */
  #always({ verb, group, resource }: Attributes): Decision {
    const read = verb === 'get' || verb === 'list' || verb === 'watch';
    switch (`${group}/${resource}`) {
      case '/services':
      case 'storage.k8s.io/csidrivers':
      case 'node.k8s.io/runtimeclasses':
      case 'resource.k8s.io/resourceslices':
        return read || resource === 'resourceslices' ? ALLOWED : refuse('');
      case '/events':
      case 'events.k8s.io/events':
        return verb === 'create' || verb === 'patch' || verb === 'update' ? ALLOWED : refuse('');
      case 'certificates.k8s.io/certificatesigningrequests':
        return read || verb === 'create' ? ALLOWED : refuse('');
      case 'authentication.k8s.io/tokenreviews':
      case 'authorization.k8s.io/subjectaccessreviews':
      case 'authorization.k8s.io/localsubjectaccessreviews':
        return verb === 'create' ? ALLOWED : refuse('');
      case 'storage.k8s.io/volumeattachments':
      case 'resource.k8s.io/resourceclaims':
        return verb === 'get' ? ALLOWED : refuse('');
      default:
        return refuse('');
    }
  }
}
