import { join } from 'node:path';
import type { Clock, Random } from '../../base/index.ts';
import type { Cgroups } from '../drivers/cgroup.ts';
import type { ContainerStatus } from '../model.ts';
import type { ContainerRuntime, ImageStore, PodNetwork, RuntimeRegistry } from '../ports.ts';
import type { Written } from './codec.ts';
import { invalid } from './errors.ts';
import type { CriEvents } from './events.ts';
import type { StreamCalls, UnaryCalls } from './generated/api.ts';
import { type ContainerEntry, Records, type SandboxEntry } from './records.ts';

/** What a CRI server is made of. */
export interface CriOptions {
  /** Handler -> runtime; the empty handler is the default. */
  readonly runtimes: RuntimeRegistry;
  readonly images: ImageStore;
  readonly network: PodNetwork;
  /** Rooted at the hierarchy itself: callers name cgroup parents by absolute path. */
  readonly cgroups: Cgroups;
  readonly clock: Clock;
  readonly random: Random;
  readonly version: string;
  /** Records and files of sandboxes. */
  readonly folder: string;
  /** Where files that define devices are, the least important first; /etc/cdi and /var/run/cdi when absent. */
  readonly cdiFolders?: readonly string[];
  /** Where images are, for ImageFsInfo. */
  readonly imageFolder: string;
  /** Below which sandboxes without a cgroup parent go. */
  readonly cgroupParent: string;
  /** Mounts a memory file system of this size. */
  readonly mountMemory: (path: string, size_bytes: number | undefined) => Promise<void>;
  readonly unmount: (path: string) => Promise<void>;
  /** Mounts folders over each other, the topmost first, read-only. */
  readonly mountLayers: (path: string, layers: readonly string[]) => Promise<void>;
  readonly report: (problem: unknown) => void;
}

type Unary = {
  readonly [Name in keyof UnaryCalls]: (request: UnaryCalls[Name][0]) => Promise<Written<UnaryCalls[Name][1]>>;
};

/** Some of the methods with one answer. */
export type Methods<Names extends keyof UnaryCalls = keyof UnaryCalls> = Pick<Unary, Names>;

/** Methods answered by a stream of lists. */
export type Streams = {
  readonly [Name in Exclude<keyof StreamCalls, 'GetContainerEvents'>]: (
    request: StreamCalls[Name][0],
  ) => Promise<readonly Written<StreamCalls[Name][1]>[]>;
};

/** What every part of the server shares. */
export class CriContext {
  readonly options: CriOptions;
  readonly sandboxes: Records<SandboxEntry>;
  readonly containers: Records<ContainerEntry>;
  readonly events: CriEvents;
  #reserved = new Set<string>();

  constructor(options: CriOptions, events: CriEvents) {
    this.options = options;
    this.events = events;
    this.sandboxes = new Records('sandbox', join(options.folder, 'sandboxes'));
    this.containers = new Records('container', join(options.folder, 'containers'));
  }

  newId(): string {
    return Buffer.from(this.options.random.bytes(32)).toString('hex');
  }

  /** `[a-z0-9-]{1,64}`: 32 bytes in hexadecimal fit. */
  folderOf(sandboxId: string): string {
    return join(this.options.folder, 'pods', sandboxId);
  }

  runtime(handler: string): ContainerRuntime {
    const runtime = this.options.runtimes.get(handler);
    if (!runtime) throw invalid(`no runtime for "${handler}" is configured`);
    return runtime;
  }

  runtimeOf(container: ContainerEntry): ContainerRuntime {
    return this.runtime(this.sandboxes.get(container.sandboxId).handler);
  }

  /** Absent where the runtime lost it. */
  async statusOf(container: ContainerEntry): Promise<ContainerStatus | undefined> {
    const sandbox = this.sandboxes.find(container.sandboxId);
    if (!sandbox) return undefined;
    return this.runtime(sandbox.handler)
      .status(container.id)
      .catch(() => undefined);
  }

  containersOf(sandboxId: string): ContainerEntry[] {
    return this.containers.all().filter(entry => entry.sandboxId === sandboxId);
  }

  /** Two calls for one name at once must not both make it. */
  async reserve<T>(name: string, taken: () => boolean, action: () => Promise<T>): Promise<T> {
    if (this.#reserved.has(name) || taken()) throw invalid(`name "${name}" is reserved`);
    this.#reserved.add(name);
    try {
      return await action();
    } finally {
      this.#reserved.delete(name);
    }
  }
}
