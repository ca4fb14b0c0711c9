import type { StatusCause } from '../../status.ts';

const sorted = (value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .sort(([left], [right]) => (left < right ? -1 : 1))
          .map(([key, part]) => [key, sorted(part)]),
      )
    : Array.isArray(value)
      ? value.map(sorted)
      : value;

/** A value as the API server quotes it in a message. */
export const quoted = (value: unknown): string => (value === undefined ? 'null' : JSON.stringify(sorted(value)));

/** Collects what is wrong, each with the reason and wording of k8s.io/apimachinery `field.Error`. */
export class Causes {
  readonly list: StatusCause[] = [];

  add(reason: string, field: string, message: string): void {
    this.list.push({ reason, message, field });
  }

  required(field: string, detail = ''): void {
    this.add('FieldValueRequired', field, detail === '' ? 'Required value' : `Required value: ${detail}`);
  }

  invalid(field: string, value: unknown, detail: string): void {
    this.add('FieldValueInvalid', field, `Invalid value: ${quoted(value)}: ${detail}`);
  }

  typeInvalid(field: string, value: unknown, detail: string): void {
    this.add('FieldValueTypeInvalid', field, `Invalid value: ${quoted(value)}: ${detail}`);
  }

  notSupported(field: string, value: unknown, supported: readonly string[]): void {
    const list = [...supported].map(one => JSON.stringify(one)).join(', ');
    this.add('FieldValueNotSupported', field, `Unsupported value: ${quoted(value)}: supported values: ${list}`);
  }

  duplicate(field: string, value: unknown): void {
    this.add('FieldValueDuplicate', field, `Duplicate value: ${quoted(value)}`);
  }

  forbidden(field: string, detail: string): void {
    this.add('FieldValueForbidden', field, `Forbidden: ${detail}`);
  }

  notFound(field: string, value: unknown): void {
    this.add('FieldValueNotFound', field, `Not found: ${quoted(value)}`);
  }

  tooLong(field: string, limit: number): void {
    this.add('FieldValueTooLong', field, `Too long: may not be more than ${limit} bytes`);
  }

  tooMany(field: string, count: number, limit: number): void {
    this.add('FieldValueTooMany', field, `Too many: ${count}: must have at most ${limit} items`);
  }

  /** Adds `messages` as invalid values of one field. */
  invalidAll(field: string, value: unknown, messages: readonly string[]): void {
    for (const message of messages) this.invalid(field, value, message);
  }

  /** Refuses a value outside a closed set. */
  oneOf(field: string, value: unknown, supported: readonly string[]): void {
    if (typeof value !== 'string' || !supported.includes(value)) this.notSupported(field, value, supported);
  }
}
