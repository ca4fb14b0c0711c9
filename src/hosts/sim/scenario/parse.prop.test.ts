import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FaultError, reportFault } from '../../../base/index.ts';
import type { Json, JsonObject } from '../../../kernel/index.ts';
import { readTrace } from './trace.ts';
import { scenarioOf } from './testhost.ts';

const WHOLE: JsonObject = {
  apiVersion: 'tenon.dev/v1',
  kind: 'Scenario',
  metadata: { name: 'x' },
  spec: {
    until: '2h',
    world: {
      nodes: [{ name: 'a', count: 2, capacity: { cpu: '4' }, taints: [{ key: 'k', effect: 'NoSchedule' }] }],
      images: [{ match: 'x/*', pull: { uniform: { min: '1s', max: '2s' } } }],
      workloads: [
        {
          match: { labels: { app: 'web' } },
          latency: { concurrency: 2, service: { lognormal: { median: '1ms', p99: '9ms' } } },
          memory: { base: '1Mi', leak: '1Mi/min' },
          calls: [{ to: 'a/b:80', probability: '5%' }],
        },
      ],
      network: { links: [{ from: 'zone-a', to: 'control', latency: '1ms', jitter: '1ms' }] },
      clocks: [{ node: 'a-0', skew: '-1s' }],
      cost: { nodeHour: 1 },
    },
    steps: [
      { apply: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }] },
      {
        at: '1m',
        send: {
          name: 'l',
          to: 'a/b:80',
          steps: [
            { after: 0, rate: '1/s' },
            { after: '1m', rate: 5, ramp: true },
          ],
        },
      },
      { send: { to: 'a/b', trace: { file: 'x.csv', scale: 2 } } },
      {
        after: '1m',
        expect: [
          { that: 'pods.total > 1', within: '5s' },
          { from: 'a/b', to: 'a/c', expect: 'deny' },
        ],
      },
      { when: 'nodes.ready > 0', undo: 'deploy/a/b' },
      { storm: { for: '10m', rate: '6/h', heal: '1m' } },
    ],
  },
};
const FILES = { 'x.csv': 'time,value\n0,1\n1,2\n' };

/** Every place in a value. */
function places(value: Json, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, one]) => places(one, [...path, key]))];
}

function changed(value: Json, path: readonly (string | number)[], to: Json | undefined): Json | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return to;
  const copy: Json = Array.isArray(value) ? [...value] : { ...(value as JsonObject) };
  const inner = changed((copy as JsonObject)[step]!, rest, to);
  if (inner === undefined) delete (copy as JsonObject)[step];
  else (copy as JsonObject)[step] = inner;
  return Array.isArray(copy) ? copy.filter(one => one !== undefined) : copy;
}

/** Reads it; whatever is wrong must be told as faults that can be written in both languages and have a place. */
function total(text: string): boolean {
  try {
    scenarioOf(text, FILES);
    return true;
  } catch (error) {
    if (error instanceof Error && error.message === 'no scenario') return false;
    assert.ok(error instanceof FaultError, `${String((error as Error).stack)}\n${text}`);
    const { fault } = error;
    for (const one of [fault, ...(fault.causes ?? [])]) {
      assert.ok(typeof one.where === 'object' && one.where.line >= 1, `${one.code} has no place: ${text}`);
      for (const language of ['en', 'zh'] as const) {
        const { message, remedy = '' } = reportFault(one, language);
        const left =
          /\{(field|of|got|wanted|near|known|name|reason|path|column|at|before|until|what)\}|\[object Object\]/;
        assert.doesNotMatch(message + remedy, left, `${one.code} ${language}: ${message}`);
      }
    }
    return false;
  }
}

const PLACES = places(WHOLE);
const PIECES = fc.oneof(
  fc.jsonValue() as fc.Arbitrary<Json>,
  fc.constantFrom<Json>(
    '5s',
    '-5s',
    '1e9/s',
    '100%',
    'a/b:99999999',
    '*',
    '../../etc/passwd',
    -1,
    1e308,
    'NaN',
    null,
    '__proto__',
  ),
);

test('the whole is read', () => assert.equal(total(JSON.stringify(WHOLE)), true));

test('a scenario with anything anywhere is read or refused with places', () => {
  fc.assert(
    fc.property(fc.constantFrom(...PLACES), fc.option(PIECES, { nil: undefined }), (path, piece) => {
      const value = changed(WHOLE, path, piece);
      total(JSON.stringify(value ?? null));
    }),
    { numRuns: 1500 },
  );
});

test('a field nobody knows is refused wherever it stands', () => {
  const objects = PLACES.filter(path => {
    const value = path.reduce<Json>((at, step) => (at as JsonObject)[step]!, WHOLE);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  });
  // Maps of labels, quantities and objects of the API take any name.
  const open = /labels$|capacity$|apply,0|match$|metadata$/;
  for (const path of objects.filter(one => !open.test(one.join()))) {
    const value = changed(WHOLE, [...path, 'surprise'], 1);
    assert.equal(total(JSON.stringify(value)), false, path.join('.'));
  }
});

test('hostile YAML ends soon', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((name, index) => `${name}: &${name} [${`*${'abcdefghi'[index]},`.repeat(9)}]`).join('\n')}\napiVersion: tenon.dev/v1\nkind: Scenario`;
  const hostile = [
    bomb,
    `apiVersion: tenon.dev/v1\nkind: Scenario\nspec: ${'['.repeat(5000)}${']'.repeat(5000)}`,
    `apiVersion: tenon.dev/v1\nkind: Scenario\n__proto__: {x: 1}\nspec: {}`,
    `apiVersion: tenon.dev/v1\nkind: Scenario\nmetadata: {name: x}\nspec: {until: 1h, steps: [{expect: "${'('.repeat(3000)}"}]}`,
    `apiVersion: tenon.dev/v1\nkind: Scenario\nmetadata: {name: x}\nspec: {until: 1h, steps: [{expect: '${'a'.repeat(4000)} == 1'}]}`,
    `apiVersion: tenon.dev/v1\nkind: Scenario\nmetadata: {name: x}\nspec: {until: 1h, steps: []}\n${'x: 1\n'.repeat(2000)}`,
  ];
  for (const text of hostile) assert.equal(total(text), false, text.slice(0, 80));
});

test('a trace of any text is read or refused with its line', () => {
  const cell = fc.oneof(
    fc.constantFrom(
      '2024-01-01 00:00:00',
      '1',
      '2',
      '',
      'x',
      '"',
      ',',
      '\n',
      '\r\n',
      ';',
      '-1',
      '1e300',
      '﻿',
      'time,value\n',
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 30 }), cells => {
      try {
        const { times_ms, values, length_ms } = readTrace('t.csv', cells.join('').split('\n'));
        assert.equal(times_ms.length, values.length);
        assert.ok(times_ms.every((t, index) => t >= 0 && (index === 0 || t > times_ms[index - 1]!)));
        assert.ok(length_ms > 0 && values.every(value => value >= 0));
      } catch (error) {
        assert.ok(error instanceof FaultError, String((error as Error).stack));
        assert.ok(typeof error.fault.where === 'object' && error.fault.where.line >= 1);
      }
    }),
    { numRuns: 2000 },
  );
});
