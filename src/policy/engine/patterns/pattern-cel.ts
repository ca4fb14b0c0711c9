import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';
import { anchorOf, isAhead, plainKey, plainOrder } from './anchors.ts';
import { celAll, celAny, celNot, celString } from './cel-text.ts';
import { celLeaf, NotInCel } from './leaf-cel.ts';
import { hasWildcard } from './wildcard.ts';

/** What a pattern comes to, as CEL conditions: at most one holds, and where neither does the resource is refused. */
export interface PatternConditions {
  readonly fits: string;
  /** The pattern does not apply. */
  readonly skips: string;
}

/**
 * One comparison: a condition where it can only fit or fail, else a number. Every part stands once, so that the text grows
 * with the pattern and no faster.
 */
type Outcome = { readonly fits: string } | { readonly code: string };

/** Numbers of outcomes. */
const FITS = 0;
const SKIPS = 1;
const FAILS = 2;

const DEPTH_MAX = 24;
const SIZE_MAX = 60_000;

/** Writes a pattern as CEL over `value`, an expression that is null where there is nothing. Throws {@link NotInCel}. */
export function patternConditions(value: string, pattern: Json): PatternConditions {
  const outcome = new Writer().element(value, pattern, 0);
  if (codeOf(outcome).length > SIZE_MAX) throw new NotInCel('patterns of this size');
  if ('fits' in outcome) return { fits: outcome.fits, skips: 'false' };
  return { fits: `${outcome.code} == ${FITS}`, skips: `${outcome.code} == ${SKIPS}` };
}

const codeOf = (outcome: Outcome): string =>
  'code' in outcome ? outcome.code : `(${outcome.fits} ? ${FITS} : ${FAILS})`;
const fitsOf = (outcome: Outcome): string => ('fits' in outcome ? outcome.fits : `${outcome.code} == ${FITS}`);

/** Gives an expression a name within another: CEL has no `let`, but lists of one item. */
const named = (name: string, expression: string, within: string): string =>
  `[${expression}].map(${name}, ${within})[0]`;

class Writer {
  #names = 0;

  element(value: string, pattern: Json, depth: number): Outcome {
    if (depth > DEPTH_MAX) throw new NotInCel('patterns as deep as this');
    if (isObject(pattern)) return this.#map(value, pattern, depth);
    if (Array.isArray(pattern)) return this.#list(value, pattern, depth);
    if (typeof pattern === 'string' && /\$\(|\{\{/.test(pattern)) throw new NotInCel('references and variables');
    const item = this.#name();
    return {
      fits: `(type(${value}) == list ? ${value}.all(${item}, ${celLeaf(item, pattern)}) : ${celLeaf(value, pattern)})`,
    };
  }

  #name(): string {
    return `e${this.#names++}`;
  }

  /** Conditions first; then the other anchors, which do not apply where all of them are passed over; then fields and global anchors. */
  #map(value: string, pattern: JsonObject, depth: number): Outcome {
    const keys = Object.keys(pattern).sort();
    const isCondition = (key: string): boolean => anchorOf(key)?.kind === 'condition';
    for (const key of keys) if (plainKey(key) === 'metadata') refuseWildcards(pattern[key]!);
    const anchored = (key: string): Outcome => this.#anchored(value, key, pattern[key]!, depth);
    const conditions = keys.filter(isCondition).map(anchored);
    const others = keys.filter(key => isAhead(key) && !isCondition(key)).map(anchored);
    const plain = plainOrder(pattern, keys).map(key =>
      anchorOf(key)?.kind === 'global' ? anchored(key) : this.#plain(value, key, pattern[key]!, depth),
    );
    const isMap = `type(${value}) == map`;
    const steps = [...conditions, ...others, ...plain];
    const plainly = steps.flatMap(step => ('fits' in step ? [step.fits] : []));
    if (plainly.length === steps.length) return { fits: celAll([isMap, ...plainly]) };
    const [c, o, p, x] = [this.#name(), this.#name(), this.#name(), this.#name()];
    const listed = (group: readonly Outcome[]): string => `[${group.map(codeOf).join(', ')}]`;
    let code = String(FITS);
    if (plain.length > 0)
      code = named(p, `${listed(plain)}.filter(${x}, ${x} != ${FITS})`, `size(${p}) > 0 ? ${p}[0] : ${code}`);
    if (others.length > 0) {
      const unapplied = conditions.length > 0 ? '' : `!${o}.exists(${x}, ${x} == ${FITS}) ? ${SKIPS} : `;
      code = named(o, listed(others), `${o}.exists(${x}, ${x} == ${FAILS}) ? ${FAILS} : ${unapplied}${code}`);
    }
    if (conditions.length > 0)
      code = named(c, listed(conditions), `${c}.exists(${x}, ${x} == ${SKIPS}) ? ${SKIPS} : ${code}`);
    return { code: `(${isMap} ? ${code} : ${FAILS})` };
  }

  /** What stands at a key, by a name; null where nothing does. */
  #child(value: string, key: string, write: (child: string) => Outcome): Outcome {
    const name = this.#name();
    const at = `${value}[?${celString(key)}].orValue(dyn(null))`;
    const outcome = write(name);
    return 'fits' in outcome
      ? { fits: `[${at}].exists(${name}, ${outcome.fits})` }
      : { code: named(name, at, outcome.code) };
  }

  #plain(value: string, key: string, wanted: Json, depth: number): Outcome {
    const name = plainKey(key);
    if (wanted === '*') return this.#child(value, name, child => ({ fits: `${child} != null` }));
    return this.#child(value, name, child => this.element(child, wanted, depth + 1));
  }

  #anchored(value: string, key: string, wanted: Json, depth: number): Outcome {
    const { kind, key: name } = anchorOf(key)!;
    const present = `${celString(name)} in ${value}`;
    if (kind === 'negation') return { fits: celNot(present) };
    if (kind === 'existence') return this.#exists(value, name, celNot(present), wanted, depth);
    const outcome = this.#child(value, name, child => this.element(child, wanted, depth + 1));
    if (kind === 'equality') return { code: `(${present} ? ${codeOf(outcome)} : ${FITS})` };
    const fits = fitsOf(outcome);
    return kind === 'condition'
      ? { code: `(${present} && ${fits} ? ${FITS} : ${SKIPS})` }
      : { code: `(!(${present}) || ${fits} ? ${FITS} : ${SKIPS})` };
  }

  #exists(value: string, name: string, absent: string, wanted: Json, depth: number): Outcome {
    if (!Array.isArray(wanted)) throw new NotInCel('existence anchors without a list');
    const found = this.#child(value, name, child => ({
      fits: celAll([
        `type(${child}) == list`,
        ...wanted.map(each => {
          const item = this.#name();
          return `${child}.exists(${item}, ${fitsOf(this.element(item, each, depth + 1))})`;
        }),
      ]),
    }));
    return { fits: celAny([absent, fitsOf(found)]) };
  }

  #list(value: string, pattern: readonly Json[], depth: number): Outcome {
    const [first] = pattern;
    const isList = `type(${value}) == list`;
    if (first === undefined) return { fits: 'false' };
    if (isObject(first)) return this.#items(value, first, depth);
    if (!Array.isArray(first) && pattern.length === 1)
      return { fits: celAll([isList, fitsOf(this.element(value, first, depth + 1))]) };
    const items = pattern.map((wanted, at) => fitsOf(this.element(`${value}[${at}]`, wanted, depth + 1)));
    return { fits: celAll([isList, `size(${value}) >= ${pattern.length}`, ...items]) };
  }

  /** Every item must fit; those whose conditions do not hold do not count. */
  #items(value: string, pattern: JsonObject, depth: number): Outcome {
    const item = this.#name();
    const outcome = this.element(item, pattern, depth + 1);
    const isList = `type(${value}) == list`;
    if ('fits' in outcome) return { fits: celAll([isList, `${value}.all(${item}, ${outcome.fits})`]) };
    const [all, code] = [this.#name(), this.#name()];
    const some = (wanted: number): string => `${all}.exists(${code}, ${code} == ${wanted})`;
    const decided = `${some(FAILS)} ? ${FAILS} : size(${all}) > 0 && !${some(FITS)} ? ${SKIPS} : ${FITS}`;
    return {
      code: `(${isList} ? ${named(all, `${value}.map(${item}, ${outcome.code})`, decided)} : ${FAILS})`,
    };
  }
}

/** Wildcards in keys of labels and annotations stand for one key of the resource: CEL cannot say which. */
function refuseWildcards(metadata: Json): void {
  if (!isObject(metadata)) return;
  for (const [name, value] of Object.entries(metadata)) {
    const field = plainKey(name);
    if ((field !== 'labels' && field !== 'annotations') || !isObject(value)) continue;
    if (Object.keys(value).some(key => hasWildcard(plainKey(key)))) throw new NotInCel('wildcards in keys');
  }
}
