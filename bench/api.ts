import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { missingPeer, PEER_TOKEN, peerPath, startApiServer, startEtcd } from '../src/kernel/testing/peers.ts';
import { parseKubeconfig } from '../src/kernel/remote/kubeconfig.ts';
import type { LoadAnswer, LoadRequest, LoadRole, LoadTarget } from './api-load.ts';
import { type Bench, type Measure, median, quantile, spread } from './runner.ts';
import { cpuSeconds, residentMiB, startTenon } from './tenon.ts';

const NAMESPACE = 'load';
const WATCHERS = 50;
const IDLE_MS = 3_000;

/** A server under load: ours, or kube-apiserver with its etcd. */
interface Subject extends AsyncDisposable {
  readonly target: LoadTarget;
  readonly pids: readonly number[];
  readonly ready_ms: number;
}

/** One round's figures by name. */
type Figures = Record<string, number>;

interface Sizes {
  readonly objects: number;
  readonly patches: number;
  readonly applies: number;
  readonly lists: number;
  readonly saturated: number;
  readonly offered: number;
}

const FULL: Sizes = { objects: 5_000, patches: 2_000, applies: 1_000, lists: 20, saturated: 1_000, offered: 2_000 };
const QUICK: Sizes = { objects: 5_000, patches: 1_000, applies: 500, lists: 10, saturated: 500, offered: 600 };

function load(target: LoadTarget, work: LoadRole, opened?: () => void): Promise<LoadAnswer> {
  const request: LoadRequest = { target, namespace: NAMESPACE, work };
  const child = spawn(process.execPath, [join(import.meta.dirname, 'api-load.ts'), JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.startsWith('open\n')) {
        out = out.slice('open\n'.length);
        opened?.();
      }
    });
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('exit', code => {
      if (code === 0) resolve(JSON.parse(out) as LoadAnswer);
      else reject(new Error(`the load ${work.role} ended with ${code}: ${err.slice(0, 2_000)}`));
    });
  });
}

/** Watchers in one process, the writer in another. */
async function fanOut(target: LoadTarget, events: number, perSecond?: number): Promise<LoadAnswer> {
  const open = Promise.withResolvers<void>();
  const watching = load(target, { role: 'watch', watchers: WATCHERS, events }, open.resolve);
  watching.catch(open.reject);
  await open.promise;
  await load(target, { role: 'write', count: events, ...(perSecond ? { perSecond } : {}) });
  return watching;
}

async function startOurs(root: string, state: string): Promise<Subject> {
  const tenon = await startTenon(root, state, ['--layers', 'api']);
  const text = readFileSync(tenon.kubeconfig, 'utf8');
  const { server, certificate, key } = parseKubeconfig(tenon.kubeconfig, text, path => readFileSync(path, 'utf8'));
  return {
    target: { server, ...(certificate && key ? { certificate, key } : {}) },
    pids: [tenon.pid],
    ready_ms: tenon.ready_ms,
    [Symbol.asyncDispose]: () => tenon[Symbol.asyncDispose](),
  };
}

async function startPeer(): Promise<Subject> {
  const started = performance.now();
  const etcd = await startEtcd();
  const api = await startApiServer(etcd.url);
  return {
    target: { server: api.url, token: PEER_TOKEN },
    pids: [etcd.pid, api.pid],
    ready_ms: performance.now() - started,
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      await etcd[Symbol.asyncDispose]();
    },
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

async function round(subject: Subject, sizes: Sizes): Promise<Figures> {
  const { target, pids } = subject;
  const figures: Figures = { start: subject.ready_ms };
  const rate = ({ operations, seconds }: LoadAnswer): number => operations / seconds;
  await new Promise(resolve => setTimeout(resolve, IDLE_MS));
  figures['rss-idle'] = sum(pids.map(residentMiB));
  const cpu = sum(pids.map(cpuSeconds));
  await load(target, { role: 'namespace' });
  figures.create = rate(await load(target, { role: 'create', count: sizes.objects }));
  figures.get = rate(await load(target, { role: 'get', count: sizes.objects }));
  figures.patch = rate(await load(target, { role: 'patch', count: sizes.patches }));
  figures.apply = rate(await load(target, { role: 'apply', count: sizes.applies }));
  const lists = await load(target, { role: 'list', count: sizes.lists, expected: sizes.objects });
  figures.list = median(lists.lists_ms!);
  figures.deliveries = rate(await fanOut(target, sizes.saturated));
  figures['watch-p99'] = quantile((await fanOut(target, sizes.offered, 200)).latencies_ms!, 0.99);
  figures['rss-load'] = sum(pids.map(residentMiB));
  figures.cpu = sum(pids.map(cpuSeconds)) - cpu;
  return figures;
}

interface Row {
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  readonly target?: Measure['target'];
}

/** Every figure of a round: unit, direction, and what the project promises. */
const ROWS: Readonly<Record<string, Row>> = {
  start: { unit: 'ms', better: 'lower', target: { kind: 'ratio', bound: 1 / 6 } },
  create: { unit: '/s', better: 'higher', target: { kind: 'ratio', bound: 2 } },
  get: { unit: '/s', better: 'higher', target: { kind: 'ratio', bound: 2.5 } },
  patch: { unit: '/s', better: 'higher', target: { kind: 'ratio', bound: 2 } },
  apply: { unit: '/s', better: 'higher', target: { kind: 'ratio', bound: 2 } },
  list: { unit: 'ms', better: 'lower', target: { kind: 'ratio', bound: 1 / 3 } },
  deliveries: { unit: '/s', better: 'higher', target: { kind: 'ratio', bound: 2 } },
  'watch-p99': { unit: 'ms', better: 'lower', target: { kind: 'absolute', bound: 10 } },
  cpu: { unit: 's', better: 'lower' },
  'rss-idle': { unit: 'MiB', better: 'lower' },
  'rss-load': { unit: 'MiB', better: 'lower', target: { kind: 'ratio', bound: 1 / 3 } },
};

function versionOf(name: string): string {
  const said = execFileSync(peerPath(name)!, ['--version'], { encoding: 'utf8' });
  return /v?\d+\.\d+\.\d+/.exec(said)?.[0] ?? 'unknown';
}

function measures(ours: readonly Figures[], peers: readonly Figures[], missing: string | undefined): Measure[] {
  const version = missing ? '' : `${versionOf('kube-apiserver')} on etcd ${versionOf('etcd')}`;
  const cpu_s = sum(ours.map(figures => figures.cpu!));
  return Object.entries(ROWS).map(([name, row]) => {
    const values = ours.map(figures => figures[name]!);
    const theirs = peers.map(figures => figures[name]!);
    return {
      name: `api.${name}`,
      ...row,
      ours: median(values),
      ...(missing
        ? { missingPeer: missing }
        : { peer: { value: median(theirs), which: 'kube-apiserver+etcd', version } }),
      n: values.length,
      spread: spread(values),
      ...(name === 'create' ? { cpu_s } : {}),
    };
  });
}

const LARGE_OBJECTS = 100_000;
const LARGE_BYTES = 1_700;

/** 100k objects of about 2 KiB: paged through, then started again with them. */
async function* large(root: string, state: string): AsyncGenerator<Measure> {
  const once = { n: 1, spread: 0, better: 'lower' } as const;
  {
    await using tenon = await startOurs(root, state);
    await load(tenon.target, { role: 'namespace' });
    await load(tenon.target, { role: 'create', count: LARGE_OBJECTS, bytes: LARGE_BYTES });
    const { seconds } = await load(tenon.target, { role: 'pages', expected: LARGE_OBJECTS });
    yield { name: 'api.100k-pages', unit: 's', ours: seconds, ...once };
  }
  await using tenon = await startOurs(root, state);
  yield {
    name: 'api.100k-start',
    unit: 'ms',
    ours: tenon.ready_ms,
    ...once,
    target: { kind: 'absolute', bound: 2_000 },
  };
  await load(tenon.target, { role: 'pages', expected: LARGE_OBJECTS });
  const [pid] = tenon.pids;
  // The target is in megabytes.
  const megabytes = (residentMiB(pid!) * 1_048_576) / 1e6;
  yield { name: 'api.100k-rss', unit: 'MB', ours: megabytes, ...once, target: { kind: 'absolute', bound: 600 } };
}

export const bench: Bench = {
  name: 'api',
  what: 'the API under load, beside kube-apiserver on etcd: writes, reads, lists, watches, start, memory',
  async *run({ root, quick, scratch }) {
    const missing = missingPeer('kube-apiserver') ?? missingPeer('etcd');
    const rounds = quick ? 1 : 3;
    const ours: Figures[] = [];
    const peers: Figures[] = [];
    // The first start may build the bundle and fill the compile cache; it is not counted.
    await (await startOurs(root, join(scratch, 'warm')))[Symbol.asyncDispose]();
    for (let i = 0; i < rounds; i++) {
      {
        await using subject = await startOurs(root, join(scratch, `state-${i}`));
        ours.push(await round(subject, quick ? QUICK : FULL));
      }
      if (missing) continue;
      await using peer = await startPeer();
      peers.push(await round(peer, quick ? QUICK : FULL));
    }
    yield* measures(ours, peers, missing);
    if (!quick) yield* large(root, join(scratch, 'large'));
  },
};
