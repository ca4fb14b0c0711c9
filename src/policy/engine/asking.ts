import type { PolicyWorld } from '../model.ts';
import type { PolicyNeed } from '../need.ts';
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

function again<T>(
  state: AskingWorld,
  ask: (need: PolicyNeed) => Promise<unknown>,
  decide: () => T,
  round = 1,
): Promise<T> {
  const needs = [...state.missing.values()];
  state.missing.clear();
  return Promise.all(needs.map(ask)).then(answers => {
    for (const [at, answer] of answers.entries()) state.answers.set(needs[at]!.key, answer);
    const result = decide();
    if (state.missing.size === 0) return result;
    if (round === ROUNDS_MAX) throw new Error(`policies asked more than ${ROUNDS_MAX} rounds of questions`);
    return again(state, ask, decide, round + 1);
  });
}
