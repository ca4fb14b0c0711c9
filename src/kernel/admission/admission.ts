import type { UserInfo } from '../client.ts';
import type { KindRef, KubeObject, ObjectKey } from '../object.ts';
import type { ResourceDefinition } from '../resource.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** One write as admission sees it. Mutating steps may change or replace `object`; validating steps must not. */
export interface AdmissionAttributes {
  readonly operation: Operation;
  readonly definition: ResourceDefinition;
  readonly subresource: string;
  /** What `object` is, where it is not of the definition's kind (PodExecOptions of a connection). */
  readonly kind?: KindRef;
  key: ObjectKey;
  object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** The verb's options as a meta/v1 object (CreateOptions, UpdateOptions, PatchOptions, DeleteOptions). */
  readonly options: Readonly<Record<string, unknown>>;
  /** The Namespace object of a namespaced write, where it exists. */
  readonly namespaceObject: KubeObject | undefined;
  readonly warnings: string[];
}

/** One member of the chain. A refusal is a thrown StatusError. */
export interface AdmissionStep {
  readonly name: string;
  /**
   * Set for steps whose mutation reads nothing that defaulting could fill in after another such step: what several of them
   * changed is then defaulted once, before the next step that is not one.
   */
  readonly plain?: true;
  /** Must answer the same every time. */
  handles(operation: Operation, definition: ResourceDefinition, subresource: string): boolean;
  /** Changes `attributes.object` and says whether it did; asked again when a later step changed the object (reinvocation). */
  mutate?(attributes: AdmissionAttributes): boolean | Promise<boolean>;
  /**
   * Reserves what the object needs outside itself, once it has its name and before it is validated; may change the object
   * (`BeginCreate` and `BeginUpdate` of a kind's storage in the API server). What is reserved here no mutating step sees.
   */
  begin?(attributes: AdmissionAttributes): void | Promise<void>;
  /** Sees the object as it will be stored. */
  validate?(attributes: AdmissionAttributes): void | Promise<void>;
  /**
   * After the attempt, once and however it ended: `stored` is false when it was refused, lost or only tried. Takes back what
   * earlier calls reserved, if they came to that. Must not reject: nobody could act on it.
   */
  settle?(attributes: AdmissionAttributes, stored: boolean): void | Promise<void>;
}

/** The chain: mutating steps in order and again until nothing changes, then, after schema and validation, validating steps. */
export class Admission {
  readonly steps: readonly AdmissionStep[];
  readonly #chosen = new WeakMap<ResourceDefinition, Map<string, readonly AdmissionStep[]>>();

  constructor(steps: readonly AdmissionStep[]) {
    this.steps = steps;
  }

  /** The steps that have a say in this write. */
  of(operation: Operation, definition: ResourceDefinition, subresource: string): readonly AdmissionStep[] {
    let known = this.#chosen.get(definition);
    if (!known) this.#chosen.set(definition, (known = new Map()));
    const key = `${operation} ${subresource}`;
    let chosen = known.get(key);
    if (!chosen) {
      chosen = this.steps.filter(step => step.handles(operation, definition, subresource));
      known.set(key, chosen);
    }
    return chosen;
  }
}

/** Passes over the mutating steps; steps are idempotent, so two that undo each other are a fault of theirs. */
const PASSES_MAX = 3;

/**
 * Runs the mutating steps until none changes anything any more. `changed` (defaulting) is called after changes: before the
 * next step that is not plain sees them, and in any case before this resolves: to whether there was any.
 */
export async function runMutation(
  steps: readonly AdmissionStep[],
  attributes: AdmissionAttributes,
  changed: () => void,
): Promise<boolean> {
  // Only a change by another step is news to one that was asked already.
  const seen = steps.map(() => -1);
  let changes = 0;
  let due = false;
  const complete = (): void => {
    if (due) changed();
    due = false;
  };
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    for (const [at, step] of steps.entries()) {
      if (!step.mutate || seen[at] === changes) continue;
      if (!step.plain) complete();
      const outcome = step.mutate(attributes);
      if (typeof outcome === 'boolean' ? outcome : await outcome) {
        due = true;
        changes++;
      }
      seen[at] = changes;
    }
    complete();
    if (steps.every((step, at) => !step.mutate || seen[at] === changes)) break;
  }
  return changes > 0;
}

/** Lets steps reserve what the object needs; the first refusal wins. */
export async function beginAdmission(steps: readonly AdmissionStep[], attributes: AdmissionAttributes): Promise<void> {
  for (const step of steps) {
    const outcome = step.begin?.(attributes);
    if (outcome) await outcome;
  }
}

/** Runs the validating steps in order; the first refusal wins. */
export async function runValidation(steps: readonly AdmissionStep[], attributes: AdmissionAttributes): Promise<void> {
  for (const step of steps) {
    const outcome = step.validate?.(attributes);
    if (outcome) await outcome;
  }
}

/** Tells every step how the write ended; a promise where one of them has work left that the writer waits for. */
export function settleAdmission(
  steps: readonly AdmissionStep[],
  attributes: AdmissionAttributes,
  stored: boolean,
): Promise<unknown> | undefined {
  let pending: Promise<unknown> | undefined;
  for (const step of steps) {
    const outcome = step.settle?.(attributes, stored);
    if (outcome) pending = pending ? Promise.all([pending, outcome]) : outcome;
  }
  return pending;
}
