import type { Language, Text } from '../base/index.ts';
import type { Mutation, TestResult } from '../explain/index.ts';
import type { NativeResult } from './native-tests.ts';

/** A scenario that lies beside the manifests. */
export interface ScenarioPlace {
  /** Relative to the folder of the tests. */
  readonly file: string;
  readonly name: string;
}

/** One thing a scenario asks for, as it came out. */
export interface ScenarioCase {
  readonly scenario: string;
  readonly file: string;
  readonly name: string;
  /** `file:line:column`. */
  readonly where: string;
  readonly passed: boolean;
  readonly reason?: string;
  readonly seed: number;
  /** Of the run's log: the same commit, scenario and seed give the same. */
  readonly hash: string;
}

/** Everything one run of `tenon test` found. */
export interface TestRun {
  readonly scenarios: readonly ScenarioCase[];
  readonly cases: readonly TestResult[];
  readonly native: readonly NativeResult[];
  readonly mutations: readonly Mutation[];
}

/** One line of a report, whoever's test it is. */
interface Row {
  readonly suite: string;
  readonly name: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped. */
  readonly reason: string;
  readonly place: string;
}

const UNNOTICED: Text = { en: 'no test notices', zh: '没有测试发现' };
const PASSES: Text = { en: 'that this passes', zh: '以下流量被放行' };
const REFUSED: Text = { en: 'that this is refused', zh: '以下流量被拒绝' };

function unnoticedText(unnoticed: Mutation['unnoticed'], language: Language): string {
  if (!unnoticed) return UNNOTICED[language];
  const { flow, allowed } = unnoticed;
  return `${UNNOTICED[language]} ${(allowed ? PASSES : REFUSED)[language]}: ${flow}`;
}

function rowsOf({ cases, scenarios, native, mutations }: TestRun, language: Language): Row[] {
  return [
    ...cases.map(
      ({ test, got, passed }): Row => ({
        suite: test.file,
        name: test.name,
        result: passed ? 'passed' : 'failed',
        reason: passed ? '' : `expected ${test.expect} got ${got}`,
        place: `${test.file}:${test.line}`,
      }),
    ),
    ...scenarios.map(
      ({ scenario, file, name, where, passed, reason = '' }): Row => ({
        suite: `${file} ${scenario}`,
        name,
        result: passed ? 'passed' : 'failed',
        reason,
        place: where,
      }),
    ),
    ...native.map(
      ({ tool, file, name, result, reason = '' }): Row => ({
        suite: `${tool} ${file}`,
        name,
        result,
        reason,
        place: file,
      }),
    ),
    ...mutations.map(
      ({ policy, rule, where, change, caughtBy, unnoticed }): Row => ({
        suite: 'mutations',
        name: `${policy} ${rule} ${change[language]}`,
        result: caughtBy.length > 0 ? 'passed' : 'failed',
        reason: caughtBy.length > 0 ? '' : unnoticedText(unnoticed, language),
        place: where ?? policy,
      }),
    ),
  ];
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function countsOf(run: TestRun): Counts {
  const rows = rowsOf(run, 'en');
  const count = (result: Row['result']): number => rows.filter(row => row.result === result).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}

/** XML 1.0 texts (§2.2): marks and line ends as references, characters that no document may hold left out. */
const xml = (text: string): string =>
  text
    .toWellFormed()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these may stand in no XML
    .replaceAll(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '')
    .replaceAll(/[<>&"\t\r\n]/g, character => `&#${character.charCodeAt(0)};`);

/** Readers take nothing without a name. */
const named = (text: string): string => xml(text) || '-';

/** Why, in the attribute that most show and in the text that others do. */
function outcomeOf({ result, reason, place }: Row): string {
  if (result === 'passed') return '';
  if (result === 'skipped') return `<skipped message="${xml(reason)}"/>`;
  return `<failure message="${xml(reason)}" type="assertion">${xml(`${reason}\n${place}`)}</failure>`;
}

/** JUnit XML as CI systems read it. */
export function junitOf(run: TestRun, language: Language): string {
  const rows = rowsOf(run, language);
  const { failed, skipped } = countsOf(run);
  const cases = rows.map(
    row => `  <testcase classname="${named(row.suite)}" name="${named(row.name)}">${outcomeOf(row)}</testcase>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="tenon" tests="${rows.length}" failures="${failed}" errors="0" skipped="${skipped}">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}

/**
 * One line of TAP: no control characters, and marks escaped, for a name must not become a directive (TAP 14, "Escaping").
 * A brace at the end would begin a subtest for readers of TAP 13.
 */
const oneLine = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u2028\u2029\s]+/gu, ' ')
    .trim()
    .replaceAll(/[\\#]/g, mark => `\\${mark}`)
    .replace(/\{$/, '{…');

/** A text as YAML and JSON write it; characters that end lines, or that readers take for a mark of bytes, as escapes. */
const quoted = (text: string): string =>
  JSON.stringify(text.toWellFormed()).replaceAll(
    /[\p{Cc}\u2028\u2029\ufeff]/gu,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** TAP version 14. */
export function tapOf(run: TestRun, language: Language): string {
  const rows = rowsOf(run, language).map(({ name, result, reason, place }, index) => {
    const head = `${result === 'failed' ? 'not ok' : 'ok'} ${index + 1} - ${oneLine(name) || '-'}`;
    if (result === 'skipped') return `${head} # SKIP ${oneLine(reason)}`.trimEnd();
    if (result === 'passed') return head;
    const told = [`message: ${quoted(reason)}`, `at: ${quoted(place)}`];
    return [head, '  ---', ...told.map(line => `  ${line}`), '  ...'].join('\n');
  });
  return ['TAP version 14', `1..${rows.length}`, ...rows].join('\n');
}

/** What went wrong and what was skipped, a line each. */
export function textOf(run: TestRun, language: Language): string[] {
  return rowsOf(run, language).flatMap(({ name, result, reason, place, suite }) => {
    if (suite === 'mutations') return result === 'failed' ? [`UNPINNED ${place} ${name}: ${reason}`] : [];
    if (result === 'failed') return [`FAIL ${place} ${name}: ${reason}`];
    return result === 'skipped' ? [`SKIP ${place} ${name}: ${reason}`] : [];
  });
}

export function jsonOf({ cases, scenarios, native, mutations }: TestRun, language: Language): string {
  const told = cases.map(({ test, got, passed }) => ({
    name: test.name,
    kind: test.kind,
    file: test.file,
    line: test.line,
    expect: test.expect,
    got,
    passed,
  }));
  const changes = mutations.map(({ change, ...mutation }) => ({ ...mutation, change: change[language] }));
  return JSON.stringify({ cases: told, scenarios, native, mutations: changes });
}
