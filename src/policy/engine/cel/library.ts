import { callCost } from './cost-model.ts';
import {
  addEntry,
  has,
  index,
  makeMap,
  mergeEntry,
  optionalEntry,
  optionalIndex,
  optionalSelect,
  rangeItems,
  rangePairs,
  select,
  sortByKeys,
} from './runtime/access.ts';
import { noOverload } from './runtime/check.ts';
import { fromJson, wrap } from './runtime/convert.ts';
import {
  add,
  compare,
  contains,
  divide,
  equals,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  modulo,
  multiply,
  negate,
  subtract,
} from './runtime/operators.ts';
import { bytesFromBase64 } from './runtime/strings.ts';
import { CelError, CelMap, type CelValue } from './values.ts';
import type { RunState } from './writer.ts';

function over(state: RunState, cost: number): never {
  state.cost = cost;
  throw new CelError('operation cancelled: actual cost limit exceeded', true);
}

/** Errors that `&&`, `||` and folds may outvote; a spent budget and our own faults are not among them. */
function soft(error: unknown): CelError {
  if (error instanceof CelError && !error.fatal) return error;
  throw error;
}

const fail = (message: string): never => {
  throw new CelError(message);
};
const bad = (): never => {
  throw noOverload();
};
const own = (activation: object, name: string): unknown =>
  Object.hasOwn(activation, name) ? (activation as Record<string, unknown>)[name] : undefined;
const convert = (type: 'timestamp' | 'duration' | 'bytes' | 'double', value: CelValue): CelValue =>
  fromJson(type, value, bytesFromBase64);

/** Everything generated code may call, by the name it calls it. */
export const LIBRARY = {
  add,
  subtract,
  multiply,
  divide,
  modulo,
  negate,
  equals,
  less,
  lessOrEqual,
  greater,
  greaterOrEqual,
  contains,
  compare,
  select,
  has,
  index,
  optionalSelect,
  optionalIndex,
  rangeItems,
  rangePairs,
  makeMap,
  addEntry,
  mergeEntry,
  optionalEntry,
  sortByKeys,
  over,
  soft,
  fail,
  bad,
  own,
  convert,
  callCost,
  wrap,
  CelMap,
  isArray: Array.isArray,
};
