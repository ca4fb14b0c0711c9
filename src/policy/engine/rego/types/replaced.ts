import { groundPath } from '../resolve.ts';
import type { Term, With } from '../syntax.ts';
import { ANY, objectType, type Type } from './type.ts';

/** Documents that `with` replaces, by name below `input` and `data`; no names below: replaced as a whole. */
export interface Replaced {
  readonly below: ReadonlyMap<string, Replaced>;
}

const WHOLE: Replaced = { below: new Map() };

/** What a list of modifiers replaces, inside of others. */
export function replacedBy(modifiers: readonly With[], around: Replaced | undefined): Replaced | undefined {
  let found = around;
  for (const { target } of modifiers) {
    const path = groundPath(target);
    if (path && (path[0] === 'input' || path[0] === 'data')) found = put(found, path);
  }
  return found;
}

function put(node: Replaced | undefined, [name, ...rest]: readonly string[]): Replaced {
  if (name === undefined) return WHOLE;
  return { below: new Map(node?.below).set(name, put(node?.below.get(name), rest)) };
}

/** What a reference to something replaced starts from: nothing is known of it, nor of what stands beside it. */
export function replacedAt(
  replaced: Replaced,
  { head, path }: Extract<Term, { kind: 'ref' }>,
): { readonly type: Type; readonly at: number } | undefined {
  let node = replaced.below.get((head as { name: string }).name);
  for (let at = 0; at < path.length; at++) {
    if (!node) return undefined;
    if (node.below.size === 0) return { type: ANY, at };
    const key = path[at]!;
    if (key.kind !== 'scalar') return { type: extent(node), at };
    node = typeof key.value === 'string' ? node.below.get(key.value) : undefined;
  }
  return node && { type: extent(node), at: path.length };
}

const extent = ({ below }: Replaced): Type =>
  below.size === 0
    ? ANY
    : objectType(
        [...below].map(([name, node]) => [name, extent(node)] as const),
        { key: { kind: 'string' }, value: ANY },
      );
