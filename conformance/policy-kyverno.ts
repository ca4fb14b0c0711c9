import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { filesUnder, testPorts } from '../src/cli/kyverno-files.ts';
import type { JsonObject } from '../src/kernel/index.ts';
import { runKyvernoTest, type TestRow } from '../src/policy/index.ts';
import type { CaseResult, SuiteContext, SuiteRunner } from './runner.ts';

const SKIPPED: Readonly<Record<string, string>> = {
  'image-signatures': 'checking the signature needs an image registry',
  'image-registry': 'the rule asks an image registry',
  'absent-files': 'the test names files that are not in the suite',
};

/** Every test file below a folder. */
export function testFiles(folder: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...testFiles(path));
    else if (/^kyverno-test\.ya?ml$/.test(entry.name)) found.push(path);
  }
  return found.sort();
}

function resultOf(name: string, row: TestRow): CaseResult {
  if (row.passed) return { case: name, result: 'passed' };
  if (row.needs !== undefined)
    return { case: name, result: 'skipped', feature: row.needs, reason: SKIPPED[row.needs] ?? row.got };
  return { case: name, result: 'failed', expected: row.expected, got: row.got };
}

function rowsOf(test: JsonObject, file: string, cache: Map<string, readonly JsonObject[]>): readonly TestRow[] {
  return runKyvernoTest(test, filesUnder(dirname(file), cache), testPorts);
}

const suite = (name: string): SuiteRunner => ({
  suite: `policy/${name}`,
  async *run(context: SuiteContext): AsyncIterable<CaseResult> {
    if (!existsSync(context.cases)) return;
    const cache = new Map<string, readonly JsonObject[]>();
    for (const file of testFiles(context.cases)) {
      const tests = filesUnder(dirname(file), cache).documents(file) ?? [];
      for (const [t, test] of tests.entries()) {
        const base = `${relative(context.cases, file)}${tests.length > 1 ? `#${t}` : ''}`;
        let rows: readonly TestRow[];
        try {
          rows = rowsOf(test, file, cache);
        } catch (error) {
          const got = error instanceof Error ? (error.stack ?? error.message) : String(error);
          const count = Array.isArray(test.results) ? test.results.length : 1;
          for (let i = 0; i < count; i++) yield { case: `${base}[${i}]`, result: 'failed', expected: 'a verdict', got };
          continue;
        }
        for (const [i, row] of rows.entries()) {
          yield resultOf(`${base}[${i}] ${row.policy}/${row.rule} ${row.kind} ${row.resources.join(',')}`, row);
        }
      }
    }
  },
});

/** policy/kyverno-policies and policy/kyverno-cli: each row of a test's results is a case. */
export const runners: readonly SuiteRunner[] = [suite('kyverno-policies'), suite('kyverno-cli')];
