import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { basename, join } from 'node:path';
import type { GroupMount } from '../dialects/process/steps.ts';
import { unifiedValues } from '../engine/cgroup-values.ts';
import type { Resources } from '../model.ts';

/** Usage of one cgroup. */
export interface Usage {
  readonly cpu_ns: number;
  readonly memory_bytes: number;
  readonly workingSet_bytes: number;
  readonly rss_bytes: number;
  readonly pids: number;
  /** Since the group was made. */
  readonly pageFaults: number;
  readonly majorPageFaults: number;
}

/** What makes one group and puts a process into it, in order: folders (those that exist are fine), values, entries. */
export interface CgroupPlan {
  readonly steps: readonly ({ readonly folder: string } | { readonly file: string; readonly value: string })[];
  /** Files a process writes its pid to. */
  readonly procs: readonly string[];
}

export const NO_CGROUP: CgroupPlan = { steps: [], procs: [] };

/** The control groups of a node. Paths are relative to its own root (`pods/burstable/pod1/c1`). */
export interface Cgroups {
  /** Whether swap is counted apart: a limit of it may be asked for only then. */
  readonly countsSwap: boolean;
  /** `none` where the machine gives us no cgroup to write to: limits are then not enforced. */
  readonly mode: 'v1' | 'v2' | 'none';
  /** Path below the hierarchy, as an OCI runtime's `cgroupsPath` wants it. */
  absolute(path: string): string;
  /** For a helper process to carry out: making groups is slow, and slower still on one thread. */
  plan(path: string, resources: Resources): CgroupPlan;
  /** What is to be entered where a runtime makes the rest itself: nothing but a group of version 2 beside those of version 1. */
  beside(path: string): CgroupPlan;
  update(path: string, resources: Resources): void;
  usage(path: string): Usage | undefined;
  /** A file of a group as the kernel tells it; empty where it is not there. `controller` says which hierarchy of v1. */
  text(path: string, controller: (typeof V1_CONTROLLERS)[number], file: string): string;
  /** The file systems of the groups we make, as the machine mounts them. */
  mounts(): readonly GroupMount[];
  /** How often the kernel killed for memory in this group. */
  oomKills(path: string): number;
  /** Kills everything inside. */
  kill(path: string): void;
  /** Removes the group and those below; waits a little for its processes to be gone. */
  remove(path: string): Promise<void>;
}

const ROOT = '/sys/fs/cgroup';
const V1_CONTROLLERS = ['memory', 'cpu', 'cpuacct', 'pids'] as const;
const CONTROLLERS = ['memory', 'cpu', 'pids', 'cpuset', 'io'] as const;
const REMOVE_TRIES_MAX = 100;
/** Memory and swap together (Documentation/admin-guide/cgroup-v1/memory.rst). */
const SWAP_FILE = 'memory.memsw.limit_in_bytes';

/** `a/b/c` -> `a`, `a/b`, `a/b/c`. */
const levels = (path: string): string[] => {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
};

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

/** Whether the machine has version 2 alone. */
const isUnified = (): boolean => existsSync(join(ROOT, 'cgroup.controllers'));
/** Where machines of both versions mount the second (systemd's "hybrid" hierarchy). */
const SECOND = 'unified';

/** The folder of a node's group in the hierarchy of version 2, whether the machine has that one alone or both. */
export function unifiedFolder(name: string, path: string): string {
  return join(ROOT, isUnified() ? '' : SECOND, name, path);
}

/** What a machine of both versions is asked for: processes enter groups of version 2 too, which programs can be attached to. */
export interface CgroupOptions {
  readonly both?: boolean;
}

/** Finds what this machine has; `name` becomes the node's own group. */
export function openCgroups(name: string, { both = false }: CgroupOptions = {}): Cgroups {
  const unified = isUnified();
  const controllers = unified ? [''] : V1_CONTROLLERS.filter(controller => existsSync(join(ROOT, controller, 'tasks')));
  const base = (controller: string): string => join(ROOT, controller, name);
  const second = both && existsSync(join(ROOT, SECOND, 'cgroup.procs')) ? [SECOND] : [];
  try {
    for (const controller of [...controllers, ...second]) mkdirSync(base(controller), { recursive: true });
  } catch {
    return nothing(name);
  }
  if (controllers.length === 0) return nothing(name);
  return unified ? new UnifiedCgroups(name) : new SplitCgroups(name, controllers, second);
}

function nothing(name: string): Cgroups {
  return {
    mode: 'none',
    countsSwap: false,
    absolute: path => `/${name}/${path}`,
    plan: () => NO_CGROUP,
    beside: () => NO_CGROUP,
    update: () => {},
    usage: () => undefined,
    text: () => '',
    mounts: () => [],
    oomKills: () => 0,
    kill: () => {},
    remove: () => Promise.resolve(),
  };
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
  readonly countsSwap = existsSync(join(ROOT, 'memory', SWAP_FILE));
  readonly #name: string;
  readonly #controllers: readonly string[];
  readonly #second: readonly string[];

  constructor(name: string, controllers: readonly string[], second: readonly string[]) {
    this.#name = name;
    this.#controllers = controllers;
    this.#second = second;
  }

  absolute(path: string): string {
    return `/${this.#name}/${path}`;
  }

  #folder(controller: string, path: string): string {
    return join(ROOT, controller, this.#name, path);
  }

  plan(path: string, resources: Resources): CgroupPlan {
    const beside = this.beside(path);
    return {
      steps: [
        ...this.#folders(this.#controllers, path),
        ...beside.steps,
        ...this.#cpusetSteps(path, resources),
        ...this.#values(path, resources).map(([file, value]) => ({ file, value: String(value) })),
      ],
      procs: [...this.#procs(this.#withCpuset(resources), path), ...beside.procs],
    };
  }

  beside(path: string): CgroupPlan {
    return { steps: this.#folders(this.#second, path), procs: this.#procs(this.#second, path) };
  }

  #folders(hierarchies: readonly string[], path: string): { folder: string }[] {
    return hierarchies.flatMap(each => levels(path).map(level => ({ folder: this.#folder(each, level) })));
  }

  #procs(hierarchies: readonly string[], path: string): string[] {
    return hierarchies.map(each => join(this.#folder(each, path), 'cgroup.procs'));
  }

  /** Groups of processors are made for those alone that are held to some. */
  #withCpuset({ cpuset }: Resources): readonly string[] {
    return cpuset && existsSync(join(ROOT, 'cpuset/tasks')) ? [...this.#controllers, 'cpuset'] : this.#controllers;
  }

  /** A new group of this kind has neither processors nor memory nodes, and takes no process until it has (cpusets.rst). */
  #cpusetSteps(path: string, resources: Resources): CgroupPlan['steps'] {
    if (!this.#withCpuset(resources).includes('cpuset')) return [];
    const inherited = ['cpuset.cpus', 'cpuset.mems'].map(
      file => [file, read(join(ROOT, 'cpuset', file)).trim()] as const,
    );
    const folders = [join(ROOT, 'cpuset', this.#name), ...levels(path).map(level => this.#folder('cpuset', level))];
    return folders.flatMap(folder => [
      { folder },
      ...inherited.map(([file, value]) => ({ file: join(folder, file), value })),
    ]);
  }

  update(path: string, resources: Resources): void {
    const values = this.#values(path, resources);
    // The limit with swap is never below the one without: raised it goes first, lowered last.
    for (const [file, value] of values) if (file.endsWith(SWAP_FILE)) write(file, value);
    for (const [file, value] of values) write(file, value);
  }

  #values(path: string, resources: Resources): [file: string, value: string | number][] {
    const { memory_bytes, memorySwap_bytes, cpuShares, cpuQuota_us, cpuPeriod_us, pids_max } = resources;
    const at = (controller: string, file: string): string => join(this.#folder(controller, path), file);
    const values: [string, string | number | undefined][] = [
      [at('memory', 'memory.limit_in_bytes'), memory_bytes],
      [at('memory', SWAP_FILE), this.countsSwap ? memorySwap_bytes : undefined],
      [at('cpuset', 'cpuset.cpus'), resources.cpuset || undefined],
      [at('cpu', 'cpu.shares'), cpuShares],
      [at('cpu', 'cpu.cfs_period_us'), cpuPeriod_us],
      [at('cpu', 'cpu.cfs_quota_us'), cpuQuota_us],
      [at('pids', 'pids.max'), pids_max === undefined || pids_max > 0 ? pids_max : 'max'],
    ];
    return values.flatMap(([file, value]) => (value === undefined ? [] : [[file, value]]));
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
      pageFaults: field(stat, 'total_pgfault'),
      majorPageFaults: field(stat, 'total_pgmajfault'),
      pids: readNumber(join(this.#folder('pids', path), 'pids.current')),
    };
  }

  text(path: string, controller: string, file: string): string {
    return read(join(this.#folder(controller, path), file));
  }

  mounts(): readonly GroupMount[] {
    // Controllers mounted together have one folder with both names, and links to it.
    const folders = new Set(this.#controllers.map(controller => basename(realpathSync(join(ROOT, controller)))));
    return [...folders].map(folder => ({ type: 'cgroup', folder, options: folder }));
  }

  oomKills(path: string): number {
    return field(read(join(this.#folder('memory', path), 'memory.oom_control')), 'oom_kill');
  }

  kill(path: string): void {
    killAll(this.#folder('pids', path));
  }

  async remove(path: string): Promise<void> {
    this.kill(path);
    // OCI runtimes make groups in hierarchies that we do not use ourselves.
    const hierarchies = below(ROOT).map(folder => basename(folder));
    await Promise.all(hierarchies.map(hierarchy => removeTree(this.#folder(hierarchy, path))));
  }
}

class UnifiedCgroups implements Cgroups {
  readonly mode = 'v2';
  readonly beside = (): CgroupPlan => NO_CGROUP;
  /** A kernel that can swap counts it here. */
  readonly countsSwap = existsSync('/proc/swaps');
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
    for (const controller of CONTROLLERS) {
      if (path === '') write(join(ROOT, 'cgroup.subtree_control'), `+${controller}`);
      write(join(this.#folder(path), 'cgroup.subtree_control'), `+${controller}`);
    }
  }

  plan(path: string, resources: Resources): CgroupPlan {
    const above = levels(path).slice(0, -1);
    const steps: { folder: string }[] | CgroupPlan['steps'] = above.flatMap(level => [
      { folder: this.#folder(level) },
      ...CONTROLLERS.map(controller => ({
        file: join(this.#folder(level), 'cgroup.subtree_control'),
        value: `+${controller}`,
      })),
    ]);
    const values = this.#values(path, resources).map(([file, value]) => ({ file, value: String(value) }));
    return {
      steps: [...steps, { folder: this.#folder(path) }, ...values],
      procs: [join(this.#folder(path), 'cgroup.procs')],
    };
  }

  update(path: string, resources: Resources): void {
    for (const [file, value] of this.#values(path, resources)) write(file, value);
  }

  #values(path: string, resources: Resources): [file: string, value: string | number][] {
    return unifiedValues(resources).map(([file, value]) => [join(this.#folder(path), file), value]);
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
      pageFaults: field(stat, 'pgfault'),
      majorPageFaults: field(stat, 'pgmajfault'),
      pids: readNumber(join(folder, 'pids.current')),
    };
  }

  text(path: string, _controller: string, file: string): string {
    return read(join(this.#folder(path), file));
  }

  mounts(): readonly GroupMount[] {
    return [{ type: 'cgroup2', folder: '', options: '' }];
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
