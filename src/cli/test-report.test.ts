import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { XmlDocument, XmlElement, XsdValidator } from 'libxml2-wasm';
import { Parser } from 'tap-parser';
import type { NativeResult } from './native-tests.ts';
import { junitOf, tapOf, type TestRun } from './test-report.ts';

/** Reports with whatever names people (or those who attack them) give, read by the parsers that others use. */
const schema = XmlDocument.fromString(readFileSync(join(import.meta.dirname, 'junit.xsd'), 'utf8'));
const validator = XsdValidator.fromDoc(schema);
const NASTY = [
  'plain',
  ']]>',
  '<![CDATA[x]]>',
  '</testcase><testcase name="forged"/>',
  '&amp; "quoted" \'single\'',
  'a\u0000b\u001b[31mred\u001b[0m',
  'tab\tand\r\nlines',
  '\ud800 half a pair',
  '名称 – 测试 🙂',
  '# SKIP not really',
  'ends with \\',
  'ok 7 - forged\nnot ok 8',
  'Bail out! everything',
  '1..3',
  '---\n...',
  '{a: [b',
  'a subtest {',
  '\u0085\u2028\u2029\ufeff',
  '',
  'true # TODO later',
];
const words = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary' }), fc.string());
const rows: fc.Arbitrary<NativeResult[]> = fc.array(
  fc.record({
    tool: fc.constantFrom('opa', 'gator', 'kyverno', 'promtool'),
    file: words,
    name: words,
    result: fc.constantFrom('passed' as const, 'failed' as const, 'skipped' as const),
    reason: words,
  }) as fc.Arbitrary<NativeResult>,
  { maxLength: 12 },
);
const runOf = (native: readonly NativeResult[]): TestRun => ({ scenarios: [], cases: [], native, mutations: [] });
const count = (native: readonly NativeResult[], result: string): number =>
  native.filter(each => each.result === result).length;

/** What is left of a text in XML 1.0: the characters that a document may hold. */
const kept = (text: string): string =>
  [...text.toWellFormed()]
    .filter(each => {
      const code = each.codePointAt(0)!;
      return code >= 0x20 ? code !== 0xfffe && code !== 0xffff : code === 0x9 || code === 0xa || code === 0xd;
    })
    .join('');

function checkXml(native: readonly NativeResult[]): void {
  const document = XmlDocument.fromString(junitOf(runOf(native), 'en'));
  try {
    validator.validate(document);
    const suite = document.root;
    const numbers = ['tests', 'failures', 'skipped'].map(name => Number(suite.attr(name)!.value));
    assert.deepEqual(numbers, [native.length, count(native, 'failed'), count(native, 'skipped')]);
    const cases = suite.find('testcase') as XmlElement[];
    assert.deepEqual(
      cases.map(each => each.attr('name')!.value),
      native.map(({ name }) => kept(name) || '-'),
    );
    for (const [index, each] of cases.entries()) {
      const { result, reason = '' } = native[index]!;
      const told = each.get(result === 'failed' ? 'failure' : 'skipped') as XmlElement | null;
      assert.equal(told?.attr('message')!.value, result === 'passed' ? undefined : kept(reason));
      assert.equal(each.find('*').length, result === 'passed' ? 0 : 1);
    }
  } finally {
    document.dispose();
  }
}

function checkTap(native: readonly NativeResult[]): void {
  const results = Parser.parse(tapOf(runOf(native), 'en'), { strict: true });
  const asserts = results.flatMap(([kind, value]) => (kind === 'assert' ? [value as TapAssert] : []));
  const bad = results.filter(
    ([kind]) => kind === 'extra' || kind === 'bailout' || kind === 'child' || kind === 'comment',
  );
  assert.deepEqual(bad, []);
  assert.equal(asserts.length, native.length);
  for (const [index, { ok, skip, todo, diag }] of asserts.entries()) {
    const { result, reason } = native[index]!;
    assert.equal(ok, result !== 'failed');
    assert.equal(skip !== undefined && skip !== false, result === 'skipped', JSON.stringify(native[index]));
    assert.ok(todo === undefined || todo === false);
    if (result === 'failed') assert.equal(diag?.message, reason!.toWellFormed());
  }
}

interface TapAssert {
  readonly ok: boolean;
  readonly skip?: string | boolean;
  readonly todo?: string | boolean;
  readonly diag?: { readonly message: string };
}

const EVERY = NASTY.flatMap(text =>
  (['passed', 'failed', 'skipped'] as const).map(
    (result): NativeResult => ({ tool: 'opa', file: text, name: text, result, reason: text }),
  ),
);

test('JUnit XML is well formed, valid, and keeps every name', () => {
  checkXml(EVERY);
  fc.assert(fc.property(rows, checkXml), { numRuns: 300 });
});

test('TAP 14 is read back as it was meant', () => {
  checkTap(EVERY);
  fc.assert(fc.property(rows, checkTap), { numRuns: 300 });
});

test('a report that is not valid is found so', () => {
  const document = XmlDocument.fromString('<testsuite name="x" tests="1"><testcase/></testsuite>');
  assert.throws(() => validator.validate(document));
  document.dispose();
});
