import type { ResourceDefinition } from '../../src/kernel/index.ts';
import { parseTarget } from '../../src/api/request/target.ts';
import type { Answered, Wire } from '../../src/api/testing/client.ts';
import type { TestServer } from '../../src/api/testing/server.ts';
import type { Endpoint } from './endpoints.ts';
import { sampleOf, subresourceBody } from './samples.ts';

const MERGE = { 'content-type': 'application/merge-patch+json' };
const LABEL = 'tenon.dev/sample';

/** Where the runner's stand-ins are. */
export interface Stage {
  readonly server: TestServer;
  readonly wire: Wire;
  /** What the stand-in for pods was asked. */
  readonly asked: readonly string[];
}

/** An expectation that was not met; undefined is a pass. */
type Verdict = string | undefined;

const sum = (answer: Answered): string => `${answer.status} ${answer.text.slice(0, 200)}`;

const want = (answer: Answered, statuses: readonly number[], kind?: string): Verdict => {
  if (!statuses.includes(answer.status)) return `expected ${statuses.join(' or ')}, got ${sum(answer)}`;
  if (kind !== undefined && answer.json().kind !== kind)
    return `expected kind ${kind}, got ${String(answer.json().kind)}`;
  return undefined;
};

const fill = (path: string, namespace: string, name: string): string =>
  path.replace('{namespace}', namespace).replace('{name}', encodeURIComponent(name)).replace('{path}', 'a/b');

/** Everything about one endpoint that its check needs. */
interface Scene {
  readonly stage: Stage;
  readonly endpoint: Endpoint;
  readonly definition: ResourceDefinition;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly collection: string;
  readonly path: string;
  readonly body: ReturnType<typeof sampleOf>;
}

interface Meta {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly labels?: Record<string, string>;
    readonly deletionTimestamp?: string;
  };
}

const metaOf = (answer: Answered): Meta['metadata'] => (answer.json() as unknown as Meta).metadata;

/** Objects whose endpoints are about something that is created first, and gone after. */
async function withObject(scene: Scene, check: (made: Answered) => Promise<Verdict>): Promise<Verdict> {
  const { stage, collection, body } = scene;
  const made = await stage.wire.send('POST', collection, body);
  if (made.status !== 201 && made.status !== 409) return `seed: ${sum(made)}`;
  const verdict = await check(made);
  await stage.wire.send('DELETE', `${collection}/${encodeURIComponent(body.metadata.name!)}`, {
    gracePeriodSeconds: 0,
  });
  return verdict;
}

async function checkCreate({ stage, collection, path, body, definition }: Scene): Promise<Verdict> {
  const made = await stage.wire.send('POST', path, body);
  const wrong = want(made, [201], definition.kind);
  if (wrong) return wrong;
  if (!definition.verbs.includes('get')) return undefined;
  const read = await stage.wire.send('GET', `${collection}/${encodeURIComponent(body.metadata.name!)}`);
  await stage.wire.send('DELETE', `${collection}/${encodeURIComponent(body.metadata.name!)}`, {
    gracePeriodSeconds: 0,
  });
  return want(read, [200], definition.kind);
}

const checkList = (scene: Scene): Promise<Verdict> =>
  withObject(scene, async () => {
    const { stage, path, definition, body } = scene;
    const answer = await stage.wire.send('GET', `${path}?labelSelector=${encodeURIComponent(LABEL)}`);
    const wrong = want(answer, [200], `${definition.kind}List`);
    if (wrong) return wrong;
    const items = answer.json().items as Meta[];
    return items.some(item => item.metadata.name === body.metadata.name)
      ? undefined
      : 'the created object is not in the list';
  });

const checkRead = (scene: Scene): Promise<Verdict> =>
  withObject(scene, async () => {
    const answer = await scene.stage.wire.send('GET', scene.path);
    return (
      want(answer, [200], kindOf(scene)) ??
      (metaOf(answer).name === scene.body.metadata.name ? undefined : 'another name')
    );
  });

const kindOf = ({ definition, subresource }: Scene): string =>
  definition.subresources.find(one => one.name === subresource)?.kind?.kind ?? definition.kind;

const checkReplace = (scene: Scene): Promise<Verdict> =>
  withObject(scene, async () => {
    const { stage, path, collection, body, subresource, definition } = scene;
    const kind = definition.subresources.find(one => one.name === subresource)?.kind;
    let read: Answered;
    let answer: Answered;
    let tries = 0;
    do {
      read = await stage.wire.send('GET', `${collection}/${encodeURIComponent(body.metadata.name!)}`);
      const current = read.json() as unknown as { metadata: Record<string, unknown> };
      current.metadata.labels = { ...(current.metadata.labels as object), changed: 'yes' };
      answer = await stage.wire.send('PUT', path, kind ? subresourceBody(kind, body) : current);
      // A controller may have written in between; clients read again, as a conflict asks them to.
    } while (answer.status === 409 && ++tries < 5);
    const wrong = want(answer, [200], kindOf(scene));
    if (wrong || kind || subresource !== '') return wrong;
    return metaOf(answer).labels?.changed === 'yes' && metaOf(answer).resourceVersion !== metaOf(read).resourceVersion
      ? undefined
      : 'the replacement did not take';
  });

const checkPatch = (scene: Scene): Promise<Verdict> =>
  withObject(scene, async () => {
    const { stage, path, subresource } = scene;
    const scale = kindOf(scene) === 'Scale';
    const patch = scale ? { spec: { replicas: 3 } } : { metadata: { annotations: { patched: 'yes' } } };
    const answer = await stage.wire.send('PATCH', path, patch, MERGE);
    const wrong = want(answer, [200], kindOf(scene));
    if (wrong) return wrong;
    if (scale)
      return (answer.json().spec as { replicas: number }).replicas === 3 ? undefined : 'the scale did not change';
    const { annotations } = metaOf(answer) as unknown as { annotations?: Record<string, string> };
    return subresource !== '' || annotations?.patched === 'yes' ? undefined : 'the patch did not take';
  });

async function checkDelete(scene: Scene): Promise<Verdict> {
  const { stage, collection, body, path } = scene;
  const made = await stage.wire.send('POST', collection, body);
  if (made.status !== 201) return `seed: ${sum(made)}`;
  const answer = await stage.wire.send('DELETE', path, { gracePeriodSeconds: 0 });
  const wrong = want(answer, [200, 202]);
  if (wrong) return wrong;
  const after = await stage.wire.send('GET', path);
  return after.status === 404 || metaOf(after).deletionTimestamp ? undefined : 'it is still there';
}

async function checkDeleteCollection(scene: Scene): Promise<Verdict> {
  const { stage, collection, body, path } = scene;
  const made = await stage.wire.send('POST', collection, body);
  if (made.status !== 201) return `seed: ${sum(made)}`;
  const answer = await stage.wire.send(
    'DELETE',
    `${path}?labelSelector=${encodeURIComponent(LABEL)}&gracePeriodSeconds=0`,
  );
  const wrong = want(answer, [200]);
  if (wrong) return wrong;
  const left = (await stage.wire.send('GET', `${path}?labelSelector=${encodeURIComponent(LABEL)}`)).json()
    .items as Meta[];
  return left.every(item => item.metadata.deletionTimestamp) ? undefined : `${left.length} objects are left`;
}

async function checkSubresourceCreate(scene: Scene): Promise<Verdict> {
  const { stage, definition, subresource, path, body } = scene;
  const kind = definition.subresources.find(one => one.name === subresource)?.kind ?? definition;
  return withObject(scene, async () => {
    const answer = await stage.wire.send('POST', path, subresourceBody(kind, body));
    return want(answer, [200, 201]);
  });
}

/** Relayed requests must reach the stand-in with their method and the path behind `proxy`. */
async function checkConnect({ stage, endpoint }: Scene): Promise<Verdict> {
  const path = fill(endpoint.path, 'default', endpoint.path.includes('/services/') ? 's' : 'p');
  if (path.endsWith('/exec')) {
    const answer = await stage.wire.send('GET', `${path}?command=ls&stdout=true`);
    return want(answer, [400]);
  }
  const before = stage.asked.length;
  const answer = await stage.wire.send(endpoint.method, `${path}${path.endsWith('/proxy') ? '/' : ''}`);
  const wrong = want(answer, [200]);
  if (wrong) return wrong;
  const reached = stage.asked.slice(before);
  const expected = `${endpoint.method} ${path.endsWith('/a/b') ? '/a/b' : '/'}`;
  return reached.includes(expected)
    ? undefined
    : `expected the pod to be asked "${expected}", it was asked ${JSON.stringify(reached)}`;
}

/** Discovery and other documents: each must be of the kind its path serves. */
async function checkDocument({ stage, endpoint }: Pick<Scene, 'stage' | 'endpoint'>): Promise<Verdict> {
  const path = endpoint.path;
  const answer = await stage.wire.send('GET', path);
  const depth = path.split('/').filter(part => part !== '');
  const [root] = depth;
  if (root === 'api') return want(answer, [200], depth.length === 1 ? 'APIVersions' : 'APIResourceList');
  if (root === 'apis') return want(answer, [200], ['APIGroupList', 'APIGroup', 'APIResourceList'][depth.length - 1]);
  return want(answer, [200]);
}

const CHECKS: Readonly<Record<string, (scene: Scene) => Promise<Verdict>>> = {
  post: scene => (scene.subresource ? checkSubresourceCreate(scene) : checkCreate(scene)),
  list: checkList,
  get: checkRead,
  put: checkReplace,
  patch: checkPatch,
  delete: checkDelete,
  deletecollection: checkDeleteCollection,
  connect: checkConnect,
};

let counter = 0;

/** Tries one endpoint on the stage; undefined when it behaves. */
export async function tryEndpoint(stage: Stage, endpoint: Endpoint): Promise<Verdict> {
  const target = parseTarget(endpoint.path);
  const definition = target.isResource ? stage.server.kernel.catalog.resource(target) : undefined;
  if (!target.isResource) return checkDocument({ stage, endpoint });
  if (!definition) return `nothing is served at ${endpoint.path}`;
  const wanted = `sample-${counter++}`;
  const body = sampleOf(definition, wanted, 'default');
  const name = body.metadata.name!;
  const root = definition.group === '' ? '/api/v1' : `/apis/${definition.group}/${definition.version}`;
  const collection = `${root}${definition.namespaced ? '/namespaces/default' : ''}/${definition.resource}`;
  const path = fill(endpoint.path, 'default', name).replace('/namespaces/default/status', `/namespaces/${name}/status`);
  const scene: Scene = {
    stage,
    endpoint,
    definition,
    subresource: target.subresource,
    namespace: 'default',
    name,
    collection,
    path,
    body,
  };
  if (target.subresource === 'log')
    return want(await stage.wire.send('GET', fill(endpoint.path, 'default', 'p')), [200]);
  const check = CHECKS[endpoint.action];
  return check ? check(scene) : `unknown action "${endpoint.action}"`;
}
