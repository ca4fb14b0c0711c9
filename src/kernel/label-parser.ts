import { labelValue, qualifiedName } from './schema/validation/names.ts';
import { badRequest } from './status.ts';

/** One condition on a label (apimachinery labels.Requirement). */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | '!' | '>' | '<';
  readonly values: readonly string[];
}

/** What a selector text is made of; `word` is a key or a value, `''` the end. */
type Token = 'word' | 'in' | 'notin' | '=' | '==' | '!=' | '!' | '>' | '<' | '(' | ')' | ',' | '' | 'error';

interface Scanned {
  readonly token: Token;
  readonly text: string;
}

const SYMBOLS: ReadonlySet<string> = new Set(['=', '==', '!=', '!', '>', '<', '(', ')', ',']);
const SPECIAL = /[=!(),><]/;
const SPACE = /[ \t\r\n]/;

/** Cuts a selector into tokens: of special characters as many as make one (apimachinery labels.Lexer). */
function scan(text: string): Scanned[] {
  const found: Scanned[] = [];
  let at = 0;
  while (at < text.length) {
    if (SPACE.test(text[at]!)) at++;
    else if (SPECIAL.test(text[at]!)) {
      let symbol = text[at]!;
      while (SYMBOLS.has(symbol + (text[at + symbol.length] ?? ' '))) symbol += text[at + symbol.length];
      found.push({ token: symbol as Token, text: symbol });
      at += symbol.length;
    } else {
      let end = at;
      while (end < text.length && !SPACE.test(text[end]!) && !SPECIAL.test(text[end]!)) end++;
      const word = text.slice(at, end);
      found.push({ token: word === 'in' || word === 'notin' ? word : 'word', text: word });
      at = end;
    }
  }
  return found;
}

const OPERATORS = ['in', 'notin', '=', '==', '!=', '>', '<'];

const wrong = (found: Scanned, expected: string): Error => new Error(`found '${found.text}'${expected}`);

function aggregate(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`);
}

const invalidField = (at: string, value: unknown, why: string): string =>
  `${at}: Invalid value: ${JSON.stringify(value)}: ${why}`;

function checkKey(key: string): void {
  const problems = qualifiedName(key);
  if (problems.length > 0) throw new Error(invalidField('<nil>', key, problems.join('; ')));
}

/** The largest number a comparison takes, as int64. */
const INTEGER = /^[+-]?\d+$/;
const fits = (text: string): boolean => INTEGER.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);

/** What an operator asks of its values (apimachinery labels.NewRequirement). */
function requirementOf(key: string, operator: string, values: readonly string[]): LabelRequirement {
  const list = [...new Set(values)].sort();
  const problems: string[] = [];
  const compares = operator === '>' || operator === '<';
  for (const [at, value] of list.entries()) {
    if (compares && !fits(value))
      problems.push(invalidField(`values[${at}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer"));
    const bad = labelValue(value);
    if (bad.length > 0) problems.push(invalidField(`values[${at}][${key}]`, value, bad.join('; ')));
  }
  aggregate(problems);
  if (compares) return { key, operator, values: list };
  return { key, operator: operator === 'notin' || operator === '!=' ? 'notin' : 'in', values: list };
}

/** Reads a selector as the API server does, and refuses what it refuses in its words (apimachinery labels.Parser). */
class Parser {
  readonly #tokens: readonly Scanned[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = scan(text);
  }

  /** The next token; where a key or a value may stand, `in` and `notin` are words. */
  #look(operator = false): Scanned {
    const next = this.#tokens[this.#at] ?? { token: '', text: '' };
    return !operator && (next.token === 'in' || next.token === 'notin') ? { ...next, token: 'word' } : next;
  }

  #take(operator = false): Scanned {
    const next = this.#look(operator);
    this.#at++;
    return next;
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const next = this.#look();
      if (next.token === '') return requirements;
      if (next.token !== 'word' && next.token !== '!')
        throw wrong(next, ", expected: !, identifier, or 'end of string'");
      try {
        requirements.push(this.#requirement());
      } catch (error) {
        throw new Error(`unable to parse requirement: ${(error as Error).message}`, { cause: error });
      }
      const after = this.#take();
      if (after.token === '') return requirements;
      if (after.token !== ',') throw wrong(after, ", expected: ',' or 'end of string'");
      const more = this.#look();
      if (more.token !== 'word' && more.token !== '!') throw wrong(more, ", expected: identifier after ','");
    }
  }

  #requirement(): LabelRequirement {
    let key = this.#take();
    const absent = key.token === '!';
    if (absent) key = this.#take();
    if (key.token !== 'word') throw wrong(key, ', expected: identifier');
    checkKey(key.text);
    const next = this.#look();
    if (absent || next.token === '' || next.token === ',')
      return { key: key.text, operator: absent ? '!' : 'exists', values: [] };
    const operator = this.#take(true);
    if (!OPERATORS.includes(operator.token)) throw wrong(operator, ', expected: in, notin, =, ==, !=, gt, lt');
    const set = operator.token === 'in' || operator.token === 'notin';
    return requirementOf(key.text, operator.token, set ? this.#set() : [this.#exact()]);
  }

  #exact(): string {
    const next = this.#look();
    if (next.token === '' || next.token === ',') return '';
    const value = this.#take();
    if (value.token !== 'word') throw wrong(value, ', expected: identifier');
    return value.text;
  }

  #set(): string[] {
    const open = this.#take();
    if (open.token !== '(') throw wrong(open, " expected: '('");
    const next = this.#look();
    if (next.token === ')') {
      this.#take();
      return [''];
    }
    if (next.token !== 'word' && next.token !== ',') throw wrong(next, ", expected: ',', ')' or identifier");
    const values = this.#list();
    const close = this.#take();
    if (close.token !== ')') throw wrong(close, ", expected: ')'");
    return values;
  }

  /** Values between commas; nothing before, between or after them is the empty value. */
  #list(): string[] {
    const values: string[] = [];
    for (;;) {
      const one = this.#take();
      if (one.token === 'word') {
        values.push(one.text);
        const next = this.#look();
        if (next.token === ')') return values;
        if (next.token !== ',') throw wrong(next, ", expected: ',' or ')'");
      } else if (one.token === ',') {
        if (values.length === 0) values.push('');
        const next = this.#look();
        if (next.token === ')') return [...values, ''];
        if (next.token !== ',') continue;
        this.#take();
        values.push('');
      } else throw wrong(one, ", expected: ',', or identifier");
    }
  }
}

const SELECTOR_LENGTH_MAX = 64 * 1024;

/** Reads `app in (a,b),!legacy,tier=web`; the empty text selects everything. Throws a 400. */
export function parseLabelSelector(text: string): readonly LabelRequirement[] {
  if (text.length > SELECTOR_LENGTH_MAX) throw badRequest('unable to parse requirement: selector is too long');
  try {
    return new Parser(text).parse();
  } catch (error) {
    throw badRequest((error as Error).message);
  }
}
