import { compareNumbers, isInteger, isNumber, type RegoNumber, toDouble } from '../number.ts';
import { BuiltinError } from '../runtime.ts';
import {
  entriesOf,
  equal,
  fromJsonText,
  isArray,
  isObject,
  jsonText,
  keyOf,
  lookup,
  objectOf,
  type Value,
} from '../value.ts';
import { type Entry, entry, wrong } from './operands.ts';
import { pattern } from './pattern.ts';

interface Problem {
  readonly field: string;
  readonly type: string;
  readonly desc: string;
}

const TYPES = ['array', 'boolean', 'integer', 'number', 'null', 'object', 'string'];

function documentOf(value: Value, position: number): Value {
  if (isObject(value)) return value;
  if (typeof value !== 'string') return wrong(position, 'one of {string, object}', value);
  try {
    return fromJsonText(value);
  } catch (error) {
    throw new BuiltinError(`invalid JSON string: ${(error as Error).message}`);
  }
}

const KEYWORDS_OF_SCHEMAS = [
  'additionalProperties',
  'items',
  'not',
  'contains',
  'propertyNames',
  'if',
  'then',
  'else',
  'additionalItems',
];
const DEPTH_MAX = 200;

/** Refuses what is no schema (JSON Schema draft 7). */
function checkSchema(schema: Value, depth = 0): void {
  if (depth > DEPTH_MAX) throw new BuiltinError('schema nests too deeply');
  if (typeof schema === 'boolean') return;
  if (!isObject(schema)) throw new BuiltinError('schema is invalid');
  const type = lookup(schema, 'type');
  for (const name of type === undefined ? [] : isArray(type) ? type : [type]) {
    if (typeof name !== 'string') throw new BuiltinError('type must be a string or array of strings');
    if (!TYPES.includes(name))
      throw new BuiltinError(
        `has a primitive type that is NOT VALID -- given: /${name}/ Expected valid values are:[${TYPES.join(' ')}]`,
      );
  }
  const required = lookup(schema, 'required');
  if (required !== undefined && (!isArray(required) || !required.every(name => typeof name === 'string')))
    throw new BuiltinError('required must be of type array');
  for (const name of KEYWORDS_OF_SCHEMAS) {
    const inner = lookup(schema, name);
    for (const each of inner === undefined ? [] : isArray(inner) ? inner : [inner]) checkSchema(each, depth + 1);
  }
  for (const name of ['properties', 'patternProperties', 'definitions', '$defs', 'dependencies']) {
    const inner = lookup(schema, name);
    if (inner === undefined) continue;
    if (!isObject(inner)) throw new BuiltinError(`${name} must be of type object`);
    for (const [, each] of entriesOf(inner)) if (!isArray(each)) checkSchema(each, depth + 1);
  }
  for (const name of ['allOf', 'anyOf', 'oneOf']) {
    const inner = lookup(schema, name);
    if (inner === undefined) continue;
    if (!isArray(inner)) throw new BuiltinError(`${name} must be of type array`);
    for (const each of inner) checkSchema(each, depth + 1);
  }
}

function typeOf(value: Value): string {
  if (value === null) return 'null';
  if (isNumber(value)) return isInteger(value) ? 'integer' : 'number';
  return isArray(value) ? 'array' : isObject(value) ? 'object' : typeof value;
}

const isType = (value: Value, wanted: Value): boolean => {
  const own = typeOf(value);
  return own === wanted || (own === 'integer' && wanted === 'number');
};

class Validator {
  readonly #root: Value;
  readonly problems: Problem[] = [];
  #depth = 0;

  constructor(root: Value) {
    this.#root = root;
  }

  #say(field: string, type: string, desc: string): void {
    this.problems.push({ field, type, desc });
  }

  /** Whether a value fits, without telling why not. */
  #fits(value: Value, schema: Value, field: string): boolean {
    const inner = new Validator(this.#root);
    inner.#depth = this.#depth;
    inner.check(value, schema, field);
    return inner.problems.length === 0;
  }

  #resolve(reference: string): Value {
    if (!reference.startsWith('#')) throw new BuiltinError(`remote reference ${reference} is not allowed`);
    let here: Value | undefined = this.#root;
    for (const part of reference.slice(1).split('/').slice(1)) {
      const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
      here = here === undefined ? undefined : isArray(here) ? here[Number(key)] : lookup(here, key);
    }
    if (here === undefined) throw new BuiltinError(`Object has no key '${reference}'`);
    return here;
  }

  check(value: Value, schema: Value, field: string): void {
    if (++this.#depth > DEPTH_MAX) throw new BuiltinError('schema recurses too deeply');
    if (schema === false) this.#say(field, 'false', 'False always fails validation');
    else if (schema !== true) this.#keywords(value, schema, field);
    this.#depth--;
  }

  #keywords(value: Value, schema: Value, field: string): void {
    const get = (name: string): Value | undefined => lookup(schema, name);
    const reference = get('$ref');
    if (typeof reference === 'string') return this.check(value, this.#resolve(reference), field);
    const type = get('type');
    if (type !== undefined) {
      const wanted = isArray(type) ? type : [type];
      if (!wanted.some(name => isType(value, name)))
        this.#say(field, 'invalid_type', `Invalid type. Expected: ${wanted.join('/')}, given: ${typeOf(value)}`);
    }
    const choices = get('enum');
    if (isArray(choices) && !choices.some(choice => equal(choice, value)))
      this.#say(field, 'enum', `${leaf(field)} must be one of the following: ${choices.map(jsonText).join(', ')}`);
    const constant = get('const');
    if (constant !== undefined && !equal(constant, value))
      this.#say(field, 'const', `${leaf(field)} does not match: ${jsonText(constant)}`);
    this.#combined(value, get, field);
    if (isNumber(value)) this.#number(value, get, field);
    else if (typeof value === 'string') this.#text(value, get, field);
    else if (isArray(value)) this.#array(value, get, field);
    else if (isObject(value)) this.#object(value, get, field);
  }

  #combined(value: Value, get: (name: string) => Value | undefined, field: string): void {
    const list = (name: string): readonly Value[] | undefined => {
      const found = get(name);
      return isArray(found) ? found : undefined;
    };
    for (const each of list('allOf') ?? []) this.check(value, each, field);
    const any = list('anyOf');
    if (any && !any.some(each => this.#fits(value, each, field)))
      this.#say(field, 'number_any_of', 'Must validate at least one schema (anyOf)');
    const one = list('oneOf');
    if (one && one.filter(each => this.#fits(value, each, field)).length !== 1)
      this.#say(field, 'number_one_of', 'Must validate one and only one schema (oneOf)');
    const not = get('not');
    if (not !== undefined && this.#fits(value, not, field))
      this.#say(field, 'number_not', 'Must not validate the schema (not)');
    const test = get('if');
    if (test === undefined) return;
    const branch = get(this.#fits(value, test, field) ? 'then' : 'else');
    if (branch !== undefined) this.check(value, branch, field);
  }

  #number(value: RegoNumber, get: (name: string) => Value | undefined, field: string): void {
    const bound = (name: string, fits: (order: number) => boolean, type: string, desc: string): void => {
      const limit = get(name);
      if (limit !== undefined && isNumber(limit) && !fits(compareNumbers(value, limit)))
        this.#say(field, type, `Must be ${desc} ${jsonText(limit)}`);
    };
    bound('minimum', order => order >= 0, 'number_gte', 'greater than or equal to');
    bound('maximum', order => order <= 0, 'number_lte', 'less than or equal to');
    bound('exclusiveMinimum', order => order > 0, 'number_gt', 'greater than');
    bound('exclusiveMaximum', order => order < 0, 'number_lt', 'less than');
    const step = get('multipleOf');
    if (step !== undefined && isNumber(step) && !Number.isInteger(toDouble(value) / toDouble(step)))
      this.#say(field, 'multiple_of', `Must be a multiple of ${jsonText(step)}`);
  }

  #text(value: string, get: (name: string) => Value | undefined, field: string): void {
    const length = [...value].length;
    const [least, most, source] = [get('minLength'), get('maxLength'), get('pattern')];
    if (typeof least === 'number' && length < least)
      this.#say(field, 'string_gte', `String length must be greater than or equal to ${least}`);
    if (typeof most === 'number' && length > most)
      this.#say(field, 'string_lte', `String length must be less than or equal to ${most}`);
    if (typeof source === 'string' && !pattern(source).test(value))
      this.#say(field, 'pattern', `Does not match pattern '${source}'`);
  }

  #array(value: readonly Value[], get: (name: string) => Value | undefined, field: string): void {
    const items = get('items');
    const rest = get('additionalItems');
    value.forEach((item, index) => {
      const schema = isArray(items) ? (items[index] ?? rest) : items;
      if (schema !== undefined) this.check(item, schema, `${field}.${index}`);
    });
    const [least, most] = [get('minItems'), get('maxItems')];
    if (typeof least === 'number' && value.length < least)
      this.#say(field, 'array_min_items', `Array must have at least ${least} items`);
    if (typeof most === 'number' && value.length > most)
      this.#say(field, 'array_max_items', `Array must have at most ${most} items`);
    if (get('uniqueItems') === true && new Set(value.map(keyOf)).size !== value.length)
      this.#say(field, 'unique', 'array items must be unique');
    const contains = get('contains');
    if (contains !== undefined && !value.some(item => this.#fits(item, contains, field)))
      this.#say(field, 'contains', 'At least one of the items must match');
  }

  #object(value: Value, get: (name: string) => Value | undefined, field: string): void {
    const properties = get('properties');
    const patterns = get('patternProperties');
    const additional = get('additionalProperties');
    const required = get('required');
    for (const name of isArray(required) ? required : [])
      if (lookup(value, name) === undefined) this.#say(field, 'required', `${String(name)} is required`);
    const entries = entriesOf(value as Parameters<typeof entriesOf>[0]);
    for (const [key, item] of entries) {
      const name = String(key);
      const schema = properties === undefined ? undefined : lookup(properties, key);
      const inner = field === '(root)' ? name : `${field}.${name}`;
      if (schema !== undefined) this.check(item, schema, inner);
      const fitting =
        patterns !== undefined && isObject(patterns)
          ? entriesOf(patterns).filter(([source]) => pattern(String(source)).test(name))
          : [];
      for (const [, each] of fitting) this.check(item, each, inner);
      if (schema !== undefined || fitting.length > 0 || additional === undefined) continue;
      if (additional === false)
        this.#say(field, 'additional_property_not_allowed', `Additional property ${name} is not allowed`);
      else this.check(item, additional, inner);
    }
    const [least, most] = [get('minProperties'), get('maxProperties')];
    if (typeof least === 'number' && entries.length < least)
      this.#say(field, 'array_min_properties', `Must have at least ${least} properties`);
    if (typeof most === 'number' && entries.length > most)
      this.#say(field, 'array_max_properties', `Must have at most ${most} properties`);
  }
}

const leaf = (field: string): string => field.split('.').at(-1)!;

function match(document: Value, schema: Value): Value {
  const wanted = documentOf(schema, 2);
  const value = documentOf(document, 1);
  checkSchema(wanted);
  const validator = new Validator(wanted);
  validator.check(value, wanted, '(root)');
  const told = validator.problems.map(({ field, type, desc }) =>
    objectOf([
      ['error', `${field}: ${desc}`],
      ['type', type],
      ['field', field],
      ['desc', desc],
    ]),
  );
  return [told.length === 0, told];
}

function verify(schema: Value): Value {
  try {
    checkSchema(documentOf(schema, 1));
    return [true, null];
  } catch (error) {
    if (error instanceof BuiltinError && !error.isType) return [false, `jsonschema: ${error.message}`];
    throw error;
  }
}

/** JSON Schema. */
export const jsonSchema: Readonly<Record<string, Entry>> = {
  'json.match_schema': entry(2, ([document, schema]) => match(document!, schema!)),
  'json.verify_schema': entry(1, ([schema]) => verify(schema!)),
};
