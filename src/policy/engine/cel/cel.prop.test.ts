import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileCel, DYN, extendEnvironment, KUBERNETES_ENVIRONMENT } from './index.ts';
import { nativePattern } from './runtime/regex.ts';
import { RE2JS } from 're2js';

const environment = extendEnvironment(KUBERNETES_ENVIRONMENT, { variables: [['object', DYN]] });
const word = fc.constantFrom(
  'object',
  '.a',
  '.b',
  '.__proto__',
  '[0]',
  "['x']",
  '.?c',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ',',
  ':',
  '?',
  '1',
  '-1',
  '2.5',
  '3u',
  "'s'",
  "b'x'",
  'null',
  'true',
  '+',
  '-',
  '*',
  '/',
  '%',
  '==',
  '!=',
  '<',
  '>=',
  '&&',
  '||',
  '!',
  ' in ',
  '.all(x, x',
  '.map(x, x',
  '.exists(x, x > 1',
  '.filter(y, y',
  'x',
  'y',
  'size(',
  'type(',
  'string(',
  'int(',
  'has(object.a)',
  ".matches('a*')",
  '.startsWith(',
  'duration(',
  "timestamp('2020-01-01T00:00:00Z')",
  '.getHours()',
  'optional.of(',
  '.orValue(',
  'quantity(',
  ".format([1, 'a'])",
  '{1: 2}',
  '[1, 2]',
);

test('no text and no data makes the compiler or its programs throw', () => {
  let ran = 0;
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), fc.boolean(), fc.jsonValue(), (words, check, data) => {
      const { value, faults } = compileCel(words.join(''), { ...environment, check });
      const outcome = value.evaluate({ object: data as never }, 10_000);
      assert.ok('value' in outcome || typeof outcome.error === 'string');
      if (faults.length === 0) ran++;
    }),
    { numRuns: 5000 },
  );
  assert.ok(ran > 50, `only ${ran} programs ran`);
});

test('native patterns answer as the linear engine does', () => {
  const piece = fc.constantFrom('a', 'b', '[a-c]', '[0-9]', '.', '(a|b)', '(?:ab)', '\\.', '\\d', '\\w', '-', '^', '$');
  const repeat = fc.constantFrom('', '', '*', '+', '?', '{1,3}', '{2}');
  const pattern = fc
    .array(fc.tuple(piece, repeat), { maxLength: 5 })
    .map(parts => parts.map(([p, r]) => (p === '^' || p === '$' ? p : p + r)).join(''));
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', '1', '-', '\n', 'é'), maxLength: 8 });
  let compared = 0;
  fc.assert(
    fc.property(pattern, text, (source, subject) => {
      const native = nativePattern(source);
      if (native === undefined) return;
      compared++;
      assert.equal(
        native.test(subject),
        RE2JS.compile(source).matcher(subject).find(),
        `${source} on ${JSON.stringify(subject)}`,
      );
    }),
    { numRuns: 3000 },
  );
  assert.ok(compared > 500, `only ${compared} patterns compared`);
});
