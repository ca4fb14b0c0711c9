import type { Hooks } from './engine/hooks.ts';
import type { UserRange } from './engine/user-ranges.ts';

export type PodIdentity = { readonly namespace: string; readonly name: string; readonly uid: string };

/** What containers of one pod share. `id`: `[a-z0-9-]{1,64}`, chosen by the caller; `cgroup` is below the node's own. */
export interface SandboxSpec {
  readonly id: string;
  readonly pod: PodIdentity;
  readonly attempt: number;
  readonly hostname: string;
  readonly hostNetwork: boolean;
  readonly hostPid: boolean;
  readonly hostIpc: boolean;
  readonly sharedPid: boolean;
  readonly solitary?: boolean; // It has one container at a time, which may have a kernel of its own.
  /** Network namespace to join; absent with hostNetwork and where pods have only addresses. */
  readonly netnsPath?: string;
  readonly usernsPath?: string; // Owns netnsPath where there is no root.
  /** What servers of a runtime without network namespaces (wasm) bind to. */
  readonly address?: string;
  readonly users?: UserRange; // The accounts its own stand for; absent: those of the machine.
  readonly sysctls: Readonly<Record<string, string>>;
  readonly logFolder: string;
  readonly cgroup: string;
  readonly resources?: Resources;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdAt_ms: number;
}

// Absent means unlimited.
export interface Resources {
  readonly cpuShares?: number;
  readonly cpuQuota_us?: number;
  readonly cpuPeriod_us?: number;
  readonly memory_bytes?: number;
  readonly memorySwap_bytes?: number;
  readonly pids_max?: number;
  readonly cpuset?: string;
  readonly oomScoreAdj?: number;
  readonly cpusetMemory?: string;
  readonly hugePages?: readonly { readonly pageSize: string; readonly limit: number }[];
  /** Files of the unified hierarchy and their values, beyond what the others say. */
  readonly unified?: Readonly<Record<string, string>>;
}

/** A place of the host shown inside the container. Sources are trusted paths: whoever fills this has resolved symlinks. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly kind: 'bind' | 'tmpfs';
  readonly readOnly: boolean;
  readonly shallow?: boolean;
  /** Of a source that is mounted so: runtimes that set flags anew must set it again. */
  readonly noExec?: boolean;
  readonly propagation?: 'private' | 'rslave' | 'rshared';
  readonly size_bytes?: number;
}

export type Device = Pick<Mount, 'source' | 'target'> & { readonly permissions: string };

/** Numeric always: names were looked up in the image, as was the home folder; without one the runtime looks itself. */
export type Account = Readonly<{ uid: number; gid: number; groups: readonly number[]; home?: string }>;

export interface Security {
  readonly privileged: boolean;
  readonly readOnlyRootfs: boolean;
  readonly noNewPrivileges: boolean;
  readonly capabilities: { readonly add: readonly string[]; readonly drop: readonly string[] };
  readonly seccomp: 'default' | 'unconfined' | { readonly profile: string };
  readonly procMount:
    | 'default'
    | 'unmasked'
    | { readonly masked: readonly string[]; readonly readOnly: readonly string[] };
  readonly apparmor?: string;
}

/** Where a container's files are: overlay lower folders (topmost first) with its own upper, a folder, or a Wasm module. */
export type Rootfs =
  | { readonly kind: 'overlay'; readonly lower: readonly string[]; readonly upper: string; readonly work: string }
  | { readonly kind: 'folder'; readonly path: string }
  | {
      readonly kind: 'wasm';
      readonly module: string;
      readonly files?: string;
      readonly world: 'command' | 'http';
      /** Folder with `component.js` and core modules, when the module is a component (transpiled by the image store). */
      readonly component?: string;
    };

export type ContainerPort = Readonly<{ name?: string; port: number; protocol: 'TCP' | 'UDP' | 'SCTP' }>;

export interface ContainerSpec {
  readonly id: string;
  readonly sandboxId: string;
  /** Whose processes it sees, as its sandbox says when absent; or those of another container. */
  readonly pids?: 'pod' | 'own' | 'machine';
  readonly pidTarget?: string;
  readonly name: string;
  readonly attempt: number;
  readonly image: string;
  readonly imageId: string;
  readonly rootfs: Rootfs;
  readonly args: readonly string[];
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly workingFolder: string;
  readonly account: Account;
  readonly mounts: readonly Mount[];
  readonly devices: readonly Device[];
  /** Only runtimes of the OCI command line run them; the others refuse a container that has some. */
  readonly hooks?: Hooks;
  /** What the container says it listens on; a runtime that listens for it (wasm) needs to know. */
  readonly ports?: readonly ContainerPort[];
  readonly security: Security;
  readonly resources: Resources;
  readonly restore?: string; // Folder of a checkpoint it goes on from.
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly stopSignal: string;
  /** CRI-format log file. */
  readonly logPath: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdAt_ms: number;
}

export type SandboxStatus = Readonly<{ spec: SandboxSpec; handler: string; state: 'ready' | 'notready' }>;

export interface ContainerStatus {
  readonly spec: ContainerSpec;
  readonly handler: string;
  readonly state: 'created' | 'running' | 'exited' | 'unknown';
  readonly pid?: number;
  readonly startedAt_ms?: number;
  readonly finishedAt_ms?: number;
  readonly exitCode?: number;
  readonly reason?: 'Completed' | 'Error' | 'OOMKilled' | 'StartError';
  readonly message?: string;
}

type Measured = 'at_ms' | 'cpu_ns' | 'memory_bytes' | 'workingSet_bytes' | 'rss_bytes' | 'pids';
type Faults = { pageFaults?: number; majorPageFaults?: number };
export type ContainerStats = Readonly<{ id: string } & Record<Measured, number> & Faults>;

type EventKind = 'started' | 'exited' | 'removed' | 'oom';
export type RuntimeEvent = Readonly<{ kind: EventKind; sandboxId: string; containerId: string; at_ms: number }>;

export type Exit = { readonly exitCode: number; readonly signal?: string }; // With `signal` the code is 128 + its number.
