import type { KubeObject } from '../kernel/index.ts';
import type { CompiledPolicy, PolicyAnswer, PolicyRequest, PolicyWorld } from './model.ts';
import type { PolicyNeed } from './need.ts';

export type { PolicyNeed };

/** Where the admission step finds what is in force now; hosts keep it current from informers. */
export interface PolicySource {
  /** Policies with their bindings, in the order they run (by name). */
  policies(): readonly CompiledPolicy[];
  readonly world: PolicyWorld;
  /** Adds what the same write looks like in other versions of its resource. */
  equivalent?(request: PolicyRequest): PolicyRequest;
  /** Told of verdicts that refuse a write or find something to note in it. */
  judged?(request: PolicyRequest, answers: readonly PolicyAnswer[]): void;
  /** Told of a policy that changed a write on its way in. */
  mutated?(request: PolicyRequest, policy: CompiledPolicy, object: KubeObject): void;
  /** Told of every write that was stored, dry runs left out. */
  stored?(request: PolicyRequest): void;
  /** Asks somebody outside on behalf of a decision; an answer is always given, of a failure too. */
  ask?(need: PolicyNeed): Promise<unknown>;
  /** A promise while something (parameters of a new policy) is still being read; decisions wait for it. */
  ready?(): Promise<void> | undefined;
  /** What is there already and a policy that is being written would find fault with: told before it enforces anything. */
  rehearse?(request: PolicyRequest): Promise<readonly string[]> | undefined;
}
