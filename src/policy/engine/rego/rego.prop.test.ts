import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCrypto } from '../../drivers/rego-crypto.ts';
import { BUILTINS, builtinContext, compileRego, EvaluationError, jsonText, parseModule, RegoError } from './index.ts';

const PROGRAMS = Number(process.env.TENON_REGO_PROGRAMS ?? 3_000);
const FUEL = 20_000;

/** A small deterministic source of choices (Mulberry32). */
function choices(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return below => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const NAMES = ['p', 'q', 'r', 'x', 'y', 'constructor', '__proto__', 'toString'];
const CALLS = [...BUILTINS.values()].filter(({ arity }) => arity > 0 && arity < 4);

/** A program that nearly parses: terms, bodies and rules put together by chance. */
function program(pick: (below: number) => number): string {
  const one = (list: readonly string[]): string => list[pick(list.length)]!;
  const term = (depth: number): string => {
    const kind = pick(depth > 2 ? 6 : 14);
    if (kind === 0) return String(pick(5) - 1);
    if (kind === 1) return JSON.stringify(one([...NAMES, 'a.b', '1h', '10.0.0.0/8', '{', '%s']));
    if (kind === 2) return one(['true', 'null', '1e30', '[]', '{}', 'set()']);
    if (kind < 5) return one(NAMES);
    if (kind === 5) return `input.${one(NAMES)}`;
    if (kind === 6) return `[${term(depth + 1)}, ${term(depth + 1)}]`;
    if (kind === 7) return `{${term(depth + 1)}: ${term(depth + 1)}}`;
    if (kind === 8) return `{${term(depth + 1)} | ${body(depth + 1)}}`;
    if (kind === 9) return `${one(NAMES)}[${term(depth + 1)}]`;
    if (kind === 10)
      return `(${term(depth + 1)} ${one(['+', '-', '*', '/', '%', '&', '|', '==', '<', 'in'])} ${term(depth + 1)})`;
    if (kind === 11) return `data.a[${term(depth + 1)}]`;
    const call = CALLS[pick(CALLS.length)]!;
    return `${call.name}(${Array.from({ length: call.arity }, () => term(depth + 1)).join(', ')})`;
  };
  const literal = (depth: number): string => {
    const kind = pick(7);
    if (kind === 0) return `${one(NAMES)} := ${term(depth)}`;
    if (kind === 1) return `some ${one(NAMES)} in ${term(depth)}`;
    if (kind === 2) return `not ${term(depth)}`;
    if (kind === 3) return `${term(depth)} = ${term(depth)}`;
    if (kind === 4) return `${term(depth)} with input.${one(NAMES)} as ${term(depth)}`;
    if (kind === 5 && depth < 2) return `every ${one(NAMES)} in ${term(depth)} { ${body(depth + 1)} }`;
    return term(depth);
  };
  const body = (depth: number): string => Array.from({ length: 1 + pick(3) }, () => literal(depth)).join('; ');
  const rule = (): string => {
    const name = one(NAMES);
    const kind = pick(5);
    if (kind === 0) return `${name} := ${term(1)} if { ${body(0)} }`;
    if (kind === 1) return `${name} contains ${term(1)} if { ${body(0)} }`;
    if (kind === 2) return `${name}[${term(1)}] := ${term(1)} if { ${body(0)} }`;
    if (kind === 3) return `${name}(${one(NAMES)}) := ${term(1)} if { ${body(0)} }`;
    return `default ${name} := ${pick(3)}`;
  };
  return `package a\n${Array.from({ length: 1 + pick(4) }, rule).join('\n')}`;
}

test('no program breaks the engine: it decides, refuses or fails in its own words', () => {
  let decided = 0;
  for (let seed = 0; seed < PROGRAMS; seed++) {
    const text = program(choices(seed));
    try {
      const compiled = compileRego([parseModule(text, { file: 'a.rego', version: 'v1' })], BUILTINS);
      const value = compiled.entry(['a'])?.({
        input: JSON.parse('{"x": [1, {"y": "a"}], "__proto__": {"p": 1}}') as never,
        data: {},
        builtins: builtinContext({ fuel: FUEL, crypto: nodeCrypto }),
      });
      if (value !== undefined) jsonText(value);
      decided++;
    } catch (error) {
      if (error instanceof RegoError || error instanceof EvaluationError) continue;
      assert.fail(`seed ${seed}: ${(error as Error).stack}\n${text}`);
    }
  }
  assert.ok(decided > PROGRAMS / 50, `only ${decided} of ${PROGRAMS} programs ran`);
});
