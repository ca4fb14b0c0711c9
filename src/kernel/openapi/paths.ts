import type { JsonObject, KindRef } from '../object.ts';
import type { ResourceDefinition } from '../resource.ts';
import type { OpenApiVersion } from './definitions.ts';

const MEDIA = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

const PATCH_MEDIA = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

const LIST_PARAMETERS: readonly (readonly [name: string, type: string])[] = [
  ['allowWatchBookmarks', 'boolean'],
  ['continue', 'string'],
  ['fieldSelector', 'string'],
  ['labelSelector', 'string'],
  ['limit', 'integer'],
  ['resourceVersion', 'string'],
  ['resourceVersionMatch', 'string'],
  ['sendInitialEvents', 'boolean'],
  ['timeoutSeconds', 'integer'],
  ['watch', 'boolean'],
];

const WRITE_PARAMETERS: readonly (readonly [name: string, type: string])[] = [
  ['dryRun', 'string'],
  ['fieldManager', 'string'],
  ['fieldValidation', 'string'],
];

const DELETE_PARAMETERS: readonly (readonly [name: string, type: string])[] = [
  ['dryRun', 'string'],
  ['gracePeriodSeconds', 'integer'],
  ['orphanDependents', 'boolean'],
  ['propagationPolicy', 'string'],
];

/** Everything an operation of one collection refers to. */
export interface PathParts {
  readonly version: OpenApiVersion;
  readonly definition: ResourceDefinition;
  readonly object: JsonObject;
  readonly list: JsonObject;
  readonly patch: JsonObject;
  readonly options: JsonObject;
  readonly status: JsonObject;
  /** A reference to the type of a subresource's body. */
  readonly typeOf: (kind: KindRef) => JsonObject;
}

function parameter(version: OpenApiVersion, name: string, type: string, place: 'path' | 'query'): JsonObject {
  const typed: JsonObject = version === 'v3' ? { schema: { type, uniqueItems: true } } : { type, uniqueItems: true };
  return { name, in: place, ...(place === 'path' ? { required: true } : {}), ...typed };
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

interface OperationShape {
  readonly verb: string;
  readonly id: string;
  readonly action: string;
  readonly kind: KindRef;
  readonly result: JsonObject;
  readonly body?: JsonObject;
  readonly media?: readonly string[];
  readonly query?: readonly (readonly [name: string, type: string])[];
}

function operation(parts: PathParts, shape: OperationShape): JsonObject {
  const { definition, version } = parts;
  const tag = `${(definition.group || 'core').replace(/\.k8s\.io$/, '')}_${definition.version}`;
  const query: JsonObject[] = (shape.query ?? []).map(([name, type]) => parameter(version, name, type, 'query'));
  const media = [...(shape.media ?? ['*/*'])];
  const answer: JsonObject =
    version === 'v3'
      ? { description: 'OK', content: Object.fromEntries(MEDIA.map(one => [one, { schema: shape.result }])) }
      : { description: 'OK', schema: shape.result };
  const body: JsonObject | undefined =
    shape.body === undefined
      ? undefined
      : version === 'v3'
        ? { content: Object.fromEntries(media.map(one => [one, { schema: shape.body! }])), required: true }
        : { name: 'body', in: 'body', required: true, schema: shape.body };
  const parameters = version === 'v2' && body ? [body, ...query] : query;
  return {
    tags: [tag],
    operationId: shape.id,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(version === 'v3' && body ? { requestBody: body } : {}),
    ...(version === 'v2' ? { consumes: media, produces: MEDIA, schemes: ['https'] } : {}),
    responses: { '200': answer, '401': { description: 'Unauthorized' } },
    'x-kubernetes-action': shape.action,
    'x-kubernetes-group-version-kind': { group: shape.kind.group, kind: shape.kind.kind, version: shape.kind.version },
  };
}

/** `AppsV1`, `CoreV1`: the group part of operation ids. */
const idGroup = (definition: ResourceDefinition): string =>
  `${(definition.group || 'core')
    .replace(/\.k8s\.io$/, '')
    .split('.')
    .map(capital)
    .join('')}${capital(definition.version)}`;

function collection(parts: PathParts, scope: string): JsonObject {
  const { definition } = parts;
  const kind = { group: definition.group, version: definition.version, kind: definition.kind };
  const id = `${idGroup(definition)}${scope}${definition.kind}`;
  const has = (verb: string): boolean => definition.verbs.includes(verb);
  return {
    ...(has('list')
      ? {
          get: operation(parts, {
            verb: 'list',
            id: `list${id}`,
            action: 'list',
            kind,
            result: parts.list,
            query: LIST_PARAMETERS,
          }),
        }
      : {}),
    ...(has('create')
      ? {
          post: operation(parts, {
            verb: 'create',
            id: `create${id}`,
            action: 'post',
            kind,
            result: parts.object,
            body: parts.object,
            query: WRITE_PARAMETERS,
          }),
        }
      : {}),
    ...(has('deletecollection')
      ? {
          delete: operation(parts, {
            verb: 'delete',
            id: `delete${idGroup(definition)}Collection${scope}${definition.kind}`,
            action: 'deletecollection',
            kind,
            result: parts.status,
            body: parts.options,
            query: [...LIST_PARAMETERS, ...DELETE_PARAMETERS],
          }),
        }
      : {}),
  };
}

function item(
  parts: PathParts,
  scope: string,
  suffix: string,
  verbs: readonly string[],
  kind: KindRef,
  object: JsonObject,
): JsonObject {
  const { definition } = parts;
  const id = `${idGroup(definition)}${scope}${definition.kind}${suffix}`;
  const has = (verb: string): boolean => verbs.includes(verb);
  const patchMedia = definition.custom ? PATCH_MEDIA.filter(one => !one.includes('strategic')) : PATCH_MEDIA;
  const write = { kind, result: object, query: WRITE_PARAMETERS };
  return {
    ...(has('get')
      ? { get: operation(parts, { verb: 'get', id: `read${id}`, action: 'get', kind, result: object }) }
      : {}),
    ...(has('create')
      ? { post: operation(parts, { verb: 'create', id: `create${id}`, action: 'post', body: object, ...write }) }
      : {}),
    ...(has('update')
      ? { put: operation(parts, { verb: 'update', id: `replace${id}`, action: 'put', body: object, ...write }) }
      : {}),
    ...(has('patch')
      ? {
          patch: operation(parts, {
            ...write,
            verb: 'patch',
            id: `patch${id}`,
            action: 'patch',
            body: parts.patch,
            media: patchMedia,
            query: [...WRITE_PARAMETERS, ['force', 'boolean']],
          }),
        }
      : {}),
    ...(has('delete')
      ? {
          delete: operation(parts, {
            verb: 'delete',
            id: `delete${id}`,
            action: 'delete',
            kind,
            result: parts.status,
            body: parts.options,
            query: DELETE_PARAMETERS,
          }),
        }
      : {}),
  };
}

/** The paths of one collection, its objects and its subresources. */
export function pathsOf(parts: PathParts): JsonObject {
  const { definition, version } = parts;
  const base =
    definition.group === '' ? `/api/${definition.version}` : `/apis/${definition.group}/${definition.version}`;
  const scope = definition.namespaced ? 'Namespaced' : '';
  const home = definition.namespaced
    ? `${base}/namespaces/{namespace}/${definition.resource}`
    : `${base}/${definition.resource}`;
  const common = (...names: string[]): JsonObject[] => [
    ...names.map(name => parameter(version, name, 'string', 'path')),
    parameter(version, 'pretty', 'string', 'query'),
  ];
  const placed = definition.namespaced ? ['namespace'] : [];
  const kind = { group: definition.group, version: definition.version, kind: definition.kind };
  const paths: JsonObject = {};
  const put = (path: string, operations: JsonObject, names: readonly string[]): void => {
    if (Object.keys(operations).length > 0) paths[path] = { ...operations, parameters: common(...names) };
  };
  put(home, collection(parts, scope), placed);
  put(
    `${home}/{name}`,
    item(
      parts,
      scope,
      '',
      definition.verbs.filter(verb => verb !== 'create'),
      kind,
      parts.object,
    ),
    ['name', ...placed],
  );
  for (const sub of definition.subresources) {
    const subKind = sub.kind ?? kind;
    const object = sub.kind ? parts.typeOf(sub.kind) : parts.object;
    put(`${home}/{name}/${sub.name}`, item(parts, scope, capital(sub.name), sub.verbs, subKind, object), [
      'name',
      ...placed,
    ]);
  }
  if (definition.namespaced && definition.verbs.includes('list')) {
    const { get } = collection(parts, '') as { get?: JsonObject };
    if (get)
      put(
        `${base}/${definition.resource}`,
        { get: { ...get, operationId: `list${idGroup(definition)}${definition.kind}ForAllNamespaces` } },
        [],
      );
  }
  return paths;
}
