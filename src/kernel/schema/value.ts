import type { Json } from '../object.ts';
import { QUANTITY_PATTERN } from '../quantity.ts';
import { isOfFormat } from './format.ts';
import { matchesPattern } from './pattern.ts';
import type { Schema, SchemaType, ValueRules } from './schema.ts';
import { Causes, quoted } from './validation/causes.ts';

const typeName = (value: Json): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
};

const EXPECTED: Readonly<Partial<Record<SchemaType, string>>> = {
  object: 'object',
  map: 'object',
  list: 'array',
  string: 'string',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
};

const INT_LIMITS: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63],
};

const equal = (left: Json, right: Json): boolean => left === right || quoted(left) === quoted(right);

const isObject = (value: Json): value is { [key: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

class Validator {
  readonly causes: Causes;
  constructor(causes: Causes) {
    this.causes = causes;
  }

  /** Whether a value fits, the causes set aside. */
  fits(schema: Schema, value: Json, path: string): boolean {
    const causes = new Causes();
    new Validator(causes).value(schema, value, path);
    return causes.list.length === 0;
  }

  value(schema: Schema, value: Json, path: string): void {
    if (value === null && (schema.nullable || schema.type === 'any')) return;
    if (schema.type === 'quantity' || schema.type === 'int-or-string') {
      this.#union(schema, value, path);
      if (schema.rules) this.#rules(schema.rules, value, path);
      return;
    }
    const expected = EXPECTED[schema.type];
    const found = typeName(value);
    const right = expected === undefined || found === expected || (expected === 'number' && found === 'integer');
    if (!right) this.#wrongType(path, expected, found);
    if (schema.rules) this.#rules(schema.rules, value, path);
    if (!right) return;
    if (typeof value === 'string' && schema.format !== undefined && !isOfFormat(schema.format, value)) {
      this.causes.typeInvalid(path, value, `${path} in body must be of type ${schema.format}: ${quoted(value)}`);
    }
    if (schema.type === 'integer' && typeof value === 'number' && schema.format !== undefined) {
      const limits = Object.hasOwn(INT_LIMITS, schema.format) ? INT_LIMITS[schema.format] : undefined;
      if (limits && (value < limits[0] || value > limits[1])) {
        this.causes.invalid(path, value, `${path} in body should be a ${schema.format}`);
      }
    }
    if (Array.isArray(value)) this.#list(schema, value, path);
    else if (isObject(value)) this.#object(schema, value, path);
  }

  #wrongType(path: string, expected: string, found: string): void {
    const field = path === '' ? '<nil>' : path;
    this.causes.typeInvalid(
      field,
      found,
      `${path === '' ? '""' : path} in body must be of type ${expected}: "${found}"`,
    );
  }

  /** Quantities and IntOrStrings are `oneOf` two types in the API server's documents, and so are its messages. */
  #union(schema: Schema, value: Json, path: string): void {
    const found = typeName(value);
    const other = schema.type === 'quantity' ? 'number' : 'integer';
    if (found !== 'string' && found !== 'integer' && found !== other) {
      this.causes.invalid('<nil>', '', `"${path}" must validate one and only one schema (oneOf). Found none valid`);
      this.#wrongType(path, schema.type === 'quantity' ? 'string' : 'integer', found);
    } else if (schema.type === 'quantity' && !QUANTITY_PATTERN.test(String(value))) {
      this.causes.invalid(
        path,
        value,
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      );
    }
  }

  #object(schema: Schema, value: { [key: string]: Json }, path: string): void {
    const fields = schema.fields;
    if (fields !== undefined) {
      for (const field of fields.values()) {
        if (field.required && !Object.hasOwn(value, field.name)) this.causes.required(join(path, field.name));
      }
    }
    for (const key of Object.keys(value)) {
      const inner = fields?.get(key)?.schema ?? schema.items;
      if (inner === undefined) continue;
      const part = value[key]!;
      this.value(inner, part, fields?.has(key) ? join(path, key) : `${join(path, key)}`);
    }
  }

  #list(schema: Schema, value: readonly Json[], path: string): void {
    if (schema.items) for (let i = 0; i < value.length; i++) this.value(schema.items, value[i]!, `${path}[${i}]`);
    if (schema.listType !== 'map' && schema.listType !== 'set') return;
    const seen = new Set<string>();
    for (let i = 0; i < value.length; i++) {
      const item = value[i]!;
      const key = schema.listType === 'set' ? item : mapKey(schema, item);
      if (key === undefined) continue;
      const text = quoted(key);
      if (seen.has(text)) this.causes.duplicate(`${path}[${i}]`, key);
      seen.add(text);
    }
  }

  #rules(rules: ValueRules, value: Json, path: string): void {
    this.#combined(rules, value, path);
    for (const name of isObject(value) ? (rules.required ?? []) : [])
      if (!Object.hasOwn(value as object, name)) this.causes.required(join(path, name));
    if (typeof value === 'string') this.#text(rules, value, path);
    else if (typeof value === 'number') this.#number(rules, value, path);
    else if (Array.isArray(value)) this.#items(rules, value, path);
    else if (isObject(value)) this.#properties(rules, value, path);
    if (rules.enum && !rules.enum.some(one => equal(one, value))) {
      this.causes.notSupported(
        path,
        value,
        rules.enum.map(one => (typeof one === 'string' ? one : quoted(one))),
      );
    }
  }

  #combined(rules: ValueRules, value: Json, path: string): void {
    const text = path === '' ? '' : path;
    if (rules.anyOf && !rules.anyOf.some(one => this.fits(one, value, path))) {
      this.causes.invalid('<nil>', '', `"${text}" must validate at least one schema (anyOf)`);
      this.value(rules.anyOf[0]!, value, path);
    }
    if (rules.oneOf) {
      const count = rules.oneOf.filter(one => this.fits(one, value, path)).length;
      if (count !== 1) {
        const found = count === 0 ? 'none valid' : `${count} valid alternatives`;
        this.causes.invalid('<nil>', '', `"${text}" must validate one and only one schema (oneOf). Found ${found}`);
        if (count === 0) this.value(rules.oneOf[0]!, value, path);
      }
    }
    if (rules.allOf) {
      const before = this.causes.list.length;
      for (const one of rules.allOf) this.value(one, value, path);
      if (this.causes.list.length > before) {
        this.causes.invalid('<nil>', '', `"${text}" must validate all the schemas (allOf)`);
      }
    }
    if (rules.not && this.fits(rules.not, value, path)) {
      this.causes.invalid('<nil>', '', `"${text}" must not validate the schema (not)`);
    }
  }

  #text(rules: ValueRules, value: string, path: string): void {
    const { causes } = this;
    const length = [...value].length;
    if (rules.maxLength !== undefined && length > rules.maxLength) causes.tooLong(path, rules.maxLength);
    if (rules.minLength !== undefined && length < rules.minLength) {
      causes.invalid(path, value, `${path} in body should be at least ${rules.minLength} chars long`);
    }
    if (rules.pattern !== undefined && matchesPattern(rules.pattern, value) === false) {
      causes.invalid(path, value, `${path} in body should match '${rules.pattern}'`);
    }
  }

  #number(rules: ValueRules, value: number, path: string): void {
    const { causes } = this;
    if (rules.multipleOf !== undefined && !isMultiple(value, rules.multipleOf)) {
      causes.invalid(path, value, `${path} in body should be a multiple of ${rules.multipleOf}`);
    }
    const { maximum, minimum } = rules;
    if (maximum !== undefined && (rules.exclusiveMaximum ? value >= maximum : value > maximum)) {
      causes.invalid(
        path,
        value,
        `${path} in body should be less than ${rules.exclusiveMaximum ? '' : 'or equal to '}${maximum}`,
      );
    }
    if (minimum !== undefined && (rules.exclusiveMinimum ? value <= minimum : value < minimum)) {
      causes.invalid(
        path,
        value,
        `${path} in body should be greater than ${rules.exclusiveMinimum ? '' : 'or equal to '}${minimum}`,
      );
    }
  }

  #items(rules: ValueRules, value: readonly Json[], path: string): void {
    const { causes } = this;
    if (rules.minItems !== undefined && value.length < rules.minItems) {
      causes.invalid(path, value.length, `${path} in body should have at least ${rules.minItems} items`);
    }
    if (rules.maxItems !== undefined && value.length > rules.maxItems)
      causes.tooMany(path, value.length, rules.maxItems);
    if (rules.uniqueItems && new Set(value.map(quoted)).size < value.length) {
      causes.invalid(path, value, `${path} in body shouldn't contain duplicates`);
    }
  }

  #properties(rules: ValueRules, value: { [key: string]: Json }, path: string): void {
    const { causes } = this;
    const count = Object.keys(value).length;
    if (rules.minProperties !== undefined && count < rules.minProperties) {
      causes.invalid(path, count, `${path} in body should have at least ${rules.minProperties} properties`);
    }
    if (rules.maxProperties !== undefined && count > rules.maxProperties) {
      causes.tooMany(path, count, rules.maxProperties);
    }
  }
}

function isMultiple(value: number, of: number): boolean {
  const quotient = value / of;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient));
}

/** The key fields of a list-map item, defaults filled in. */
function mapKey(schema: Schema, item: Json): Json | undefined {
  if (!isObject(item)) return undefined;
  const key: { [name: string]: Json } = {};
  for (const name of schema.listMapKeys ?? []) {
    const value = Object.hasOwn(item, name) ? item[name] : schema.items?.fields?.get(name)?.default;
    if (value !== undefined) key[name] = value;
  }
  return key;
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

/**
 * Checks a value against a schema as the API server checks custom objects: types, required fields, formats, value rules
 * and list keys, in its wording. CEL rules are the caller's.
 */
export function validateValue(schema: Schema, value: unknown, path = ''): Causes {
  const causes = new Causes();
  new Validator(causes).value(schema, value as Json, path);
  return causes;
}
