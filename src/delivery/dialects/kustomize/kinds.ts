import { isTree, lookup, type Tree } from './tree.ts';

/** Group, version and kind; in a selector an empty part means any. */
export interface Gvk {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** What names an object. An empty namespace is the default one. */
export interface Id extends Gvk {
  readonly namespace: string;
  readonly name: string;
}

export function gvkOf(apiVersion: unknown, kind: unknown): Gvk {
  const text = typeof apiVersion === 'string' ? apiVersion : '';
  const slash = text.indexOf('/');
  return {
    group: slash < 0 ? '' : text.slice(0, slash),
    version: slash < 0 ? text : text.slice(slash + 1),
    kind: typeof kind === 'string' ? kind : '',
  };
}

export function idOf(object: Tree): Id {
  const text = (key: string): string => {
    const value = lookup(object, 'metadata', key);
    return value === undefined || value === null || isTree(value) ? '' : String(value);
  };
  return { ...gvkOf(object.apiVersion, object.kind), name: text('name'), namespace: text('namespace') };
}

/** Kinds without a namespace in the schema kustomize carries (Kubernetes 1.21); later ones count as namespaced there. */
const CLUSTER_SCOPED = new Set(
  [
    '/Namespace /Node /PersistentVolume /ComponentStatus',
    ...['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'].map(
      kind => `admissionregistration.k8s.io/${kind}`,
    ),
    'apiextensions.k8s.io/CustomResourceDefinition apiregistration.k8s.io/APIService authentication.k8s.io/TokenReview',
    ...['SelfSubjectAccessReview', 'SelfSubjectRulesReview', 'SubjectAccessReview'].map(
      kind => `authorization.k8s.io/${kind}`,
    ),
    'certificates.k8s.io/CertificateSigningRequest networking.k8s.io/IngressClass node.k8s.io/RuntimeClass',
    'extensions/PodSecurityPolicy policy/PodSecurityPolicy scheduling.k8s.io/PriorityClass',
    'rbac.authorization.k8s.io/ClusterRole rbac.authorization.k8s.io/ClusterRoleBinding',
    'storage.k8s.io/CSIDriver storage.k8s.io/CSINode storage.k8s.io/StorageClass storage.k8s.io/VolumeAttachment',
  ].flatMap(line => line.split(' ')),
);
const CLUSTER_SCOPED_V1BETA1 = new Set(['FlowSchema', 'PriorityLevelConfiguration']);

/** True for built-in kinds that have no namespace; kinds nobody knows are taken to have one. */
export function isClusterScoped(gvk: Gvk): boolean {
  if (gvk.group === 'flowcontrol.apiserver.k8s.io') {
    return gvk.version === 'v1beta1' && CLUSTER_SCOPED_V1BETA1.has(gvk.kind);
  }
  return CLUSTER_SCOPED.has(`${gvk.group}/${gvk.kind}`);
}

const NO_NAMESPACE = '_non_namespaceable_';

export function effectiveNamespace(id: Id): string {
  if (isClusterScoped(id)) return NO_NAMESPACE;
  return id.namespace === '' ? 'default' : id.namespace;
}

export const sameNamespace = (left: Id, right: Id): boolean => effectiveNamespace(left) === effectiveNamespace(right);

export const sameGvkn = (left: Id, right: Id): boolean =>
  left.group === right.group && left.version === right.version && left.kind === right.kind && left.name === right.name;

export const sameId = (left: Id, right: Id): boolean => sameGvkn(left, right) && sameNamespace(left, right);

/** Whether the selector's parts that are set are those of the kind. */
export function selectedBy(gvk: Gvk, selector: Partial<Gvk>): boolean {
  return (
    (!selector.group || selector.group === gvk.group) &&
    (!selector.version || selector.version === gvk.version) &&
    (!selector.kind || selector.kind === gvk.kind)
  );
}

/** `Deployment.v1.apps/web.prod`, as messages write it. */
export function describeId(id: Id): string {
  const kind = `${id.kind || '[noKind]'}.${id.version || '[noVer]'}.${id.group || '[noGrp]'}`;
  return `${kind}/${id.name || '[noName]'}.${id.namespace || '[noNs]'}`;
}
