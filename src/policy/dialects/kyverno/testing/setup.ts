import { isObject, type Json, type JsonObject } from '../../../../kernel/index.ts';
import { refusalOfDocument } from '../checks/index.ts';
import { plural } from '../cel/plural.ts';
import { type KyvernoWorld, type Requester, textAt } from '../model.ts';
import { apiPath } from '../paths.ts';
import type { TestFiles, TestPorts } from './model.ts';

/** Everything a test file names, read. */
export interface TestSetup {
  readonly policies: readonly JsonObject[];
  readonly bindings: readonly JsonObject[];
  readonly resources: readonly JsonObject[];
  readonly payloads: readonly { readonly mode: string; readonly value: JsonObject }[];
  readonly exceptions: readonly JsonObject[];
  readonly parameters: readonly JsonObject[];
  readonly values: JsonObject;
  readonly requester: Requester | undefined;
  readonly world: KyvernoWorld;
  /** Files that the test names and that are not there. */
  /** Policies that Kyverno would not take. */
  readonly refused: readonly { readonly policy: JsonObject; readonly why: string }[];
  readonly absent: readonly string[];
}

export const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
export const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** `List` objects stand for their items. */
const expand = (documents: readonly JsonObject[]): JsonObject[] =>
  documents.flatMap(each =>
    String(each.kind ?? '').endsWith('List') && Array.isArray(each.items) ? each.items.filter(isObject) : [each],
  );

/** Reads what a test needs; paths are relative to its folder. */
export function readSetup(test: JsonObject, files: TestFiles, ports: TestPorts): TestSetup {
  const absent: string[] = [];
  const load = (value: Json | undefined): JsonObject[] =>
    list(value).flatMap(path => {
      const found = files.documents(String(path));
      if (found === undefined) absent.push(String(path));
      return expand(found ?? []);
    });
  const documents = load(test.policies);
  const isBinding = (each: JsonObject): boolean => String(each.kind).endsWith('PolicyBinding');
  const valuesFile = typeof test.variables === 'string' ? files.documents(test.variables)?.[0] : undefined;
  const user = typeof test.userinfo === 'string' ? files.documents(test.userinfo)?.[0] : undefined;
  const context = typeof test.context === 'string' ? (files.documents(test.context)?.[0] ?? {}) : {};
  const cluster = load(test.clusterResources);
  const crds = [...cluster.flatMap(each => load(fields(each.spec).crds)), ...load(test.crds)];
  const world = testWorld(test, fields(context.spec), crds, ports, load, [
    ...list(fields(context.spec).resources).filter(isObject),
    ...cluster.flatMap(each => list(fields(each.spec).resources).filter(isObject)),
    ...cluster.flatMap(each => load(fields(each.spec).resourceFiles)),
    ...load(test.targetResources),
    ...list(test.results).flatMap(row => {
      const source = fields(row).cloneSourceResource;
      return typeof source === 'string' ? expand(files.documents(source) ?? []) : [];
    }),
  ]);
  const scoped = (each: JsonObject): JsonObject => withNamespace(each, world);
  const resources = load(test.resources).map(scoped);
  world.add(resources);
  const values: JsonObject = { ...valuesFile, ...fields(test.values) };
  world.add(
    list(values.namespaces)
      .filter(isObject)
      .map(each => ({ ...each, apiVersion: 'v1', kind: 'Namespace' })),
  );
  const given = documents.filter(each => !isBinding(each) && each.kind !== 'PolicyException');
  const faults = new Map(given.map(each => [each, refusalOfDocument(each, undefined, undefined)]));
  return {
    policies: given.filter(each => faults.get(each) === undefined),
    refused: given.flatMap(policy => {
      const why = faults.get(policy);
      return why === undefined ? [] : [{ policy, why }];
    }),
    bindings: documents.filter(isBinding),
    resources,
    payloads: (['json', 'http', 'envoy'] as const).flatMap(mode =>
      list(test[`${mode}Payloads`]).flatMap(path =>
        (files.documents(String(path)) ?? []).map(value => ({ mode: MODES[mode], value })),
      ),
    ),
    exceptions: [...load(test.exceptions), ...documents.filter(each => each.kind === 'PolicyException')],
    parameters: load(test.paramResources),
    values,
    absent,
    requester: user && requesterOf(user),
    world,
  };
}

const MODES = { json: 'JSON', http: 'HTTP', envoy: 'Envoy' } as const;

function requesterOf(document: JsonObject): Requester {
  const texts = (value: Json | undefined): string[] => list(value).map(String);
  return {
    userInfo: fields(document.userInfo),
    roles: texts(document.roles),
    clusterRoles: texts(document.clusterRoles),
  };
}

/** Namespaced resources without a namespace are in `default`. */
export function withNamespace(resource: JsonObject, world: KyvernoWorld): JsonObject {
  const [version = '', group = ''] = String(resource.apiVersion ?? '')
    .split('/')
    .reverse();
  const namespaced = world.resourceOf({ group, version, kind: String(resource.kind) })?.namespaced ?? true;
  if (!namespaced || textAt(resource, 'metadata', 'namespace') !== '') return resource;
  return { ...resource, metadata: { ...fields(resource.metadata), namespace: 'default' } };
}

/** A world made of a test's own resources and answers. */
function testWorld(
  test: JsonObject,
  context: JsonObject,
  crds: readonly JsonObject[],
  ports: TestPorts,
  load: (paths: Json | undefined) => JsonObject[],
  known: readonly JsonObject[],
): KyvernoWorld & { add(resources: readonly JsonObject[]): void } {
  const store: JsonObject[] = [];
  const resourceOf: KyvernoWorld['resourceOf'] = kind => {
    const spec = crds
      .map(each => fields(each.spec))
      .find(each => each.group === kind.group && fields(each.names).kind === kind.kind);
    if (spec === undefined) return ports.resourceOf(kind);
    return { resource: textAt(spec.names, 'plural'), namespaced: spec.scope !== 'Cluster' };
  };
  const isOf = (each: JsonObject, apiVersion: string, resource: string): boolean => {
    if (apiVersion !== '*' && each.apiVersion !== apiVersion) return false;
    if (each.kind === resource) return true;
    const [version = '', group = ''] = apiVersion.split('/').reverse();
    const kind = String(each.kind);
    return (resourceOf({ group, version, kind })?.resource ?? plural(kind)) === resource;
  };
  const inNamespace = (each: JsonObject, namespace: string): boolean =>
    namespace === '' || (textAt(each, 'metadata', 'namespace') || namespace) === namespace;
  const find: KyvernoWorld['list'] = (apiVersion, resource, namespace) =>
    store.filter(each => isOf(each, apiVersion, resource) && inNamespace(each, namespace));
  const world: KyvernoWorld & { add(resources: readonly JsonObject[]): void } = {
    ...ports,
    resourceOf,
    connected: false,
    get: (apiVersion, resource, namespace, name) =>
      find(apiVersion, resource, namespace).find(each => textAt(each, 'metadata', 'name') === name),
    list: find,
    call: (url, method) => answerTo(test, url, method) ?? apiPath(url, find),
    globalContext: (name, projection) => globalEntry(test, name, projection, load),
    image: reference =>
      list(context.images)
        .filter(isObject)
        .find(each => each.image === reference),
    add: resources => void store.push(...resources),
  };
  world.add(known.map(each => withNamespace(each, world)));
  return world;
}

function answerTo(test: JsonObject, url: string, method: string): Json | undefined {
  const found = list(test.apiCallResponses)
    .filter(isObject)
    .find(each => (each.url ?? each.urlPath) === url && String(each.method ?? 'GET') === method);
  return found && fields(found.response).body;
}

function globalEntry(
  test: JsonObject,
  name: string,
  projection: string,
  load: (paths: Json | undefined) => JsonObject[],
): Json | undefined {
  const entry = list(test.globalContextEntries)
    .filter(isObject)
    .find(each => each.name === name);
  if (entry === undefined) return undefined;
  const data =
    entry.data ?? entry.resources ?? (entry.resourceFiles === undefined ? undefined : load(entry.resourceFiles));
  const projections = list(entry.projections).filter(isObject);
  const at = (path: string): Json | undefined =>
    path.split('.').reduce<Json | undefined>((node, step) => (isObject(node) ? node[step] : undefined), data);
  if (projection !== '') {
    const found = projections.find(each => each.name === projection);
    return found && at(String(found.path ?? found.jmesPath ?? ''));
  }
  if (!isObject(data) || projections.length === 0) return data;
  const projected: JsonObject = { ...data };
  for (const each of projections) {
    const value = at(String(each.path ?? each.jmesPath ?? ''));
    if (value !== undefined) projected[String(each.name)] = value;
  }
  return projected;
}
