import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  add,
  divide,
  magnitude,
  multiply,
  numberText,
  parseNumber,
  type RegoNumber,
  round,
  subtract,
} from './number.ts';

const OPERATIONS = { '+': add, '-': subtract, '*': multiply, '/': divide };

/** Terms and what `opa eval` 1.22.2 makes of them. */
const ROWS: readonly (readonly [string, keyof typeof OPERATIONS, string, string])[] = [
  ['0.1', '+', '0.2', '0.3'],
  ['0.1', '-', '0.3', '-0.20000000000000000002'],
  ['2', '/', '3', '0.6666666666666666667'],
  ['1', '/', '7', '0.14285714285714285714'],
  ['12345678901234567890', '-', '0.1', '12345678901234567890'],
  ['100000000000000000001.5', '+', '1', '100000000000000000000'],
  ['12345678901234567890123', '*', '3', '37037036703703703670369'],
  ['12345678901234567890123', '/', '3', '4115226300411522630000'],
  ['36893488147419103233', '+', '1', '36893488147419103234'],
  ['3.3', '/', '1.1', '3'],
  ['5', '/', '2', '2.5'],
  ['10', '/', '5', '2'],
];

test('numbers that are not whole are computed with 64 bits', () => {
  for (const [left, sign, right, expected] of ROWS) {
    const [a, b] = [parseNumber(left)!, parseNumber(right)!];
    const result = OPERATIONS[sign](a, b) as RegoNumber;
    assert.equal(numberText(result), expected, `${left} ${sign} ${right}`);
  }
});

/** Calls and what `opa eval` 1.22.2 makes of them. */
const ROUNDED: readonly (readonly [(value: RegoNumber) => RegoNumber, string, string])[] = [
  [value => round(value, 'nearest'), '12345678901234567889', '12345678901234567890'],
  [value => round(value, 'nearest'), '-12345678901234567889', '-12345678901234567890'],
  [value => round(value, 'nearest'), '-1.5', '-2'],
  [value => round(value, 'nearest'), '2.5', '3'],
  [value => round(value, 'up'), '123456789012345678901234567', '123456789012345678899183616'],
  [value => round(value, 'up'), '-1.5', '-1'],
  [value => round(value, 'down'), '12345678901234567889', '12345678901234567889'],
  [value => round(value, 'down'), '12345678901234567889.5', '12345678901234567890'],
  [value => round(value, 'down'), '-1.5', '-2'],
  [magnitude, '-123456789012345678901234567', '123456789012345678900000000'],
  [magnitude, '-0.1', '0.1'],
];

test('rounding takes numbers as floats of 64 bits', () => {
  for (const [run, text, expected] of ROUNDED) assert.equal(numberText(run(parseNumber(text)!)), expected, text);
});
