import { type BuiltinContext, BuiltinError } from '../runtime.ts';
import { keyOf, lookup, objectOf, type Value } from '../value.ts';
import { type Entry, entry, object } from './operands.ts';

/** The name of a call to the outside, by which its answer is handed in. */
export const effectKey = (name: string, args: readonly Value[]): string => `${name}${keyOf(args)}`;

/** The answer the host gave for this call; without one the need is noted and the call has no value yet. */
export function needed(context: BuiltinContext, name: string, args: readonly Value[]): Value {
  const key = effectKey(name, args);
  const answer = context.answers.get(key);
  if (answer !== undefined) return answer;
  context.needs.set(key, { name, args });
  throw new BuiltinError('not answered');
}

const METHODS = /^[A-Za-z]+$/;

/** Calls that leave the process: evaluation tells what it needs, the host answers and evaluates again. */
export const effects: Readonly<Record<string, Entry>> = {
  'http.send': entry(1, (args, context) => {
    const request = object(args[0]!, 1);
    for (const name of ['url', 'method'])
      if (lookup(request, name) === undefined)
        throw new BuiltinError(`operand 1 missing required request parameters(s): {"${name}"}`, true);
    const method = lookup(request, 'method');
    if (typeof method !== 'string' || !METHODS.test(method)) throw new BuiltinError('invalid method');
    return needed(context, 'http.send', args);
  }),
  'opa.runtime': entry(0, (_args, context) => context.environment ?? objectOf([])),
};
