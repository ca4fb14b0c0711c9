import type { Fault, Parsed } from '../../base/index.ts';
import type { Json, KubeObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';

/** One entry of x-kubernetes-validations. */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/** A rule compiled against the schema it stands on. */
export interface CompiledRule {
  /** True for transition rules: they speak of `oldSelf`. */
  readonly usesOldSelf: boolean;
  /** The most one evaluation can cost by the schema's limits; infinite where the schema sets none. */
  readonly estimatedCost: number;
  /** How many such values one request can hold, for places without a limit above them. */
  readonly cardinality: number;
  /** Evaluates within `fuel`; `message` is what the rule itself has to say. */
  check(self: Json, oldSelf: Json | undefined, fuel: number): RuleOutcome;
}

export type RuleOutcome =
  | { readonly ok: true; readonly cost: number }
  | {
      readonly ok: false;
      readonly cost: number;
      readonly message?: string;
      readonly error?: string;
      readonly exhausted?: boolean;
    };

/** Compiles CEL. The kernel knows no CEL: hosts hand in the policy layer's compiler. */
export interface RuleCompiler {
  compile(rule: ValidationRule, schema: Schema, root: boolean): Parsed<CompiledRule>;
  /** A fault in words, as the API server prints compile errors. */
  describe(faults: readonly Fault[]): string;
}

/** What a conversion webhook is called with (apiextensions/v1 ConversionReview request). */
export interface ConversionCall {
  readonly definition: string;
  readonly clientConfig: Readonly<Record<string, unknown>>;
  readonly reviewVersions: readonly string[];
  readonly desiredAPIVersion: string;
  readonly objects: readonly KubeObject[];
}

/** Calls a conversion webhook and answers the converted objects, in order. Refusals are StatusErrors. */
export interface ConversionWebhook {
  convert(call: ConversionCall): Promise<readonly KubeObject[]>;
}
