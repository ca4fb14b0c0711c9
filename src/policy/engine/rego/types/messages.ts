import type { Term } from '../syntax.ts';
import { jsonText } from '../value.ts';
import { type FunctionType, isEmpty, keysType, shownType, type Type } from './type.ts';

type Ref = Extract<Term, { kind: 'ref' }>;

const PLURALS: Readonly<Record<string, string>> = { array: 'arrays', object: 'objects', set: 'sets' };

/** Why two collections of one kind can never be equal. */
export function differHint(left: Type | undefined, right: Type | undefined): string[] {
  const plural = left && left.kind === right?.kind ? PLURALS[left.kind] : undefined;
  if (plural === undefined) return [];
  return [
    `hint  : both sides are ${plural} but their types differ, so they can never be equal (see https://www.openpolicyagent.org/docs/errors/rego-type-error/match-error)`,
  ];
}

/** Keys that would be right: named ones, or their type. */
export function wantOf(type: Type): string {
  if (type.kind === 'object' && !type.rest)
    return `want (one of): [${[...type.fields.values()]
      .map(({ key }) => jsonText(key))
      .sort()
      .join(' ')}]`;
  return isEmpty(type) ? 'want (one of): []' : `want (type): ${shownType(keysType(type))}`;
}

const plainName = (name: string): string => (name.startsWith('$') ? '_' : name.replace(/#\d+$/, ''));

function keyText(key: Term): string {
  if (key.kind === 'scalar')
    return typeof key.value === 'string' && /^[A-Za-z_]\w*$/.test(key.value) ? key.value : `[${jsonText(key.value)}]`;
  return key.kind === 'var' ? `[${plainName(key.name)}]` : '[…]';
}

/** A reference as the program wrote it. */
export const refText = (ref: Ref): string =>
  (ref.head.kind === 'var' ? plainName(ref.head.name) : '…') +
  ref.path.map(key => (keyText(key).startsWith('[') ? keyText(key) : `.${keyText(key)}`)).join('');

/** A reference with a mark under the key at `at`, or under all of it up to there, and what is wrong. */
export function undefinedLines(ref: Ref, at: number, lines: readonly string[], whole: boolean): string[] {
  const before = refText({ ...ref, path: ref.path.slice(0, Math.max(0, at)) });
  const pad = ' '.repeat(before.length + 1);
  const marked = refText({ ...ref, path: ref.path.slice(0, at + 1) });
  return [
    refText(ref),
    ...(whole ? ['^'.repeat(marked.length), ...lines] : [`${pad}^`, ...lines.map(line => pad + line)]),
  ];
}

/** Operands and result of a function with their names, where they have any. */
export const operandsText = ({ args, result, names }: FunctionType): string =>
  [...args, ...(result ? [result] : [])]
    .map((each, index) => (names[index] ? `${names[index]}: ${shownType(each)}` : shownType(each)))
    .join(', ');
