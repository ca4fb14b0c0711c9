import type { Clock } from '../base/index.ts';
import type {
  Account,
  ContainerSpec,
  ContainerStats,
  ContainerStatus,
  Exit,
  PodIdentity,
  Resources,
  Rootfs,
  RuntimeEvent,
  SandboxSpec,
  SandboxStatus,
} from './model.ts';
import type { ProcessEvents } from './process-events.ts';

/** Bytes coming in; ends at end of file. */
export type ByteSource = AsyncIterable<Uint8Array>;

/** Bytes going out; `write` resolves when more may be written (back-pressure), `end` says end of file. */
export interface ByteSink {
  write(chunk: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

/** Both directions of one connection. */
export interface ByteDuplex {
  readonly source: ByteSource;
  readonly sink: ByteSink;
  close(): void;
}

/** Standard streams of an exec or attach session. Absent ones were not asked for; with a tty there is no stderr. */
export interface ProcessStreams {
  readonly stdin?: ByteSource;
  readonly stdout?: ByteSink;
  readonly stderr?: ByteSink;
  readonly resize?: AsyncIterable<TerminalSize>;
  /** Aborted when the person went away: the command is then killed (exec) or left alone (attach). */
  readonly signal: AbortSignal;
}

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

export interface ExecOptions {
  readonly command: readonly string[];
  readonly tty: boolean;
  /** Kills the command and resolves with exit code 124 after this time. */
  readonly timeout_ms?: number;
}

export interface Subscription {
  close(): void;
}

/**
 * One way to run containers (CRI RuntimeService in our words). Every verb is idempotent where CRI's is; unknown ids are
 * FaultErrors `compute/container-unknown` / `compute/sandbox-unknown`, except in stop and remove, which then do nothing.
 */
export interface ContainerRuntime {
  /** The RuntimeClass handler it answers to, for messages. */
  readonly handler: string;
  /** Whether root of a pod is nobody on the machine, as `hostUsers: false` asks (KEP-127); else such pods are refused. */
  readonly userNamespaces?: boolean;
  /** Resolves when the runtime is usable; a missing binary or refused namespace rejects with a FaultError. */
  check(): Promise<{ readonly version: string }>;
  runSandbox(spec: SandboxSpec): Promise<void>;
  stopSandbox(id: string): Promise<void>;
  removeSandbox(id: string): Promise<void>;
  createContainer(spec: ContainerSpec): Promise<void>;
  startContainer(id: string): Promise<void>;
  /** Sends the stop signal, waits for the exit, kills after `timeout_ms`. */
  stopContainer(id: string, timeout_ms: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  updateResources(id: string, resources: Resources): Promise<void>;
  status(id: string): Promise<ContainerStatus>;
  listSandboxes(): Promise<readonly SandboxStatus[]>;
  listContainers(): Promise<readonly ContainerStatus[]>;
  exec(id: string, options: ExecOptions, streams: ProcessStreams): Promise<Exit>;
  attach(id: string, streams: ProcessStreams): Promise<Exit>;
  stats(): Promise<readonly ContainerStats[]>;
  /** Writes what a running container is into a folder, and lets it run on; absent where the runtime cannot. */
  checkpoint?(id: string, folder: string, timeout_ms: number): Promise<void>;
  /** What processes do, where the runtime's own kernel sees it. */
  readonly processEvents?: ProcessEvents;
  /** Whether `ContainerSpec.restore` is carried out; else it must not be asked for. */
  readonly restores?: boolean;
  /** Connects to localhost:`port` as seen inside the pod, where the pod's network namespace does not lead there. */
  dial?(sandboxId: string, port: number, signal: AbortSignal): Promise<ByteDuplex>;
  /** Closes and opens the log file again, after rotation renamed it. */
  reopenLog(id: string): Promise<void>;
  subscribe(deliver: (event: RuntimeEvent) => void): Subscription;
}

/** OCI image-spec config, as far as running needs it. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** `NAME=value`. */
  readonly environment: readonly string[];
  readonly workingFolder: string;
  /** As written: `user[:group]`, names or numbers; empty is root. */
  readonly user: string;
  readonly stopSignal?: string;
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface ImageRecord {
  /** `sha256:…` of the config. */
  readonly id: string;
  /** Digest of the manifest. */
  readonly digest: string;
  readonly tags: readonly string[];
  /** `name@sha256:…`. */
  readonly digests: readonly string[];
  readonly size_bytes: number;
  readonly kind: 'oci' | 'wasm';
  readonly config: ImageConfig;
}

/** Credentials for registries, by the host (and path prefix) they are for, as in a docker config.json. */
export interface RegistryAuth {
  readonly registry: string;
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
}

export interface PullOptions {
  readonly auth?: readonly RegistryAuth[];
  readonly signal?: AbortSignal;
}

/**
 * Images of a node. `pull` rejects with a FaultError whose message is what a person must read: the code tells
 * `compute/image-not-found`, `compute/image-unauthorized`, `compute/image-invalid`, `compute/registry-unreachable`.
 */
export interface ImageStore {
  /** The image a reference names here, without asking any registry. */
  resolve(reference: string): Promise<ImageRecord | undefined>;
  pull(reference: string, options: PullOptions): Promise<ImageRecord>;
  /** Makes the container's own upper folder (or copy). Mounting is the runtime's job. Idempotent by containerId. */
  prepareRootfs(imageId: string, containerId: string): Promise<Rootfs>;
  /** Removes what prepareRootfs made. Unknown ids are fine. */
  release(containerId: string): Promise<void>;
  /** Looks `user[:group]` up in the image's own files; undefined when a name is not there. */
  account(imageId: string, user: string): Promise<Account | undefined>;
  list(): Promise<readonly ImageRecord[]>;
  remove(reference: string): Promise<void>;
}

export interface PodPort {
  readonly containerPort: number;
  readonly hostPort?: number;
  readonly hostIp?: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

export interface PodNetworkRequest {
  readonly pod: PodIdentity;
  readonly sandboxId: string;
  readonly hostNetwork: boolean;
  /** `namespace` for kernel containers; `address` for runtimes whose servers bind in the host's namespace (wasm). */
  readonly isolation: 'namespace' | 'address';
  readonly ports: readonly PodPort[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The pod's group, below the node's own; processes enter it after the network is there. */
  readonly cgroup?: string;
}

export interface PodAttachment {
  readonly pod: PodIdentity;
  readonly sandboxId: string;
  /** First is `status.podIP`. */
  readonly ips: readonly string[];
  /** Absent with hostNetwork and `address` isolation. */
  readonly netnsPath?: string;
  /** User namespace that owns netnsPath, where there is no root. */
  readonly usernsPath?: string;
  /** Address of cluster DNS for dnsPolicy ClusterFirst; empty where there is none. */
  readonly nameservers: readonly string[];
}

/** Addresses and network namespaces of pods. `attach` is idempotent by sandboxId; attachments survive Tenon's restart. */
export interface PodNetwork {
  attach(request: PodNetworkRequest): Promise<PodAttachment>;
  /** The attachment after the sandbox was made, where addresses are known only then (runtimes with networks of their own). */
  attached?(sandboxId: string): Promise<PodAttachment | undefined>;
  detach(sandboxId: string): Promise<void>;
  /** What exists, for adoption after a restart. */
  list(): Promise<readonly PodAttachment[]>;
  /** Connects to localhost:`port` as seen inside the pod (port-forward). */
  dial(sandboxId: string, port: number, signal: AbortSignal): Promise<ByteDuplex>;
}

/** Names one container (running or not) as kubelet's streaming paths do. */
export interface StreamTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly uid?: string;
  readonly container?: string;
}

/** What a stream server calls once it has the connection's channels; the agent implements it. */
export interface StreamHandlers {
  exec(target: StreamTarget, options: ExecOptions, streams: ProcessStreams): Promise<Exit>;
  attach(target: StreamTarget, options: { readonly tty: boolean }, streams: ProcessStreams): Promise<Exit>;
  portForward(target: StreamTarget, port: number, connection: ByteDuplex, signal: AbortSignal): Promise<void>;
}

/** A claim's volume as the agent needs it; `volume` is the PersistentVolume's spec, foreign data. */
export interface ClaimRequest {
  readonly pod: PodIdentity;
  readonly claim: string;
  readonly volumeName: string;
  readonly volume: Readonly<Record<string, unknown>>;
  readonly readOnly: boolean;
}

/** Makes persistent volumes usable on this node (local and hostPath ones are folders; CSI ones get mounted). */
export interface Volumes {
  publish(request: ClaimRequest): Promise<{ readonly path: string }>;
  unpublish(pod: PodIdentity, volumeName: string): Promise<void>;
  /** A driver's volume written into the pod itself; absent where there are no drivers. */
  inline?(pod: PodIdentity, name: string, source: { readonly driver: string }): Promise<{ readonly path: string }>;
  /** Lets go of everything published for a pod, also by an earlier agent. */
  release?(pod: PodIdentity): Promise<void>;
}

/** RuntimeClass handler -> runtime; the empty handler is the node's default. */
export type RuntimeRegistry = ReadonlyMap<string, ContainerRuntime>;

/** What starting an agent needs from its host beside a Client. */
export interface AgentPorts {
  readonly clock: Clock;
  readonly runtimes: RuntimeRegistry;
  readonly images: ImageStore;
  readonly network: PodNetwork;
  readonly volumes: Volumes;
}
