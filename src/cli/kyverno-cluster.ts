import {
  connectKubeconfig,
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  type ResourceRef,
  splitApiVersion,
} from '../kernel/index.ts';
import { cliFaults } from './faults.ts';

/** Objects that are read at most: what is found is held in memory. */
const OBJECTS_MAX = 100_000;
const PAGE = 500;

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** A served collection with the kind of its objects. */
interface Collection extends ResourceRef {
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Everything a cluster holds, and which of it policies speak of. */
export interface ClusterObjects {
  readonly all: readonly JsonObject[];
  readonly matched: readonly JsonObject[];
}

interface Discovery {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
}

/** Reads the objects of a cluster; `namespace` narrows those that policies are applied to. Throws a Fault. */
export async function readCluster(
  file: string,
  policies: readonly JsonObject[],
  {
    namespace,
    clusterWide,
    context,
  }: { readonly namespace: string | undefined; readonly clusterWide: boolean; readonly context: string | undefined },
): Promise<ClusterObjects> {
  await using connection = connectKubeconfig(file, context);
  const read = async <T>(path: string): Promise<T> => {
    const { status, text } = await connection.transport.send({ method: 'GET', path });
    if (status !== 200) throw cliFaults.error('cluster-unread', { path, why: `${status}` });
    return JSON.parse(text) as T;
  };
  const { groups } = await read<{ groups: { preferredVersion: { groupVersion: string } }[] }>('/apis');
  const all: JsonObject[] = [];
  const matched: JsonObject[] = [];
  for (const version of ['v1', ...groups.map(group => group.preferredVersion.groupVersion)]) {
    const { resources } = await read<Discovery>(version === 'v1' ? '/api/v1' : `/apis/${version}`);
    for (const { name, kind, verbs, namespaced } of resources) {
      if (name.includes('/') || !verbs.includes('list') || LEFT_OUT.has(name)) continue;
      const collection = { ...splitApiVersion(version), resource: name, kind, namespaced };
      const wanted = policies.some(policy => speaksOf(policy, collection)) && (namespaced || !namespace || clusterWide);
      for await (const object of pages(connection.client, collection)) {
        if (all.length >= OBJECTS_MAX) throw cliFaults.error('cluster-large', { count: String(OBJECTS_MAX) });
        const whole = { ...object, apiVersion: version, kind } as unknown as JsonObject;
        all.push(whole);
        const own = object.metadata.namespace;
        if (wanted && (!namespace || own === undefined || own === namespace)) matched.push(whole);
      }
    }
  }
  return { all, matched };
}

/** Churn no policy is applied to. */
const LEFT_OUT: ReadonlySet<string> = new Set(['events', 'leases', 'componentstatuses', 'endpoints', 'endpointslices']);

async function* pages(
  client: ReturnType<typeof connectKubeconfig>['client'],
  ref: ResourceRef,
): AsyncGenerator<KubeObject> {
  let next: string | undefined;
  do {
    const page = await client.list(ref, { limit: PAGE, ...(next ? { continue: next } : {}) });
    yield* page.items;
    next = page.metadata.continue;
  } while (next);
}

/** Whether a policy's match clauses or resource rules can name objects of a collection. */
function speaksOf(policy: JsonObject, collection: Collection): boolean {
  const spec = fields(policy.spec);
  if (spec.matchConstraints !== undefined)
    return list(fields(spec.matchConstraints).resourceRules).some(rule => ruleNames(fields(rule), collection));
  const clauses =
    spec.rules === undefined ? [fields(spec.match)] : list(spec.rules).map(rule => fields(fields(rule).match));
  return clauses
    .flatMap(match => [match, ...list(match.any), ...list(match.all)])
    .flatMap(filter => list(fields(fields(filter).resources).kinds))
    .some(kind => kindNames(String(kind), collection));
}

const has = (values: Json | undefined, wanted: string): boolean =>
  list(values).some(value => value === '*' || value === wanted);

const ruleNames = (rule: JsonObject, { group, resource }: Collection): boolean =>
  has(rule.apiGroups, group) &&
  list(rule.resources).some(
    named => ['*', '*/*', resource].includes(String(named)) || String(named).startsWith(`${resource}/`),
  );

/** `Kind`, `version/Kind`, `group/version/Kind`, each part perhaps `*`; a pod's policy speaks of what makes pods too. */
function kindNames(text: string, { group, kind }: Collection): boolean {
  const parts = text.split('/').filter(part => part !== '');
  const named = parts.findLast(part => /^[A-Z*]/.test(part)) ?? text;
  const ofGroup = parts.length > 2 ? parts[0]! : '*';
  if (ofGroup !== '*' && ofGroup !== group) return false;
  return named === '*' || named === kind || (named === 'Pod' && MAKERS.has(kind));
}

const MAKERS: ReadonlySet<string> = new Set([
  'DaemonSet',
  'Deployment',
  'Job',
  'ReplicaSet',
  'ReplicationController',
  'StatefulSet',
  'CronJob',
]);
