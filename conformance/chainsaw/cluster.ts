import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { roleGuard, startApi } from '../../src/api/index.ts';
import { type Random, seededRandom, VirtualClock } from '../../src/base/index.ts';
import { type Cluster, startCluster } from '../../src/cluster/index.ts';
import { documentsOf } from '../../src/cli/kyverno-files.ts';
import {
  type Client,
  CRD_REF,
  type CustomCatalog,
  customCatalog,
  customKindsStep,
  type CustomResourceDefinition,
  customSchemaPort,
  Informers,
  isNotFound,
  type Kernel,
  type KindRef,
  type KubeObject,
  openKernel,
  type ResourceRef,
  runCustomKinds,
  schemaOf,
} from '../../src/kernel/index.ts';
import {
  accountOf,
  BACKGROUND_USER,
  celRuleCompiler,
  kyvernoDialect,
  type KyvernoPorts,
  kyvernoPorts,
  POLICY_DIALECTS,
  policyStep,
  type PolicyRequest,
  type PolicySource,
  type RunningKyverno,
  type RunningPolicies,
  runPolicies,
  startKyverno,
} from '../../src/policy/index.ts';

import { systemClock, systemRandom } from '../../src/hosts/node/ports.ts';
import { authorizerOf } from './authorizer.ts';
import { installControllers, OPEN_REPORTS } from './controllers.ts';
import { installation } from './installation.ts';
import { hasKubectl, openPrograms, type Programs } from './programs.ts';

/** Questions to the authorizer name their subject themselves. */
const NOBODY = { user: { name: '', groups: [] } } as unknown as PolicyRequest;
const PODS: ResourceRef = { group: '', version: 'v1', resource: 'pods' };
const NAMESPACES: ResourceRef = { group: '', version: 'v1', resource: 'namespaces' };
const NODES: ResourceRef = { group: '', version: 'v1', resource: 'nodes' };
/** What a kubelet says of its machine (Kubernetes documentation, "Well-Known Labels"). */
const NODE_LABELS = {
  'kubernetes.io/hostname': 'kind-control-plane',
  'kubernetes.io/os': 'linux',
  'kubernetes.io/arch': 'amd64',
  'node-role.kubernetes.io/control-plane': '',
};
const QUIET_TURNS = 6;
const TURNS_MAX = 20_000;
const CONTROLLERS = [
  'namespace',
  'serviceaccount',
  'garbage-collector',
  'clusterrole-aggregation',
  'deployment',
  'replicaset',
  'statefulset',
  'daemonset',
  'job',
  'cronjob',
  'scheduler',
] as const;

/** A Tenon in memory and in virtual time: its kernel, its controllers, its policies, and a kubelet that only says "running". */
export interface TestCluster extends AsyncDisposable {
  readonly kernel: Kernel;
  readonly client: Client;
  readonly clock: VirtualClock;
  readonly policies: RunningPolicies;
  /** Where kubectl finds the cluster. */
  readonly kubeconfig: string;
  /** Undefined where the machine has no kubectl. */
  readonly programs: Programs | undefined;
  /** Errors that controllers reported, newest last. */
  readonly errors: string[];
  /** Lets everything that is due now happen. */
  settle(): Promise<void>;
  /** Brings Kyverno's installation to what a group of cases finds. */
  install(group: string): Promise<void>;
  /** Moves time forward, stopping at every timer. */
  run(by_ms: number): Promise<void>;
}

/** Every definition below a folder. */
function definitionsUnder(folder: string): KubeObject[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .flatMap(entry => documentsOf(readFileSync(join(entry.parentPath, entry.name), 'utf8')))
    .filter(document => document.kind === 'CustomResourceDefinition') as unknown as KubeObject[];
}

type Report = (error: unknown) => void;

/** Starts a cluster with the custom kinds of a folder. */
export async function startTestCluster(definitions: string): Promise<TestCluster> {
  const clock = new VirtualClock();
  const random = seededRandom(1);
  const errors: string[] = [];
  const report: Report = error => {
    errors.push(error instanceof Error ? error.message : String(error));
    if (errors.length > 50) errors.shift();
  };
  await using stack = new AsyncDisposableStack();
  const catalog = customCatalog();
  const opened: { policies?: RunningPolicies; kyverno?: RunningKyverno; cluster?: Cluster } = {};
  const guard = roleGuard();
  const source = late(
    () => opened.policies,
    () => opened.kyverno,
  );
  const kernel = stack.use(
    await openKernel({
      clock,
      random,
      catalog,
      schema: customSchemaPort(catalog, celRuleCompiler),
      admission: [guard.step, customKindsStep(catalog, celRuleCompiler), policyStep(source)],
    }),
  );
  const state = mkdtempSync(join(tmpdir(), 'tenon-chainsaw-api-'));
  stack.defer(() => rmSync(state, { recursive: true, force: true }));
  let generation = 0;
  catalog.onChange(() => generation++);
  const api = stack.use(
    await startApi({
      registry: kernel.registry,
      catalog,
      // Certificates are judged by programs with real clocks.
      clock: systemClock,
      random: systemRandom(),
      state,
      port: 0,
      guard,
      catalogGeneration: () => generation,
    }),
  );
  const client = kernel.client({ name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] });
  Object.assign(opened, followPolicies(stack, kernel, catalog, { clock, random, report }));
  const { settle, run } = timeOf(kernel, clock, () => opened.cluster?.busy ?? 0);
  for (const definition of [...definitionsUnder(definitions), ...OPEN_REPORTS])
    await kernel.client().create(CRD_REF, definition);
  await settle();
  opened.cluster = stack.use(
    startCluster({ client: kernel.client(), clock, random, catalog, rootCa: 'test', only: CONTROLLERS, report }),
  );
  await seedObjects(kernel.client());
  stack.use(runKubelet(kernel.client(), clock, report));
  await settle();
  const kept = stack.move();
  const disposing = { [Symbol.asyncDispose]: () => kept.disposeAsync() };
  const programs = hasKubectl() ? kept.use(openPrograms(join(import.meta.dirname, '../../tenon'))) : undefined;
  const { kubeconfig } = api;
  const install = async (group: string): Promise<void> => {
    if (await installControllers(client, group)) await run(1_000);
  };
  await install('');
  const { policies } = opened as { policies: RunningPolicies };
  return { kernel, client, clock, policies, kubeconfig, programs, errors, settle, install, run, ...disposing };
}

/** Custom kinds, policies and Kyverno's background work, as the host of a node runs them. */
function followPolicies(
  stack: AsyncDisposableStack,
  kernel: Kernel,
  catalog: CustomCatalog,
  { clock, random, report }: { clock: VirtualClock; random: Random; report: Report },
): { policies: RunningPolicies; kyverno: RunningKyverno } {
  const client = kernel.client();
  const informers = stack.use(new Informers({ client, clock, random, report }));
  const definitions = informers.of<CustomResourceDefinition>(CRD_REF);
  stack.use(runCustomKinds({ client, clock, catalog, definitions, report }));
  const authorize = authorizerOf(informers);
  const ports: KyvernoPorts = {
    ...kyvernoPorts(clock, random),
    resourceOf: (kind: KindRef) => catalog.kind(kind),
    permitted: (controller, question) => authorize(NOBODY, { ...question, user: accountOf(controller) }).allowed,
  };
  const types = {
    catalog,
    schemaOf: (kind: KindRef) => catalog.kind(kind)?.schema ?? schemaOf(kind),
    informer: (ref: ResourceRef) => informers.of(ref),
    report,
  };
  const policies = runPolicies({
    ...types,
    client,
    dialects: [...POLICY_DIALECTS, kyvernoDialect(ports)],
    authorize,
  });
  const kyverno = stack.use(startKyverno({ ...types, client: kernel.client(BACKGROUND_USER), clock, random, ports }));
  informers.start();
  return { policies, kyverno };
}

function late(current: () => PolicySource | undefined, kyverno: () => RunningKyverno | undefined): PolicySource {
  const world: PolicySource['world'] = {
    parameter: () => undefined,
    parameters: () => [],
    authorize: () => ({ allowed: false }),
  };
  return {
    policies: () => current()?.policies() ?? [],
    get world() {
      return current()?.world ?? world;
    },
    stored: request => kyverno()?.stored(request),
    judged: (request, answers) => kyverno()?.judged(request, answers),
    mutated: (request, policy, object) => kyverno()?.mutated(request, policy, object),
    ready: () => current()?.ready?.(),
    equivalent: request => current()?.equivalent?.(request) ?? request,
  };
}

function timeOf(kernel: Kernel, clock: VirtualClock, busy: () => number): Pick<TestCluster, 'settle' | 'run'> {
  const settle = async (): Promise<void> => {
    let turns = 0;
    for (let quiet = 0; quiet < QUIET_TURNS; ) {
      const before = kernel.journal.store.revision;
      await new Promise(resolve => setImmediate(resolve));
      quiet = kernel.journal.store.revision === before && busy() === 0 ? quiet + 1 : 0;
      if (++turns > TURNS_MAX) throw new Error('the cluster does not come to rest');
    }
  };
  const run = async (by_ms: number): Promise<void> => {
    const until = clock.now() + by_ms;
    await settle();
    for (let next = clock.next(); next !== undefined && next <= until; next = clock.next()) {
      clock.advance(Math.max(0, next - clock.now()));
      await settle();
    }
    clock.advance(until - clock.now());
  };
  return { settle, run };
}

/** What every cluster of the kind these cases are written for has. */
async function seedObjects(client: Client): Promise<void> {
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kyverno' } });
  for (const { ref, object } of installation()) await client.create(ref, object);
  const allocatable = { cpu: '64', memory: '256Gi', pods: '1000' };
  const node = await client.create(NODES, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'kind-control-plane', labels: NODE_LABELS },
    spec: {},
  });
  const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }];
  await client.update(NODES, { ...node, status: { capacity: allocatable, allocatable, conditions } } as KubeObject, {
    subresource: 'status',
  });
  // A new node is not ready until the node lifecycle says so; this one has always been.
  await client.patch(NODES, { name: 'kind-control-plane' }, { type: 'merge', patch: { spec: { taints: null } } });
}

/** Says of every bound pod that it runs, and lets go of every one that is to end. */
function runKubelet(client: Client, clock: VirtualClock, report: (error: unknown) => void): AsyncDisposable {
  const stop = new AbortController();
  const follow = async (): Promise<void> => {
    const options = {
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: true,
    } as const;
    for await (const event of client.watch(PODS, options, stop.signal)) {
      if (event.type !== 'ADDED' && event.type !== 'MODIFIED') continue;
      void keep(client, clock, event.object as RunningPod).catch((error: unknown) => {
        if (!isNotFound(error)) report(error);
      });
    }
  };
  const running = follow().catch((error: unknown) => {
    if (!stop.signal.aborted) report(error);
  });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('stopped'));
      await running;
    },
  };
}

interface RunningPod extends KubeObject {
  readonly spec: { readonly nodeName?: string; readonly containers: readonly { readonly name: string }[] };
  readonly status?: { readonly phase?: string };
}

async function keep(client: Client, clock: VirtualClock, pod: RunningPod): Promise<void> {
  const key = { namespace: pod.metadata.namespace!, name: pod.metadata.name! };
  if (pod.metadata.deletionTimestamp) {
    // Programs that do not heed the signal to end have until then.
    const left_ms = Math.max(0, Date.parse(pod.metadata.deletionTimestamp) - clock.now());
    if (left_ms > 0) await new Promise<void>(resolve => clock.after(left_ms, resolve));
    await client.delete(PODS, key, { gracePeriodSeconds: 0 });
  } else if (pod.spec.nodeName && (pod.status?.phase ?? 'Pending') === 'Pending') {
    const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(type => ({
      type,
      status: 'True',
    }));
    const containerStatuses = pod.spec.containers.map(({ name }) => ({
      name,
      ready: true,
      restartCount: 0,
      image: name,
      imageID: name,
      state: { running: {} },
    }));
    const patch = { status: { phase: 'Running', conditions, containerStatuses } };
    await client.patch(PODS, key, { type: 'merge', patch }, { subresource: 'status' });
  }
}
