import type { Scene, SceneRequest } from './parity-requests.ts';

const PODS = '/api/v1/namespaces/default/pods';
const ACCOUNT = 'serviceAccountName: default, automountServiceAccountToken: false';

const pod = (name: string, more: string): string =>
  `{apiVersion: v1, kind: Pod, metadata: {name: ${name}}, spec: {${ACCOUNT}, containers: [{name: a, image: b}]${more}}}`;

const ephemeral = (containers: string): string => `{spec: {ephemeralContainers: [${containers}]}}`;

/** Containers that look into a pod: never at its beginning, and only with what nobody may rely on. */
const LOOKING: readonly string[] = [
  '{name: d, image: i}',
  '{name: e, image: i, targetContainerName: nobody}',
  '{name: e, image: i, targetContainerName: a}',
  '{name: a, image: i}',
  '{name: f, image: i, ports: [{containerPort: 1}]}',
  '{name: f, image: i, resources: {limits: {cpu: 1}}}',
  '{name: f, image: i, livenessProbe: {tcpSocket: {port: 1}}, lifecycle: {preStop: {sleep: {seconds: 1}}}}',
  '{name: f}',
  '{name: "Bad Name", image: i}',
  '{name: f, image: i, volumeMounts: [{name: v, mountPath: /v, subPath: s}]}',
];

const looking = (name: string): Scene => ({
  name: `containers that look into pod ${name}`,
  requests: [
    [`POST ${PODS}`, pod(name, ', ephemeralContainers: [{name: d, image: i, resources: {limits: {cpu: 1}}}]')],
    [`POST ${PODS}`, pod(name, ', ephemeralContainers: [{name: a}]')],
    [`POST ${PODS}`, pod(name, '')],
    ...LOOKING.map((one): SceneRequest => [`PATCH ${PODS}/${name}/ephemeralcontainers strategic`, ephemeral(one)]),
    [`PATCH ${PODS}/${name}/ephemeralcontainers merge`, ephemeral('{name: d, image: i}')],
    [`PATCH ${PODS}/${name}/ephemeralcontainers merge`, '{spec: {ephemeralContainers: null}}'],
    [`PATCH ${PODS}/${name}/ephemeralcontainers merge`, '{spec: {containers: [{name: a, image: other}]}}'],
    [`GET ${PODS}/${name}/ephemeralcontainers`],
    [`DELETE ${PODS}/${name}?gracePeriodSeconds=0`],
  ],
});

const SETS = '/apis/apps/v1/namespaces/default/statefulsets';
const set = (strategy: string): string =>
  `{metadata: {name: stored}, spec: {serviceName: s, selector: {matchLabels: {a: b}}${strategy}, ` +
  `template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b}]}}}}`;

const strategies: Scene = {
  name: 'what is filled in of the strategies of stateful sets',
  requests: [
    '',
    ', updateStrategy: {}',
    ', updateStrategy: {type: RollingUpdate}',
    ', updateStrategy: {type: RollingUpdate, rollingUpdate: {}}',
    ', updateStrategy: {rollingUpdate: {partition: 2}}',
    ', updateStrategy: {type: OnDelete}',
  ].flatMap((strategy): SceneRequest[] => [
    [`POST ${SETS}`, set(strategy)],
    [`DELETE ${SETS}/stored?propagationPolicy=Background`],
  ]),
};

const templates: Scene = {
  name: 'templates without containers that look into pods',
  requests: [
    [
      'POST /apis/apps/v1/namespaces/default/deployments',
      '{metadata: {name: stored}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, ' +
        'spec: {containers: [{name: a, image: b}], ephemeralContainers: [{name: d, image: i}]}}}}',
    ],
  ],
};

const UNMASKED = 'securityContext: {procMount: Unmasked}';
const own = (spec: string): SceneRequest => [`POST ${PODS}`, `{metadata: {name: users}, spec: {${ACCOUNT}, ${spec}}}`];
const users: Scene = {
  name: 'pods with users of their own',
  requests: [
    own(`containers: [{name: a, image: b, ${UNMASKED}}]`),
    own(`containers: [{name: a, image: b, securityContext: {procMount: Other}}]`),
    own(`containers: [{name: a, image: b}], initContainers: [{name: i, image: b, ${UNMASKED}}]`),
    own('hostUsers: false, hostNetwork: true, hostPID: true, hostIPC: true, containers: [{name: a, image: b}]'),
    own(`hostUsers: false, dnsPolicy: Other, containers: [{name: a, image: b, ${UNMASKED}}]`),
    own(`hostUsers: true, containers: [{name: a, image: b, ${UNMASKED}}]`),
    own(`hostUsers: false, containers: [{name: a, image: b, ${UNMASKED}}]`),
    [`DELETE ${PODS}/users?gracePeriodSeconds=0`],
  ],
};

const SECRETS = '/api/v1/namespaces/default/secrets';
const SOUND = ['aGVs\\nbG8=\\n', 'aGVsbG8=', 'aGVsbG9=', '', 'aGVsbG8=\\r\\n'];
const BROKEN = ['aGVsbG8', 'aGVs bG8=', '===='];
const secret = (data: string): string => `{apiVersion: v1, kind: Secret, metadata: {name: stored}, data: {${data}}}`;
const bytes: Scene = {
  name: 'bytes as they are stored',
  requests: [
    ...BROKEN.map((text): SceneRequest => [`POST ${SECRETS}`, secret(`a: "${text}"`)]),
    ...SOUND.flatMap((text): SceneRequest[] => [
      [`POST ${SECRETS}`, secret(`a: "${text}"`)],
      [`GET ${SECRETS}/stored`],
      [`PATCH ${SECRETS}/stored?fieldManager=m&force=true apply`, secret(`b: "${text}"`)],
      [`DELETE ${SECRETS}/stored`],
    ]),
  ],
};

const MAPS = '/api/v1/namespaces/default/configmaps';
const map = (name: string, more: string): string =>
  `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}, ${more}}}`;
/** What an object says of itself that only a server can know: exported files carry it. */
const exported: Scene = {
  name: 'objects that say what only a server can know',
  requests: [
    [`POST ${MAPS}`, map('stored', 'resourceVersion: "5"')],
    [`POST ${MAPS}`, map('stored', 'resourceVersion: "0"')],
    [`POST ${MAPS}`, map('stored', 'resourceVersion: "5"')],
    [`POST /api/v1/namespaces/nowhere/configmaps`, map('stored', 'resourceVersion: "5"')],
    [`POST ${MAPS}`, map('Bad_Name', 'resourceVersion: "5"')],
    [`POST ${MAPS}`, map('stored', 'resourceVersion: x')],
    [
      `POST ${MAPS}`,
      map('stored-2', 'creationTimestamp: "2020-01-01T00:00:00Z", uid: abc, generation: 7, selfLink: /x'),
    ],
    [
      `PATCH ${MAPS}/stored?fieldManager=m&force=true apply`,
      map('stored', 'creationTimestamp: "2020-01-01T00:00:00Z"'),
    ],
    [`PATCH ${MAPS}/stored?fieldManager=m&force=true apply`, map('stored', 'generation: 9, selfLink: /x')],
    [`PATCH ${MAPS}/stored?fieldManager=m&force=true apply`, map('stored', 'uid: abc')],
    [
      `PATCH ${MAPS}/stored?fieldManager=m&force=true apply`,
      map('stored', 'deletionTimestamp: "2020-01-01T00:00:00Z"'),
    ],
    [`PATCH ${MAPS}/stored merge`, '{metadata: {creationTimestamp: "2020-01-01T00:00:00Z"}}'],
    [`PUT ${MAPS}/stored`, map('stored', 'creationTimestamp: "2020-01-01T00:00:00Z"')],
    [`PUT ${MAPS}/stored`, map('stored', 'creationTimestamp: null')],
    [`PUT ${MAPS}/stored`, map('stored', 'generation: 4')],
    [`PATCH ${MAPS}/stored merge`, '{metadata: {uid: abc}}'],
    [`PATCH ${MAPS}/new?fieldManager=m&force=true apply`, map('new', 'creationTimestamp: "2020-01-01T00:00:00Z"')],
    [`PATCH ${MAPS}/new?fieldManager=m&force=true apply`, map('new', 'labels: {a: 0}')],
    [`PATCH ${MAPS}/new?fieldManager=m&force=true apply`, map('new', 'labels: {a: {b: c}}')],
    [`PATCH ${MAPS}/new?fieldManager=m&force=true apply`, map('new', 'other: 1')],
    [`PATCH ${MAPS}/new?fieldManager=m&force=true apply`, map('new', 'uid: abc')],
    [`PATCH ${MAPS}/new?fieldManager=m&force=true apply`, map('new', 'deletionGracePeriodSeconds: x')],
    [`PATCH ${MAPS}/new?fieldManager=m&force=true apply`, map('new', 'generation: {a: 1}')],
    [`PATCH ${MAPS}/new?fieldManager=m&force=true apply`, map('new', 'namespace: default, other: 1')],
    ...['stored', 'stored-2', 'new'].map((name): SceneRequest => [`DELETE ${MAPS}/${name}`]),
  ],
};

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const VERSION = '{name: v1, served: true, storage: true';
const SOUND_VERSION = `${VERSION}, schema: {openAPIV3Schema: {type: object}}}`;
const NAMES = '{plural: as, kind: A}';
const definition = (spec: string): SceneRequest => [
  `POST ${DEFINITIONS}`,
  `{metadata: {name: as.x.example}, spec: {${spec}}}`,
];
const community = (plural: string, approved: string): string => {
  const annotations = approved === '' ? '' : `, annotations: {api-approved.kubernetes.io: "${approved}"}`;
  const names = `{plural: ${plural}, kind: ${plural.toUpperCase()}}`;
  return `{metadata: {name: ${plural}.x.k8s.io${annotations}}, spec: {group: x.k8s.io, scope: Namespaced, names: ${names}, versions: [${SOUND_VERSION}]}}`;
};
const definitions: Scene = {
  name: 'definitions that cannot be',
  requests: [
    definition(''),
    definition(`group: x.example, scope: Namespaced, names: {plural: bs, kind: A}, versions: [${SOUND_VERSION}]`),
    definition(`group: x.example, scope: Namespaced, names: ${NAMES}, versions: [${VERSION}}]`),
    definition(
      `group: x.example, scope: Namespaced, names: ${NAMES}, versions: [${VERSION}}, {name: v2, served: true, storage: false}]`,
    ),
    definition(`group: x.example, scope: Namespaced, names: ${NAMES}, versions: [${VERSION}, schema: {}}]`),
    [`POST ${DEFINITIONS}`, community('aa', '')],
    [`POST ${DEFINITIONS}`, community('aa', 'yes')],
    definition('group: x, scope: Other, names: {plural: As, kind: A, listKind: A}, versions: []'),
  ],
};

export const STORED_SCENES: readonly Scene[] = [
  looking('looked-into'),
  strategies,
  templates,
  users,
  bytes,
  exported,
  definitions,
];
