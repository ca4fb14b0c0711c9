/** A whole node in one process for tests and benches: embedded kernel, real keeper and runtimes, one busybox image. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { Clock, Random, Timer } from '../../base/index.ts';
import { type Client, type Kernel, type KubeObject, type kinds, memoryLog, openKernel } from '../../kernel/index.ts';
import { ociDialects } from '../dialects/index.ts';
import { type Cgroups, openCgroups } from '../drivers/cgroup.ts';
import { type Keeper, openKeeper } from '../drivers/keeper-client.ts';
import type { KeptRuntime } from '../drivers/kept-runtime.ts';
import { findBinary, openOciRuntime } from '../drivers/runtime-oci.ts';
import { openProcessRuntime } from '../drivers/runtime-process.ts';
import { hostMounts } from '../drivers/host-mounts.ts';
import type { ContainerRuntime, ImageRecord, ImageStore, PodAttachment, PodNetwork } from '../ports.ts';
import { parseThresholds, type Threshold } from '../engine/eviction.ts';
import type { Measure } from './pressure.ts';
import type { EndpointOptions } from './endpoint.ts';
import { PODS } from './refs.ts';
import { type Agent, startAgent } from './start.ts';

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delay_ms, action) => {
    const timer = setTimeout(action, delay_ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The machine's clock with a wall that can be put back and forward; timers run by elapsed time, as they do when that happens. */
export class PutClock implements Clock {
  ahead_ms = 0;
  now(): number {
    return realClock.now() + this.ahead_ms;
  }
  monotonic(): number {
    return realClock.monotonic();
  }
  after(delay_ms: number, action: () => void): Timer {
    return realClock.after(delay_ms, action);
  }
}

export const realRandom: Random = { next: () => Math.random(), bytes: count => randomBytes(count) };

const BUSYBOX = '/bin/busybox';
const COMMANDS = [
  'sh',
  'ls',
  'cat',
  'sleep',
  'echo',
  'id',
  'mount',
  'readlink',
  'hostname',
  'true',
  'false',
  'seq',
  'httpd',
  'touch',
  'printf',
  'kill',
  'head',
  'dd',
  'env',
  'nc',
];

/** Why these tests cannot run here, if so. */
export const unavailable: string | false =
  process.getuid?.() !== 0
    ? 'needs root'
    : !existsSync(BUSYBOX)
      ? 'needs busybox-static'
      : process.arch !== 'x64'
        ? 'needs x86-64'
        : false;

/** An image store of one image, `busybox`; its layers are a folder. */
export function busyboxImages(folder: string): ImageStore {
  const lower = join(folder, 'image');
  for (const name of ['bin', 'etc', 'tmp', 'proc', 'dev', 'sys']) mkdirSync(join(lower, name), { recursive: true });
  copyFileSync(BUSYBOX, join(lower, 'bin/busybox'));
  for (const name of COMMANDS) symlinkSync('busybox', join(lower, 'bin', name));
  const record: ImageRecord = {
    id: `sha256:${'0'.repeat(64)}`,
    digest: `sha256:${'1'.repeat(64)}`,
    tags: ['busybox:1'],
    digests: [`busybox@sha256:${'1'.repeat(64)}`],
    size_bytes: 1,
    kind: 'oci',
    config: {
      entrypoint: [],
      command: ['sh'],
      environment: ['PATH=/bin'],
      workingFolder: '/',
      user: '',
      exposedPorts: [],
      volumes: [],
      labels: {},
    },
  };
  return {
    resolve: reference => Promise.resolve(reference === 'busybox:1' ? record : undefined),
    pull: reference => Promise.reject(new Error(`${reference}: not found`)),
    prepareRootfs: async (_image, id) => {
      const upper = join(folder, 'containers', id, 'upper');
      const work = join(folder, 'containers', id, 'work');
      await mkdir(upper, { recursive: true });
      await mkdir(work, { recursive: true });
      return { kind: 'overlay', lower: [lower], upper, work };
    },
    release: id => rm(join(folder, 'containers', id), { recursive: true, force: true }),
    account: (_image, user) => {
      const [uid = '0', gid = '0'] = (user || '0').split(':');
      return Promise.resolve(/^\d+$/.test(uid) ? { uid: Number(uid), gid: Number(gid), groups: [] } : undefined);
    },
    list: () => Promise.resolve([record]),
    remove: () => Promise.resolve(),
  };
}

/** Pods on the machine's own network; addresses from 127/8, remembered across agents. */
export function loopbackNetwork(): PodNetwork {
  const attached = new Map<string, PodAttachment>();
  let next = 1;
  return {
    attach: ({ pod, sandboxId }) => {
      const known = attached.get(sandboxId);
      const made: PodAttachment = known ?? {
        pod,
        sandboxId,
        ips: [`127.9.${next >> 8}.${next++ & 255}`],
        nameservers: ['127.0.0.53'],
      };
      attached.set(sandboxId, made);
      return Promise.resolve(made);
    },
    detach: id => Promise.resolve(void attached.delete(id)),
    list: () => Promise.resolve([...attached.values()]),
    dial: () => Promise.reject(new Error('not here')),
  };
}

const THRESHOLDS = parseThresholds('memory.available<100Mi') as readonly Threshold[];

export class TestNode implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'tenon-agent-'));
  /** What an agent that is started next attaches pods to. */
  network: PodNetwork = loopbackNetwork();
  readonly clock = new PutClock();
  readonly errors: string[] = [];
  kernel!: Kernel;
  client!: Client;
  keeper!: Keeper;
  cgroups!: Cgroups;
  images!: ImageStore;
  agent!: Agent;
  runtimes = new Map<string, KeptRuntime>();
  #endpoint: EndpointOptions | undefined;
  #reservedCpus: readonly number[] | undefined;
  /** What the node seems to have left. */
  left: Awaited<ReturnType<Measure>> = {};

  static async start(
    handlers: readonly string[] = ['process'],
    endpoint?: EndpointOptions,
    reservedCpus?: readonly number[],
  ): Promise<TestNode> {
    const node = new TestNode();
    node.#reservedCpus = reservedCpus;
    node.#endpoint = endpoint;
    node.kernel = await openKernel({ log: memoryLog(), clock: realClock, random: realRandom });
    node.client = node.kernel.client();
    node.images = busyboxImages(node.folder);
    node.cgroups = openCgroups(`tenon-test-${process.pid}-${node.folder.slice(-6)}`);
    await node.startAgent(handlers);
    return node;
  }

  async startAgent(handlers: readonly string[] = ['process']): Promise<void> {
    this.keeper = await openKeeper({ folder: join(this.folder, 'keeper') });
    const { keeper, cgroups } = this;
    this.runtimes = new Map();
    for (const handler of handlers) {
      const options = { keeper, cgroups, clock: this.clock, folder: join(this.folder, handler) };
      const dialect = ociDialects.find(entry => entry.handler === handler);
      if (dialect && !findBinary(dialect.binary)) continue;
      this.runtimes.set(handler, dialect ? await openOciRuntime(dialect, options) : await openProcessRuntime(options));
    }
    const runtimes = new Map<string, ContainerRuntime>(this.runtimes);
    runtimes.set('', this.runtimes.get(handlers[0]!)!);
    const mounts = hostMounts();
    this.agent = await startAgent({
      client: this.client,
      clock: this.clock,
      random: realRandom,
      nodeName: 'n1',
      stateFolder: join(this.folder, 'node'),
      addresses: ['127.0.0.1'],
      runtimes,
      images: this.images,
      network: this.network,
      volumes: { publish: () => Promise.reject(new Error('none')), unpublish: () => Promise.resolve() },
      ...mounts,
      ...(this.#endpoint ? { endpoint: this.#endpoint } : {}),
      ...(this.#reservedCpus ? { reservedCpus: this.#reservedCpus } : {}),
      eviction: { thresholds: THRESHOLDS, measure: () => Promise.resolve(this.left) },
      report: (error, where) => this.errors.push(`${where}: ${error instanceof Error ? error.message : String(error)}`),
    });
  }

  /** Ends the agent and lets go of the keeper, as a killed Tenon does. */
  async stopAgent(): Promise<void> {
    await this.agent[Symbol.asyncDispose]();
    for (const runtime of this.runtimes.values()) runtime.dispose();
    await this.keeper[Symbol.asyncDispose]();
  }

  pod(name: string, spec: Record<string, unknown>, metadata: Record<string, unknown> = {}): Promise<kinds.Pod> {
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', ...metadata },
      spec: { nodeName: 'n1', automountServiceAccountToken: false, terminationGracePeriodSeconds: 1, ...spec },
    } as unknown as KubeObject;
    return this.client.create(PODS, object, { namespace: 'default' }) as unknown as Promise<kinds.Pod>;
  }

  /** Waits for a pod state; rejects with the last status after `timeout_ms`. */
  async until(name: string, holds: (pod: kinds.Pod | undefined) => boolean, timeout_ms = 60_000): Promise<kinds.Pod> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), timeout_ms);
    let last: kinds.Pod | undefined;
    try {
      const options = {
        namespace: 'default',
        fieldSelector: `metadata.name=${name}`,
        sendInitialEvents: true,
        allowWatchBookmarks: true,
        resourceVersionMatch: 'NotOlderThan' as const,
      };
      for await (const event of this.client.watch<kinds.Pod>(PODS, options, stop.signal)) {
        if (event.type === 'BOOKMARK') {
          if (last === undefined && holds(undefined)) return undefined as never;
          continue;
        }
        last = event.type === 'DELETED' ? undefined : event.object;
        if (holds(last)) return last as kinds.Pod;
      }
    } catch {
      // Told below.
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
    throw new Error(`Pod ${name} did not get there: ${JSON.stringify(last?.status)} ${this.errors.join('; ')}`);
  }

  async delete(name: string): Promise<void> {
    await this.client.delete(PODS, { namespace: 'default', name });
    await this.until(name, pod => pod === undefined);
  }

  /** Waits until nothing is left of deleted pods. */
  async settled(): Promise<void> {
    const gone = async (): Promise<boolean> => {
      const { items } = await this.client.list(PODS, { namespace: 'default' });
      return [...this.agent.workers()].length <= items.length;
    };
    for (let turn = 0; turn < 2400 && !(await gone()); turn++) await new Promise(resolve => setTimeout(resolve, 25));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settled();
    for (const runtime of this.runtimes.values())
      for (const { spec } of await runtime.listSandboxes()) await runtime.removeSandbox(spec.id);
    await this.stopAgent();
    const keeper = await openKeeper({ folder: join(this.folder, 'keeper') });
    await keeper.shutdown();
    await this.cgroups.remove('');
    await this.kernel[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const isReady = (pod: kinds.Pod | undefined): boolean =>
  pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
