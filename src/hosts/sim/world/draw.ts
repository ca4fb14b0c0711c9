/** Numbers from distributions, with the same bits on every machine: only + - * / and square roots (IEEE 754 fixes those). */
import type { Random } from '../../../base/index.ts';
import type { Distribution } from '../scenario/model.ts';

const LN2 = 0.6931471805599453;
const TERMS = 24;

/** e to the power of x. */
export function exp(x: number): number {
  if (x > 709) return Number.POSITIVE_INFINITY;
  if (x < -745) return 0;
  const doublings = Math.round(x / LN2);
  const rest = x - doublings * LN2;
  let term = 1;
  let sum = 1;
  for (let n = 1; n < TERMS; n++) {
    term = (term * rest) / n;
    sum += term;
  }
  return sum * 2 ** doublings;
}

/** Natural logarithm of a positive number, by the series of atanh. */
export function ln(x: number): number {
  if (!(x > 0)) return Number.NEGATIVE_INFINITY;
  let value = x;
  let doublings = 0;
  while (value > 1.4142135623730951) {
    value /= 2;
    doublings++;
  }
  while (value < 0.7071067811865476) {
    value *= 2;
    doublings--;
  }
  const z = (value - 1) / (value + 1);
  const square = z * z;
  let power = z;
  let sum = 0;
  for (let n = 1; n < 2 * TERMS; n += 2) {
    sum += power / n;
    power *= square;
  }
  return 2 * sum + doublings * LN2;
}

/** A standard normal number (Marsaglia's polar method). */
export function normal(random: Random): number {
  for (;;) {
    const u = 2 * random.next() - 1;
    const v = 2 * random.next() - 1;
    const s = u * u + v * v;
    if (s > 0 && s < 1) return u * Math.sqrt((-2 * ln(s)) / s);
  }
}

export function draw(distribution: Distribution, random: Random): number {
  switch (distribution.kind) {
    case 'fixed':
      return distribution.value;
    case 'uniform':
      return distribution.min + (distribution.max - distribution.min) * random.next();
    case 'normal':
      return Math.max(0, distribution.mean + distribution.deviation * normal(random));
    case 'lognormal':
      return exp(distribution.mu + distribution.sigma * normal(random));
    case 'exponential':
      return -distribution.mean * ln(1 - random.next());
    case 'quantiles':
      return quantile(distribution.points, random.next());
    case 'samples':
      return distribution.values[Math.floor(random.next() * distribution.values.length)] ?? 0;
  }
}

/** The value that is drawn on average. */
export function mean(distribution: Distribution): number {
  switch (distribution.kind) {
    case 'fixed':
      return distribution.value;
    case 'uniform':
      return (distribution.min + distribution.max) / 2;
    case 'normal':
    case 'exponential':
      return distribution.mean;
    case 'lognormal':
      return exp(distribution.mu + (distribution.sigma * distribution.sigma) / 2);
    case 'quantiles': {
      let sum = 0;
      for (let at = 1; at < distribution.points.length; at++) {
        const [from, to] = [distribution.points[at - 1]!, distribution.points[at]!];
        sum += ((from.value + to.value) / 2) * (to.share - from.share);
      }
      return sum;
    }
    case 'samples':
      return distribution.values.reduce((sum, value) => sum + value, 0) / Math.max(1, distribution.values.length);
  }
}

function quantile(points: readonly { readonly share: number; readonly value: number }[], share: number): number {
  const next = points.findIndex(point => point.share >= share);
  if (next < 0) return points.at(-1)?.value ?? 0;
  const [from, to] = [points[next - 1], points[next]!];
  if (!from || to.share === from.share) return to.value;
  return from.value + ((to.value - from.value) * (share - from.share)) / (to.share - from.share);
}

/** How many events of a Poisson process come when `expected` are expected; by a normal number where there are many. */
export function poisson(expected: number, random: Random): number {
  if (expected <= 0) return 0;
  if (expected > 50) return Math.max(0, Math.round(expected + Math.sqrt(expected) * normal(random)));
  const floor = exp(-expected);
  let count = 0;
  for (let product = random.next(); product > floor; product *= random.next()) count++;
  return count;
}

/** How many of `count` chances of `share` each come true. */
export function binomial(count: number, share: number, random: Random): number {
  if (share <= 0 || count <= 0) return 0;
  if (share >= 1) return count;
  if (share > 0.5) return count - binomial(count, 1 - share, random);
  const expected = count * share;
  if (expected > 50) {
    const drawn = Math.round(expected + Math.sqrt(expected * (1 - share)) * normal(random));
    return Math.max(0, Math.min(count, drawn));
  }
  // From one that comes true to the next: the gaps are geometric.
  // A share too small to take from 1 is its own logarithm.
  const log = ln(1 - share) || -share;
  let found = 0;
  for (let at = Math.floor(ln(1 - random.next()) / log); at < count; at += 1 + Math.floor(ln(1 - random.next()) / log))
    found++;
  return found;
}
