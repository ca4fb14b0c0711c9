import {
  isNotFound,
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  type ResourceDefinition,
  type ResourceRef,
  splitApiVersion,
  StatusError,
} from '../../src/kernel/index.ts';
import { compileJmes, JmesError } from '../../src/policy/index.ts';
import { testPorts } from '../../src/cli/kyverno-files.ts';
import type { TestCluster } from './cluster.ts';
import { assertTree } from './tree.ts';

/** A step that does not end as the test wants. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';
}

/** What a test asks for that is not done here. */
export class NotRun extends Error {
  override readonly name = 'NotRun';
}

/** One test at work: where it is, what it made, what its names stand for. */
export interface Scene {
  readonly cluster: TestCluster;
  readonly namespace: string;
  readonly bindings: JsonObject;
  /** Undoes what the test made, last first. */
  readonly undo: (() => Promise<void>)[];
}

/** Objects a failed assertion tells about. */
const DIFFERENCES_MAX = 8;
/** Pauses between looks, 90 seconds in all: what these tests' own configuration gives an assertion. */
const POLL_MS = [0, 100, 200, 400, 800, 1_500, 3_000, 6_000, 9_000, 9_000, 15_000, 15_000, 15_000, 15_000];

interface Placed {
  readonly definition: ResourceDefinition;
  readonly ref: ResourceRef;
  readonly object: KubeObject;
  readonly name: string;
  readonly namespace: string | undefined;
}

/** The collection of a document; namespaced ones without a namespace are in the test's own. */
function place(scene: Scene, document: JsonObject): Placed {
  const { group, version } = splitApiVersion(String(document.apiVersion));
  const kind = String(document.kind);
  const definition = scene.cluster.kernel.catalog.kind({ group, version, kind });
  if (definition === undefined) throw new StepFailure(`no matches for kind "${kind}" in version "${group}/${version}"`);
  const metadata = isObject(document.metadata) ? document.metadata : {};
  const namespace = definition.namespaced ? String(metadata.namespace ?? scene.namespace) : undefined;
  const object = {
    ...document,
    metadata: { ...metadata, ...(namespace === undefined ? {} : { namespace }) },
  } as unknown as KubeObject;
  const ref = { group, version, resource: definition.resource };
  return { definition, ref, object, name: String(metadata.name ?? ''), namespace };
}

const keyOf = ({ name, namespace }: Placed): { name: string; namespace?: string } =>
  namespace === undefined ? { name } : { namespace, name };

/** Replaces texts that are `(expr)` over `$name`s by what they come to. */
export function fill(value: Json, bindings: JsonObject): Json {
  if (Array.isArray(value)) return value.map(item => fill(item, bindings));
  if (typeof value === 'string') {
    const expression = /^\((.*\$[A-Za-z_].*)\)$/s.exec(value.trim())?.[1];
    return expression === undefined ? value : (compileJmes(expression).evaluate(null, testPorts, bindings) as Json);
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fill(member, bindings)]));
}

async function present(scene: Scene, placed: Placed): Promise<KubeObject | undefined> {
  try {
    return await scene.cluster.client.get(placed.ref, keyOf(placed));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Every object a document may be about: the named one, or those of its kind with its labels. */
async function candidates(scene: Scene, document: JsonObject): Promise<JsonObject[]> {
  const placed = place(scene, document);
  if (placed.name !== '') {
    const found = await present(scene, placed);
    return found === undefined ? [] : [found as unknown as JsonObject];
  }
  const labels = Object.entries(placed.object.metadata.labels ?? {});
  const { items } = await scene.cluster.client.list(placed.ref, {
    ...(placed.namespace === undefined ? {} : { namespace: placed.namespace }),
    ...(labels.length === 0 ? {} : { labelSelector: labels.map(pair => pair.join('=')).join(',') }),
  });
  return items as unknown as JsonObject[];
}

/** Why a document does not hold of what is there; undefined when it does. */
async function unmet(scene: Scene, document: JsonObject): Promise<string | undefined> {
  const found = await candidates(scene, document);
  const what = `${String(document.kind)} ${String(isObject(document.metadata) ? (document.metadata.name ?? '') : '')}`;
  const wrong: string[] = [];
  for (const object of found) {
    // Lists may leave out what says the kind.
    const whole = { ...object, apiVersion: document.apiVersion!, kind: document.kind! };
    const difference = differenceOf(document, whole, scene);
    if (difference === undefined) return undefined;
    wrong.push(difference);
  }
  if (wrong.length === 0) return `${what} is not there`;
  return `${what}: ${wrong.slice(0, DIFFERENCES_MAX).join(' | or ')}`;
}

/** An expression that cannot be evaluated over an object does not hold of it. */
function differenceOf(document: JsonObject, object: JsonObject, scene: Scene): string | undefined {
  try {
    return assertTree(document, object, { bindings: scene.bindings, ports: testPorts });
  } catch (error) {
    if (error instanceof JmesError) return error.message;
    throw error;
  }
}

/** Asks again and again while time goes by. */
async function eventually(scene: Scene, ask: () => Promise<string | undefined>): Promise<void> {
  let wrong: string | undefined;
  for (const wait_ms of POLL_MS) {
    await scene.cluster.run(wait_ms);
    wrong = await ask();
    if (wrong === undefined) return;
  }
  throw new StepFailure(wrong);
}

export const assertStep = (scene: Scene, document: JsonObject): Promise<void> =>
  eventually(scene, () => unmet(scene, document));

export const errorStep = (scene: Scene, document: JsonObject): Promise<void> =>
  eventually(scene, async () =>
    (await unmet(scene, document)) === undefined ? `${String(document.kind)} is as it must not be` : undefined,
  );

/** Does a write and judges what it came to by the step's `expect`. */
async function expecting(scene: Scene, expect: Json | undefined, write: () => Promise<KubeObject>): Promise<void> {
  let value: Json = null;
  let error: string | null = null;
  try {
    value = (await write()) as unknown as Json;
  } catch (thrown) {
    if (!(thrown instanceof StatusError) && !(thrown instanceof StepFailure)) throw thrown;
    error = thrown.message;
  }
  await scene.cluster.settle();
  const checks = (Array.isArray(expect) ? expect : []).filter(isObject);
  if (checks.length === 0) {
    if (error !== null) throw new StepFailure(error);
    return;
  }
  const scope = { bindings: { ...scene.bindings, error }, ports: testPorts };
  for (const { match, check } of checks) {
    if (match !== undefined && assertTree(match, value, scope) !== undefined) continue;
    const wrong = assertTree(check ?? {}, value, scope);
    if (wrong !== undefined) throw new StepFailure(`${wrong} (${error ?? 'no error'})`);
  }
}

/** Makes what a write made go again at the end of the test. */
function remember(scene: Scene, placed: Placed, made: KubeObject): void {
  const at = { ...placed, name: made.metadata.name! };
  scene.undo.push(() => remove(scene, at));
}

export const applyStep = (scene: Scene, document: JsonObject, expect: Json | undefined): Promise<void> =>
  expecting(scene, expect, async () => {
    const placed = place(scene, document);
    const found = placed.name === '' ? undefined : await present(scene, placed);
    const { client } = scene.cluster;
    if (found !== undefined) {
      const patch = placed.object as unknown as JsonObject;
      return client.patch(placed.ref, keyOf(placed), { type: 'merge', patch });
    }
    return createIn(scene, placed);
  });

export const createStep = (scene: Scene, document: JsonObject, expect: Json | undefined): Promise<void> =>
  expecting(scene, expect, async () => createIn(scene, place(scene, document)));

async function createIn(scene: Scene, placed: Placed): Promise<KubeObject> {
  const made = await scene.cluster.client.create(
    placed.ref,
    placed.object,
    placed.namespace === undefined ? {} : { namespace: placed.namespace },
  );
  remember(scene, placed, made);
  return made;
}

export const patchStep = (scene: Scene, document: JsonObject, expect: Json | undefined): Promise<void> =>
  expecting(scene, expect, async () => {
    const placed = place(scene, document);
    const patch = placed.object as unknown as JsonObject;
    return scene.cluster.client.patch(placed.ref, keyOf(placed), { type: 'merge', patch });
  });

async function remove(scene: Scene, placed: Placed): Promise<void> {
  const { client } = scene.cluster;
  const doomed = await present(scene, placed);
  if (doomed === undefined) return;
  try {
    await client.delete(placed.ref, keyOf(placed), { propagationPolicy: 'Background' });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  await eventually(scene, async () => {
    const now = await present(scene, placed);
    return now?.metadata.uid === doomed.metadata.uid ? `${placed.name} is still there` : undefined;
  });
}

/** Deletes what a reference names, and waits until it is gone. */
export const deleteStep = (scene: Scene, reference: JsonObject, expect: Json | undefined): Promise<void> =>
  expecting(scene, expect, async () => {
    const { name, namespace, labels, apiVersion = '', kind = '' } = reference;
    const metadata: JsonObject = {};
    for (const [key, value] of Object.entries({ name, namespace, labels }))
      if (value !== undefined) metadata[key] = value;
    const found = await candidates(scene, { apiVersion, kind, metadata });
    for (const object of found) await remove(scene, place(scene, { ...object, apiVersion, kind }));
    return {} as KubeObject;
  });
