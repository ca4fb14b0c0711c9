import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { JsonObject } from '../kernel/index.ts';
import { runKyvernoTest, type TestRow } from '../policy/index.ts';
import { matchesWildcard } from '../policy/engine/patterns/wildcard.ts';
import { EXIT, type Invocation, type Terminal } from './command.ts';
import { cliFaults } from './faults.ts';
import { filesUnder, testPorts } from './kyverno-files.ts';
import { type Flags, readFlags, TEST_FLAGS, textOf } from './kyverno-flags.ts';
import { barTable } from './kyverno-table.ts';

const FORMATS = ['json', 'yaml', 'markdown', 'junit'];

/** Test files below a folder, or the file itself. */
function testFiles(path: string, name: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .flatMap(entry =>
      entry.isDirectory()
        ? testFiles(join(path, entry.name), name)
        : entry.name === name
          ? [join(path, entry.name)]
          : [],
    )
    .sort();
}

/** Which rows run: `policy=…,rule=…,resource=…`, each a pattern. Throws a Fault. */
function selectorOf(text: string): (row: TestRow) => boolean {
  const wanted: Record<string, string> = {};
  for (const part of text.split(',').filter(each => each.trim() !== '')) {
    const [, key = '', pattern = ''] = /^\s*(policy|rule|resource)=(.*?)\s*$/.exec(part) ?? [];
    if (key === '')
      throw cliFaults.error('bad-option', {
        command: 'kyverno test',
        reason: `--test-case-selector takes policy=, rule= and resource=, not "${part.trim()}"`,
      });
    wanted[key] = pattern;
  }
  const fits = (name: string, value: string): boolean => matchesWildcard(wanted[name] ?? '*', value);
  return row =>
    fits('policy', row.policy) &&
    fits('rule', row.rule) &&
    (wanted.resource === undefined || row.resources.some(each => fits('resource', each.split('/').at(-1)!)));
}

/** A row as tables and reports show it. */
function cells(row: TestRow, at: number): Record<string, string | number> {
  const reason = row.passed
    ? row.excluded > 0
      ? `Ok (${row.excluded} excluded)`
      : 'Ok'
    : `Want ${row.expected}, got ${row.got.split(':')[0]}`;
  return {
    ID: at + 1,
    POLICY: row.policy,
    REASON: reason,
    RESOURCE: `${row.kind}/${row.resources.join(', ')}`,
    RESULT: row.passed ? 'Pass' : 'Fail',
    RULE: row.rule,
  };
}

const COLUMNS = ['ID', 'POLICY', 'RULE', 'RESOURCE', 'RESULT', 'REASON'];

function tableOf(rows: readonly TestRow[], flags: Flags): string {
  const detailed = flags.on.has('detailed-results');
  const lines = rows.map((row, at) => {
    const shown = cells(row, at);
    return [...COLUMNS.map(name => String(shown[name])), ...(detailed ? [row.passed ? '' : row.got] : [])];
  });
  return barTable([...COLUMNS, ...(detailed ? ['MESSAGE'] : [])], lines, !flags.on.has('remove-color'));
}

const xml = (text: string): string =>
  text.replace(/[&<>"]/g, sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);

function junit(rows: readonly TestRow[]): string {
  const failed = (some: readonly TestRow[]): number => some.filter(row => !row.passed).length;
  const suites = [...new Set(rows.map(row => row.policy))].map(policy => {
    const own = rows.filter(row => row.policy === policy);
    const tests = own.map((row, at) => {
      const { RESOURCE, REASON } = cells(row, at);
      const what = row.passed ? '' : `<failure message="${xml(String(REASON))}">${xml(row.got)}</failure>`;
      return `  <testcase classname="${xml(row.rule)}" name="${xml(String(RESOURCE))}">${what}</testcase>`;
    });
    return ` <testsuite name="${xml(policy)}" tests="${own.length}" failures="${failed(own)}">\n${tests.join('\n')}\n </testsuite>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites tests="${rows.length}" failures="${failed(rows)}">\n${suites.join('\n')}\n</testsuites>`;
}

function shown(rows: readonly TestRow[], flags: Flags): string {
  const format = textOf(flags, 'output-format');
  const data = rows.map(cells);
  if (format === 'json') return JSON.stringify(data, null, 2);
  if (format === 'yaml') return stringify(data).trimEnd();
  if (format === 'junit') return junit(rows);
  if (format === 'markdown') {
    const line = (parts: readonly unknown[]): string => `| ${parts.join(' | ')} |`;
    return [
      line(COLUMNS),
      `|${'----|'.repeat(COLUMNS.length)}`,
      ...data.map(row => line(COLUMNS.map(name => row[name]))),
    ].join('\n');
  }
  return tableOf(rows, flags);
}

function summary(rows: readonly TestRow[], flags: Flags, terminal: Terminal): number {
  const failed = rows.filter(row => !row.passed);
  if (flags.on.has('fail-only') && failed.length > 0) {
    terminal.out(`\nTest Summary: ${failed.length} out of ${rows.length} tests failed`);
    terminal.out(`\nAggregated Failed Test Cases : \n${tableOf(failed, flags)}`);
  } else
    terminal.out(`\n\nTest Summary: ${rows.length - failed.length} tests passed and ${failed.length} tests failed\n`);
  if (failed.length === 0) return EXIT.yes;
  terminal.err(`Error: ${failed.length} tests failed`);
  return EXIT.no;
}

function load(paths: readonly string[], name: string): string[] {
  return paths.flatMap(path => {
    if (/^(?:https?|git|ssh):\/\//.test(path))
      throw cliFaults.error('not-done', { flag: path, command: 'kyverno test' });
    if (!existsSync(path))
      throw cliFaults.error('bad-option', {
        command: 'kyverno test',
        reason: `open ${path}: no such file or directory`,
      });
    return testFiles(resolve(path), name);
  });
}

/** `kyverno test`: every Test below the named folders, each row of its results judged. */
export function kyvernoTest(words: readonly string[], { terminal }: Invocation): number {
  const flags = readFlags('test', words, TEST_FLAGS);
  const format = textOf(flags, 'output-format');
  if (format !== undefined && !FORMATS.includes(format))
    throw cliFaults.error('bad-option', {
      command: 'kyverno test',
      reason: `--output-format takes ${FORMATS.join(', ')}`,
    });
  const selects = selectorOf(textOf(flags, 'test-case-selector') ?? '');
  const found = load(flags.words.length > 0 ? flags.words : ['.'], textOf(flags, 'file-name') ?? 'kyverno-test.yaml');
  if (found.length === 0) {
    terminal.out('\nNo test yamls available');
    if (!flags.on.has('require-tests')) return EXIT.yes;
    terminal.err('Error: no tests found');
    return EXIT.no;
  }
  const cache = new Map<string, readonly JsonObject[]>();
  const all: TestRow[] = [];
  for (const file of found) {
    const files = filesUnder(dirname(file), cache);
    const rows = (files.documents(file) ?? []).flatMap(test => runKyvernoTest(test, files, testPorts)).filter(selects);
    all.push(...rows);
    if (flags.on.has('fail-only') && rows.every(row => row.passed)) continue;
    terminal.out(`Loading test  ( ${relative('.', file)} ) ...\n`);
    terminal.out(shown(flags.on.has('fail-only') ? rows.filter(row => !row.passed) : rows, flags));
  }
  return summary(all, flags, terminal);
}
