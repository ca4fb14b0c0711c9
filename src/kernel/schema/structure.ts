import { setField } from '../decode/json.ts';
import type { Json, JsonObject } from '../object.ts';
import { canonicalQuantity, QUANTITY_PATTERN } from '../quantity.ts';
import type { Schema } from './schema.ts';
import { formatTime, isFormatted, parseTime } from './time.ts';

/** How an object differs from its type: what no type names, and the first value of a wrong type. */
export interface StructureReport {
  /** Field paths, `spec.containers[0].foo`, in the order they occur. */
  readonly unknownFields: readonly string[];
  /** Go's words for the first value of a wrong type: `json: cannot unmarshal string into Go struct field …`. */
  readonly typeError?: string;
}

/** Go names a number only where a number was wanted: it does not fit. */
function jsonKind(value: Json, into: Schema): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number')
    return into.type === 'integer' || into.type === 'number' ? `number ${value}` : 'number';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

const afterLastDot = (name: string, parts: number): string => name.split('.').slice(-parts).join('.');

function goType(schema: Schema): string {
  if (schema.goType !== undefined) return schema.goType;
  switch (schema.type) {
    case 'object':
      return schema.typeName ? afterLastDot(schema.typeName, 2) : 'map[string]interface {}';
    case 'map':
      return `map[string]${schema.items ? goType(schema.items) : 'interface {}'}`;
    case 'list':
      return schema.items?.format === 'byte'
        ? '[][]uint8'
        : `[]${schema.items ? goType(schema.items) : 'interface {}'}`;
    case 'integer':
      return schema.format === 'int64' ? 'int64' : 'int32';
    case 'number':
      return 'float64';
    case 'boolean':
      return 'bool';
    case 'quantity':
      return 'resource.Quantity';
    case 'int-or-string':
      return 'intstr.IntOrString';
    default:
      return schema.format === 'byte' ? '[]uint8' : 'string';
  }
}

/** Optional lists and maps that are empty are not written by Go's encoder (`omitempty`): they are as if never given. */
function isEmptyCollection(schema: Schema, value: Json): boolean {
  if (schema.type === 'list') return Array.isArray(value) && value.length === 0;
  return schema.type === 'map' && typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** What Go's decoder leaves where JSON says null inside a list or map. */
function zero(schema: Schema): Json {
  switch (schema.type) {
    case 'string':
      return schema.format === 'date-time' || schema.format === 'micro-time' ? null : '';
    case 'integer':
    case 'number':
    case 'int-or-string':
      return 0;
    case 'boolean':
      return false;
    case 'quantity':
      return '0';
    case 'object':
      return {};
    default:
      return null;
  }
}

const BASE64_DIGIT = /[A-Za-z0-9+/]/;

/**
 * Where Go's decoder says standard base64 is broken; undefined when it is sound. Line breaks are skipped; an unfinished
 * group is reported at its start, anything else at the character itself.
 */
function badBase64At(text: string): number | undefined {
  let at = 0;
  const skip = (): void => {
    while (text[at] === '\n' || text[at] === '\r') at++;
  };
  for (;;) {
    for (let digits = 0; digits < 4; digits++) {
      skip();
      if (at === text.length) return digits === 0 ? undefined : at - digits;
      const digit = text[at++]!;
      if (BASE64_DIGIT.test(digit)) continue;
      if (digit !== '=' || digits < 2) return at - 1;
      skip();
      if (digits === 2) {
        if (at === text.length) return at;
        if (text[at] !== '=') return at - 1;
        at++;
        skip();
      }
      return at < text.length ? at : undefined;
    }
  }
}

/** Line breaks go, and bits that are left over in the last digit. */
function canonicalBase64(text: string): string {
  if (!/[\r\n]|=$/.test(text) || badBase64At(text) !== undefined) return text;
  return Buffer.from(text, 'base64').toString('base64');
}

/** How Go writes a value back: bytes in base64 without line breaks, quantities in their shortest form, times in UTC with whole seconds. */
function canonicalForm(schema: Schema, value: Json): Json {
  if (schema.type === 'quantity') return canonicalQuantity(value as string | number);
  if (schema.format === 'byte') return typeof value === 'string' ? canonicalBase64(value) : value;
  if (schema.format !== 'date-time' && schema.format !== 'micro-time') return value;
  if (typeof value === 'string' && isFormatted(value, schema.format === 'micro-time')) return value;
  const time = typeof value === 'string' ? parseTime(value) : undefined;
  return time === undefined ? value : formatTime(time, schema.format === 'micro-time');
}

class Reader {
  readonly unknown: string[] = [];
  readonly change: boolean;
  /** Members of the whole object that need no reading: they are the very same here. */
  readonly #known: JsonObject | undefined;
  /** The first value of a wrong type: Go's decoder notes it and reads on. */
  typeError: string | undefined;
  /** The first text a type of its own could not read (quantities, times): there Go's decoder stops. */
  formError: string | undefined;
  #path: (string | number)[] = [];
  #fields: string[] = [];

  constructor(change: boolean, known?: JsonObject) {
    this.change = change;
    this.#known = known;
  }

  #where(): string {
    let text = '';
    for (const step of this.#path) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`;
    return text;
  }

  #wrong(value: Json, schema: Schema, owner: Schema | undefined): void {
    this.typeError ??= this.#mismatch(value, schema, owner);
  }

  #mismatch(value: Json, schema: Schema, owner: Schema | undefined): string {
    const into =
      owner === undefined || this.#fields.length === 0
        ? 'value'
        : `struct field ${owner.typeName ? afterLastDot(owner.typeName, 1) : ''}.${this.#fields.join('.')}`;
    return `json: cannot unmarshal ${jsonKind(value, schema)} into Go ${into} of type ${goType(schema)}`;
  }

  value(schema: Schema, value: Json, owner?: Schema): void {
    switch (schema.type) {
      case 'object':
        if (value === null || typeof value !== 'object' || Array.isArray(value)) this.#wrong(value, schema, owner);
        else this.#object(schema, value);
        return;
      case 'map':
        if (value === null || typeof value !== 'object' || Array.isArray(value)) this.#wrong(value, schema, owner);
        else this.#map(schema, value, owner);
        return;
      case 'list':
        if (Array.isArray(value)) this.#list(schema, value, owner);
        else this.#wrong(value, schema, owner);
        return;
      case 'any':
        this.#any(schema, value, owner);
        return;
      default:
        this.#scalar(schema, value, owner);
    }
  }

  #object(schema: Schema, value: JsonObject): void {
    const fields = schema.fields;
    if (fields === undefined) return;
    const known = this.#path.length === 0 ? this.#known : undefined;
    for (const name of Object.keys(value)) {
      if (known !== undefined && typeof value[name] === 'object' && value[name] === known[name]) continue;
      const field = fields.get(name);
      if (field === undefined) {
        if (schema.preserveUnknown) continue;
        this.#path.push(name);
        this.unknown.push(this.#where());
        this.#path.pop();
        if (this.change) delete value[name];
        continue;
      }
      const part = value[name]!;
      if (part === null) {
        if (this.change) delete value[name];
        continue;
      }
      this.#path.push(name);
      this.#fields.push(name);
      this.value(field.schema, part, schema);
      this.#fields.pop();
      this.#path.pop();
      if (!this.change) continue;
      if (typeof part === 'object') {
        if (!field.required && !field.keepEmpty && isEmptyCollection(field.schema, part)) delete value[name];
        continue;
      }
      if (field.omitZero && (part === '' || part === 0 || part === false)) {
        delete value[name];
        continue;
      }
      const canonical = canonicalForm(field.schema, part);
      if (canonical !== part) value[name] = canonical;
    }
  }

  #map(schema: Schema, value: JsonObject, owner: Schema | undefined): void {
    const items = schema.items;
    if (items === undefined) return;
    for (const key of Object.keys(value)) {
      const part = value[key]!;
      if (part === null) {
        if (this.change) setField(value, key, zero(items));
        continue;
      }
      this.#path.push(key);
      this.value(items, part, owner);
      this.#path.pop();
      const canonical = this.change && typeof part !== 'object' ? canonicalForm(items, part) : part;
      if (canonical !== part) setField(value, key, canonical);
    }
  }

  #list(schema: Schema, value: Json[], owner: Schema | undefined): void {
    const items = schema.items;
    if (items === undefined) return;
    for (let index = 0; index < value.length; index++) {
      const part = value[index]!;
      if (part === null) {
        if (this.change) value[index] = zero(items);
        continue;
      }
      this.#path.push(index);
      this.value(items, part, owner);
      this.#path.pop();
    }
  }

  /** JSONSchemaPropsOrBool and its kin: an object is a schema, a list holds schemas or texts. */
  #any(schema: Schema, value: Json, owner: Schema | undefined): void {
    if (schema.items === undefined || value === null || typeof value !== 'object') return;
    // These types read themselves, and not strictly: what they do not know is dropped in silence.
    const known = this.unknown.length;
    this.#schemaOr(schema, schema.items, value, owner);
    this.unknown.length = known;
  }

  #schemaOr(schema: Schema, items: Schema, value: JsonObject | Json[], owner: Schema | undefined): void {
    if (!Array.isArray(value)) this.value(items, value, owner);
    else if (schema.format === 'schemaorarray') this.#list({ type: 'list', items }, value, owner);
  }

  #scalar(schema: Schema, value: Json, owner: Schema | undefined): void {
    switch (schema.type) {
      case 'string':
        if (typeof value !== 'string') this.#wrong(value, schema, owner);
        else if (schema.format !== undefined) this.#formatted(schema.format, value);
        return;
      case 'integer': {
        if (typeof value !== 'number' || !Number.isInteger(value)) return this.#wrong(value, schema, owner);
        const limit = schema.format === 'int64' ? 2 ** 63 : 2 ** 31;
        if (value >= limit || value < -limit) this.#wrong(value, schema, owner);
        return;
      }
      case 'number':
        if (typeof value !== 'number') this.#wrong(value, schema, owner);
        return;
      case 'boolean':
        if (typeof value !== 'boolean') this.#wrong(value, schema, owner);
        return;
      case 'quantity':
        if (typeof value !== 'string' && typeof value !== 'number') this.formError ??= QUANTITY_MESSAGE;
        else if (!QUANTITY_PATTERN.test(String(value))) this.formError ??= QUANTITY_MESSAGE;
        return;
      case 'int-or-string':
        if (typeof value !== 'string' && (typeof value !== 'number' || !Number.isInteger(value))) {
          this.formError ??= this.#mismatch(value, { type: 'integer' }, owner);
        }
        return;
      default:
    }
  }

  #formatted(format: string, value: string): void {
    if (format === 'date-time' || format === 'micro-time') {
      if (isFormatted(value, format === 'micro-time')) return;
      if (parseTime(value) === undefined) {
        const layout = format === 'micro-time' ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00';
        const year = /^\d{4}/.test(value) ? undefined : '2006';
        this.formError ??= `parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${JSON.stringify(year ? value : value.slice(4))} as "${year ?? '-'}"`;
      } else if (format === 'micro-time') {
        const rest = /[Tt]\d\d:\d\d:\d\d(.*)$/.exec(value)?.[1] ?? '';
        if (!/^\.\d{6}(?:Z|[-+])/.test(rest))
          this.formError ??= `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse ${JSON.stringify(rest)} as ".000000"`;
      }
    } else if (format === 'byte') {
      const at = badBase64At(value);
      if (at !== undefined) this.typeError ??= `illegal base64 data at input byte ${at}`;
    }
  }
}

/** The API server's words for a quantity it cannot read. */
export const QUANTITY_MESSAGE =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Compares an object with its type and changes nothing. */
export function validateStructure(schema: Schema, object: unknown): StructureReport {
  return read(schema, object as Json, false);
}

/**
 * Reads a freshly decoded object as Go reads it into its type: drops unknown fields and nulls *in place* and reports both.
 * For built-in kinds; custom kinds are pruned by {@link prune} and keep their nulls. Members that are the very same in `known`,
 * an object that was read already, are not read again.
 */
export function readBuiltin(schema: Schema, object: unknown, known?: object): StructureReport {
  return read(schema, object as Json, true, known as JsonObject | undefined);
}

function read(schema: Schema, object: Json, change: boolean, known?: JsonObject): StructureReport {
  const reader = new Reader(change, known);
  reader.value(schema, object);
  const typeError = reader.formError ?? reader.typeError;
  return {
    unknownFields: reader.unknown,
    ...(typeError === undefined ? {} : { typeError }),
  };
}
