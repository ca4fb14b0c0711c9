import type { Clock, Random } from '../../base/index.ts';
import type { Client, kinds } from '../../kernel/index.ts';
import type { UserRange } from '../engine/user-ranges.ts';
import type { AgentPorts } from '../ports.ts';
import type { ProcessorShares } from './cpus.ts';
import type { EventSink } from './events.ts';
import type { WatchedObjects } from './objects.ts';

/** What every part of one node's agent shares. */
export interface NodeContext extends AgentPorts {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly nodeName: string;
  readonly stateFolder: string;
  readonly addresses: readonly string[];
  readonly capacity: { readonly milliCpu: number; readonly memory_bytes: number };
  readonly clusterDomain: string;
  readonly runtimeName: string;
  readonly events: EventSink;
  readonly objects: WatchedObjects;
  /** Gives containers processors of their own; absent where all share. */
  readonly cpus?: ProcessorShares;
  /** Accounts given to pods with `hostUsers: false`, by uid of the pod. */
  readonly userRanges: Map<string, UserRange>;
  /** Services as they are now, for environment variables. */
  services(): Iterable<kinds.Service>;
  /** The RuntimeClass's handler; undefined when there is no such class. */
  handlerOf(runtimeClass: string | undefined): Promise<string | undefined>;
  /** Mounts a memory file system; undefined where that is not allowed (the volume is then on disk). */
  readonly mountMemory: ((path: string, size_bytes: number | undefined) => Promise<void>) | undefined;
  /** Takes away every mount inside a folder. */
  readonly unmountBelow: ((folder: string) => void) | undefined;
  report(error: unknown, where: string): void;
}
