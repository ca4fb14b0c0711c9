import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { join } from 'node:path';
import type { Resources } from '../model.ts';

/** Usage of one cgroup. */
export interface Usage {
  readonly cpu_ns: number;
  readonly memory_bytes: number;
  readonly workingSet_bytes: number;
  readonly rss_bytes: number;
  readonly pids: number;
}

/** The control groups of a node. Paths are relative to its own root (`pods/burstable/pod1/c1`). */
export interface Cgroups {
  /** `none` where the machine gives us no cgroup to write to: limits are then not enforced. */
  readonly mode: 'v1' | 'v2' | 'none';
  /** Path below the hierarchy, as an OCI runtime's `cgroupsPath` wants it. */
  absolute(path: string): string;
  create(path: string, resources: Resources): void;
  update(path: string, resources: Resources): void;
  /** Files a process writes its pid to. */
  procs(path: string): string[];
  usage(path: string): Usage | undefined;
  /** How often the kernel killed for memory in this group. */
  oomKills(path: string): number;
  /** Kills everything inside. */
  kill(path: string): void;
  /** Removes the group and those below; waits a little for its processes to be gone. */
  remove(path: string): Promise<void>;
}

const ROOT = '/sys/fs/cgroup';
const V1_CONTROLLERS = ['memory', 'cpu', 'cpuacct', 'pids', 'cpuset'] as const;
const REMOVE_TRIES_MAX = 100;

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const readNumber = (path: string): number => Number.parseInt(read(path), 10) || 0;

const write = (path: string, value: string | number): void => {
  try {
    writeFileSync(path, String(value));
  } catch {
    // A controller that is not there (swap accounting, cpuset) cannot limit.
  }
};

const field = (text: string, name: string): number => {
  const line = text.split('\n').find(entry => entry.startsWith(`${name} `));
  return line ? Number(line.slice(name.length + 1)) : 0;
};

/** Finds what this machine has; `name` becomes the node's own group. */
export function openCgroups(name: string): Cgroups {
  const unified = existsSync(join(ROOT, 'cgroup.controllers'));
  const controllers = unified ? [''] : V1_CONTROLLERS.filter(controller => existsSync(join(ROOT, controller, 'tasks')));
  const base = (controller: string): string => join(ROOT, controller, name);
  try {
    for (const controller of controllers) {
      mkdirSync(base(controller), { recursive: true });
      if (controller === 'cpuset') inheritCpuset(base(controller));
    }
  } catch {
    return nothing(name);
  }
  if (controllers.length === 0) return nothing(name);
  return unified ? new UnifiedCgroups(name) : new SplitCgroups(name, controllers);
}

function nothing(name: string): Cgroups {
  return {
    mode: 'none',
    absolute: path => `/${name}/${path}`,
    create: () => {},
    update: () => {},
    procs: () => [],
    usage: () => undefined,
    oomKills: () => 0,
    kill: () => {},
    remove: () => Promise.resolve(),
  };
}

/** A v1 cpuset group starts empty and refuses processes until it has processors and memory nodes. */
function inheritCpuset(folder: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems'])
    if (read(join(folder, file)).trim() === '') write(join(folder, file), read(join(folder, '..', file)).trim());
}

/** Pids inside a group and those below. */
function pidsBelow(folder: string): number[] {
  const own = read(join(folder, 'cgroup.procs')).split('\n').filter(Boolean).map(Number);
  return [...own, ...below(folder).flatMap(child => pidsBelow(child))];
}

function below(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(entry => join(folder, entry.name));
  } catch {
    return [];
  }
}

function killAll(folder: string): void {
  for (const pid of pidsBelow(folder)) {
    try {
      if (pid > 1) process.kill(pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }
}

async function removeTree(folder: string): Promise<void> {
  for (const child of below(folder)) await removeTree(child);
  for (let attempt = 0; attempt < REMOVE_TRIES_MAX; attempt++) {
    try {
      rmdirSync(folder);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      await wait(10);
    }
  }
}

class SplitCgroups implements Cgroups {
  readonly mode = 'v1';
  readonly #name: string;
  readonly #controllers: readonly string[];

  constructor(name: string, controllers: readonly string[]) {
    this.#name = name;
    this.#controllers = controllers;
  }

  absolute(path: string): string {
    return `/${this.#name}/${path}`;
  }

  #folder(controller: string, path: string): string {
    return join(ROOT, controller, this.#name, path);
  }

  create(path: string, resources: Resources): void {
    for (const controller of this.#controllers) {
      mkdirSync(this.#folder(controller, path), { recursive: true });
      if (controller !== 'cpuset') continue;
      let folder = this.#folder(controller, '');
      for (const part of path.split('/')) {
        folder = join(folder, part);
        inheritCpuset(folder);
      }
    }
    this.update(path, resources);
  }

  update(path: string, resources: Resources): void {
    const { memory_bytes, cpuShares, cpuQuota_us, cpuPeriod_us, pids_max, cpuset } = resources;
    if (memory_bytes !== undefined) write(join(this.#folder('memory', path), 'memory.limit_in_bytes'), memory_bytes);
    if (cpuShares !== undefined) write(join(this.#folder('cpu', path), 'cpu.shares'), cpuShares);
    if (cpuPeriod_us !== undefined) write(join(this.#folder('cpu', path), 'cpu.cfs_period_us'), cpuPeriod_us);
    if (cpuQuota_us !== undefined) write(join(this.#folder('cpu', path), 'cpu.cfs_quota_us'), cpuQuota_us);
    if (pids_max !== undefined) write(join(this.#folder('pids', path), 'pids.max'), pids_max > 0 ? pids_max : 'max');
    if (cpuset) write(join(this.#folder('cpuset', path), 'cpuset.cpus'), cpuset);
  }

  procs(path: string): string[] {
    return this.#controllers.map(controller => join(this.#folder(controller, path), 'cgroup.procs'));
  }

  usage(path: string): Usage | undefined {
    const memory = this.#folder('memory', path);
    const stat = read(join(memory, 'memory.stat'));
    if (stat === '') return undefined;
    const used = readNumber(join(memory, 'memory.usage_in_bytes'));
    return {
      cpu_ns: readNumber(join(this.#folder('cpuacct', path), 'cpuacct.usage')),
      memory_bytes: used,
      workingSet_bytes: Math.max(0, used - field(stat, 'total_inactive_file')),
      rss_bytes: field(stat, 'total_rss'),
      pids: readNumber(join(this.#folder('pids', path), 'pids.current')),
    };
  }

  oomKills(path: string): number {
    return field(read(join(this.#folder('memory', path), 'memory.oom_control')), 'oom_kill');
  }

  kill(path: string): void {
    killAll(this.#folder('pids', path));
  }

  async remove(path: string): Promise<void> {
    this.kill(path);
    await Promise.all(this.#controllers.map(controller => removeTree(this.#folder(controller, path))));
  }
}

class UnifiedCgroups implements Cgroups {
  readonly mode = 'v2';
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    this.#enable('');
  }

  absolute(path: string): string {
    return `/${this.#name}/${path}`;
  }

  #folder(path: string): string {
    return join(ROOT, this.#name, path);
  }

  /** Hands the controllers on to the groups below. */
  #enable(path: string): void {
    for (const controller of ['memory', 'cpu', 'pids', 'cpuset', 'io']) {
      if (path === '') write(join(ROOT, 'cgroup.subtree_control'), `+${controller}`);
      write(join(this.#folder(path), 'cgroup.subtree_control'), `+${controller}`);
    }
  }

  create(path: string, resources: Resources): void {
    let made = '';
    const parts = path.split('/');
    for (const [index, part] of parts.entries()) {
      made = made === '' ? part : `${made}/${part}`;
      if (existsSync(this.#folder(made))) continue;
      mkdirSync(this.#folder(made));
      if (index < parts.length - 1) this.#enable(made);
    }
    this.update(path, resources);
  }

  update(path: string, resources: Resources): void {
    const { memory_bytes, memorySwap_bytes, cpuShares, cpuQuota_us, cpuPeriod_us, pids_max, cpuset } = resources;
    const folder = this.#folder(path);
    if (memory_bytes !== undefined) write(join(folder, 'memory.max'), memory_bytes > 0 ? memory_bytes : 'max');
    if (memorySwap_bytes !== undefined && memory_bytes !== undefined)
      write(join(folder, 'memory.swap.max'), Math.max(0, memorySwap_bytes - memory_bytes));
    // KEP-2254: shares 2..262144 become weights 1..10000.
    if (cpuShares !== undefined)
      write(join(folder, 'cpu.weight'), 1 + Math.floor(((Math.max(2, cpuShares) - 2) * 9999) / 262142));
    if (cpuQuota_us !== undefined)
      write(join(folder, 'cpu.max'), `${cpuQuota_us > 0 ? cpuQuota_us : 'max'} ${cpuPeriod_us ?? 100_000}`);
    if (pids_max !== undefined) write(join(folder, 'pids.max'), pids_max > 0 ? pids_max : 'max');
    if (cpuset) write(join(folder, 'cpuset.cpus'), cpuset);
  }

  procs(path: string): string[] {
    return [join(this.#folder(path), 'cgroup.procs')];
  }

  usage(path: string): Usage | undefined {
    const folder = this.#folder(path);
    const stat = read(join(folder, 'memory.stat'));
    if (stat === '') return undefined;
    const used = readNumber(join(folder, 'memory.current'));
    return {
      cpu_ns: field(read(join(folder, 'cpu.stat')), 'usage_usec') * 1000,
      memory_bytes: used,
      workingSet_bytes: Math.max(0, used - field(stat, 'inactive_file')),
      rss_bytes: field(stat, 'anon'),
      pids: readNumber(join(folder, 'pids.current')),
    };
  }

  oomKills(path: string): number {
    return field(read(join(this.#folder(path), 'memory.events')), 'oom_kill');
  }

  kill(path: string): void {
    const file = join(this.#folder(path), 'cgroup.kill');
    if (existsSync(file)) write(file, 1);
    else killAll(this.#folder(path));
  }

  async remove(path: string): Promise<void> {
    this.kill(path);
    await removeTree(this.#folder(path));
  }
}
