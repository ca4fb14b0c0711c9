/** Machines of a storm: what really runs, whatever the API says. As plain as can be, because thousands of runs count. */
import type { Random, VirtualClock } from '../../../base/index.ts';
import type { KubeObject } from '../../../kernel/index.ts';
import type { Observer } from '../model.ts';

export interface PodObject extends KubeObject {
  readonly spec: {
    readonly nodeName?: string;
    readonly restartPolicy?: string;
    readonly terminationGracePeriodSeconds?: number;
    readonly containers: readonly { readonly name: string; readonly image?: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly startTime?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime?: string;
    }[];
  };
}

/** A pod's containers on a machine. */
export interface Running {
  readonly uid: string;
  readonly path: string;
  readonly ip: string;
  state: 'pulling' | 'started' | 'ready' | 'ended';
  exitCode: number;
  /** The signal to end was sent. */
  stopping: boolean;
  readonly began_ms: number;
}

export const pathOf = (object: KubeObject): string =>
  object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : (object.metadata.name ?? '');

const PULL_MS = 1_500;
const START_MS = 2_000;
const STOP_MS = 1_500;
const PULL_AGAIN_MS = 5_000;

/** What an image does, by its name: `serve`, `broken` (never ready), `work-20` (ends after 20 s), `fail-20`, `flaky-20`. */
function workOf(image: string): { readonly kind: string; readonly ms: number } {
  const match = /^(\w+)-(\d+)/.exec(image);
  return match ? { kind: match[1]!, ms: Number(match[2]) * 1_000 } : { kind: image.split(':')[0]!, ms: 0 };
}

export interface MachineOptions {
  readonly name: string;
  readonly number: number;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly observers: readonly Observer[];
  /** Whether pulls of an image fail now. */
  readonly pullFails: (image: string) => boolean;
}

/** One machine. Its kubelet may come and go; what runs goes on until the machine is lost. */
export class Machine {
  up = true;
  slowness = 1;
  /** Told of a pod whose containers changed: the kubelet that runs now. */
  changed: ((path: string) => void) | undefined;
  readonly #options: MachineOptions;
  readonly #running = new Map<string, Running>();
  #life = 0;
  #address = 0;

  constructor(options: MachineOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  of(uid: string): Running | undefined {
    return this.#running.get(uid);
  }

  /** Everything of one pod's name, whichever uid. */
  named(path: string): Running[] {
    return [...this.#running.values()].filter(each => each.path === path);
  }

  all(): Iterable<Running> {
    return this.#running.values();
  }

  start(pod: PodObject): void {
    const { number } = this.#options;
    this.#address = (this.#address % 60_000) + 1;
    const running: Running = {
      uid: pod.metadata.uid ?? '',
      path: pathOf(pod),
      ip: `10.${number}.${this.#address >> 8}.${this.#address & 255}`,
      state: 'pulling',
      exitCode: 0,
      stopping: false,
      began_ms: this.#options.clock.monotonic(),
    };
    this.#running.set(running.uid, running);
    this.#pull(running, pod.spec.containers[0]?.image ?? 'serve');
  }

  /** Sends the signal to end; after the grace period at the latest it has ended. */
  stop(running: Running, grace_ms: number): void {
    if (running.stopping || running.state === 'ended') return;
    running.stopping = true;
    if (running.state === 'pulling') return this.#end(running, 0);
    this.#later(running, Math.min(grace_ms, this.#time(STOP_MS)), () => this.#end(running, 0));
  }

  /** Ends at once and is forgotten. */
  remove(running: Running): void {
    if (running.state === 'started' || running.state === 'ready') this.#tell(running, false);
    this.#running.delete(running.uid);
  }

  /** Power off: everything on it is gone. */
  lose(): void {
    this.up = false;
    this.#life++;
    for (const running of this.#running.values()) this.remove(running);
  }

  #time(mean_ms: number): number {
    return Math.round(mean_ms * (0.3 + 1.4 * this.#options.random.next()) * this.slowness);
  }

  #later(running: Running, delay_ms: number, action: () => void): void {
    const life = this.#life;
    this.#options.clock.after(delay_ms, () => {
      if (this.#life === life && this.#running.get(running.uid) === running && running.state !== 'ended') action();
    });
  }

  #pull(running: Running, image: string): void {
    this.#later(running, this.#time(PULL_MS), () => {
      if (this.#options.pullFails(image)) this.#later(running, PULL_AGAIN_MS, () => this.#pull(running, image));
      else this.#begin(running, image);
    });
  }

  #begin(running: Running, image: string): void {
    const { kind, ms } = workOf(image);
    this.#set(running, 'started');
    this.#tell(running, true);
    if (kind === 'broken') return;
    this.#later(running, this.#time(START_MS), () => this.#set(running, 'ready'));
    if (ms === 0) return;
    const fails = kind === 'fail' || (kind === 'flaky' && this.#options.random.next() < 0.3);
    this.#later(running, this.#time(ms), () => this.#end(running, fails ? 1 : 0));
  }

  #end(running: Running, exitCode: number): void {
    if (running.state === 'started' || running.state === 'ready') this.#tell(running, false);
    running.exitCode = exitCode;
    this.#set(running, 'ended');
  }

  #set(running: Running, state: Running['state']): void {
    running.state = state;
    this.changed?.(running.path);
  }

  #tell({ path, uid }: Running, running: boolean): void {
    const { clock, observers, name } = this.#options;
    for (const observer of observers) observer.ran?.({ t: clock.monotonic(), node: name, path, uid, running });
  }
}
