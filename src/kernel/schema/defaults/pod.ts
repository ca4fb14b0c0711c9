import { type Draft, ensure, fill, isDraft, part, parts } from './fill.ts';

/** What reads as the name of an image (distribution reference grammar); of others the tag is not known. */
const IMAGE_NAME =
  /^(?:[a-zA-Z0-9.[\]:-]+\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?$/;
const IMAGE_NAME_MAX = 255;

/** Always for `:latest` or no tag and no digest, else IfNotPresent (API reference, Container.imagePullPolicy). */
export function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  if (image.includes('@') || !IMAGE_NAME.test(image) || image.length > IMAGE_NAME_MAX) return 'IfNotPresent';
  const tag = /:([\w][\w.-]*)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function httpGet(action: Draft | undefined): void {
  const http = part(action, 'httpGet');
  if (http === undefined) return;
  fill(http, 'path', '/');
  fill(http, 'scheme', 'HTTP');
}

const zeroOrAbsent = (value: unknown): boolean => value === undefined || value === 0;

function probe(value: Draft | undefined): void {
  if (value === undefined) return;
  for (const [field, number] of [
    ['timeoutSeconds', 1],
    ['periodSeconds', 10],
    ['successThreshold', 1],
    ['failureThreshold', 3],
  ] as const) {
    if (zeroOrAbsent(value[field])) value[field] = number;
  }
  httpGet(value);
  const grpc = part(value, 'grpc');
  if (grpc !== undefined && grpc.service === undefined) grpc.service = '';
}

function container(value: Draft): void {
  if (typeof value.image === 'string') fill(value, 'imagePullPolicy', pullPolicyOf(value.image));
  else fill(value, 'imagePullPolicy', 'IfNotPresent');
  fill(value, 'terminationMessagePath', '/dev/termination-log');
  fill(value, 'terminationMessagePolicy', 'File');
  for (const port of parts(value, 'ports')) fill(port, 'protocol', 'TCP');
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) probe(part(value, name));
  const lifecycle = part(value, 'lifecycle');
  httpGet(part(lifecycle, 'postStart'));
  httpGet(part(lifecycle, 'preStop'));
  for (const variable of parts(value, 'env')) {
    const reference = part(part(variable, 'valueFrom'), 'fieldRef');
    if (reference) fill(reference, 'apiVersion', 'v1');
    divisor(part(part(variable, 'valueFrom'), 'resourceFieldRef'));
  }
}

/** An amount is always said, zero too. */
function divisor(reference: Draft | undefined): void {
  if (reference) fill(reference, 'divisor', '0');
}

function downward(items: readonly Draft[]): void {
  for (const item of items) {
    const reference = part(item, 'fieldRef');
    if (reference) fill(reference, 'apiVersion', 'v1');
    divisor(part(item, 'resourceFieldRef'));
  }
}

/** 0644: what files of configuration volumes get. */
const FILE_MODE = 0o644;

/** Fields of volumes with an own default, in Pods and PersistentVolumes alike. */
export function volumeSource(value: Draft): void {
  const hostPath = part(value, 'hostPath');
  if (hostPath && hostPath.type === undefined) hostPath.type = '';
  const azure = part(value, 'azureDisk');
  if (azure) {
    fill(azure, 'cachingMode', 'ReadWrite');
    fill(azure, 'kind', 'Shared');
    fill(azure, 'fsType', 'ext4');
    if (azure.readOnly === undefined) azure.readOnly = false;
  }
  const iscsi = part(value, 'iscsi');
  if (iscsi) fill(iscsi, 'iscsiInterface', 'default');
  const rbd = part(value, 'rbd');
  if (rbd) {
    fill(rbd, 'pool', 'rbd');
    fill(rbd, 'user', 'admin');
    fill(rbd, 'keyring', '/etc/ceph/keyring');
  }
  const scaleIO = part(value, 'scaleIO');
  if (scaleIO) {
    fill(scaleIO, 'storageMode', 'ThinProvisioned');
    fill(scaleIO, 'fsType', 'xfs');
  }
}

function volume(value: Draft): void {
  if (!Object.keys(value).some(key => key !== 'name' && isDraft(value[key]))) value.emptyDir = {};
  for (const name of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    const source = part(value, name);
    if (source && source.defaultMode === undefined) source.defaultMode = FILE_MODE;
  }
  downward(parts(part(value, 'downwardAPI'), 'items'));
  for (const source of parts(part(value, 'projected'), 'sources')) {
    downward(parts(part(source, 'downwardAPI'), 'items'));
    const token = part(source, 'serviceAccountToken');
    if (token && token.expirationSeconds === undefined) token.expirationSeconds = 3600;
  }
  const image = part(value, 'image');
  if (image) fill(image, 'pullPolicy', pullPolicyOf(String(image.reference ?? '')));
  const claim = part(part(value, 'ephemeral'), 'volumeClaimTemplate');
  if (claim) fill(ensure(claim, 'spec'), 'volumeMode', 'Filesystem');
  volumeSource(value);
}

/** Containers of every sort, init and ephemeral ones included. */
export function allContainers(spec: Draft | undefined): Draft[] {
  return [...parts(spec, 'initContainers'), ...parts(spec, 'containers'), ...parts(spec, 'ephemeralContainers')];
}

/** Defaults of a pod spec wherever it stands: in a Pod or in a template. */
export function podSpec(spec: Draft | undefined): void {
  if (spec === undefined) return;
  fill(spec, 'restartPolicy', 'Always');
  fill(spec, 'dnsPolicy', 'ClusterFirst');
  fill(spec, 'schedulerName', 'default-scheduler');
  if (spec.terminationGracePeriodSeconds === undefined) spec.terminationGracePeriodSeconds = 30;
  if (spec.securityContext === undefined) spec.securityContext = {};
  if (typeof spec.serviceAccountName === 'string' && spec.serviceAccountName !== '') {
    spec.serviceAccount = spec.serviceAccountName;
  } else if (typeof spec.serviceAccount === 'string' && spec.serviceAccount !== '') {
    spec.serviceAccountName = spec.serviceAccount;
  }
  for (const one of allContainers(spec)) container(one);
  for (const one of parts(spec, 'volumes')) volume(one);
}

/** Requests follow limits in Pods (not in templates), so that a template keeps what its author wrote. */
function requestsFromLimits(value: Draft): void {
  const resources = part(value, 'resources');
  const limits = part(resources, 'limits');
  if (resources === undefined || limits === undefined) return;
  const requests = ensure(resources, 'requests');
  for (const [name, amount] of Object.entries(limits)) if (!Object.hasOwn(requests, name)) requests[name] = amount;
}

/** Resources of the whole pod ask at least what is limited, where nothing else is said (core/v1 defaultPodRequests). */
function podRequests(spec: Draft): void {
  const own = part(spec, 'resources')!;
  const asked: Draft = { ...part(own, 'limits'), ...part(own, 'requests') };
  if (Object.keys(asked).length > 0) own.requests = asked;
}

/** v1 Pod. */
export function pod(object: Draft): void {
  const spec = part(object, 'spec');
  if (spec === undefined) return;
  if (spec.enableServiceLinks === undefined) spec.enableServiceLinks = true;
  podSpec(spec);
  if (part(spec, 'resources')) podRequests(spec);
  for (const one of [...parts(spec, 'containers'), ...parts(spec, 'initContainers')]) {
    requestsFromLimits(one);
    if (spec.hostNetwork !== true) continue;
    for (const port of parts(one, 'ports')) if (zeroOrAbsent(port.hostPort)) port.hostPort = port.containerPort;
  }
}

/** The pod spec of a template that stands in `spec.template`. */
export const template = (spec: Draft | undefined): void => podSpec(part(part(spec, 'template'), 'spec'));
