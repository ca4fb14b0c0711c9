import type { PolicyNeed, PolicyWorld } from '../model.ts';
import type { PolicySource } from '../ports.ts';

/** Rounds of questions one decision may need: an answer may raise another question. */
const ROUNDS_MAX = 8;

/** A world that gives the answers it has and notes the questions it lacks one for. */
class AskingWorld {
  readonly answers = new Map<string, unknown>();
  readonly missing = new Map<string, PolicyNeed>();
  readonly world: PolicyWorld;

  constructor(world: PolicyWorld) {
    this.world = {
      parameter: (kind, namespace, name) => world.parameter(kind, namespace, name),
      parameters: (kind, namespace) => world.parameters(kind, namespace),
      authorize: (request, question) => world.authorize(request, question),
      answer: need => {
        const answer = this.answers.get(need.key);
        if (answer === undefined) this.missing.set(need.key, need);
        return answer;
      },
    };
  }
}

/** A source as it was, its decisions over another world. */
const over = (source: PolicySource, world: PolicyWorld): PolicySource =>
  Object.create(source, { world: { value: world, enumerable: true } }) as PolicySource;

/**
 * Decides where others can be asked: what is missing is asked for and the decision made again, so that it stays one
 * pure function. At once where nothing is asked.
 */
export function asking<T>(source: PolicySource, decide: (source: PolicySource) => T): T | Promise<T> {
  const { ask } = source;
  if (ask === undefined) return decide(source);
  const state = new AskingWorld(source.world);
  const first = decide(over(source, state.world));
  if (state.missing.size === 0) return first;
  return again(
    state,
    need => ask.call(source, need),
    () => decide(over(source, state.world)),
  );
}

async function again<T>(state: AskingWorld, ask: (need: PolicyNeed) => Promise<unknown>, decide: () => T): Promise<T> {
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const needs = [...state.missing.values()];
    state.missing.clear();
    for (const [key, answer] of await Promise.all(needs.map(async need => [need.key, await ask(need)] as const)))
      state.answers.set(key, answer);
    const result = decide();
    if (state.missing.size === 0) return result;
  }
  throw new Error(`policies asked more than ${ROUNDS_MAX} rounds of questions`);
}
