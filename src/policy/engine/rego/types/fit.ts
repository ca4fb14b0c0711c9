import { groundValue } from '../compile-body.ts';
import type { Term } from '../syntax.ts';
import { ANY, either, isAny, isUnknown, selectType, type Type, unifies } from './type.ts';

type TermOf<Kind extends Term['kind']> = Extract<Term, { kind: Kind }>;
type TypeOfKind<Kind extends Type['kind']> = Extract<Type, { kind: Kind }>;

/** Where types of variables are kept. */
export interface Types {
  typeOf(term: Term): Type | undefined;
  set(name: string, type: Type): void;
}

const isVar = (term: Term): term is TermOf<'var'> =>
  term.kind === 'var' && term.name !== 'input' && term.name !== 'data';

/** Whether a term may have a type; variables of which nothing is known get theirs. `inUnion`: one of several types. */
export function fits(types: Types, term: Term, type: Type | undefined, inUnion: boolean): boolean {
  if (isVar(term)) {
    const own = types.typeOf(term);
    if (inUnion) {
      const both = either(own, type);
      if (both) types.set(term.name, both);
      return true;
    }
    if (own !== undefined) return unifies(own, type);
    if (type) types.set(term.name, type);
    return true;
  }
  if (term.kind !== 'array' && term.kind !== 'object' && term.kind !== 'set') return unifies(types.typeOf(term), type);
  if (type === undefined) return false;
  if (isAny(type)) {
    const parts = term.kind === 'object' ? term.entries.flat() : term.items;
    for (const part of parts) fits(types, part, ANY, true);
    return true;
  }
  if (type.kind === 'any') return type.of.map(each => fits(types, term, each, true)).some(Boolean);
  if (term.kind === 'array' && type.kind === 'array') return fitsArray(types, term, type, inUnion);
  if (term.kind === 'object' && type.kind === 'object') return fitsObject(types, term, type, inUnion);
  if (term.kind !== 'set' || type.kind !== 'set') return false;
  return term.items.every(item => fits(types, item, type.of, inUnion));
}

function fitsArray(types: Types, term: TermOf<'array'>, type: TypeOfKind<'array'>, inUnion: boolean): boolean {
  if (term.items.length !== type.items.length && !type.rest) return false;
  return term.items.every((item, index) => fits(types, item, selectType(type, index), inUnion));
}

function fitsObject(types: Types, term: TermOf<'object'>, type: TypeOfKind<'object'>, inUnion: boolean): boolean {
  if (term.entries.length !== type.fields.size && !type.rest) return false;
  return term.entries.every(([key, value]) => {
    const constant = groundValue(key);
    // Which member a key that is not known means is not judged.
    if (constant === undefined) return (fits(types, value, ANY, inUnion), true);
    const wanted = selectType(type, constant);
    return wanted !== undefined && fits(types, value, wanted, inUnion);
  });
}

/** Whether two terms may be equal. */
export function match(types: Types, left: Term, right: Term): boolean {
  const [leftType, rightType] = [types.typeOf(left), types.typeOf(right)];
  const [leftOpen, rightOpen] = [isUnknown(leftType), isUnknown(rightType)];
  if (leftOpen && !rightOpen) return fits(types, left, rightType, false);
  if (rightOpen && !leftOpen) return fits(types, right, leftType, false);
  if (!leftOpen && !rightOpen) return unifies(leftType, rightType);
  if (isVar(left)) return matchVar(types, left, right);
  if (isVar(right)) return matchVar(types, right, left);
  if (left.kind === 'array' && right.kind === 'array')
    return (
      left.items.length === right.items.length &&
      left.items.every((item, index) => match(types, item, right.items[index]!))
    );
  return left.kind === 'object' && right.kind === 'object' && matchObjects(types, left, right);
}

function matchVar(types: Types, left: TermOf<'var'>, right: Term): boolean {
  if (right.kind === 'var') return fits(types, left, ANY, false) && fits(types, right, types.typeOf(left), false);
  if (right.kind === 'array' || right.kind === 'object' || right.kind === 'set')
    return fits(types, right, ANY, false) && fits(types, left, types.typeOf(right), false);
  // Of a reference to what is not known it is not asked what it may be.
  return fits(types, left, right.kind === 'ref' ? ANY : (types.typeOf(right) ?? ANY), false);
}

function matchObjects(types: Types, left: TermOf<'object'>, right: TermOf<'object'>): boolean {
  if (left.entries.length !== right.entries.length) return false;
  const same = (one: Term, other: Term): boolean =>
    one.kind === 'var'
      ? other.kind === 'var' && one.name === other.name
      : one.kind === 'scalar' && other.kind === 'scalar' && one.value === other.value;
  return left.entries.every(([key, value]) => {
    const other = right.entries.find(entry => same(entry[0], key));
    return other !== undefined && match(types, value, other[1]);
  });
}
