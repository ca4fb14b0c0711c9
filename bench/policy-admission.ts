import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { existsSync } from 'node:fs';
import { addressPlan } from '../src/hosts/node/addresses.ts';
import { systemClock, systemRandom } from '../src/hosts/node/ports.ts';
import { openWaist } from '../src/hosts/waist/waist.ts';
import { serviceAddresses } from '../src/cluster/index.ts';
import {
  type Client,
  customCatalog,
  type KubeObject,
  memoryLog,
  type ResourceRef,
  StatusError,
} from '../src/kernel/index.ts';
import { documentsOfFourDialects, KINDS } from './policy-documents.ts';
import { type Bench, type BenchContext, type Measure, median, quantile, spread } from './runner.ts';

const CRDS: ResourceRef = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' };
const PODS: ResourceRef = { group: '', version: 'v1', resource: 'pods' };
const POLICIES_EACH = 50;
const WARM = 300;

const pod = (name: string, team: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { team, tier: 'web' } },
  spec: {
    containers: [0, 1].map(index => ({
      name: `c${index}`,
      image: `registry.example.com/team/app-${index}:1.0`,
      resources: { limits: { cpu: '100m', memory: '128Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
      securityContext: { allowPrivilegeEscalation: false },
    })),
  },
});

/** Creates, and tries again while the kind of what is created is on its way. */
async function create(client: Client, ref: ResourceRef, object: KubeObject): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await client.create(ref, object);
      return;
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 404 || attempt > 200) throw error;
      await new Promise(done => setTimeout(done, 10));
    }
  }
}

/** A refused pod must be told of by one policy of each dialect, else something measured here is not in force. */
async function checkInForce(client: Client): Promise<void> {
  for (const team of ['none-admission', 'none-gatekeeper', 'none-kyverno', 'none-validating']) {
    const refused = await client.create(PODS, pod('refused', team)).then(
      () => false,
      (error: unknown) => error instanceof StatusError && error.message.includes(team),
    );
    if (!refused) throw new Error(`no policy refused a pod of team ${team}`);
  }
}

/** Milliseconds of each create of a pod through the whole admission chain into a log in memory, client and store included. */
async function createTimes(policies: number, pods: number): Promise<number[]> {
  await using stack = new AsyncDisposableStack();
  const random = systemRandom();
  const plan = addressPlan('bench', undefined);
  const waist = stack.use(
    await openWaist({
      log: memoryLog(),
      clock: systemClock,
      random,
      catalog: customCatalog(),
      addresses: serviceAddresses({ random, cidrs: plan.serviceCidrs, reserved: plan.dns }),
      authorize: () => ({ allowed: false }),
      tell: line => {
        throw new Error(line);
      },
    }),
  );
  const client = waist.kernel.client();
  for (const definition of KINDS) await client.create(CRDS, definition);
  for (const { ref, object } of documentsOfFourDialects(policies)) await create(client, ref, object);
  if (policies > 0) await checkInForce(client);
  for (let i = 0; i < WARM; i++) await client.create(PODS, pod(`warm-${i}`, 'a'));
  const times: number[] = [];
  for (let i = 0; i < pods; i++) {
    const object = pod(`p-${i}`, 'a');
    const started = performance.now();
    await client.create(PODS, object);
    times.push(performance.now() - started);
  }
  return times;
}

async function* admission(quick: boolean): AsyncIterable<Measure> {
  const pods = quick ? 500 : 2_000;
  const rounds = quick ? 1 : 3;
  const with200: number[] = [];
  const without: number[] = [];
  for (let i = 0; i < rounds; i++) {
    without.push(quantile(await createTimes(0, pods), 0.99));
    with200.push(quantile(await createTimes(POLICIES_EACH, pods), 0.99));
  }
  const shared = { unit: 'ms', better: 'lower', n: rounds * pods } as const;
  yield {
    ...shared,
    name: 'policy-admission.pod-p99-without-policies',
    ours: median(without),
    spread: spread(without),
  };
  yield {
    ...shared,
    name: 'policy-admission.pod-p99-with-200-policies',
    ours: median(with200),
    spread: spread(with200),
    target: { kind: 'absolute', bound: 2 },
  };
}

/** Runs a program of this folder in a process of its own and reads the figures it prints. */
function inProcess(program: string, args: readonly string[]): Record<string, number> {
  const out = execFileSync(process.execPath, ['--expose-gc', join(import.meta.dirname, program), ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(out.trim().split('\n').at(-1)!) as Record<string, number>;
}

function* compiling(suites: string, rounds: number): Iterable<Measure> {
  const runs = Array.from({ length: rounds }, () => inProcess('policy-compile.ts', [suites]));
  const times = runs.map(run => run.compile_ms!);
  yield {
    name: `policy-admission.compile-${runs[0]!.policies}-policies`,
    unit: 'ms',
    ours: median(times),
    better: 'lower',
    n: rounds,
    spread: spread(times),
    // Nothing is kept between two starts: one bound holds for the first and for every later one.
    target: { kind: 'absolute', bound: 300 },
  };
}

function* memory(rounds: number): Iterable<Measure> {
  const runs = Array.from({ length: rounds }, () => inProcess('policy-data.ts', []));
  const ratios = runs.map(run => run.heap_bytes! / run.text_bytes!);
  yield {
    name: 'policy-admission.heap-over-100MB-of-data',
    unit: 'x',
    ours: median(ratios),
    better: 'lower',
    n: rounds,
    spread: spread(ratios),
    target: { kind: 'absolute', bound: 4 },
  };
}

/** What admission costs with many policies, what compiling all of two libraries takes, and what data takes in memory. */
export const bench: Bench = {
  name: 'policy-admission',
  what: 'a Pod under 200 policies of four dialects; compiling two whole libraries; memory of 100 MB of data',
  async *run({ root, quick, signal }: BenchContext) {
    yield* admission(quick);
    if (signal.aborted) return;
    const suites = resolve(process.env.TENON_SUITES ?? join(root, '../shared/suites'), 'policy');
    if (existsSync(suites)) yield* compiling(suites, quick ? 1 : 3);
    yield* memory(quick ? 1 : 3);
  },
};
