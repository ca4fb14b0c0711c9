import { Bytes, CelMap, type CelValue, isPlainMap } from './values.ts';

/** Cost units of constructs (cel-go runtimecost.go; one unit is about 50 ns there). */
export const COSTS = { ident: 1, select: 1, call: 1, list: 10, map: 30, struct: 40, iteration: 3, append: 11 } as const;

const STRING_FACTOR = 0.1;
const REGEX_FACTOR = 0.25;

/** The size cost is charged by: characters, bytes, items, entries; 1 for scalars. */
export function costSize(value: CelValue): number {
  if (typeof value === 'string') return value.length;
  if (Array.isArray(value)) return value.length;
  if (value instanceof Bytes) return value.value.length;
  if (value instanceof CelMap) return value.entries.size;
  if (isPlainMap(value)) return Object.keys(value).length;
  return 1;
}

type CallCost = (...args: readonly CelValue[]) => number;

const strings = (...values: readonly CelValue[]): number => {
  let size = 0;
  for (const value of values) size += costSize(value);
  return Math.ceil(size * STRING_FACTOR);
};
const receiver: CallCost = value => strings(value!);
const product: CallCost = (a, b) => costSize(a!) * costSize(b!);

const isText = (value: CelValue): boolean => typeof value === 'string' || value instanceof Bytes;

/** What a call costs, by function name; one unit where it is not listed (cel-go and k8s.io/apiserver/pkg/cel/library/cost.go). */
const CALLS: ReadonlyMap<string, CallCost> = new Map<string, CallCost>([
  ['_+_', (a, b) => (isText(a!) && isText(b!) ? strings(a!, b!) : 1)],
  [
    '_==_',
    (a, b) =>
      typeof a === 'object' || isText(a!) ? Math.ceil(Math.min(costSize(a!), costSize(b!)) * STRING_FACTOR) : 0,
  ],
  ['@in', (_, b) => (Array.isArray(b) ? b.length : 0)],
  [
    'contains',
    (a, b) =>
      Array.isArray(a)
        ? product(a, b!)
        : Math.ceil(Math.ceil(costSize(a!) * STRING_FACTOR) * Math.max(1, costSize(b!) * STRING_FACTOR)),
  ],
  ['startsWith', (_, b) => strings(b!)],
  ['endsWith', (_, b) => strings(b!)],
  ['matches', (a, b) => Math.ceil((1 + costSize(a!)) * STRING_FACTOR * Math.max(1, costSize(b!) * REGEX_FACTOR))],
  ['find', (a, b) => Math.ceil((1 + costSize(a!)) * STRING_FACTOR * Math.max(1, costSize(b!) * REGEX_FACTOR))],
  ['findAll', (a, b) => Math.ceil((1 + costSize(a!)) * STRING_FACTOR * Math.max(1, costSize(b!) * REGEX_FACTOR))],
  ['string', receiver],
  ['bytes', receiver],
  ['lowerAscii', receiver],
  ['upperAscii', receiver],
  ['replace', receiver],
  ['split', receiver],
  ['substring', receiver],
  ['trim', receiver],
  ['reverse', receiver],
  ['format', receiver],
  ['join', list => (Array.isArray(list) ? strings(...(list as CelValue[])) + list.length : 1)],
  ['indexOf', list => (Array.isArray(list) ? list.length : strings(list!))],
  ['lastIndexOf', list => (Array.isArray(list) ? list.length : strings(list!))],
  ['isSorted', value => costSize(value!)],
  ['sum', value => costSize(value!)],
  ['min', value => costSize(value!)],
  ['max', value => costSize(value!)],
  ['sets.contains', product],
  ['sets.intersects', product],
  ['sets.equivalent', (a, b) => 2 * product(a!, b!)],
  ['distinct', value => costSize(value!) ** 2],
  ['sort', value => costSize(value!)],
  ['flatten', value => costSize(value!)],
  ['lists.range', value => (typeof value === 'number' ? Math.max(0, value) : 0)],
  ['url', receiver],
  ['isURL', receiver],
  ['ip', receiver],
  ['isIP', receiver],
  ['cidr', receiver],
  ['isCIDR', receiver],
  ['quantity', receiver],
  ['isQuantity', receiver],
  ['semver', receiver],
  ['isSemver', receiver],
  ['validate', (_, value) => strings(value!)],
  // An authorization check may leave the process.
  ['check', () => 350_000],
]);

/** The cost of a function by its arguments; undefined when it is one unit. */
export function callCost(name: string): CallCost | undefined {
  return CALLS.get(name);
}
