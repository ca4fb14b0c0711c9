import type { KubeObject } from '../../kernel/index.ts';
import { ageOf } from './format.ts';
import { ageCell, at, type Fields, listAt, nameOf, numberAt, shape, sizeAt, textAt } from './shape.ts';
import type { Cell, TableShape } from './shape.ts';

function nodeStatus(node: KubeObject): string {
  const ready = listAt(node, 'status.conditions').find(one => one.type === 'Ready');
  const state = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown';
  return at(node, 'spec.unschedulable') === true ? `${state},SchedulingDisabled` : state;
}

const ROLE_PREFIX = 'node-role.kubernetes.io/';

function nodeRoles(node: KubeObject): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length));
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value);
  }
  return roles.size === 0 ? '<none>' : [...roles].sort().join(',');
}

const nodeAddress = (node: KubeObject, type: string): string =>
  textAt(
    listAt(node, 'status.addresses').find(one => one.type === type),
    'address',
    '<none>',
  );

function nodeCells(node: KubeObject, now_ms: number): Cell[] {
  return [
    nameOf(node),
    nodeStatus(node),
    nodeRoles(node),
    ageCell(node, now_ms),
    textAt(node, 'status.nodeInfo.kubeletVersion'),
    nodeAddress(node, 'InternalIP'),
    nodeAddress(node, 'ExternalIP'),
    textAt(node, 'status.nodeInfo.osImage', '<unknown>'),
    textAt(node, 'status.nodeInfo.kernelVersion', '<unknown>'),
    textAt(node, 'status.nodeInfo.containerRuntimeVersion', '<unknown>'),
  ];
}

function eventSource(event: KubeObject): string {
  const component =
    textAt(event, 'source.component') ||
    textAt(event, 'deprecatedSource.component') ||
    textAt(event, 'reportingComponent') ||
    textAt(event, 'reportingController');
  const host =
    textAt(event, 'source.host') || textAt(event, 'deprecatedSource.host') || textAt(event, 'reportingInstance');
  return host ? `${component}, ${host}` : component;
}

function eventCells(event: KubeObject, now_ms: number): Cell[] {
  const about = (at(event, 'involvedObject') ?? at(event, 'regarding')) as Fields | undefined;
  const age = (...paths: string[]): string => ageOf(paths.map(path => textAt(event, path)).find(Boolean), now_ms);
  const series = at(event, 'series');
  const first = age('firstTimestamp', 'deprecatedFirstTimestamp', 'eventTime');
  const count = series
    ? numberAt(series, 'count')
    : numberAt(event, 'count') || numberAt(event, 'deprecatedCount') || 1;
  return [
    series
      ? age('series.lastObservedTime')
      : age('lastTimestamp', 'deprecatedLastTimestamp', 'firstTimestamp', 'deprecatedFirstTimestamp', 'eventTime'),
    textAt(event, 'type'),
    textAt(event, 'reason'),
    `${textAt(about, 'kind').toLowerCase()}/${textAt(about, 'name')}`,
    textAt(about, 'fieldPath'),
    eventSource(event),
    (textAt(event, 'message') || textAt(event, 'note')).trim(),
    first,
    count,
    nameOf(event),
  ];
}

function quotaCells(quota: KubeObject, now_ms: number): Cell[] {
  const hard = (at(quota, 'spec.hard') ?? {}) as Record<string, string>;
  const used = (at(quota, 'status.used') ?? {}) as Record<string, string>;
  const requests: string[] = [];
  const limits: string[] = [];
  for (const name of Object.keys(hard).sort())
    (name.startsWith('limits') ? limits : requests).push(`${name}: ${used[name] ?? '0'}/${hard[name]}`);
  return [nameOf(quota), requests.join(', '), limits.join(', '), ageCell(quota, now_ms)];
}

const EVENT = shape('Last Seen|Type|Reason|Object|Subobject*|Source*|Message|First Seen*|Count#*|Name*', eventCells);

const bindingShape = shape('Name|Role|Age|Users*|Groups*|ServiceAccounts*', (object, now_ms) => {
  const subjects = listAt(object, 'subjects');
  const named = (kind: string): string =>
    subjects
      .filter(one => one.kind === kind)
      .map(one => String(one.name))
      .join(', ');
  const accounts = subjects
    .filter(one => one.kind === 'ServiceAccount')
    .map(one => `${textAt(one, 'namespace')}/${textAt(one, 'name')}`);
  return [
    nameOf(object),
    `${textAt(object, 'roleRef.kind')}/${textAt(object, 'roleRef.name')}`,
    ageCell(object, now_ms),
    named('User'),
    named('Group'),
    accounts.join(', '),
  ];
});

function requestCells(request: KubeObject, now_ms: number): Cell[] {
  const types = listAt(request, 'status.conditions').map(one => String(one.type));
  const decided = ['Approved', 'Denied', 'Failed'].filter(type => types.includes(type));
  const issued = textAt(request, 'status.certificate') !== '' ? ['Issued'] : [];
  const seconds = at(request, 'spec.expirationSeconds');
  return [
    nameOf(request),
    ageCell(request, now_ms),
    textAt(request, 'spec.signerName', '<none>'),
    textAt(request, 'spec.username'),
    typeof seconds === 'number' ? ageOf(new Date(now_ms - seconds * 1000).toISOString(), now_ms) : '<none>',
    decided.length === 0 ? ['Pending', ...issued].join(',') : [...decided, ...issued].join(','),
  ];
}

function apiServiceCells(service: KubeObject, now_ms: number): Cell[] {
  const backend = at(service, 'spec.service');
  const available = listAt(service, 'status.conditions').find(one => one.type === 'Available');
  const state = !available
    ? 'Unknown'
    : available.status === 'True'
      ? 'True'
      : `${String(available.status)} (${textAt(available, 'reason')})`;
  return [
    nameOf(service),
    backend ? `${textAt(backend, 'namespace')}/${textAt(backend, 'name')}` : 'Local',
    state,
    ageCell(service, now_ms),
  ];
}

export const CLUSTER_SHAPES: readonly (readonly [string, TableShape])[] = [
  [
    '/Node',
    shape(
      'Name|Status|Roles|Age|Version|Internal-IP*|External-IP*|OS-Image*|Kernel-Version*|Container-Runtime*',
      nodeCells,
    ),
  ],
  ['/Event', EVENT],
  ['events.k8s.io/Event', EVENT],
  [
    '/Namespace',
    shape('Name|Status|Age', (object, now_ms) => [
      nameOf(object),
      textAt(object, 'status.phase'),
      ageCell(object, now_ms),
    ]),
  ],
  [
    '/Secret',
    shape('Name|Type|Data#|Age', (object, now_ms) => [
      nameOf(object),
      textAt(object, 'type'),
      sizeAt(object, 'data'),
      ageCell(object, now_ms),
    ]),
  ],
  [
    '/ConfigMap',
    shape('Name|Data#|Age', (object, now_ms) => [
      nameOf(object),
      sizeAt(object, 'data') + sizeAt(object, 'binaryData'),
      ageCell(object, now_ms),
    ]),
  ],
  [
    '/ServiceAccount',
    shape('Name|Secrets#|Age', (object, now_ms) => [
      nameOf(object),
      listAt(object, 'secrets').length,
      ageCell(object, now_ms),
    ]),
  ],
  ['/ResourceQuota', shape('Name|Request|Limit|Age', quotaCells)],
  [
    '/ComponentStatus',
    shape('Name|Status|Message|Error', object => {
      const healthy = listAt(object, 'conditions').find(one => one.type === 'Healthy');
      const state = healthy?.status === 'True' ? 'Healthy' : healthy?.status === 'False' ? 'Unhealthy' : 'Unknown';
      return [nameOf(object), state, textAt(healthy, 'message'), textAt(healthy, 'error')];
    }),
  ],
  ['rbac.authorization.k8s.io/RoleBinding', bindingShape],
  ['rbac.authorization.k8s.io/ClusterRoleBinding', bindingShape],
  [
    'certificates.k8s.io/CertificateSigningRequest',
    shape('Name|Age|SignerName|Requestor|RequestedDuration|Condition', requestCells),
  ],
  [
    'certificates.k8s.io/ClusterTrustBundle',
    shape('Name|SignerName', object => [nameOf(object), textAt(object, 'spec.signerName', '<none>')]),
  ],
  [
    'coordination.k8s.io/Lease',
    shape('Name|Holder|Age', (object, now_ms) => [
      nameOf(object),
      textAt(object, 'spec.holderIdentity'),
      ageCell(object, now_ms),
    ]),
  ],
  [
    'scheduling.k8s.io/PriorityClass',
    shape('Name|Value#|Global-Default?|Age|PreemptionPolicy', (object, now_ms) => [
      nameOf(object),
      numberAt(object, 'value'),
      object.globalDefault === true,
      ageCell(object, now_ms),
      textAt(object, 'preemptionPolicy', 'PreemptLowerPriority'),
    ]),
  ],
  [
    'node.k8s.io/RuntimeClass',
    shape('Name|Handler|Age', (object, now_ms) => [nameOf(object), textAt(object, 'handler'), ageCell(object, now_ms)]),
  ],
  ['apiregistration.k8s.io/APIService', shape('Name|Service|Available|Age', apiServiceCells)],
];
