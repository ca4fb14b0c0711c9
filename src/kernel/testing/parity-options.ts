import type { JsonObject } from '../object.ts';
import { MORE_PARITY_DOCUMENTS } from './parity-more-documents.ts';
import { PARITY_DOCUMENTS, readDocument } from './parity-documents.ts';
import type { Scene, SceneRequest } from './parity-requests.ts';

const DOCUMENTS = [...PARITY_DOCUMENTS, ...MORE_PARITY_DOCUMENTS];

/** One collection each, with a document of its kind; reviews and other acts are no collections. */
export const COLLECTIONS: ReadonlyMap<string, JsonObject> = new Map(
  DOCUMENTS.map(([path, text]) => [path, readDocument(text)] as const).filter(
    ([path]) => !/reviews$|\/token$|\/(eviction|binding|scale)$|bindings$.*pods/.test(path),
  ),
);

/** Options that every list must read alike, whatever there is. */
const LIST_OPTIONS: readonly string[] = [
  'limit=-1',
  'limit=x',
  'limit=1.5',
  'limit=99999999999999999999',
  'continue=bad',
  'continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIifQ',
  'continue=e30',
  'continue=bad&resourceVersion=1',
  'continue=bad&resourceVersionMatch=Exact',
  'resourceVersion=x',
  'resourceVersion=-1',
  'resourceVersion=0&resourceVersionMatch=Exact',
  'resourceVersion=0&resourceVersionMatch=Some',
  'resourceVersionMatch=Exact',
  'resourceVersionMatch=NotOlderThan',
  'resourceVersion=999999999&resourceVersionMatch=Exact',
  'labelSelector=a%3D%3D%3Db',
  'labelSelector=!',
  'labelSelector=a in b',
  'labelSelector=a in (b',
  'labelSelector=-a',
  'labelSelector=a%3D!',
  'labelSelector=a>b',
  'labelSelector=a in ()',
  'labelSelector=a in (,)',
  'labelSelector=a in (,,b)',
  'labelSelector=a in b,c',
  'labelSelector=in in (in,notin)',
  'labelSelector=a,',
  'labelSelector=a,,b',
  'labelSelector=,',
  'labelSelector=!a%3Db',
  'labelSelector=a b',
  'labelSelector=a!%3D%3Db',
  'labelSelector=a!b',
  'labelSelector=a notin (x,!)',
  'labelSelector=a%3D-',
  'labelSelector=a in (-,_)',
  'labelSelector=a/b/c',
  'labelSelector=A.b/c%3Dd',
  'labelSelector=a>1.5',
  'labelSelector=a>99999999999999999999',
  'labelSelector=a<',
  'labelSelector=a)',
  'labelSelector=(a)',
  'fieldSelector=a',
  'fieldSelector=metadata.name%3Da%3Db',
  'fieldSelector=metadata.name%3Da\\,b',
  'fieldSelector=metadata.name%3Da\\d',
  'fieldSelector=metadata.name!%3Da,',
  'fieldSelector=,',
  'fieldSelector=metadata.name',
  'fieldSelector=!metadata.name%3Da',
  'fieldSelector=a%3Db,c',
  'fieldSelector=metadata.name%3Da\\',
  'fieldSelector=metadata.name>a',
  'fieldSelector=%3Da',
  'timeoutSeconds=x',
  'timeoutSeconds=-1',
  'watch=x&limit=1&timeoutSeconds=1',
  'allowWatchBookmarks=x',
  'sendInitialEvents=true',
  'sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
  'watch=true&timeoutSeconds=1&sendInitialEvents=true',
  'watch=true&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=Exact',
  'watch=true&timeoutSeconds=1&resourceVersionMatch=NotOlderThan',
  'watch=true&timeoutSeconds=1&resourceVersionMatch=Exact&resourceVersion=1',
  'watch=true&timeoutSeconds=1&resourceVersion=x',
  'watch=true&timeoutSeconds=1&fieldSelector=a%3Db',
  'watch=true&timeoutSeconds=1&labelSelector=!',
  'watch=true&timeoutSeconds=1&continue=x',
  'watch=true&timeoutSeconds=x',
];

/** Every field some kind can be selected by, and some that none can. */
const FIELDS: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'metadata.labels.a',
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.serviceAccountName',
  'spec.hostNetwork',
  'status.phase',
  'status.podIP',
  'status.podIPs',
  'status.nominatedNodeName',
  'spec.unschedulable',
  'status.replicas',
  'status.successful',
  'spec.clusterIP',
  'spec.type',
  'type',
  'spec.signerName',
  'spec.podName',
  'spec.parentRef.resource',
  'spec.driver',
  'involvedObject.name',
  'involvedObject.kind',
  'involvedObject.namespace',
  'involvedObject.uid',
  'involvedObject.apiVersion',
  'involvedObject.resourceVersion',
  'involvedObject.fieldPath',
  'reason',
  'reportingComponent',
  'reportingController',
  'source',
  'regarding.name',
  'regarding.kind',
  'name',
];

const encoded = (query: string): string => query.replace(/[ <>\\!()]/g, found => encodeURIComponent(found));

const collectionName = (path: string): string => path.split('/').at(-1)!;

function listScene(path: string): Scene {
  return { name: `list options of ${path}`, requests: LIST_OPTIONS.map(query => [`GET ${path}?${encoded(query)}`]) };
}

function fieldScene(path: string): Scene {
  const requests: SceneRequest[] = FIELDS.map(field => [`GET ${path}?fieldSelector=${field}%3Dnone`]);
  return { name: `fields that ${path} are selected by`, requests };
}

/** Lists with options: a few kinds with all of them, all kinds with every field. */
export const LIST_SCENES: readonly Scene[] = [
  ...['/api/v1/pods', '/api/v1/namespaces/default/configmaps', '/apis/apps/v1/namespaces/default/deployments'].map(
    listScene,
  ),
  ...[...COLLECTIONS.keys()].map(fieldScene),
];

const NO_STATUS = new Set(['Event', 'Lease']);
/** Kinds that a part of one of the servers writes by itself, sooner or later. */
export const KEPT_BY_SERVERS = new Set(['ValidatingAdmissionPolicy', 'FlowSchema', 'ClusterRole']);
const QUIET = [...COLLECTIONS].filter(([, { kind }]) => !KEPT_BY_SERVERS.has(String(kind)));

/** What a write of the status may and may not change. */
function statusScene(path: string, document: JsonObject): Scene {
  const metadata = document.metadata as JsonObject;
  const name = 'parity-status';
  const at = `${path}/${name}`;
  const object = { ...document, metadata: { ...metadata, name } };
  delete (object.metadata as JsonObject).generateName;
  const label = JSON.stringify({
    metadata: { labels: { told: 'yes' }, annotations: { told: 'yes' }, finalizers: ['a.example/b'] },
  });
  const owner = JSON.stringify({
    metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: '1' }] },
  });
  const requests: SceneRequest[] = [
    [`POST ${path}`, JSON.stringify(object)],
    [`GET ${at}/status`],
    [`PATCH ${at}/status merge`, label],
    [`PATCH ${at}/status merge`, owner],
    [`PATCH ${at}/status merge`, '{spec: null}'],
    [`PATCH ${at}/status merge`, '{status: {nothing: 1}}'],
    [`PATCH ${at}/status?fieldValidation=Strict merge`, '{status: {nothing: 1}}'],
    [`PATCH ${at}/status merge`, '{status: 1}'],
    [
      `PATCH ${at}/status merge`,
      '{status: {conditions: [{type: Ready, status: Maybe, lastTransitionTime: "2026-01-01T00:00:00Z", reason: A, message: b}]}}',
    ],
    [
      `PATCH ${at}/status merge`,
      '{status: {conditions: [{type: "", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z", reason: "", message: ""}]}}',
    ],
    [
      `PATCH ${at}/status merge`,
      '{status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T00:00:00Z", reason: A, message: b}]}}',
    ],
    [`PATCH ${at}/status merge`, '{status: {observedGeneration: -1}}'],
    [`PATCH ${at}/status merge`, '{status: {replicas: -1}}'],
    [`PATCH ${at}/status merge`, '{status: {phase: Other}}'],
    [`PATCH ${at}/status merge`, '{metadata: {name: other}}'],
    [`PATCH ${at}/status merge`, '{metadata: {uid: other}}'],
    [`PATCH ${at}/status merge`, '{metadata: {resourceVersion: "1"}}'],
    [`PATCH ${at}/status merge`, '{kind: Other}'],
    [`PUT ${at}/status`, JSON.stringify({ ...object, apiVersion: 'other/v1' })],
    [`PUT ${at}/status`, JSON.stringify({ ...object, kind: 'Other' })],
    [
      `PUT ${at}/status`,
      JSON.stringify({ ...object, metadata: { ...(object.metadata as JsonObject), name: 'other' } }),
    ],
    [`PUT ${at}/status`, '[]'],
    [`PUT ${at}/status`, '{}'],
    [`POST ${at}/status`, JSON.stringify(object)],
    [`DELETE ${at}/status`],
    [`GET ${at}`],
    [`PATCH ${at} merge`, '{metadata: {finalizers: null}}'],
    [`DELETE ${at}?gracePeriodSeconds=0`],
    [`GET ${at}`],
  ];
  return { name: `the status of ${collectionName(path)}, ${path}`, requests };
}

export const STATUS_SCENES: readonly Scene[] = QUIET.filter(([, { kind }]) => !NO_STATUS.has(String(kind))).map(
  ([path, document]) => statusScene(path, document),
);

/** What a delete reads, and what it answers. */
function deleteScene(path: string, document: JsonObject): Scene {
  const name = 'parity-delete';
  const at = `${path}/${name}`;
  const object = {
    ...document,
    metadata: { ...(document.metadata as JsonObject), name, labels: { parity: 'delete' } },
  };
  delete (object.metadata as JsonObject).generateName;
  const make: SceneRequest = [`POST ${path}`, JSON.stringify(object)];
  const bodies: readonly string[] = [
    '{propagationPolicy: Other}',
    '{propagationPolicy: Orphan, orphanDependents: true}',
    '{orphanDependents: 1}',
    '{gracePeriodSeconds: -1, preconditions: {uid: other}}',
    '{gracePeriodSeconds: x}',
    '{preconditions: {uid: other}}',
    '{preconditions: {resourceVersion: "1"}}',
    '{preconditions: {resourceVersion: ""}}',
    '{dryRun: [Some]}',
    '{dryRun: [All]}',
    '{kind: Other}',
    '{kind: DeleteOptions, apiVersion: other/v1}',
    '{kind: ConfigMap, apiVersion: v1}',
    '[]',
    '{other: 1}',
    '{ignoreStoreReadErrorWithClusterBreakingPotential: true}',
  ];
  const requests: SceneRequest[] = [
    make,
    ...bodies.map((body): SceneRequest => [`DELETE ${at}`, body]),
    [`DELETE ${at}?propagationPolicy=Other`],
    [`DELETE ${at}?gracePeriodSeconds=x`],
    [`DELETE ${at}?dryRun=Some`],
    [`DELETE ${at}?dryRun=All`],
    [`DELETE ${at}?orphanDependents=x`],
    [`DELETE ${at}?gracePeriodSeconds=0`, '{gracePeriodSeconds: 5}'],
    [`GET ${at}`],
    make,
    [`DELETE ${at}`, '{propagationPolicy: Orphan}'],
    [`GET ${at}`],
    [`PATCH ${at} merge`, '{metadata: {finalizers: [a.example/b]}}'],
    [`DELETE ${at}`, '{propagationPolicy: Foreground}'],
    [`PATCH ${at} merge`, '{metadata: {finalizers: [orphan]}}'],
    [`DELETE ${at}`, '{gracePeriodSeconds: 0}'],
    [`PATCH ${at} merge`, '{metadata: {finalizers: null}}'],
    [`GET ${at}`],
    [`DELETE ${path}?labelSelector=!`],
    [`DELETE ${path}?fieldSelector=a%3Db`],
    [`DELETE ${path}?limit=x&labelSelector=parity%3Ddelete`],
    [`DELETE ${path}?labelSelector=parity%3Ddelete`, '{propagationPolicy: Other}'],
    make,
    [`DELETE ${path}?labelSelector=parity%3Ddelete&dryRun=All`],
    [`DELETE ${path}?labelSelector=parity%3Ddelete`, '{preconditions: {uid: other}}'],
    [`DELETE ${path}?labelSelector=parity%3Ddelete`],
    [`DELETE ${path}?labelSelector=parity%3Ddelete`],
    [`GET ${at}`],
  ];
  return { name: `deletes of ${path}`, requests };
}

export const DELETE_SCENES: readonly Scene[] = QUIET.map(([path, document]) => deleteScene(path, document));
