/** The words of a scenario as a test file writes them; docs/scenarios.md says what they mean. The grammar reads them. */
import type { Json } from '../../kernel/index.ts';

/** `90s`, `1h30m`, `250ms`. */
export type Duration = string;
/** `100/s`, `6k/min`, or a second as a number. */
export type RequestRate = string | number;
/** A duration, or a distribution: `{normal: {mean: 20ms, deviation: 5ms}}`. */
export type Durations = Duration | 0 | { readonly [kind: string]: Json };

export interface NodesDocument {
  readonly name: string;
  readonly count?: number;
  readonly zone?: string;
  readonly capacity?: Readonly<Record<string, string | number>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect?: string }[];
  readonly unschedulable?: boolean;
  readonly slowness?: number;
}

export interface WorkloadDocument {
  readonly match: {
    readonly namespace?: string | undefined;
    readonly name?: string | undefined;
    readonly labels?: Readonly<Record<string, string>> | undefined;
    readonly image?: string | undefined;
    readonly node?: string | undefined;
    readonly zone?: string | undefined;
  };
  readonly init?: Durations | undefined;
  readonly startup?: Durations | undefined;
  readonly ready?: boolean | undefined;
  readonly runs?: Durations | undefined;
  readonly shutdown?: Durations | undefined;
  readonly latency?: Durations | undefined;
  readonly fails?: number | string | undefined;
  readonly cpu?: Json;
  readonly memory?: Json;
  readonly [field: string]: unknown;
}

export interface WorldDocument {
  readonly nodes?: readonly NodesDocument[];
  readonly images?: readonly { readonly match: string; readonly pull?: Durations; readonly missing?: boolean }[];
  readonly workloads?: readonly WorkloadDocument[];
  readonly [field: string]: unknown;
}

export interface SendDocument {
  /** What `traffic[…]` of expectations calls it. */
  readonly name?: string;
  readonly from?: string | { readonly zone: string };
  /** `shop/web:80/path`, or a host that Ingress or routes lead on. */
  readonly to: string;
  readonly rate?: RequestRate;
  readonly steps?: readonly { readonly after: Duration | 0; readonly rate: RequestRate; readonly ramp?: boolean }[];
  readonly for?: Duration;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeout?: Duration;
  readonly retries?: number;
  readonly spacing?: 'poisson' | 'even';
  readonly [field: string]: unknown;
}

export interface DisruptDocument {
  readonly name?: string;
  readonly kind: string;
  readonly target?: string;
  readonly for?: Duration;
  readonly [field: string]: unknown;
}

/** A step without its time: `{scale: {object: 'deploy/shop/web', replicas: 3}}`. */
export type StepDocument = Readonly<Record<string, unknown>>;
