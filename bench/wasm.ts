import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { transpiledComponent } from '../src/compute/drivers/image-wasm.ts';
import { openWasmRuntime, type WasmRuntime } from '../src/compute/drivers/runtime-wasm.ts';
import { serverComponent } from '../src/compute/drivers/wasm-fixture.ts';
import type { ContainerSpec, SandboxSpec } from '../src/compute/model.ts';
import { type Bench, type BenchContext, type Measure, median, spread } from './runner.ts';
import { cpuSeconds, residentMiB } from './tenon.ts';

const HELLO = 'hello from wasm\n';
/** After this a server has given its instance back (the wasm host's own limit is 10 s). */
const ASLEEP_MS = 10_500;

const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delay_ms: number, action: () => void) => {
    const timer = setTimeout(action, delay_ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

const freePort = (): Promise<number> =>
  new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

function ask(port: number, agent: Agent | false = false): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/', agent }, reply => {
      let body = '';
      reply.setEncoding('utf8').on('data', (text: string) => (body += text));
      reply.on('end', () => (body === HELLO ? resolve() : reject(new Error(`answered ${reply.statusCode}: ${body}`))));
    });
    sent.on('error', reject);
    sent.end();
  });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Requests a second with `connections` kept busy for a while. */
async function throughput(port: number, milliseconds: number, connections = 16): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const end = performance.now() + milliseconds;
  let count = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      await ask(port, agent);
      count++;
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  agent.destroy();
  return (count / milliseconds) * 1000;
}

/** The same answer from a plain node:http server in a process of its own. */
async function plainServer(): Promise<{ port: number; stop(): void }> {
  const code = `require('node:http').createServer((q, r) => r.end(${JSON.stringify(HELLO)})).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<number>(resolve => child.stdout.once('data', data => resolve(Number(String(data)))));
  return { port, stop: () => void child.kill('SIGKILL') };
}

class Services implements AsyncDisposable {
  readonly runtime: WasmRuntime;
  readonly #folder: string;
  readonly #rootfs: object;
  #next = 0;

  private constructor(runtime: WasmRuntime, folder: string, rootfs: object) {
    this.runtime = runtime;
    this.#folder = folder;
    this.#rootfs = rootfs;
  }

  static async open(scratch: string): Promise<Services> {
    const module = join(scratch, 'server.wasm');
    writeFileSync(module, await serverComponent());
    const component = await transpiledComponent(scratch, module);
    const folder = join(scratch, 'run');
    mkdirSync(join(folder, 'logs'), { recursive: true });
    const runtime = await openWasmRuntime({ clock, folder });
    const pod = { namespace: 'bench', name: 'p', uid: 'u' };
    await runtime.runSandbox({ id: 's', pod, address: '127.0.0.1' } as SandboxSpec);
    return new Services(runtime, folder, { kind: 'wasm', module, world: 'http', component });
  }

  get pid(): number {
    return Number(readFileSync(join(this.#folder, 'wasm-host.pid'), 'utf8'));
  }

  /** Creates and starts one service; it answers when this resolves. */
  async add(port: number): Promise<string> {
    const id = `c${this.#next++}`;
    await this.runtime.createContainer({
      id,
      sandboxId: 's',
      name: id,
      imageId: 'server',
      rootfs: this.#rootfs,
      args: [],
      environment: [],
      ports: [{ port, protocol: 'TCP' }],
      mounts: [],
      devices: [],
      resources: {},
      stopSignal: 'SIGTERM',
      logPath: join(this.#folder, 'logs', `${id}.log`),
    } as unknown as ContainerSpec);
    await this.runtime.startContainer(id);
    return id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.removeSandbox('s');
    await this.runtime.shutdown();
  }
}

async function* starts(services: Services, quick: boolean): AsyncIterable<Measure> {
  await ask(await servicePort(services));
  const n = quick ? 10 : 30;
  const created: number[] = [];
  const cold: number[] = [];
  const warm: number[] = [];
  for (let round = 0; round < n; round++) {
    const port = await freePort();
    created.push(await timed(() => services.add(port)));
    // A worker stands ready for the first request of each: here and in life.
    await new Promise(resolve => setTimeout(resolve, 400));
    cold.push(await timed(() => ask(port)));
    warm.push(await timed(() => ask(port)));
  }
  const shape = { unit: 'ms', better: 'lower', n } as const;
  const bound = (value: number) => ({ kind: 'absolute', bound: value }) as const;
  yield { ...shape, name: 'wasm/container-create-to-listening', ours: median(created), spread: spread(created) };
  // What a request over a new connection takes when an instance is there.
  yield { ...shape, name: 'wasm/http-warm-p50', ours: median(warm), spread: spread(warm) };
  yield {
    ...shape,
    name: 'wasm/http-cold-start-p50',
    ours: median(cold),
    spread: spread(cold),
    target: bound(5),
  };
}

async function servicePort(services: Services): Promise<number> {
  const port = await freePort();
  await services.add(port);
  return port;
}

async function* load(services: Services, quick: boolean): AsyncIterable<Measure> {
  const rounds = quick ? 3 : 5;
  const lasting_ms = quick ? 1000 : 3000;
  const port = await servicePort(services);
  const plain = await plainServer();
  const ours: number[] = [];
  const theirs: number[] = [];
  await throughput(port, 500);
  const before = cpuSeconds(services.pid);
  for (let round = 0; round < rounds; round++) {
    ours.push(await throughput(port, lasting_ms));
    theirs.push(await throughput(plain.port, lasting_ms));
  }
  plain.stop();
  yield {
    name: 'wasm/hello-throughput',
    unit: 'requests/s',
    ours: median(ours),
    peer: { value: median(theirs), which: 'node:http', version: process.version },
    better: 'higher',
    n: rounds,
    spread: spread(ours),
    cpu_s: cpuSeconds(services.pid) - before,
  };
}

/** Memory of the wasm host with services that listen and sleep, every one of them really there. */
async function* idle(services: Services, quick: boolean): AsyncIterable<Measure> {
  await ask(await servicePort(services));
  await new Promise(resolve => setTimeout(resolve, ASLEEP_MS));
  const n = quick ? 500 : 10_000;
  let last = 0;
  for (let i = 0; i < n; i++) last = await servicePort(services);
  await new Promise(resolve => setTimeout(resolve, 1000));
  // The whole host process, so that a garbage collection in between cannot make services look free.
  yield {
    name: `wasm/host-rss-with-${n}-idle-services`,
    unit: 'MiB',
    ours: residentMiB(services.pid),
    better: 'lower',
    n,
    spread: 0,
    ...(quick ? {} : { target: { kind: 'absolute', bound: 1024 } }),
  };
  const woken: number[] = [];
  for (let round = 0; round < 5; round++) {
    await new Promise(resolve => setTimeout(resolve, 400));
    woken.push(await timed(() => ask(last)));
    if (round < 4) last = await servicePort(services);
  }
  yield {
    name: `wasm/cold-start-among-${n}`,
    unit: 'ms',
    ours: median(woken),
    better: 'lower',
    n: woken.length,
    spread: spread(woken),
    target: { kind: 'absolute', bound: 5 },
  };
}

export const bench: Bench = {
  name: 'wasm',
  what: 'wasi:http services: start, first answer without an instance, throughput, memory of idle ones',
  async *run({ scratch, quick }: BenchContext) {
    await using services = await Services.open(scratch);
    // First: what others leave in the heap would hide what these take.
    yield* idle(services, quick);
    yield* starts(services, quick);
    yield* load(services, quick);
  },
};
