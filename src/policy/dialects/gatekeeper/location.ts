/** One step of a location: a field, or an item of a list found by one of its fields. */
export type LocationStep =
  | { readonly type: 'object'; readonly field: string }
  | {
      readonly type: 'list';
      readonly field: string;
      readonly key: string;
      /** What the key must be; undefined for every item. */
      readonly value: string | number | undefined;
    };

/** Where a mutator writes: `spec.containers[name: *].image` (Gatekeeper docs "Mutation", location). */
export type Location = readonly LocationStep[];

const DEPTH_MAX = 64;

class LocationReader {
  readonly #text: string;
  #at = 0;
  constructor(text: string) {
    this.#text = text;
  }

  fail(why: string): never {
    throw new Error(`location "${this.#text}": ${why} at ${this.#at}`);
  }

  space(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++;
  }

  take(sign: string): boolean {
    this.space();
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  get atEnd(): boolean {
    this.space();
    return this.#at >= this.#text.length;
  }

  /** A plain or quoted word. */
  word(): string {
    this.space();
    const quote = this.#text[this.#at];
    if (quote === '"' || quote === "'") {
      let word = '';
      for (this.#at++; this.#text[this.#at] !== quote; this.#at++) {
        if (this.#text[this.#at] === '\\') this.#at++;
        if (this.#at >= this.#text.length) this.fail('the quote does not end');
        word += this.#text[this.#at];
      }
      this.#at++;
      return word;
    }
    const start = this.#at;
    while (/[A-Za-z0-9_\-/]/.test(this.#text[this.#at] ?? '')) this.#at++;
    if (this.#at === start) this.fail('a field name is expected');
    return this.#text.slice(start, this.#at);
  }

  /** An integer that stands alone, without quotes. */
  integer(): number | undefined {
    this.space();
    const digits = /^\d+/.exec(this.#text.slice(this.#at))?.[0];
    if (digits === undefined) return undefined;
    this.#at += digits.length;
    return Number(digits);
  }

  step(): LocationStep {
    const field = this.word();
    if (!this.take('[')) return { type: 'object', field };
    if (this.integer() !== undefined) this.fail('the name of a key is expected');
    const key = this.word();
    if (!this.take(':')) this.fail('":" is expected');
    const value = this.take('*') ? undefined : (this.integer() ?? this.word());
    if (!this.take(']')) this.fail('"]" is expected');
    return { type: 'list', field, key, value };
  }
}

/** Reads a location; throws an Error that tells the place. */
export function parseLocation(text: string): Location {
  const reader = new LocationReader(text);
  const steps: LocationStep[] = [reader.step()];
  while (!reader.atEnd) {
    if (!reader.take('.')) reader.fail('"." is expected');
    steps.push(reader.step());
    if (steps.length > DEPTH_MAX) reader.fail('the location is too deep');
  }
  return steps;
}

const sameStep = (left: LocationStep, right: LocationStep): boolean =>
  left.field === right.field &&
  (left.type === 'object'
    ? right.type === 'object'
    : right.type === 'list' && left.key === right.key && left.value === right.value);

/** Whether `prefix` is the beginning of a location; its last step may name a list as a whole. */
export const isPrefix = (prefix: Location, location: Location): boolean =>
  prefix.length <= location.length &&
  prefix.every(
    (step, at) => sameStep(step, location[at]!) || (at === prefix.length - 1 && isWhole(step, location[at]!)),
  );

/** Whether a step names the list that another looks into. */
export const isWhole = (step: LocationStep, other: LocationStep): boolean =>
  step.type === 'object' && other.type === 'list' && step.field === other.field;
