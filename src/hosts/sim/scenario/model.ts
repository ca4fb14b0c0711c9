/**
 * `tenon.dev/v1 Scenario`, read: pure data that can be handed to a worker. Every time is in virtual milliseconds, every amount of
 * CPU in cores, every size in bytes, every share from 0 to 1. What grammar.ts lets through is what stands here.
 */
import type { Span } from '../../../base/index.ts';
import type { TestCase } from '../../../explain/index.ts';
import type { Json, JsonObject, KubeObject } from '../../../kernel/index.ts';
import type { Disruption } from '../model.ts';
import type { Rate } from './rate.ts';

export interface Scenario {
  readonly name: string;
  /** The file, relative to where the command ran. */
  readonly file: string;
  /** SHA-256 of everything the scenario was read from: its text, manifests and traces. */
  readonly digest: string;
  readonly seed: number;
  readonly until_ms: number;
  /** Milliseconds since the epoch at the start of the run. */
  readonly start_ms: number;
  readonly world: World;
  readonly invariants: InvariantSettings;
  /** By time; those of one instant in the order they were written. */
  readonly steps: readonly Step[];
  readonly where: Span;
}

/** A number drawn whenever it is needed. */
export type Distribution =
  | { readonly kind: 'fixed'; readonly value: number }
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  /** Negative draws count as 0. */
  | { readonly kind: 'normal'; readonly mean: number; readonly deviation: number }
  /** exp(mu + sigma * z). */
  | { readonly kind: 'lognormal'; readonly mu: number; readonly sigma: number }
  | { readonly kind: 'exponential'; readonly mean: number }
  /** Linear between the points; `share` rises from 0 to 1. */
  | { readonly kind: 'quantiles'; readonly points: readonly { readonly share: number; readonly value: number }[] }
  | { readonly kind: 'samples'; readonly values: readonly number[] };

export interface World {
  readonly nodes: readonly NodeGroup[];
  /** The first that matches an image tells of it. */
  readonly images: readonly ImageModel[];
  /** Those that match a pod tell of it field by field, later ones before earlier ones. */
  readonly workloads: readonly WorkloadModel[];
  readonly network: NetworkModel;
  /** Virtual disks of nodes and of the control plane (`node: control`). */
  readonly disks: readonly DiskModel[];
  readonly clocks: readonly ClockModel[];
  readonly cost: CostModel;
  /** Pods' and nodes' resource metrics are collected this often. */
  readonly scrape_ms: number;
  /** Git repositories outside of the cluster. */
  readonly repositories: readonly RepositoryModel[];
  /** What is delivered to the cluster, as `tenon up` takes it. */
  readonly deliver: readonly string[];
  /** What admission webhooks answer. */
  readonly webhooks: readonly WebhookModel[];
  /** kwok `Stage` documents, which then say how pods and nodes go on. */
  readonly stages: readonly KubeObject[];
}

/** An admission webhook that a Service's pods, or a host outside, answer. */
export interface WebhookModel {
  /** `namespace/name` of the Service, or the host. */
  readonly holder: string;
  readonly outside: boolean;
  readonly path?: string;
  readonly latency: Distribution;
  readonly answers: readonly WebhookAnswer[];
  readonly where: Span;
}

/** Given where `when` holds; without `deny`, `patch` and `status` it admits. */
export interface WebhookAnswer {
  readonly when?: string;
  readonly deny?: string;
  readonly patch?: readonly JsonObject[];
  readonly status?: number;
  readonly code: number;
  readonly warning: string;
}

/** A git repository as it is at the start. */
export interface RepositoryModel {
  readonly url: string;
  /** Texts by their paths. */
  readonly files: ReadonlyMap<string, string>;
  /** Of the first revision; HEAD names it. */
  readonly branch: string;
  readonly fetch: Distribution;
  readonly where: Span;
}

/** A revision that is added to a branch. */
export interface CommitModel {
  readonly to: string;
  readonly branch?: string | undefined;
  readonly files: ReadonlyMap<string, string>;
  /** Paths of files, and of folders with all that is in them. */
  readonly remove: readonly string[];
  readonly where: Span;
}

/** `count` nodes alike: named `name` where there is one, else `name-0` … */
export interface NodeGroup {
  readonly names: readonly string[];
  readonly zone: string;
  /** As the node's status.capacity: `cpu`, `memory`, `pods`, and others. */
  readonly capacity: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly unschedulable: boolean;
  /** Multiplies everything that takes time on it. */
  readonly slowness: number;
  readonly where: Span;
}

export interface ImageModel {
  /** `shop/*`: a star stands for any text. */
  readonly match: string;
  readonly pull: Distribution;
  /** The pull never succeeds: ErrImagePull. */
  readonly missing: boolean;
  readonly where: Span;
}

/** What of a pod must be so; absent fields ask nothing. Names and images may hold stars. */
export interface PodMatch {
  readonly namespace?: string;
  /** Of what owns it (`web` for the pods of Deployment web), or its own where nothing does. */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly image?: string;
  readonly node?: string;
  readonly zone?: string;
}

/** How pods behave; what no entry says: ready at once, no use of anything, answers in no time, never ends. */
export interface WorkloadModel {
  readonly match: PodMatch;
  /** How long each init container works; no time where absent. */
  readonly init?: Distribution;
  /** From the start of the containers to ready. */
  readonly startup?: Distribution;
  /** False: started, and never ready. */
  readonly ready?: boolean;
  /** The containers end with code 0 after this: how long a Job's pod works. */
  readonly runs?: Distribution;
  /** The containers end with `code` after this, and again after each restart; `times` limits it. */
  readonly crash?: {
    readonly after: Distribution;
    readonly code: number;
    readonly times?: number;
    /** Share of the starts that end so; all where absent. */
    readonly share?: number;
  };
  /** From the stop signal to the end; cut off by the grace period. */
  readonly shutdown?: Distribution;
  readonly cpu?: CpuModel;
  readonly memory?: MemoryModel;
  readonly latency?: LatencyModel;
  /** What one request asks of others before it is answered. */
  readonly calls?: readonly CallModel[];
  /** Share of the requests answered with an error. */
  readonly fails?: number;
  readonly where: Span;
}

/** Cores in use: `idle`, `perRequest` core-seconds a request served, or as a recording says. Held down by the limit. */
export interface CpuModel {
  readonly idle: Distribution;
  readonly perRequest: Distribution;
  readonly trace?: Series;
}

/** Bytes in use: `base`, `perRequest` for each in flight, `leak` a second since the start, or as a recording says. Beyond the limit: OOMKilled. */
export interface MemoryModel {
  readonly base: Distribution;
  readonly perRequest: number;
  readonly leak_per_s: number;
  readonly trace?: Series;
}

/** How long a pod takes to answer: drawn anew, or by a queue before `concurrency` servers. */
export type LatencyModel =
  | { readonly kind: 'drawn'; readonly time: Distribution }
  | {
      readonly kind: 'queue';
      readonly concurrency: number;
      readonly service: Distribution;
      /** How many may wait; more are refused. Unlimited where absent. */
      readonly queue?: number;
    };

/** `shop/catalog:80/items`; a host name where requests come in by Ingress or routes. */
export type RequestTarget = (
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'host'; readonly host: string }
) & { readonly port?: number | string; readonly path: string };

export interface CallModel {
  readonly to: RequestTarget;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly count: number;
  /** Share of the requests that make the call. */
  readonly probability: number;
  /** Beside the calls before it instead of after them. */
  readonly parallel: boolean;
  readonly timeout_ms?: number;
  readonly retries: number;
  /** The caller goes on when the call failed. */
  readonly optional: boolean;
  readonly where: Span;
}

export interface NetworkModel {
  /** Between two places no link speaks of: `within` one zone, `between` zones. */
  readonly within: LinkQuality;
  readonly between: LinkQuality;
  readonly links: readonly LinkModel[];
}

export interface LinkQuality {
  readonly latency: Distribution;
  /** Share of the requests (and API calls) that are lost on the way and time out. */
  readonly loss: number;
}

/** From one place to another; the way back too unless `oneWay`. Places are zones, `control`, `internet`. */
export interface LinkModel extends LinkQuality {
  readonly from: string;
  readonly to: string;
  readonly oneWay: boolean;
  readonly where: Span;
}

export interface DiskModel {
  readonly node: string;
  readonly size?: number;
  /** What a sync takes. */
  readonly sync: Distribution;
  readonly where: Span;
}

export interface ClockModel {
  readonly node: string;
  /** How far its clock is ahead; negative is behind. */
  readonly skew_ms: number;
  /** Parts per million it runs fast. */
  readonly drift_ppm: number;
  readonly where: Span;
}

/** Money, in whatever unit the scenario's author counts. */
export interface CostModel {
  readonly nodeHour: number;
  /** Nodes whose labels say otherwise; the first that matches counts. */
  readonly nodes: readonly { readonly labels: Readonly<Record<string, string>>; readonly hour: number }[];
  readonly cpuHour: number;
  readonly gibHour: number;
}

/** How the invariants are held against this run. */
export interface InvariantSettings {
  /** Everything converges within this after the last disruption. */
  readonly converge_ms: number;
  /** How often a minute two owners may take a field from each other. */
  readonly fights_per_minute: number;
  /** Names of invariants that are not looked at. */
  readonly except: readonly string[];
}

/** A recording: `values[i]` holds from `times_ms[i]` on. */
export interface Series {
  readonly times_ms: Float64Array;
  readonly values: Float64Array;
  /** Begins again at its end. */
  readonly repeat: boolean;
}

interface At {
  readonly at_ms: number;
  /** CEL over the observables: the step is done once, at the first instant from `at_ms` on at which it holds. */
  readonly when?: string;
  /** The API must refuse it, with a message that holds this text; empty: whatever the message. */
  readonly refused?: string;
  readonly where: Span;
}

export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** An object and where it was written. */
export interface Placed {
  readonly object: KubeObject;
  readonly where: Span;
}

export type PatchType = 'merge' | 'strategic' | 'json';

export type Step = At &
  (
    | { readonly do: 'apply'; readonly objects: readonly Placed[] }
    | { readonly do: 'delete'; readonly objects: readonly ObjectRef[] }
    | { readonly do: 'patch'; readonly object: ObjectRef; readonly type: PatchType; readonly patch: Json }
    /** A Deployment takes the template of the revision before, as `kubectl rollout undo`. */
    | { readonly do: 'undo'; readonly object: ObjectRef }
    | { readonly do: 'commit'; readonly commit: CommitModel }
    | { readonly do: 'send'; readonly load: Load }
    /** Ends a load before its time. */
    | { readonly do: 'stop'; readonly load: string }
    | { readonly do: 'disrupt'; readonly disruption: Disruption }
    /** Ends a disruption before its time. */
    | { readonly do: 'heal'; readonly disruption: string }
    | { readonly do: 'storm'; readonly storm: Storm }
    | { readonly do: 'expect'; readonly expectation: Expectation }
  );

/** Clients that ask at a rate. */
export interface Load {
  readonly name: string;
  readonly from:
    | { readonly kind: 'internet' }
    | { readonly kind: 'zone'; readonly zone: string }
    | { readonly kind: 'workload'; readonly namespace: string; readonly name: string };
  readonly to: RequestTarget;
  readonly rate: Rate;
  /** Requests come at chance moments (a Poisson process) or evenly. */
  readonly spacing: 'poisson' | 'even';
  readonly for_ms?: number;
  readonly method: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeout_ms: number;
  readonly retries: number;
}

/** Disruptions drawn from the seed: about `rate_per_hour` in `for_ms`, each healed within `heal`. */
export interface Storm {
  readonly name: string;
  /** Kinds to draw from; those of the standard storm where absent. */
  readonly kinds?: readonly string[];
  readonly for_ms: number;
  readonly rate_per_hour: number;
  readonly heal: Distribution;
  /** At most this many at once. */
  readonly atOnce: number;
  readonly where: Span;
}

/** What must hold, and when. */
export interface Expectation {
  readonly name: string;
  readonly test: ExpectationTest;
  /** From the step's time on it must become true within this; 0: at the end of that instant. */
  readonly within_ms: number;
  /** Once true, it must stay so for this long; Infinity: until the end of the run. 0: once is enough. */
  readonly for_ms: number;
  readonly where: Span;
}

export type ExpectationTest =
  /** CEL over the observables (observables.ts); true is wanted. */
  | { readonly kind: 'cel'; readonly expression: string }
  /** A case of a Test document, asked of the objects as they are then. */
  | { readonly kind: 'case'; readonly case: TestCase }
  /** An object that exists (or does not), and CEL over it as `object`, or values by RFC 6901 pointers. */
  | {
      readonly kind: 'object';
      readonly object: ObjectRef;
      readonly exists: boolean;
      readonly values: Readonly<Record<string, Json>>;
      readonly expression?: string;
    };
