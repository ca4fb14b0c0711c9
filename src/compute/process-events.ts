import type { Subscription } from './ports.ts';

/** The process an event is about, by the numbers it has on its kernel: those inside its container, where that has a kernel of its own. */
export interface EventProcess {
  readonly pid: number;
  readonly threadId: number;
  readonly parentPid: number;
  /** As the kernel keeps it: at most 15 characters. */
  readonly name: string;
  readonly workingFolder: string;
  readonly account: {
    readonly uid: number;
    readonly effectiveUid: number;
    readonly gid: number;
    readonly effectiveGid: number;
  };
  /** Whether somebody entered the container with it (exec), or it came of such a process. */
  readonly entered: boolean;
}

interface OfContainer {
  readonly containerId: string;
  readonly at_ms: number;
  readonly process: EventProcess;
}

/** An address as a system call names it. */
export type CallAddress =
  | { readonly family: 'ipv4' | 'ipv6'; readonly ip: string; readonly port: number }
  | { readonly family: 'unix'; readonly path: string }
  | { readonly family: 'other'; readonly number: number };

/** `result` is what the call returned; with `errno` instead it failed. Both are absent when the call has only begun. */
export interface SystemCall extends OfContainer {
  readonly kind: 'call';
  readonly name: string;
  readonly number: number;
  readonly result?: number;
  readonly errno?: number;
  /** The path that the process named. */
  readonly path?: string;
  readonly descriptor?: number;
  /** Where the file of the descriptor is. */
  readonly descriptorPath?: string;
  readonly address?: CallAddress;
  /** Every other argument by name, numbers as they are. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What a container's own kernel saw, in the order it saw it. */
export type ProcessEvent =
  | (OfContainer & { readonly kind: 'started'; readonly args: readonly string[]; readonly terminal: boolean })
  | (OfContainer & { readonly kind: 'forked'; readonly childPid: number; readonly childThreadId: number })
  | (OfContainer & { readonly kind: 'executed'; readonly path: string; readonly args: readonly string[] })
  /** Of a thread; of the process, where `threadId` is its `pid`. */
  | (OfContainer & { readonly kind: 'exited'; readonly exitCode: number; readonly signal?: number })
  | SystemCall
  /** Events nobody will see: so many, or (`unknown`) all from before this was heard of. Absent: of which container is not known. */
  | {
      readonly kind: 'lost';
      readonly containerId?: string;
      readonly count: number | 'unknown';
      readonly why: LossReason;
    };

/** `full`: not taken fast enough; `unread`: not of a form that is known; `late`: it ran before anybody listened; `cut`: the source ended. */
export type LossReason = 'full' | 'unread' | 'late' | 'cut';

/** Runtimes whose kernel tells what processes do. Containers that run when the first one subscribes are told of from then on. */
export interface ProcessEvents {
  subscribe(deliver: (events: readonly ProcessEvent[]) => void): Promise<Subscription>;
}
