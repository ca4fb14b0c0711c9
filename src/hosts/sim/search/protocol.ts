/** What the searching thread and the storms' threads say to each other. */
import type { StormPlan, StormResult } from '../storm/run.ts';

/** One edit of one source file, made while it is loaded. */
export interface SourceEdit {
  /** `file:` URL of the source. */
  readonly url: string;
  readonly find: string;
  readonly replace: string;
}

export interface WorkerSetting {
  readonly edit?: SourceEdit;
}

export type StormTask = { readonly id: number; readonly first: boolean } & (
  | { readonly seed: number }
  | { readonly plan: StormPlan }
);

export interface StormTold {
  readonly id: number;
  readonly plan: StormPlan;
  readonly result: StormResult & { readonly cpu_ms: number };
}
