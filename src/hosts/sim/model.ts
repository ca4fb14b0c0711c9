/** The types the rooms of the simulator share: who runs, what is seen, what can be done to it. */
import type { Clock, Random, Span } from '../../base/index.ts';
import type { DeliveryView } from './scenario/observables.ts';
import type { Client, Informer, Json, JsonObject, KubeObject } from '../../kernel/index.ts';

/** One line of the run's log; its JSON text goes into the run's hash. */
export interface LogLine {
  /** Virtual milliseconds since the start of the run. */
  readonly t: number;
  /** The process that did it, or `world`, `disruption`, `invariant`. */
  readonly by: string;
  readonly what: string;
  readonly about?: string;
  readonly detail?: Json;
}

/** What happens in a run, in order. */
export interface EventLog {
  write(by: string, what: string, about?: string, detail?: Json): void;
  /** Hexadecimal SHA-256 over every line so far. */
  hash(): string;
  readonly count: number;
}

/** What a process is started with. All of it dies with the process: timers do not fire, calls do not return. */
export interface ProcessParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly client: Client;
  /** Told of errors that are tried again. */
  readonly report: (error: unknown, where: string) => void;
  /** Aborted when the process is no more: what others hold of it must let it go. */
  readonly gone: AbortSignal;
}

/** A copy of a collection that a process goes by. */
export interface Cached {
  readonly by: string;
  readonly informer: Informer;
}

/** What can crash, be cut off from the API, or have a wrong clock. */
export interface ProcessSpec {
  /** `scheduler`, `kubelet/n1`. */
  readonly name: string;
  /** Where it runs: a zone's name, `control` for the control plane. Partitions go by it. */
  readonly place: string;
  start(parts: ProcessParts): AsyncDisposable | Promise<AsyncDisposable>;
}

/** A committed write, as an observer beside the store sees it: in revision order, exactly once, whatever crashes. */
export interface Commit {
  readonly t: number;
  readonly revision: number;
  /** `apps/deployments`. */
  readonly collection: string;
  /** `namespace/name` or `name`. */
  readonly path: string;
  readonly object: KubeObject | undefined;
  readonly before: KubeObject | undefined;
  /** The process that asked for it, where known. */
  readonly by?: string;
}

/** One API call of a process and what became of it. */
export interface Call {
  readonly t: number;
  readonly by: string;
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'apply' | 'delete' | 'deletecollection';
  readonly collection: string;
  readonly path: string;
  /** Resource version of the answer to a write; absent where none came. */
  readonly revision?: number;
  /** HTTP code of a refusal; 0 where no answer came. */
  readonly code?: number;
  /** The version an update builds on. */
  readonly expected?: string;
  /** The uid a delete or a patch is bound to. */
  readonly uid?: string;
}

/** A watch that was opened, and what it asked for. */
export interface Watching {
  readonly t: number;
  readonly by: string;
  readonly watch: number;
  readonly collection: string;
  /** Changes after this revision were asked for; absent where the state came first. */
  readonly after?: number;
  /** Revision of the last committed write at that moment. */
  readonly revision: number;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** An event as a watch delivered it to a process. */
export interface Delivery {
  readonly t: number;
  readonly by: string;
  /** Counts the watches of a run: one number a watch. */
  readonly watch: number;
  readonly collection: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly path: string;
  readonly revision: number;
  /** What was told. */
  readonly object: KubeObject;
}

/** A request between workloads, ended. */
export interface Traffic {
  readonly t: number;
  /** `namespace/workload` or a client's name. */
  readonly from: string;
  /** `namespace/service:port`. */
  readonly to: string;
  readonly pod?: string;
  readonly latency_ms: number;
  /** `ok`, or why not: `denied`, `no-endpoint`, `dns`, `timeout`, `refused`, `error`. */
  readonly outcome: string;
  /** How many alike it stands for. */
  readonly count: number;
}

/** A call of an admission webhook, ended. */
export interface Reviewed {
  readonly t: number;
  /** `namespace/name` of the Service, or the host. */
  readonly webhook: string;
  readonly outcome: 'allowed' | 'denied' | 'failed';
}

/** What is delivered from a source, and how far that is. */
export interface Delivered {
  readonly t: number;
  /** As it was named: `https://host/repo.git//path`. */
  readonly source: string;
  readonly view: DeliveryView;
}

/** A pod's containers began or ended on a machine: what is, whatever the API says. */
export interface Run {
  readonly t: number;
  readonly node: string;
  /** `namespace/name`. */
  readonly path: string;
  readonly uid: string;
  readonly running: boolean;
}

/** What an autoscaled workload is asked for from now on. */
export interface Demand {
  readonly t: number;
  /** `namespace/name` of the scaled Deployment. */
  readonly target: string;
  /** So many pods would just meet the autoscaler's target: a fraction. */
  readonly pods: number;
  /** False while samples of some pods, or of all, are missing. */
  readonly measured: boolean;
}

/** What an invariant is told. Every callback is called in the order things happen. */
export interface Observer {
  commit?(commit: Commit): void;
  call?(call: Call): void;
  watching?(watching: Watching): void;
  deliver?(delivery: Delivery): void;
  traffic?(traffic: Traffic): void;
  ran?(run: Run): void;
  delivered?(delivered: Delivered): void;
  reviewed?(reviewed: Reviewed): void;
  demand?(demand: Demand): void;
  /** A disruption began or ended. */
  disrupted?(disruption: Disruption, active: boolean, t: number): void;
  /** At the end of every instant at which something happened. */
  instant?(t: number): void;
  /** At the end of the run. */
  end?(t: number): void;
}

/** An invariant that does not hold. */
export interface Violation {
  readonly t: number;
  readonly invariant: string;
  readonly about: string;
  readonly message: string;
}

/** `tenon.dev/v1 Disruption`, read. `kind` says what `target` and `settings` mean (disruptions/kinds.ts). */
export interface Disruption {
  readonly name: string;
  readonly kind: string;
  /** Virtual milliseconds since the start of the run. */
  readonly at_ms: number;
  /** Until it is healed; absent for what happens once. */
  readonly for_ms?: number;
  readonly target?: string;
  readonly settings: JsonObject;
  readonly where?: Span;
}
