/** kwok Stage documents (`kwok.x-k8s.io/v1alpha1`), read: how an object goes on from what it is. */
import type { CelProgram } from '../../../../policy/index.ts';
import type { Query } from './jq/run.ts';
import type { TextTemplate } from '../../../../delivery/index.ts';

export type PatchType = 'json' | 'merge' | 'strategic';

export type Requirement =
  | {
      readonly by: 'jq';
      readonly query: Query;
      readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
      readonly values: readonly string[];
    }
  | { readonly by: 'cel'; readonly program: CelProgram };

/** A number or a duration that an expression over the object gives. */
export type Source =
  | { readonly by: 'jq'; readonly query: Query }
  | { readonly by: 'cel'; readonly program: CelProgram };

/** A constant, and what stands instead where an expression finds something. */
export interface Amount {
  readonly value?: number;
  readonly from?: Source;
}

export interface StageEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

export interface StageFinalizers {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly empty: boolean;
}

export interface StagePatch {
  readonly root: string;
  readonly subresource: string;
  readonly type: PatchType | undefined;
  readonly template: TextTemplate;
  readonly impersonation: string | undefined;
}

export interface StageApply {
  readonly subresource: string;
  readonly type: 'apply' | 'merge' | 'strategic';
  readonly template: TextTemplate;
  readonly impersonation: string | undefined;
}

/** Done in the order of the fields. */
export interface StageStep {
  readonly event?: StageEvent;
  readonly finalizers?: StageFinalizers;
  readonly delete: boolean;
  readonly apply?: StageApply;
  readonly patch?: StagePatch;
}

export interface Stage {
  readonly name: string;
  /** `v1`, `apps/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly expressions: readonly Requirement[];
  readonly weight: Amount;
  /** Milliseconds; absent where the stage says nothing of a delay. */
  readonly delay?: Amount;
  readonly jitter?: Amount;
  readonly steps: readonly StageStep[];
  readonly immediateNextStage: boolean;
}

/** What a stage does to an object, in order. */
export type StageAct =
  | ({ readonly kind: 'event' } & StageEvent)
  | {
      readonly kind: 'patch';
      readonly type: PatchType;
      readonly subresource: string;
      readonly data: unknown;
      readonly impersonation?: string;
    }
  | {
      readonly kind: 'apply';
      readonly type: 'apply' | 'merge' | 'strategic';
      readonly subresource: string;
      readonly data: unknown;
      readonly impersonation?: string;
    }
  | { readonly kind: 'delete' };
