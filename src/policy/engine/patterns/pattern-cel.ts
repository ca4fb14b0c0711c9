import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';
import { anchorOf, plainKey } from './anchors.ts';
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

/** Numbers of outcomes. `PASSED` is a list no item of which counts, `MET` a fit that had conditions to meet. */
const FITS = 0;
const CONDITION = 1;
const GLOBAL = 2;
const FAILS = 3;
const PASSED = 4;
const MET = 5;

const DEPTH_MAX = 24;
const SIZE_MAX = 60_000;

/** Writes a pattern as CEL over `value`, an expression that is null where there is nothing. Throws {@link NotInCel}. */
export function patternConditions(value: string, pattern: Json): PatternConditions {
  const outcome = new Writer().element(value, pattern, 0, false);
  if (codeOf(outcome).length > SIZE_MAX) throw new NotInCel('patterns of this size');
  if ('fits' in outcome) return { fits: outcome.fits, skips: 'false' };
  return { fits: `${outcome.code} == ${FITS}`, skips: `${outcome.code} in [${CONDITION}, ${GLOBAL}]` };
}

const codeOf = (outcome: Outcome): string =>
  'code' in outcome ? outcome.code : `(${outcome.fits} ? ${FITS} : ${FAILS})`;
const fitsOf = (outcome: Outcome): string => ('fits' in outcome ? outcome.fits : `${outcome.code} == ${FITS}`);

/** Gives an expression a name within another: CEL has no `let`, but lists of one item. */
const named = (name: string, expression: string, within: string): string =>
  `[${expression}].map(${name}, ${within})[0]`;

class Writer {
  #names = 0;

  element(value: string, pattern: Json, depth: number, inList: boolean): Outcome {
    if (depth > DEPTH_MAX) throw new NotInCel('patterns as deep as this');
    if (isObject(pattern)) return this.#map(value, pattern, depth, inList);
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

  #map(value: string, pattern: JsonObject, depth: number, inList: boolean): Outcome {
    const keys = Object.keys(pattern).sort();
    const anchored = keys.filter(key => (anchorOf(key)?.kind ?? 'add') !== 'add');
    const plain = keys.filter(key => (anchorOf(key)?.kind ?? 'add') === 'add');
    plain.sort((left, right) => Number(conditional(pattern[right]!)) - Number(conditional(pattern[left]!)));
    for (const key of keys) if (plainKey(key) === 'metadata') refuseWildcards(pattern[key]!);
    const steps = [
      ...anchored.map(key => this.#anchored(value, key, pattern[key]!, depth, inList)),
      ...plain.map(key => this.#plain(value, key, pattern[key]!, depth, inList)),
    ];
    const isMap = `type(${value}) == map`;
    const plainly = steps.flatMap(step => ('fits' in step ? [step.fits] : []));
    if (plainly.length === steps.length) return { fits: celAll([isMap, ...plainly]) };
    const [all, ends, code] = [this.#name(), this.#name(), this.#name()];
    // The first that ends it decides; what was passed over counts only where no condition was met.
    const last = `(${all}.exists(${code}, ${code} == ${PASSED}) && !${all}.exists(${code}, ${code} == ${MET}) ? ${CONDITION} : ${FITS})`;
    const decided = named(
      ends,
      `${all}.filter(${code}, ${code} in [${CONDITION}, ${GLOBAL}, ${FAILS}])`,
      `size(${ends}) > 0 ? ${ends}[0] : ${last}`,
    );
    return { code: `(${isMap} ? ${named(all, `[${steps.map(codeOf).join(', ')}]`, decided)} : ${FAILS})` };
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

  #plain(value: string, key: string, wanted: Json, depth: number, inList: boolean): Outcome {
    const name = plainKey(key);
    if (wanted === '*') return this.#child(value, name, child => ({ fits: `${child} != null` }));
    return this.#child(value, name, child => {
      const outcome = this.element(child, wanted, depth + 1, inList);
      if (!conditional(wanted)) return outcome;
      return this.#softened(child, `${celString(name)} in ${value}`, outcome);
    });
  }

  /** A condition that no item of a list meets is passed over. */
  #softened(child: string, present: string, outcome: Outcome): Outcome {
    const code = this.#name();
    const soft = `${code} == ${FITS} ? (${present} ? ${MET} : ${FITS}) : ${code} == ${CONDITION} && type(${child}) == list ? ${PASSED} : ${code}`;
    return { code: named(code, codeOf(outcome), soft) };
  }

  #anchored(value: string, key: string, wanted: Json, depth: number, inList: boolean): Outcome {
    const { kind, key: name } = anchorOf(key)!;
    const present = `${celString(name)} in ${value}`;
    if (kind === 'negation') return { fits: celNot(present) };
    if (kind === 'global' && inList) throw new NotInCel('global anchors within lists');
    if (kind === 'existence') return this.#exists(value, name, celNot(present), wanted, depth);
    const write = (child: string): Outcome => this.element(child, wanted, depth + 1, inList);
    if (kind === 'equality') {
      const outcome = this.#child(value, name, child => this.#softened(child, 'true', write(child)));
      return { code: `(${present} ? ${codeOf(outcome)} : ${FITS})` };
    }
    const fits = fitsOf(this.#child(value, name, write));
    return kind === 'condition'
      ? { code: `(${present} && ${fits} ? ${FITS} : ${CONDITION})` }
      : { code: `(!(${present}) || ${fits} ? ${FITS} : ${GLOBAL})` };
  }

  #exists(value: string, name: string, absent: string, wanted: Json, depth: number): Outcome {
    if (!Array.isArray(wanted)) throw new NotInCel('existence anchors without a list');
    const found = this.#child(value, name, child => ({
      fits: celAll([
        `type(${child}) == list`,
        ...wanted.map(each => {
          const item = this.#name();
          return `${child}.exists(${item}, ${fitsOf(this.element(item, each, depth + 1, true))})`;
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
      return { fits: celAll([isList, fitsOf(this.element(value, first, depth + 1, true))]) };
    const items = pattern.map((wanted, at) => fitsOf(this.element(`${value}[${at}]`, wanted, depth + 1, true)));
    return { fits: celAll([isList, `size(${value}) >= ${pattern.length}`, ...items]) };
  }

  /** Every item must fit; those whose conditions do not hold do not count. */
  #items(value: string, pattern: JsonObject, depth: number): Outcome {
    const item = this.#name();
    const outcome = this.element(item, pattern, depth + 1, true);
    const isList = `type(${value}) == list`;
    if ('fits' in outcome) return { fits: celAll([isList, `${value}.all(${item}, ${outcome.fits})`]) };
    const [all, code] = [this.#name(), this.#name()];
    const some = (wanted: number): string => `${all}.exists(${code}, ${code} == ${wanted})`;
    const decided = `${some(FAILS)} ? ${FAILS} : size(${all}) > 0 && !${some(FITS)} ? ${CONDITION} : ${FITS}`;
    return {
      code: `(${isList} ? ${named(all, `${value}.map(${item}, ${outcome.code})`, decided)} : ${FAILS})`,
    };
  }
}

/** Whether a pattern holds conditional or global anchors at any depth. */
function conditional(pattern: Json): boolean {
  if (Array.isArray(pattern)) return pattern.some(conditional);
  if (!isObject(pattern)) return false;
  return Object.entries(pattern).some(([key, value]) => {
    const kind = anchorOf(key)?.kind;
    return kind === 'condition' || kind === 'global' || conditional(value);
  });
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
