import { BuiltinError } from '../runtime.ts';

/** One step of a glob: the characters it takes (ranges of code points; undefined takes any) and how often. */
interface Step {
  readonly ranges: readonly (readonly [number, number])[] | undefined;
  readonly flag: '' | '+' | '*';
}

function bad(source: string, at: number, why: string): never {
  throw new BuiltinError(`input:${source}, pos:${at + 1}, ${why}: the input provided is invalid`);
}

/** Globs of regex.globs_match: characters, `.`, sets, `\` before a sign, `+` and `*` behind any of them. */
function steps(source: string): Step[] {
  const found: Step[] = [];
  const characters = [...source];
  for (let at = 0; at < characters.length; at++) {
    let ranges: Step['ranges'];
    const character = characters[at]!;
    if (character === '[') {
      const set: [number, number][] = [];
      for (at++; characters[at] !== ']'; at++) {
        if (at >= characters.length) bad(source, at, "expected closing ']'");
        if (characters[at] === '\\') at++;
        const from = characters[at]?.codePointAt(0) ?? bad(source, at, "expected closing ']'");
        if (characters[at + 1] === '-' && characters[at + 2] !== undefined && characters[at + 2] !== ']') {
          const to = characters[at + 2]!.codePointAt(0)!;
          if (to < from) bad(source, at, 'range is out of order');
          set.push([from, to]);
          at += 2;
        } else set.push([from, from]);
      }
      if (set.length === 0) bad(source, at, 'empty set');
      ranges = set;
    } else if (character === ']') bad(source, at, "set-close ']' with no preceding '['");
    else if (character === '*' || character === '+') bad(source, at, 'flag with nothing before it');
    else if (character === '.') ranges = undefined;
    else {
      const point = (character === '\\' ? characters[++at] : character)?.codePointAt(0);
      ranges = [[point ?? bad(source, at, 'nothing after an escape'), point!]];
    }
    const next = characters[at + 1];
    const flag = next === '*' || next === '+' ? next : '';
    if (flag) at++;
    found.push({ ranges, flag });
  }
  return found;
}

const overlap = (left: Step, right: Step): boolean =>
  !left.ranges ||
  !right.ranges ||
  left.ranges.some(([from, to]) => right.ranges!.some(([start, end]) => from <= end && start <= to));

/** Positions reachable without taking a character: over steps that may be left out. */
function skips(list: readonly Step[], from: number): number[] {
  const found = [from];
  for (let at = from; at < list.length && list[at]!.flag === '*'; at++) found.push(at + 1);
  return found;
}

/** Whether some text that is not empty fits both globs: a walk over pairs of positions. */
export function globsIntersect(left: string, right: string): boolean {
  const [a, b] = [steps(left), steps(right)];
  const seen = new Set<number>();
  const queue: [number, number, boolean][] = [[0, 0, false]];
  for (let item = queue.pop(); item; item = queue.pop()) {
    for (const i of skips(a, item[0])) {
      for (const j of skips(b, item[1])) {
        if (i === a.length && j === b.length && item[2]) return true;
        if (i >= a.length || j >= b.length || !overlap(a[i]!, b[j]!)) continue;
        const key = i * (b.length + 1) + j;
        if (seen.has(key)) continue;
        seen.add(key);
        const nextLeft = a[i]!.flag ? [i, i + 1] : [i + 1];
        const nextRight = b[j]!.flag ? [j, j + 1] : [j + 1];
        // A step that repeats may stay: from then on it may also be left.
        for (const x of nextLeft) for (const y of nextRight) queue.push([x, y, true]);
      }
    }
  }
  return false;
}
