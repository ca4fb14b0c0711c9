import { status as grpc } from '@grpc/grpc-js';
import { type Clock, FaultError, type Timer } from '../../base/index.ts';
import { CriClient, isStatus } from './cri-client.ts';
import { ContainerState, type PodSandbox } from '../cri/generated/api.ts';
import { lowerStatus, raiseContainer, raiseResources, raiseSandbox, SPEC } from '../cri/raise.ts';
import { openForward, runSession } from '../cri/session.ts';
import { computeFaults } from '../faults.ts';
import type { ContainerSpec, ContainerStats, ContainerStatus, Exit, Resources, RuntimeEvent } from '../model.ts';
import type { SandboxSpec, SandboxStatus } from '../model.ts';
import type { ByteDuplex, ContainerRuntime, ExecOptions, PodPort, ProcessStreams, Subscription } from '../ports.ts';

/** How often containers are looked at; runtimes older than GetContainerEvents tell nothing by themselves. */
const POLL_MS = 300;
const STOP_EXTRA_MS = 30_000;
const NS_PER_MS = 1e6;
const ASK_MS_MAX = 10_000;
const OWNER = 'tenon.dev/owner';

interface Known<Spec> {
  /** The id the runtime gave it. */
  readonly id: string;
  readonly spec: Spec;
}

export interface CriRuntimeOptions {
  /** `unix:///run/containerd/containerd.sock`. */
  readonly endpoint: string;
  /** The runtime's own handler; empty is its default. */
  readonly handler?: string;
  /** Whose pods these are: several nodes may share one runtime, and each takes up only its own. */
  readonly owner?: string;
  readonly clock: Clock;
}

/** A CRI runtime's name and version, and the handlers it says it has (none where it does not tell them). */
export interface CriFacts {
  readonly name: string;
  readonly version: string;
  readonly handlers: readonly string[];
}

/** Asks a CRI runtime what it is; rejects with `compute/cri-unreachable` where nobody answers. */
export async function askCri(endpoint: string): Promise<CriFacts> {
  using client = new CriClient(endpoint, ASK_MS_MAX);
  try {
    const { runtimeName: name, runtimeVersion: version } = await client.call('Version', {});
    const { runtimeHandlers, info } = await client.call('Status', { verbose: true });
    const named = runtimeHandlers.map(handler => handler.name).filter(Boolean);
    return { name, version, handlers: named.length > 0 ? named : configuredHandlers(info.config) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw computeFaults.error('cri-unreachable', { endpoint, reason }, undefined, { cause: error });
  }
}

/** Runtimes older than CRI 1.30 tell their handlers only in the configuration of a verbose status. */
function configuredHandlers(config: string | undefined): string[] {
  try {
    const { containerd } = JSON.parse(config ?? '{}') as { containerd?: { runtimes?: Record<string, unknown> } };
    return Object.keys(containerd?.runtimes ?? {});
  } catch {
    return [];
  }
}

/** Pods run by any CRI v1 runtime. What we know of them is kept there too, in their annotations. */
export class CriRuntime implements ContainerRuntime, Disposable {
  readonly handler = 'cri';
  readonly client: CriClient;
  readonly #remoteHandler: string;
  readonly #owner: string;
  readonly #clock: Clock;
  readonly #sandboxes = new Map<string, Known<SandboxSpec>>();
  readonly #containers = new Map<string, Known<ContainerSpec>>();
  readonly #running = new Set<string>();
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();
  readonly #ports = new Map<string, readonly PodPort[]>();
  #timer: Timer | undefined;
  #closed = false;

  private constructor(options: CriRuntimeOptions) {
    this.client = new CriClient(options.endpoint);
    this.#remoteHandler = options.handler ?? '';
    this.#owner = options.owner ?? '';
    this.#clock = options.clock;
  }

  /** Connects and takes up the pods we made before. */
  static async open(options: CriRuntimeOptions): Promise<CriRuntime> {
    const runtime = new CriRuntime(options);
    await runtime.check();
    const { items } = await runtime.client.call('ListPodSandbox', {});
    const mine = items.filter(item => runtime.#isOurs(item));
    for (const { id, annotations } of mine) remember(runtime.#sandboxes, id, annotations);
    const { containers } = await runtime.client.call('ListContainers', {});
    const ids = new Set(mine.map(({ id }) => id));
    for (const { id, annotations, state, podSandboxId } of containers) {
      if (!ids.has(podSandboxId)) continue;
      const spec = remember(runtime.#containers, id, annotations);
      if (spec && state === ContainerState.CONTAINER_RUNNING) runtime.#running.add(spec.id);
    }
    runtime.#poll();
    return runtime;
  }

  #isOurs({ labels, runtimeHandler }: PodSandbox): boolean {
    return (labels[OWNER] ?? '') === this.#owner && runtimeHandler === this.#remoteHandler;
  }

  /** Whether the sandbox is one of this handler. */
  has(sandboxId: string): boolean {
    return this.#sandboxes.has(sandboxId);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.client[Symbol.dispose]();
  }

  dispose(): void {
    this[Symbol.dispose]();
  }

  async check(): Promise<{ readonly version: string }> {
    const { runtimeName, runtimeVersion } = await this.client.call('Version', {});
    return { version: `${runtimeName} ${runtimeVersion}` };
  }

  /** Ports of a pod that is about to be made; CRI takes them with the sandbox. */
  expect(sandboxId: string, ports: readonly PodPort[]): void {
    this.#ports.set(sandboxId, ports);
  }

  /** The sandbox has its ports, or never came to be. */
  forget(sandboxId: string): void {
    this.#ports.delete(sandboxId);
  }

  /** Addresses the runtime's own network gave a pod. */
  async addresses(sandboxId: string): Promise<readonly string[]> {
    const known = this.#sandboxes.get(sandboxId);
    if (!known) return [];
    const { status } = await this.client.call('PodSandboxStatus', { podSandboxId: known.id });
    const network = status?.network;
    return network?.ip ? [network.ip, ...network.additionalIps.map(({ ip }) => ip)] : [];
  }

  async dial(sandboxId: string, port: number, signal: AbortSignal): Promise<ByteDuplex> {
    const known = this.#sandboxes.get(sandboxId);
    if (!known) throw computeFaults.error('sandbox-unknown', { id: sandboxId });
    const { url } = await this.client.call('PortForward', { podSandboxId: known.id, port: [port] });
    return openForward(url, port, signal);
  }

  async runSandbox(spec: SandboxSpec): Promise<void> {
    if (this.#sandboxes.has(spec.id)) return;
    const raised = raiseSandbox(spec, this.#ports.get(spec.id) ?? []);
    const config = { ...raised, labels: { ...raised.labels, [OWNER]: this.#owner } };
    const request = { config, runtimeHandler: this.#remoteHandler };
    const { podSandboxId } = await this.#failing(this.client.call('RunPodSandbox', request));
    this.#sandboxes.set(spec.id, { id: podSandboxId, spec });
  }

  async stopSandbox(id: string): Promise<void> {
    const known = this.#sandboxes.get(id);
    if (known) await this.#failing(this.client.call('StopPodSandbox', { podSandboxId: known.id }));
    await this.#look();
  }

  async removeSandbox(id: string): Promise<void> {
    const known = this.#sandboxes.get(id);
    if (!known) return;
    await this.stopSandbox(id);
    await this.#failing(this.client.call('RemovePodSandbox', { podSandboxId: known.id }));
    for (const [inside, { spec }] of this.#containers) if (spec.sandboxId === id) this.#containers.delete(inside);
    this.#sandboxes.delete(id);
  }

  async createContainer(spec: ContainerSpec): Promise<void> {
    if (this.#containers.has(spec.id)) return;
    const sandbox = this.#sandboxes.get(spec.sandboxId);
    if (!sandbox) throw computeFaults.error('sandbox-unknown', { id: spec.sandboxId });
    const { containerId } = await this.#failing(
      this.client.call('CreateContainer', {
        podSandboxId: sandbox.id,
        config: raiseContainer(spec, sandbox.spec),
        sandboxConfig: raiseSandbox(sandbox.spec, []),
      }),
    );
    this.#containers.set(spec.id, { id: containerId, spec });
  }

  async startContainer(id: string): Promise<void> {
    const known = this.#container(id);
    await this.#failing(this.client.call('StartContainer', { containerId: known.id }));
    this.#running.add(id);
    this.#emit('started', known.spec);
  }

  async stopContainer(id: string, timeout_ms: number): Promise<void> {
    const known = this.#containers.get(id);
    if (!known) return;
    const timeout = Math.ceil(timeout_ms / 1000);
    const call = this.client.call('StopContainer', { containerId: known.id, timeout }, timeout_ms + STOP_EXTRA_MS);
    await this.#failing(call.catch(unlessGone));
    await this.#look();
  }

  async removeContainer(id: string): Promise<void> {
    const known = this.#containers.get(id);
    if (!known) return;
    await this.#failing(this.client.call('RemoveContainer', { containerId: known.id }));
    this.#containers.delete(id);
    this.#running.delete(id);
    this.#emit('removed', known.spec);
  }

  async updateResources(id: string, resources: Resources): Promise<void> {
    const request = { containerId: this.#container(id).id, linux: raiseResources(resources) };
    await this.#failing(this.client.call('UpdateContainerResources', request));
  }

  async status(id: string): Promise<ContainerStatus> {
    const known = this.#container(id);
    const request = { containerId: known.id, verbose: true };
    const { status, info } = await this.#failing(this.client.call('ContainerStatus', request));
    return lowerStatus(known.spec, this.handler, status!, pidOf(info.info));
  }

  async listSandboxes(): Promise<readonly SandboxStatus[]> {
    const { items } = await this.client.call('ListPodSandbox', {});
    const states = new Map(items.map(({ id, state }) => [id, state]));
    return [...this.#sandboxes.values()].map(({ id, spec }) => ({
      spec,
      handler: this.handler,
      state: states.get(id) === 0 ? 'ready' : 'notready',
    }));
  }

  listContainers(): Promise<readonly ContainerStatus[]> {
    return Promise.all(
      [...this.#containers].map(([id, { spec }]) =>
        this.status(id).catch((): ContainerStatus => ({ spec, handler: this.handler, state: 'unknown' })),
      ),
    );
  }

  async exec(id: string, options: ExecOptions, streams: ProcessStreams): Promise<Exit> {
    const containerId = this.#container(id).id;
    const { command: cmd, tty, timeout_ms } = options;
    if (timeout_ms !== undefined && !tty && !streams.stdin) {
      const timeout = Math.ceil(timeout_ms / 1000);
      const call = this.client.call('ExecSync', { containerId, cmd, timeout });
      const late = { stdout: new Uint8Array(0), stderr: new Uint8Array(0), exitCode: 124 };
      const done = await call.catch((error: unknown) => {
        if (isStatus(error, grpc.DEADLINE_EXCEEDED)) return late;
        throw error;
      });
      await streams.stdout?.write(done.stdout);
      await streams.stderr?.write(done.stderr);
      return { exitCode: done.exitCode };
    }
    const wanted = { stdin: streams.stdin !== undefined, stdout: true, stderr: !tty };
    const { url } = await this.#failing(this.client.call('Exec', { containerId, cmd, tty, ...wanted }));
    return runSession(url, streams);
  }

  async attach(id: string, streams: ProcessStreams): Promise<Exit> {
    const { id: containerId, spec } = this.#container(id);
    const { tty } = spec;
    const wanted = { stdin: streams.stdin !== undefined && spec.stdin, stdout: true, stderr: !tty };
    const { url } = await this.#failing(this.client.call('Attach', { containerId, tty, ...wanted }));
    await runSession(url, streams);
    return { exitCode: (await this.status(id)).exitCode ?? 0 };
  }

  async stats(): Promise<readonly ContainerStats[]> {
    const { stats } = await this.client.call('ListContainerStats', {});
    const ours = new Map([...this.#containers].map(([id, known]) => [known.id, id]));
    return stats.flatMap(({ attributes, cpu, memory }) => {
      const id = ours.get(attributes?.id ?? '');
      if (id === undefined) return [];
      return [
        {
          id,
          at_ms: Math.floor((cpu?.timestamp ?? 0) / NS_PER_MS),
          cpu_ns: cpu?.usageCoreNanoSeconds?.value ?? 0,
          memory_bytes: memory?.usageBytes?.value ?? memory?.workingSetBytes?.value ?? 0,
          workingSet_bytes: memory?.workingSetBytes?.value ?? 0,
          rss_bytes: memory?.rssBytes?.value ?? 0,
          pids: 0,
        },
      ];
    });
  }

  async reopenLog(id: string): Promise<void> {
    await this.#failing(this.client.call('ReopenContainerLog', { containerId: this.#container(id).id }));
  }

  subscribe(deliver: (event: RuntimeEvent) => void): Subscription {
    this.#listeners.add(deliver);
    return { close: () => void this.#listeners.delete(deliver) };
  }

  #container(id: string): Known<ContainerSpec> {
    const known = this.#containers.get(id);
    if (!known) throw computeFaults.error('container-unknown', { id });
    return known;
  }

  /** A refusal in the words of the runtime. */
  async #failing<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      if (error instanceof FaultError) throw error;
      const detail = error instanceof Error ? error.message.replace(/^\d+ [A-Z_]+: /, '') : String(error);
      throw computeFaults.error('runtime-failed', { handler: this.handler, detail }, undefined, { cause: error });
    }
  }

  #emit(kind: RuntimeEvent['kind'], spec: ContainerSpec): void {
    const event = { kind, sandboxId: spec.sandboxId, containerId: spec.id, at_ms: this.#clock.now() };
    for (const deliver of this.#listeners) deliver(event);
  }

  #poll(): void {
    if (this.#closed) return;
    this.#timer = this.#clock.after(POLL_MS, () => {
      // A runtime that is away for a moment is asked again.
      void this.#look()
        .catch(() => {})
        .then(() => this.#poll());
    });
  }

  /** Tells of containers that have ended since the last look. */
  async #look(): Promise<void> {
    if (this.#running.size === 0) return;
    const filter = { state: { state: ContainerState.CONTAINER_RUNNING } };
    const before = [...this.#running];
    const { containers } = await this.client.call('ListContainers', { filter });
    const alive = new Set(containers.map(({ id }) => id));
    for (const id of before) {
      const known = this.#containers.get(id);
      if (known && alive.has(known.id)) continue;
      if (this.#running.delete(id) && known) this.#emit('exited', known.spec);
    }
  }
}

function remember<Spec extends { readonly id: string }>(
  into: Map<string, Known<Spec>>,
  id: string,
  annotations: Readonly<Record<string, string>>,
): Spec | undefined {
  const text = annotations[SPEC];
  if (text === undefined) return undefined;
  const spec = JSON.parse(text) as Spec;
  into.set(spec.id, { id, spec });
  return spec;
}

function pidOf(info: string | undefined): number {
  try {
    return Number((JSON.parse(info ?? '{}') as { pid?: number }).pid ?? 0);
  } catch {
    return 0;
  }
}

function unlessGone(error: unknown): object {
  if (isStatus(error, grpc.NOT_FOUND)) return {};
  throw error;
}
