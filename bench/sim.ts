import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Bench, type BenchContext, type Measure, median, spread } from './runner.ts';
import type { SimAnswer, SimWork } from './sim-run.ts';

const HOUR_MS = 3_600_000;
/** kwok creates objects in real time, on a cluster of its own: nothing on a package registry runs these scenarios. */
const MISSING_PEER = 'kwok is not on PATH; it has no virtual time';

const run = promisify(execFile);

async function simulate(work: SimWork, { scratch, signal }: BenchContext): Promise<SimAnswer> {
  const file = join(scratch, 'work.json');
  writeFileSync(file, JSON.stringify(work));
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'sim-run.ts'), file], { signal });
  const answer = JSON.parse(stdout) as SimAnswer;
  if (!answer.ok) throw new Error(answer.wrong.join('\n'));
  return answer;
}

const deployment = (name: string, replicas: number): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default', labels: { app: name } },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          {
            name: 'web',
            image: 'registry.example/web:1.0',
            ports: [{ containerPort: 8080 }],
            resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
          },
        ],
      },
    },
  },
});

const service = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
});

const autoscaler = (name: string, max: number): object => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name, namespace: 'default' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    minReplicas: 2,
    maxReplicas: max,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } }],
  },
});

const scenario = (name: string, until: string, world: object, steps: readonly object[]): object => ({
  apiVersion: 'tenon.dev/v1',
  kind: 'Scenario',
  metadata: { name },
  spec: { until, world, steps },
});

const many = (count: number, replicas: number): object[] =>
  Array.from({ length: count }, (_, at) => [deployment(`d${at}`, replicas), service(`d${at}`)]).flat();

/** 50 pods: ten workloads, five of them followed by autoscalers whose load goes up and down. */
function day(): SimWork {
  const names = Array.from({ length: 10 }, (_, at) => `d${at}`);
  const objects = names.flatMap((name, at) => [
    deployment(name, 5),
    service(name),
    ...(at < 5 ? [autoscaler(name, 8)] : []),
  ]);
  const world = {
    nodes: [{ name: 'node', count: 5, capacity: { cpu: '16', memory: '64Gi' } }],
    workloads: [{ match: { namespace: 'default' }, startup: '5s', cpu: { idle: '20m', perRequest: '4ms' } }],
  };
  const send = names.slice(0, 5).map(name => ({ send: { name, to: `default/${name}:80`, rate: '40/s' } }));
  return { scenario: scenario('day', '24h', world, [{ apply: objects }, ...send]), until_ms: 24 * HOUR_MS };
}

function rollout(name: string, nodes: number, count: number, replicas: number): SimWork {
  const capacity = { cpu: '16', memory: '64Gi', pods: '110' };
  const world = {
    nodes: [{ name: 'node', count: nodes, capacity }],
    images: [{ match: '*', pull: '2s' }],
  };
  const breakWhen = `pods.running == ${count * replicas} && deployments.all(name, deployments[name].complete)`;
  return {
    scenario: scenario(name, '2h', world, [{ apply: many(count, replicas) }]),
    until_ms: 2 * HOUR_MS,
    breakWhen,
  };
}

const figure = (
  name: string,
  unit: string,
  values: readonly number[],
  cpu_s: number,
  target: { better: 'lower' | 'higher'; bound: number },
): Measure => ({
  name,
  unit,
  ours: median(values),
  missingPeer: MISSING_PEER,
  better: target.better,
  n: values.length,
  spread: spread(values),
  cpu_s,
  target: { kind: 'absolute', bound: target.bound },
});

const cpuOf = (answers: readonly SimAnswer[]): number => answers.reduce((sum, { cpu_s }) => sum + cpu_s, 0);

export const bench: Bench = {
  name: 'sim',
  what: 'virtual time: a day of 50 pods, 100,000 pods on 1,000 nodes, 600 Deployments, seeds of the storm an hour',
  async *run(context) {
    const { quick } = context;
    const repeat = async (times: number, work: SimWork): Promise<SimAnswer[]> => {
      const answers: SimAnswer[] = [];
      for (let at = 0; at < times; at++) answers.push(await simulate(work, context));
      if (new Set(answers.map(({ hash }) => hash)).size > 1) throw new Error('the same run came out differently');
      return answers;
    };
    const wall = (answers: readonly SimAnswer[]): number[] => answers.map(({ wall_s }) => wall_s);
    const rounds = quick ? 1 : 3;
    const days = await repeat(rounds, day());
    yield figure('sim-24h', 's', wall(days), cpuOf(days), { better: 'lower', bound: 10 });
    const many600 = await repeat(rounds, rollout('many', 100, 600, 3));
    yield figure('sim-600-deployments', 's', wall(many600), cpuOf(many600), { better: 'lower', bound: 5 });
    const seeds = quick ? 6 : 40;
    const storms = [await simulate({ seeds, first: 1 }, context)];
    const hourly = storms.map(({ wall_s }) => (seeds * 3_600) / wall_s);
    yield figure('sim-seeds-per-hour', 'seeds/h a thread', hourly, cpuOf(storms), { better: 'higher', bound: 500 });
    const [count, pods] = quick ? [10, 10_000] : [100, 100_000];
    const big = await repeat(1, rollout('big', 1_000, count, pods / count));
    const name = quick ? 'sim-10k' : 'sim-100k';
    yield figure(name, 's', wall(big), cpuOf(big), { better: 'lower', bound: quick ? 6 : 60 });
    const memory = big.map(({ rss_max_mib }) => rss_max_mib);
    yield figure(`${name}-memory`, 'MiB', memory, cpuOf(big), { better: 'lower', bound: 2_560 });
  },
};
