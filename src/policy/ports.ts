import type { CompiledPolicy, PolicyWorld } from './model.ts';

/** Where the admission step finds what is in force now; hosts keep it current from informers. */
export interface PolicySource {
  /** Policies with their bindings, in the order they run (by name). */
  policies(): readonly CompiledPolicy[];
  readonly world: PolicyWorld;
  /** A promise while something (parameters of a new policy) is still being read; decisions wait for it. */
  ready?(): Promise<void> | undefined;
}
