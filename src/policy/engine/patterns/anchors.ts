import { rememberText } from '../../../base/index.ts';
import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';

/** What the brackets around a pattern's key ask for (Kyverno, "Anchors"). */
export type AnchorKind = 'condition' | 'global' | 'negation' | 'add' | 'equality' | 'existence';

export interface Anchor {
  readonly kind: AnchorKind;
  readonly key: string;
}

const KINDS: Readonly<Record<string, AnchorKind>> = {
  '': 'condition',
  '<': 'global',
  X: 'negation',
  '+': 'add',
  '=': 'equality',
  '^': 'existence',
};

/** Reads `=(key)`; undefined for plain keys. */
export const anchorOf = rememberText((key): Anchor | undefined => {
  const found = /^([<X+=^]?)\(\s*(.*?)\s*\)$/s.exec(key);
  return found === null || found[2] === '' ? undefined : { kind: KINDS[found[1]!]!, key: found[2]! };
});

/** The key without its anchor. */
export const plainKey = (key: string): string => anchorOf(key)?.key ?? key;

/** The same anchor around another key. */
export function withAnchor(kind: AnchorKind, key: string): string {
  const sign = Object.keys(KINDS).find(each => KINDS[each] === kind)!;
  return `${sign}(${key})`;
}

/** Keys whose anchors are looked at before the fields beside them; a global anchor is one of the fields. */
export function isAhead(key: string): boolean {
  const kind = anchorOf(key)?.kind;
  return kind !== undefined && kind !== 'add' && kind !== 'global';
}

/** The other fields in the order they are compared: global anchors and what holds anchors first, the last of them ahead. */
export function plainOrder(pattern: JsonObject, keys: readonly string[]): readonly string[] {
  const plain = keys.filter(key => !isAhead(key));
  const nested = plain.filter(key => anchorOf(key)?.kind === 'global' || holdsAnchors(pattern[key]!)).reverse();
  return [...nested, ...plain.filter(key => !nested.includes(key))];
}

function holdsAnchors(pattern: Json): boolean {
  if (Array.isArray(pattern)) return pattern.some(holdsAnchors);
  if (!isObject(pattern)) return false;
  return Object.entries(pattern).some(([key, value]) => {
    const kind = anchorOf(key)?.kind;
    return (kind !== undefined && kind !== 'add') || holdsAnchors(value);
  });
}
