import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { CriClient } from '../../drivers/cri-client.ts';
import type { Written } from '../codec.ts';
import {
  type ContainerConfig,
  ContainerState,
  type ContainerStatus,
  type LinuxContainerSecurityContext,
  type PodSandboxConfig,
} from '../generated/api.ts';
import { BUSYBOX } from './images.ts';

const POLL_MS = 50;
/** Far beyond what a busy machine needs: counters of a cgroup are flushed by and by, processes wait for their turn. */
const SOON_MS_MAX = 30_000;

/** Reads until `holds` is true of what was read, and returns that; throws with the last reading when it stays false. */
export async function until<T>(read: () => T | Promise<T>, holds: (value: T) => boolean): Promise<T> {
  const late_ms = performance.now() + SOON_MS_MAX;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (performance.now() > late_ms) assert.fail(`stays ${JSON.stringify(value)}`);
    await wait(POLL_MS);
  }
}

/** What one behaviour works with: a CRI, and the things it made, which are gone at the end. */
export class World implements AsyncDisposable {
  readonly client: CriClient;
  readonly folder: string;
  readonly handler: string;
  readonly #prefix: string;
  readonly #sandboxes: string[] = [];
  readonly #configs = new Map<string, Written<PodSandboxConfig>>();
  #count = 0;

  constructor(client: CriClient, folder: string, handler: string, prefix: string) {
    this.client = client;
    this.folder = folder;
    this.handler = handler;
    this.#prefix = prefix;
    mkdirSync(folder, { recursive: true });
  }

  sandboxConfig(change: Written<PodSandboxConfig> = {}): Written<PodSandboxConfig> {
    const name = `${this.#prefix}-${++this.#count}`;
    return {
      metadata: { name, namespace: 'test', uid: `uid-${name}`, attempt: 0 },
      hostname: name,
      logDirectory: join(this.folder, name),
      ...change,
    };
  }

  async sandbox(change: Written<PodSandboxConfig> = {}): Promise<string> {
    const config = this.sandboxConfig(change);
    mkdirSync(config.logDirectory!, { recursive: true });
    const { podSandboxId } = await this.client.call('RunPodSandbox', { config, runtimeHandler: this.handler });
    this.#sandboxes.push(podSandboxId);
    this.#configs.set(podSandboxId, config);
    return podSandboxId;
  }

  configOf(sandbox: string): Written<PodSandboxConfig> {
    return this.#configs.get(sandbox)!;
  }

  async create(sandbox: string, command: string, change: Written<ContainerConfig> = {}): Promise<string> {
    const name = `c${++this.#count}`;
    const config: Written<ContainerConfig> = {
      metadata: { name, attempt: 0 },
      image: { image: BUSYBOX },
      command: ['sh', '-c', command],
      logPath: `${name}.log`,
      linux: {},
      ...change,
    };
    const request = { podSandboxId: sandbox, config, sandboxConfig: this.configOf(sandbox) };
    return (await this.client.call('CreateContainer', request)).containerId;
  }

  async start(sandbox: string, command: string, change: Written<ContainerConfig> = {}): Promise<string> {
    const id = await this.create(sandbox, command, change);
    await this.client.call('StartContainer', { containerId: id });
    return id;
  }

  /** A pod with one running container. */
  async running(change: Written<ContainerConfig> = {}, pod: Written<PodSandboxConfig> = {}): Promise<[string, string]> {
    const sandbox = await this.sandbox(pod);
    return [sandbox, await this.start(sandbox, 'sleep 1000', change)];
  }

  async status(id: string): Promise<ContainerStatus> {
    return (await this.client.call('ContainerStatus', { containerId: id })).status!;
  }

  async exited(id: string): Promise<ContainerStatus> {
    return until(
      () => this.status(id),
      ({ state }) => state === ContainerState.CONTAINER_EXITED,
    );
  }

  /** A container whose command has printed `text`: it has got that far. */
  async said(id: string, text: string): Promise<string> {
    const { logPath } = await this.status(id);
    await until(
      () => this.log(logPath),
      log => log.includes(text),
    );
    return logPath;
  }

  /** Output of a command in a running container; standard error behind it. */
  async exec(id: string, command: string, timeout = 10): Promise<string> {
    const request = { containerId: id, cmd: ['sh', '-c', command], timeout };
    const { stdout, stderr } = await this.client.call('ExecSync', request);
    return `${Buffer.from(stdout).toString()}${Buffer.from(stderr).toString()}`.trim();
  }

  /** What a command run as a container of its own printed, once it ended. */
  async output(
    command: string,
    change: Written<ContainerConfig> = {},
    pod: Written<PodSandboxConfig> = {},
  ): Promise<string> {
    const sandbox = await this.sandbox(pod);
    const id = await this.start(sandbox, command, change);
    const { logPath } = await this.exited(id);
    return this.log(logPath);
  }

  /** The text of a CRI log file. */
  log(path: string): string {
    const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
    return lines.map(line => line.split(' ').slice(3).join(' ')).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const podSandboxId of this.#sandboxes) {
      await this.client.call('StopPodSandbox', { podSandboxId }).catch(() => {});
      await this.client.call('RemovePodSandbox', { podSandboxId }).catch(() => {});
    }
  }
}

/** Shorthand for a container's security context. */
export const secured = (securityContext: Written<LinuxContainerSecurityContext>): Written<ContainerConfig> => ({
  linux: { securityContext },
});

/** One promise of the API's comments; throws where a runtime does not keep it. */
export interface Behaviour {
  readonly name: string;
  run(world: World): Promise<void>;
}
