type Side = 'same' | 'gone' | 'new';

interface Piece {
  readonly side: Side;
  readonly items: readonly string[];
}

/** Lists longer than this are told as one replacement. */
const LENGTH_MAX = 4_000;

/** The shortest edit between two lists (Myers, "An O(ND) Difference Algorithm"). */
function edits(before: readonly string[], after: readonly string[]): Piece[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let tail = 0;
  while (
    tail < before.length - start &&
    tail < after.length - start &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  )
    tail++;
  const left = before.slice(start, before.length - tail);
  const right = after.slice(start, after.length - tail);
  const middle: Piece[] =
    left.length + right.length > LENGTH_MAX
      ? [
          { side: 'gone', items: left },
          { side: 'new', items: right },
        ]
      : walkBack(left, right, frontiers(left, right));
  return [
    { side: 'same' as const, items: before.slice(0, start) },
    ...middle,
    { side: 'same' as const, items: before.slice(before.length - tail) },
  ].filter(piece => piece.items.length > 0);
}

/** How far each diagonal gets with every number of edits. */
function frontiers(left: readonly string[], right: readonly string[]): Map<number, number>[] {
  const trace: Map<number, number>[] = [];
  let reach = new Map([[1, 0]]);
  for (let edit = 0; edit <= left.length + right.length; edit++) {
    const next = new Map(reach);
    trace.push(new Map(reach));
    for (let diagonal = -edit; diagonal <= edit; diagonal += 2) {
      const down =
        diagonal === -edit || (diagonal !== edit && (reach.get(diagonal - 1) ?? -1) < (reach.get(diagonal + 1) ?? -1));
      let x = down ? (reach.get(diagonal + 1) ?? 0) : (reach.get(diagonal - 1) ?? 0) + 1;
      while (x < left.length && x - diagonal < right.length && left[x] === right[x - diagonal]) x++;
      next.set(diagonal, x);
      if (x >= left.length && x - diagonal >= right.length) return [...trace, next];
    }
    reach = next;
  }
  return trace;
}

function walkBack(left: readonly string[], right: readonly string[], trace: readonly Map<number, number>[]): Piece[] {
  const pieces: { side: Side; items: string[] }[] = [];
  const take = (side: Side, item: string): void => {
    const [first] = pieces;
    if (first?.side === side) first.items.unshift(item);
    else pieces.unshift({ side, items: [item] });
  };
  let [x, y] = [left.length, right.length];
  for (let edit = trace.length - 2; edit >= 0 && (x > 0 || y > 0); edit--) {
    const reach = trace[edit]!;
    const diagonal = x - y;
    const down =
      diagonal === -edit || (diagonal !== edit && (reach.get(diagonal - 1) ?? -1) < (reach.get(diagonal + 1) ?? -1));
    const fromX = down ? (reach.get(diagonal + 1) ?? 0) : (reach.get(diagonal - 1) ?? 0);
    const fromY = fromX - (down ? diagonal + 1 : diagonal - 1);
    while (x > fromX && y > fromY && x > 0 && y > 0 && left[x - 1] === right[y - 1]) {
      take('same', left[--x]!);
      y--;
    }
    if (edit === 0) break;
    if (down) take('new', right[--y]!);
    else take('gone', left[--x]!);
  }
  return pieces;
}

const lines = (text: string): string[] => text.split(/(?<=\n)/);
const COLOURS: Readonly<Record<Side, string>> = { same: '', gone: '\u001b[31m', new: '\u001b[32m' };

function shown({ side, items }: Piece): string {
  const text = items.join('');
  if (side === 'same') return text;
  return text
    .split('\n')
    .map(line => `${COLOURS[side]}${line}\u001b[0m`)
    .join('\n');
}

/** Both texts in one: what goes in red, what comes in green, by lines and within changed lines by characters. */
export function colouredDiff(before: string, after: string): string {
  const pieces = edits(lines(before), lines(after));
  const out: string[] = [];
  for (let at = 0; at < pieces.length; at++) {
    const [piece, next] = [pieces[at]!, pieces[at + 1]];
    if (piece.side !== 'same' && next !== undefined && next.side !== 'same') {
      const [gone, fresh] = piece.side === 'gone' ? [piece, next] : [next, piece];
      out.push(...edits([...gone.items.join('')], [...fresh.items.join('')]).map(shown));
      at++;
    } else out.push(shown(piece));
  }
  return out.join('');
}
