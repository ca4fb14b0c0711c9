import type { IntOrString, ResourceList } from './types.ts';

const SUFFIX: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/;

/** Reads a resource.Quantity as a number of whole units; undefined when it is none. */
export function parseQuantity(quantity: number | string | undefined): number | undefined {
  if (typeof quantity === 'number') return quantity;
  const match = QUANTITY.exec(quantity ?? '');
  if (!match) return undefined;
  const [, digits = '0', suffix = '', exponent] = match;
  if (exponent !== undefined) return Number(`${digits}e${exponent}`);
  const scale = SUFFIX[suffix]!;
  // Dividing keeps 100m exactly 0.1, where multiplying would not.
  return scale < 1 ? Number(digits) / Math.round(1 / scale) : Number(digits) * scale;
}

/** The amount the scheduler counts in: thousandths for cpu, whole units (rounded up) for everything else. */
export function amountOf(resource: string, quantity: number | string | undefined): number {
  if (typeof quantity !== 'string' || quantity.length > TEXT_MAX) return countedAmount(resource, quantity);
  const known = resource === 'cpu' ? cpuAmounts : otherAmounts;
  let amount = known.get(quantity);
  if (amount === undefined) {
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(quantity, (amount = countedAmount(resource, quantity)));
  }
  return amount;
}

/** Amounts by their text: a cluster has thousands of pods and nodes, and few different amounts. */
const cpuAmounts = new Map<string, number>();
const otherAmounts = new Map<string, number>();
const KNOWN_MAX = 10_000;
const TEXT_MAX = 64;

function countedAmount(resource: string, quantity: number | string | undefined): number {
  const value = parseQuantity(quantity) ?? 0;
  return resource === 'cpu' ? Math.ceil(roundOff(value * 1000)) : Math.ceil(roundOff(value));
}

const roundOff = (value: number): number => Math.round(value * 1e6) / 1e6;

/** Amounts of every resource of a list. */
export function amountsOf(list: ResourceList | undefined): Map<string, number> {
  return new Map(Object.entries(list ?? {}).map(([resource, quantity]) => [resource, amountOf(resource, quantity)]));
}

/** Writes a scheduler amount back as a quantity: cpu in milli-units where it is no whole number. */
export function formatAmount(resource: string, amount: number): string {
  if (resource.endsWith('cpu')) return amount % 1000 === 0 ? String(amount / 1000) : `${amount}m`;
  for (const [suffix, scale] of [
    ['Gi', 2 ** 30],
    ['Mi', 2 ** 20],
    ['Ki', 2 ** 10],
  ] as const) {
    if (/memory|storage/.test(resource) && amount >= scale && amount % scale === 0) return `${amount / scale}${suffix}`;
  }
  return String(amount);
}

/** An IntOrString against a total: `25%` of 10 is 3 rounded up and 2 rounded down (util/intstr). */
export function scaledValue(value: IntOrString | undefined, total: number, round: 'up' | 'down'): number {
  if (value === undefined) return 0;
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value);
  if (!percent) return Number.parseInt(value, 10) || 0;
  const exact = (Number(percent[1]) * total) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}
