import type { Text } from '../../../base/index.ts';

/** Edit distance with swaps of neighbours counted once (optimal string alignment), given up beyond `limit`. */
function distance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) > limit) return limit + 1;
  let before: number[] = [];
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1] ? 0 : 1;
      let best = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same);
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1])
        best = Math.min(best, before[j - 2]! + 1);
      next.push(best);
    }
    before = row;
    row = next;
  }
  return row[right.length]!;
}

/** The known name a slip was most likely meant to be. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const word = name.slice(0, 80).toLowerCase();
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: { name: string; cost: number } | undefined;
  for (const candidate of known) {
    const cost = distance(word, candidate.toLowerCase(), limit);
    if (cost <= limit && cost < (best?.cost ?? Number.POSITIVE_INFINITY)) best = { name: candidate, cost };
  }
  return best?.name;
}

/** `Did you mean "rate"? `, or nothing. */
export function nearest(name: string, known: readonly string[]): Text {
  const found = nearestName(name, known);
  return found === undefined ? { en: '', zh: '' } : { en: `Did you mean "${found}"? `, zh: `是否想写“${found}”?` };
}
