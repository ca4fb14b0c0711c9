import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readBlockYaml } from './block-yaml.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { LineCounter, readYaml } from './yaml.ts';

/** What the reader of the whole language makes of a text; undefined when something is wrong with it. */
function whole(text: string): { value: unknown; start: number }[] | undefined {
  const documents = readYaml(text, DEFAULT_LIMITS, new LineCounter()).filter(document => !document.empty);
  if (documents.some(document => document.faults.length > 0)) return undefined;
  return documents.map(({ value, spot }) => ({ value, start: spot.start }));
}

/** True when the quick reader took the text; both must agree then, to the place. */
function agrees(text: string): boolean {
  const quick = readBlockYaml(text, DEFAULT_LIMITS);
  if (!quick) return false;
  const slow = whole(text);
  assert.ok(slow, `taken, though something is wrong with it:\n${text}`);
  assert.deepEqual(
    quick.map(({ value }) => value),
    slow.map(({ value }) => value),
    text,
  );
  for (const [at, document] of quick.entries()) {
    assert.equal(document.start, slow[at]!.start, text);
  }
  return true;
}

const PIECES = [
  'a',
  'b: 1',
  'a:',
  'a: ',
  'key: value',
  '- ',
  '-',
  '- a',
  '- a: 1',
  '- - x',
  ' ',
  '  ',
  '    ',
  '\n',
  '\n',
  '\n',
  '# c',
  ' # c',
  '#',
  '"',
  "'",
  'x: "q"',
  "y: 'it''s'",
  'z: "a\\nb"',
  'z: "\\x41"',
  '{a: 1, b: [x, "y"]}',
  '[1, 2]',
  '[]',
  '{}',
  '{a:1}',
  '{a: }',
  '[a,]',
  'u: http://h:80/p',
  't: |',
  't: |-',
  't: |+',
  't: >',
  '---',
  '--- ',
  '...',
  '? x',
  ': y',
  '&a x',
  '*a',
  '!t x',
  '<<: x',
  '12',
  '0o7',
  'yes',
  '~',
  'null',
  '1e3',
  ':',
  ',',
  '{',
  '}',
  '[',
  ']',
  '|',
  '>',
  '%',
  '@',
  '`',
  '\t',
  '\r\n',
  '\u00e4',
  '"k": v',
  "'k': v",
  'a : b',
  'k: v: w',
  'k: -',
  'k: - x',
  'a#b: c#d',
]; // prettier-ignore
const LINES = [
  'apiVersion: v1',
  'kind: Pod',
  'metadata:',
  '  name: a',
  '  labels: {app: a, "b": c}',
  'spec:',
  '  list:',
  '  - a',
  '  - b: 1',
  '    c: 2',
  '    - d',
  '  -   e: 5',
  '      f: 6',
  '- top',
  'data:',
  '  text: |',
  '    one',
  '',
  '     two',
  '    # no comment',
  '  # comment',
  '# comment',
  '  more: |-',
  '    x',
  '   ',
  '  empty:',
  '  quoted: "a: b # c"',
  "  other: 'x'  # note",
  '---',
  'x: [a, {b: c}]  # d',
  '  deep:',
  '    deeper:',
  '      deepest: 1',
  '    back: 2',
  '  odd: a',
  '    b',
  "'q k': 1",
  '1: one',
  'true: t',
  '"": x',
  '? a',
  '  url: http://x:8080/y',
  '  args: ["--a=b", "-c"]',
  '  - "x": y',
  '- - a',
]; // prettier-ignore

test('whatever the quick reader takes, the whole reader reads alike: pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }), parts => void agrees(parts.join(''))),
    {
      numRuns: 20_000,
    },
  );
});

test('whatever the quick reader takes, the whole reader reads alike: lines', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...LINES), { maxLength: 14 }), lines => {
      if (agrees(`${lines.join('\n')}\n`)) taken++;
    }),
    { numRuns: 20_000 },
  );
  assert.ok(taken > 500, `only ${taken} texts were taken`);
});

test('the manifests here are read alike, most of them by the quick reader', () => {
  const root = join(import.meta.dirname, '../../..');
  const suites = process.env.TENON_SUITES ?? join(root, '../shared/suites');
  const folders = [root, ...(process.env.TENON_DEEP ? [suites] : [])];
  let taken = 0;
  let seen = 0;
  for (const folder of folders)
    for (const file of globSync('{examples,src,core,mesh,policy}/**/*.{yaml,yml}', { cwd: folder })) {
      seen++;
      if (agrees(readFileSync(join(folder, file), 'utf8'))) taken++;
    }
  assert.ok(seen > 20 && taken > seen / 2, `${taken} of ${seen}`);
});

test('limits are those of the whole reader', () => {
  const deep = (depth: number): string => Array.from({ length: depth }, (_, at) => `${' '.repeat(at)}a:`).join('\n');
  assert.equal(readBlockYaml(deep(200), DEFAULT_LIMITS), undefined);
  assert.equal(readBlockYaml('a: [1, 2, 3, 4]\n', { ...DEFAULT_LIMITS, nodes_max: 4 }), undefined);
  assert.equal(readBlockYaml('a: 1\nb: 2\nc: 3\n', { ...DEFAULT_LIMITS, lexemes_max: 10 }), undefined);
});
