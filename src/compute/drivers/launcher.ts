import type { ContainerSpec, Resources, SandboxSpec } from '../model.ts';
import type { ExecOptions } from '../ports.ts';
import type { ProcessEvent } from '../process-events.ts';
import type { LaunchRequest, RunRequest } from './keeper-protocol.ts';

/** What differs between runtimes whose containers are the keeper's children. */
export interface Launcher {
  readonly handler: string;
  check(): Promise<{ readonly version: string }>;
  /** How the pod's own process is started; undefined when this runtime needs none. */
  sandbox(spec: SandboxSpec, folder: string): Promise<Launch | undefined>;
  /** `targetPid`: the process whose pid namespace `spec.pidTarget` asks for. */
  container(spec: ContainerSpec, sandbox: SandboxRecord, folder: string, targetPid?: number): Promise<Launch>;
  exec(
    spec: ContainerSpec,
    sandbox: SandboxSpec,
    pid: number,
    options: ExecOptions,
    folder: string,
  ): Promise<{
    readonly run: Omit<RunRequest, 'op' | 'stdin' | 'terminal'>;
    failure(): string | undefined;
    /** Ends a command whose time is over, where ending what was run does not. */
    abandon?(): Promise<void>;
  }>;
  /** After the process ended or failed to start: what the runtime itself keeps of it goes. */
  release(spec: ContainerSpec, folder: string): Promise<void>;
  /** Whether the pod's network answers at its address, and not inside its namespace. */
  readonly ownNetwork?: boolean;
  readonly userNamespaces?: boolean;
  /** Whether it starts containers from `ContainerSpec.restore`. */
  readonly restores?: boolean;
  /** After the pod's own process has started: what containers of the pod need besides. */
  begun?(sandbox: SandboxRecord, folder: string): Promise<void>;
  /** Takes away what `begun` made; the pod's containers have ended. */
  over?(spec: SandboxSpec): Promise<void>;
  /** The kernel that containers of the pod share: what one of them uses is not known, nor can it be written to files alone. */
  kernelOf?(sandbox: SandboxSpec): string | undefined;
  /** Sends a signal by the runtime's own means; false leaves it to the keeper. */
  signal?(spec: ContainerSpec, signal: number): Promise<boolean>;
  update?(spec: ContainerSpec, resources: Resources, folder: string): Promise<void>;
  /** Tells what processes do from now on, also those of `running` containers, until it is disposed. */
  trace?(
    running: () => readonly RunningContainer[],
    deliver: (events: readonly ProcessEvent[]) => void,
  ): Promise<AsyncDisposable>;
  /** `into`: where files of its own go. */
  checkpoint?(spec: ContainerSpec, folder: string, into: string, timeout_ms: number): Promise<void>;
}

export interface Launch {
  readonly request: Pick<
    LaunchRequest,
    'path' | 'args' | 'environment' | 'cwd' | 'terminal' | 'pidFile' | 'pidFormat' | 'timeout_ms'
  >;
  /** Words of the runtime for a start that failed, also one the launcher process did not tell by its exit code. */
  failure(): string | undefined;
  /** What the runtime itself said, for a launcher that ended with an error. */
  words?(): string | undefined;
}

/** `kernelId`: by which the runtime knows what it runs on; its own id where it shares none. */
export interface RunningContainer {
  readonly id: string;
  readonly kernelId: string;
}

export interface SandboxRecord {
  readonly spec: SandboxSpec;
  pid: number;
  stopped: boolean;
}
