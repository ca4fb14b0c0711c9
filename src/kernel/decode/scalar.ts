import type { Json } from '../object.ts';

const WORDS: ReadonlyMap<string, Json> = new Map<string, Json>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(word => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(word => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map(word => [word, null] as const),
]);

const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]([0-7]+)|0[bB]([01]+)|0([0-7]+)|(0|[1-9][0-9]*))$/;
const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;

function integer(text: string): number | undefined {
  const match = INTEGER.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, octal, binary, oldOctal, decimal] = match;
  const digits = hex
    ? `0x${hex}`
    : octal
      ? `0o${octal}`
      : binary
        ? `0b${binary}`
        : oldOctal
          ? `0o${oldOctal}`
          : decimal!;
  if (digits.length > 80) return undefined;
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
  return value < INT64_MIN || value > UINT64_MAX ? undefined : Number(value);
}

/**
 * The value of a plain (unquoted) YAML scalar as kubectl reads it: YAML 1.1 booleans, octals with and without `o`,
 * underscores in numbers; dates stay text (sigs.k8s.io/yaml behaviour).
 */
export function resolvePlain(text: string): Json {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  const first = text.charCodeAt(0);
  const digit = first >= 48 && first <= 57;
  if (!digit && first !== 43 && first !== 45 && first !== 46) return text;
  const plain = first === 46 ? text : text.replaceAll('_', '');
  if (first !== 46) {
    const whole = integer(plain);
    if (whole !== undefined) return Object.is(whole, -0) ? 0 : whole;
  }
  if (FLOAT.test(plain)) {
    const value = Number(plain);
    return Number.isFinite(value) ? value : text;
  }
  return text;
}

/** How a scalar reads as a map key: JSON has only text keys. */
export function keyText(value: Json): string {
  return typeof value === 'string' ? value : value === null ? 'null' : String(value as number | boolean);
}
