/** Which objects of a running cluster people wrote, and how they look as the documents people would write again. */
import type { Json, KubeObject, ResourceRef } from '../../../kernel/index.ts';
import { documentOf } from '../../node/object-document.ts';

/** Namespaces that a control plane keeps for itself, and what it makes in every one. */
const SYSTEM_NAMESPACE = /^(kube-(system|public|node-lease)|tenon-.*)$/;
const MADE: ReadonlySet<string> = new Set([
  'ConfigMap/kube-root-ca.crt',
  'ServiceAccount/default',
  'Service/kubernetes',
  'Namespace/default',
]);
/** Kinds that controllers and nodes write, whatever people do. */
const UNRECORDED: ReadonlySet<string> = new Set([
  'events',
  'leases',
  'endpoints',
  'endpointslices',
  'replicationcontrollers/status',
  'controllerrevisions',
  'componentstatuses',
  'certificatesigningrequests',
  'nodes',
  'csinodes',
  'csistoragecapacities',
  'volumeattachments',
  'apiservices',
  'flowschemas',
  'prioritylevelconfigurations',
  'ipaddresses',
  'servicecidrs',
  'bindings',
  'podmetrics',
  'nodemetrics',
]);
const SYSTEM_NAME = /^(system[:-]|kubeadm:|cluster-admin$|admin$|edit$|view$)/;
/** Marks of what controllers added. */
const ADDED =
  /^(deployment|deprecated\.daemonset|pv|volume|batch|autoscaling|endpoints|kubectl|job-name|controller-uid)(\.[a-z.]*kubernetes\.io)?(\/|$)|^(controller-uid|job-name)$/;

export const isRecorded = ({ resource }: ResourceRef): boolean => !UNRECORDED.has(resource) && !resource.includes('/');

/** False for what a controller owns or the control plane brings with it. */
export function isWritten({ kind, metadata, type }: KubeObject): boolean {
  const { name = '', namespace, labels = {}, annotations = {}, ownerReferences = [] } = metadata;
  if (ownerReferences.length > 0 || MADE.has(`${kind}/${name}`)) return false;
  if (SYSTEM_NAMESPACE.test(kind === 'Namespace' ? name : (namespace ?? ''))) return false;
  if (type === 'kubernetes.io/service-account-token') return false;
  if (labels['kubernetes.io/bootstrapping'] !== undefined || SYSTEM_NAME.test(name)) return false;
  if (Object.keys(labels).some(label => label.startsWith('tenon.dev/'))) return false;
  return annotations['pv.kubernetes.io/provisioned-by'] === undefined;
}

type Fields = Record<string, unknown>;

const without = (map: Readonly<Record<string, string>> = {}): Record<string, string> | undefined => {
  const kept = Object.entries(map).filter(([key]) => !ADDED.test(key));
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
};

/** What this cluster chose for an object; another one chooses for itself. */
function unchosen(kind: string, spec: Fields, annotations: Readonly<Record<string, string>>): Fields {
  const { ...left } = spec;
  if (kind === 'Service') {
    if (left.clusterIP !== 'None') delete left.clusterIP;
    for (const field of ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'healthCheckNodePort']) delete left[field];
    left.ports = (left.ports as Fields[] | undefined)?.map(({ nodePort: _port, ...port }) => port);
  }
  if (kind === 'PersistentVolumeClaim' && annotations['pv.kubernetes.io/bind-completed'] !== undefined)
    delete left.volumeName;
  if (kind === 'PersistentVolume') delete left.claimRef;
  if (kind === 'Namespace') delete left.finalizers;
  if (kind === 'Job' && left.manualSelector !== true) {
    delete left.selector;
    const { metadata = {}, ...template } = left.template as { metadata?: { labels?: Record<string, string> } };
    left.template = { ...template, metadata: { ...metadata, labels: without(metadata.labels) } };
  }
  if (kind === 'Pod') {
    delete left.nodeName;
    const isToken = ({ name }: Fields): boolean => String(name).startsWith('kube-api-access-');
    left.volumes = (left.volumes as Fields[] | undefined)?.filter(volume => !isToken(volume));
    for (const list of ['containers', 'initContainers'])
      left[list] = (left[list] as Fields[] | undefined)?.map(container => ({
        ...container,
        volumeMounts: (container.volumeMounts as Fields[] | undefined)?.filter(mount => !isToken(mount)),
      }));
  }
  return left;
}

/** `redacted` is no JSON, and these must hold some. */
const EMPTY_JSON = Buffer.from('{"auths":{}}').toString('base64');

/** A document that can be applied elsewhere: no status, nothing a server or controller added, no secret value. */
export function recordedDocument(object: KubeObject): KubeObject {
  const { metadata, spec, status: _, ...rest } = documentOf(object);
  const annotations = without(metadata.annotations);
  const labels = without(metadata.labels);
  const { name, generateName, namespace } = metadata;
  const kept = {
    ...(name === undefined ? { generateName } : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  const data = rest.data as Record<string, string> | undefined;
  if (object.kind === 'Secret' && data?.['.dockerconfigjson'] !== undefined) data['.dockerconfigjson'] = EMPTY_JSON;
  const document = {
    ...rest,
    metadata: kept,
    ...(spec === undefined ? {} : { spec: unchosen(object.kind, spec as Fields, metadata.annotations ?? {}) }),
  };
  return JSON.parse(JSON.stringify(document)) as KubeObject;
}

/** Text by which two documents are the same: keys in order, so that what differs is what somebody wrote. */
export function canonical(value: Json): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );
}
