import { equalJson, type Json, type KubeObject } from '../../../kernel/index.ts';
import { ExternalValues } from './external.ts';
import type { Matchable } from './match.ts';
import { type Mutator, readMutator } from './mutator.ts';
import type { AskProvider } from './provider.ts';
import { text } from './read.ts';

/** Rounds of all mutators an object may need before it no longer changes. */
const ROUNDS_MAX = 100;

/** Mutators in force, in the order they run: by kind, then by name. */
export class MutatorSet {
  readonly #mutators = new Map<string, Mutator>();
  #order: readonly Mutator[] | undefined;
  #conflicts: ReadonlySet<string> | undefined;

  /** Takes in a mutator. Throws a DocumentError. */
  add(object: KubeObject): void {
    const mutator = readMutator(object);
    this.#mutators.set(mutator.id, mutator);
    this.#order = this.#conflicts = undefined;
  }

  remove(object: KubeObject): void {
    this.#mutators.delete(`${object.kind}/${text(object.metadata?.name)}`);
    this.#order = this.#conflicts = undefined;
  }

  get size(): number {
    return this.#mutators.size;
  }

  /** The documents of mutators by `Kind/name`. */
  documents(ids: Iterable<string>): KubeObject[] {
    return [...ids].flatMap(id => this.#mutators.get(id)?.object ?? []);
  }

  get mutators(): readonly Mutator[] {
    return (this.#order ??= [...this.#mutators.values()].sort((left, right) => (left.id < right.id ? -1 : 1)));
  }

  /** Mutators that see one field of a type as different things; none of them runs until they agree. */
  get conflicts(): ReadonlySet<string> {
    return (this.#conflicts ??= findConflicts(this.mutators));
  }

  /**
   * The object after every mutator, run again until none changes it, and what providers give in its places; the same object
   * while one of them has not answered yet. Throws an Error where that cannot be.
   */
  mutate(target: Matchable, ask?: AskProvider): KubeObject {
    const external = new ExternalValues();
    const made = this.#converge({ ...target, external });
    return external.resolve(made, ask) ?? target.object;
  }

  #converge(target: Matchable): KubeObject {
    let { object } = target;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const before = object;
      for (const mutator of this.mutators) {
        if (this.conflicts.has(mutator.id)) continue;
        const current = { ...target, object };
        if (!mutator.matches(current)) continue;
        object = run(mutator, current);
      }
      // Mutators may undo each other within a round: what counts is where the round ends.
      if (equalJson(object as unknown as Json, before as unknown as Json)) return object;
    }
    throw new Error(
      `mutation not converging for ${target.object.kind} ${target.object.metadata.namespace ?? ''} ${target.object.metadata.name ?? ''}`,
    );
  }
}

function run(mutator: Mutator, target: Matchable): KubeObject {
  try {
    return mutator.mutate(target);
  } catch (error) {
    const { object } = target;
    throw new Error(
      `mutator ${mutator.object.kind} /${text(mutator.object.metadata?.name)} failed for ${object.kind} ${object.metadata?.namespace ?? ''} ${object.metadata?.name ?? ''}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** Two locations disagree where one field is a list for the one and an object for the other, or a list by another key. */
function findConflicts(mutators: readonly Mutator[]): Set<string> {
  const seen = new Map<string, Map<string, Set<string>>>();
  for (const { id, applyTo, location, object } of mutators) {
    for (const type of typesOf(applyTo)) {
      let path = type;
      for (const [at, step] of location.entries()) {
        path += `\0${step.field}`;
        const last = at === location.length - 1;
        const shape =
          step.type === 'list'
            ? `list ${step.key}`
            : !last
              ? 'object'
              : object.kind === 'ModifySet'
                ? 'set'
                : undefined;
        if (shape === undefined) continue;
        const shapes = seen.get(path) ?? new Map<string, Set<string>>();
        seen.set(path, shapes);
        shapes.set(shape, (shapes.get(shape) ?? new Set()).add(id));
      }
    }
  }
  const conflicts = new Set<string>();
  for (const shapes of seen.values())
    if (shapes.size > 1) for (const ids of shapes.values()) for (const id of ids) conflicts.add(id);
  return conflicts;
}

const typesOf = (applyTo: Mutator['applyTo']): string[] =>
  (applyTo ?? []).flatMap(({ groups, versions, kinds }) =>
    groups.flatMap(group => versions.flatMap(version => kinds.map(kind => `${group}/${version}/${kind}`))),
  );
