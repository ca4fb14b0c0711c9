import { type Draft, ensure, fill, fillAbsent, isDraft, part, parts } from './fill.ts';
import { volumeSource } from './pod.ts';

const boolean = (draft: Draft, field: string, value: boolean): void => {
  if (draft[field] === undefined) draft[field] = value;
};
const number = (draft: Draft, field: string, value: number): void => {
  if (draft[field] === undefined) draft[field] = value;
};

/** How long a client sticks to one endpoint: three hours. */
const AFFINITY_TIMEOUT_SECONDS = 10_800;

export function service(object: Draft): void {
  const spec = ensure(object, 'spec');
  fill(spec, 'type', 'ClusterIP');
  fill(spec, 'sessionAffinity', 'None');
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  else if (spec.sessionAffinity === 'ClientIP') {
    number(ensure(ensure(spec, 'sessionAffinityConfig'), 'clientIP'), 'timeoutSeconds', AFFINITY_TIMEOUT_SECONDS);
  }
  for (const port of parts(spec, 'ports')) {
    fill(port, 'protocol', 'TCP');
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '')
      port.targetPort = port.port ?? 0;
  }
  const external = Array.isArray(spec.externalIPs) && spec.externalIPs.length > 0;
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.type === 'ClusterIP' && external)) {
    fill(spec, 'externalTrafficPolicy', 'Cluster');
  }
  if (spec.type !== 'ExternalName') fill(spec, 'internalTrafficPolicy', 'Cluster');
  if (spec.type === 'LoadBalancer') boolean(spec, 'allocateLoadBalancerNodePorts', true);
}

export const secret = (object: Draft): void => fill(object, 'type', 'Opaque');

export function persistentVolume(object: Draft): void {
  const spec = ensure(object, 'spec');
  fill(spec, 'persistentVolumeReclaimPolicy', 'Retain');
  fillAbsent(spec, 'volumeMode', 'Filesystem');
  volumeSource(spec);
  fill(ensure(object, 'status'), 'phase', 'Pending');
}

export function endpoints(object: Draft): void {
  for (const subset of parts(object, 'subsets')) {
    for (const port of parts(subset, 'ports')) fill(port, 'protocol', 'TCP');
  }
}

export function endpointSlice(object: Draft): void {
  for (const port of parts(object, 'ports')) {
    if (port.name === undefined) port.name = '';
    fill(port, 'protocol', 'TCP');
  }
}

export function namespace(object: Draft): void {
  const metadata = ensure(object, 'metadata');
  if (typeof metadata.name === 'string' && metadata.name !== '') {
    fill(ensure(metadata, 'labels'), 'kubernetes.io/metadata.name', metadata.name);
  }
  fill(ensure(object, 'status'), 'phase', 'Active');
}

/** v1 Node keeps its first range twice; where they differ the older field holds (conversion of NodeSpec). */
function podRanges(spec: Draft | undefined): void {
  if (spec === undefined) return;
  const list = Array.isArray(spec.podCIDRs) ? spec.podCIDRs : [];
  if (typeof spec.podCIDR === 'string' && spec.podCIDR !== '') {
    if (list[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
  } else if (list.length > 0) spec.podCIDR = list[0];
}

export function node(object: Draft): void {
  podRanges(part(object, 'spec'));
  const status = part(object, 'status');
  const capacity = part(status, 'capacity');
  if (status && capacity && status.allocatable === undefined) status.allocatable = { ...capacity };
}

export function limitRange(object: Draft): void {
  for (const item of parts(part(object, 'spec'), 'limits')) {
    if (item.type !== 'Container') continue;
    const limits = { ...part(item, 'max'), ...part(item, 'default') };
    const requests = { ...limits, ...part(item, 'min'), ...part(item, 'defaultRequest') };
    for (const name of Object.keys(limits))
      if (part(item, 'default')?.[name] !== undefined && part(item, 'defaultRequest')?.[name] === undefined)
        requests[name] = limits[name];
    if (Object.keys(limits).length > 0) item.default = limits;
    if (Object.keys(requests).length > 0) item.defaultRequest = requests;
  }
}

export function networkPolicy(object: Draft): void {
  const spec = ensure(object, 'spec');
  if (!Array.isArray(spec.policyTypes) || spec.policyTypes.length === 0) {
    spec.policyTypes = Array.isArray(spec.egress) && spec.egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  }
  for (const rule of [...parts(spec, 'ingress'), ...parts(spec, 'egress')]) {
    for (const port of parts(rule, 'ports')) fill(port, 'protocol', 'TCP');
  }
}

export function ingressClass(object: Draft): void {
  const parameters = part(part(object, 'spec'), 'parameters');
  if (parameters) fill(parameters, 'scope', 'Cluster');
}

const RBAC = 'rbac.authorization.k8s.io';

export function binding(object: Draft): void {
  fill(ensure(object, 'roleRef'), 'apiGroup', RBAC);
  for (const subject of parts(object, 'subjects')) {
    if (subject.kind === 'User' || subject.kind === 'Group') fill(subject, 'apiGroup', RBAC);
  }
}

function rules(list: readonly Draft[]): void {
  for (const rule of list) fill(rule, 'scope', '*');
}

function selectors(draft: Draft): void {
  fill(draft, 'matchPolicy', 'Equivalent');
  if (draft.namespaceSelector === undefined) draft.namespaceSelector = {};
  if (draft.objectSelector === undefined) draft.objectSelector = {};
}

function webhooks(object: Draft, mutating: boolean): void {
  for (const webhook of parts(object, 'webhooks')) {
    fill(webhook, 'failurePolicy', 'Fail');
    selectors(webhook);
    number(webhook, 'timeoutSeconds', 10);
    if (mutating) fill(webhook, 'reinvocationPolicy', 'Never');
    rules(parts(webhook, 'rules'));
    const reference = part(part(webhook, 'clientConfig'), 'service');
    if (reference) number(reference, 'port', 443);
  }
}

export const validatingWebhooks = (object: Draft): void => webhooks(object, false);
export const mutatingWebhooks = (object: Draft): void => webhooks(object, true);

function matchResources(match: Draft | undefined): void {
  if (match === undefined) return;
  selectors(match);
  rules(parts(match, 'resourceRules'));
  rules(parts(match, 'excludeResourceRules'));
}

export function admissionPolicy(object: Draft): void {
  const spec = ensure(object, 'spec');
  fill(spec, 'failurePolicy', 'Fail');
  matchResources(part(spec, 'matchConstraints'));
}

export const admissionPolicyBinding = (object: Draft): void =>
  matchResources(part(part(object, 'spec'), 'matchResources'));

export function storageClass(object: Draft): void {
  fill(object, 'reclaimPolicy', 'Delete');
  fill(object, 'volumeBindingMode', 'Immediate');
}

export function csiDriver(object: Draft): void {
  const spec = ensure(object, 'spec');
  boolean(spec, 'attachRequired', true);
  for (const field of ['podInfoOnMount', 'storageCapacity', 'requiresRepublish', 'seLinuxMount'])
    boolean(spec, field, false);
  fill(spec, 'fsGroupPolicy', 'ReadWriteOnceWithFSType');
  if (spec.volumeLifecycleModes === undefined) spec.volumeLifecycleModes = ['Persistent'];
}

export const priorityClass = (object: Draft): void => fill(object, 'preemptionPolicy', 'PreemptLowerPriority');

export function customResourceDefinition(object: Draft): void {
  const spec = ensure(object, 'spec');
  const conversion = ensure(spec, 'conversion');
  fill(conversion, 'strategy', 'None');
  const reference = part(part(part(conversion, 'webhook'), 'clientConfig'), 'service');
  if (reference) number(reference, 'port', 443);
  const names = part(spec, 'names');
  if (names && typeof names.kind === 'string' && names.kind !== '') {
    fill(names, 'singular', names.kind.toLowerCase());
    fill(names, 'listKind', `${names.kind}List`);
  }
}

export function apiService(object: Draft): void {
  const reference = part(part(object, 'spec'), 'service');
  if (reference) number(reference, 'port', 443);
}

export function flowSchema(object: Draft): void {
  number(ensure(object, 'spec'), 'matchingPrecedence', 1000);
}

export function priorityLevel(object: Draft): void {
  const spec = ensure(object, 'spec');
  const exempt = part(spec, 'exempt');
  if (exempt) {
    number(exempt, 'nominalConcurrencyShares', 0);
    number(exempt, 'lendablePercent', 0);
  }
  const limited = part(spec, 'limited');
  if (limited === undefined) return;
  number(limited, 'nominalConcurrencyShares', 30);
  number(limited, 'lendablePercent', 0);
  const queuing = part(part(limited, 'limitResponse'), 'queuing');
  if (queuing === undefined) return;
  for (const [field, value] of [
    ['handSize', 8],
    ['queues', 64],
    ['queueLengthLimit', 50],
  ] as const)
    if (queuing[field] === undefined || queuing[field] === 0) queuing[field] = value;
}

/** How much of something a device has is always said, nothing too. */
export function resourceSlice(object: Draft): void {
  for (const device of parts(part(object, 'spec'), 'devices'))
    for (const amount of Object.values(part(device, 'capacity') ?? {}))
      if (isDraft(amount)) fillAbsent(amount, 'value', '0');
}

function deviceRequests(spec: Draft | undefined): void {
  for (const request of parts(part(spec, 'devices'), 'requests')) {
    const exactly = part(request, 'exactly') ?? (request.deviceClassName === undefined ? undefined : request);
    for (const one of [...(exactly ? [exactly] : []), ...parts(request, 'firstAvailable')]) {
      fill(one, 'allocationMode', 'ExactCount');
      if (one.allocationMode === 'ExactCount') number(one, 'count', 1);
      for (const toleration of parts(one, 'tolerations')) fill(toleration, 'operator', 'Equal');
    }
  }
}

export const resourceClaim = (object: Draft): void => deviceRequests(part(object, 'spec'));
export const resourceClaimTemplate = (object: Draft): void => deviceRequests(part(part(object, 'spec'), 'spec'));

export function tokenRequest(object: Draft): void {
  number(ensure(object, 'spec'), 'expirationSeconds', 3600);
}
