import type { Term } from '../syntax.ts';
import { jsonText } from '../value.ts';
import { keysType, shownType, type Type } from './type.ts';

type Ref = Extract<Term, { kind: 'ref' }>;

/** Why two objects can never be equal. */
export const OBJECTS_HINT =
  'hint  : both sides are objects but their types differ, so they can never be equal (see https://www.openpolicyagent.org/docs/errors/rego-type-error/match-error)';

/** Keys that would be right: named ones, or their type. */
export function wantOf(type: Type): string {
  if (type.kind === 'object' && !type.rest)
    return `want (one of): [${[...type.fields.values()]
      .map(({ key }) => jsonText(key))
      .sort()
      .join(' ')}]`;
  return `want (type): ${shownType(keysType(type))}`;
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
