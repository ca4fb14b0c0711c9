import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { manifestFiles, objectsOf } from '../src/cli/gator-files.ts';
import { expandManifests } from '../src/cli/gator-expand.ts';
import { parseModule } from '../src/policy/engine/rego/index.ts';
import { runRegoTests } from '../src/policy/engine/rego-tests.ts';
import { isSuite, suiteFilter, SuiteRun, type TestOutcome } from '../src/policy/dialects/gatekeeper/index.ts';
import type { CaseResult, SuiteContext, SuiteRunner } from './runner.ts';

/** Folders under one that hold a file the rule accepts, in order. */
function foldersWith(root: string, accepts: (name: string) => boolean): string[] {
  const names = readdirSync(root, { recursive: true }) as string[];
  return [...new Set(names.filter(accepts).map(name => dirname(join(root, name))))].sort();
}

const outcome = (name: string, error: string | undefined, expected: string): CaseResult =>
  error === undefined ? { case: name, result: 'passed' } : { case: name, result: 'failed', expected, got: error };

/** Each case of a test; a test that could not start fails all of its cases, or is one case where it has none. */
function* testCases(prefix: string, test: TestOutcome, names: readonly string[]): Generator<CaseResult> {
  const at = `${prefix} ${test.name}`;
  if (test.error !== undefined || names.length === 0) {
    for (const name of names.length > 0 ? names : ['(constraint)'])
      yield outcome(`${at}/${name}`, test.error, 'the test to start');
    return;
  }
  for (const one of test.cases) yield outcome(`${at}/${one.name}`, one.error, 'its assertions to hold');
}

function* gatorCases(root: string): Generator<CaseResult> {
  for (const file of manifestFiles(root)) {
    if (!/kind:\s*"?Suite\b/.test(readFileSync(file, 'utf8'))) continue;
    for (const suite of objectsOf(readFileSync(file, 'utf8'), file).filter(isSuite)) {
      const run = new SuiteRun({
        documents: path => {
          const full = join(dirname(file), path);
          return objectsOf(readFileSync(full, 'utf8'), full);
        },
        shown: path => path,
        now: () => performance.now(),
      });
      const tests = (suite.tests ?? []) as { cases?: { name: string }[] }[];
      for (const [at, test] of run
        .run(
          suite,
          suiteFilter('', () => () => true),
        )
        .tests.entries())
        yield* testCases(
          file.slice(root.length + 1),
          test,
          (tests[at]?.cases ?? []).map(({ name }) => name),
        );
    }
  }
}

function* regoCases(root: string): Generator<CaseResult> {
  for (const folder of foldersWith(root, name => name.endsWith('_test.rego'))) {
    const at = folder.slice(root.length + 1);
    try {
      const modules = readdirSync(folder)
        .filter(name => name.endsWith('.rego'))
        .sort()
        .map(name => parseModule(readFileSync(join(folder, name), 'utf8'), { file: name, version: 'v0' }));
      for (const test of runRegoTests(modules))
        yield outcome(
          `${at} ${test.name}`,
          test.result === 'passed' ? undefined : `${test.result} ${test.message ?? ''}`,
          'true',
        );
    } catch (error) {
      yield { case: at, result: 'failed', expected: 'modules that compile', got: (error as Error).message };
    }
  }
}

/** Fixtures of `gator expand`: a folder with `input` and the `output` it leads to. */
function* expandCases(root: string): Generator<CaseResult> {
  for (const output of foldersWith(root, name => /(^|\/)output\/[^/]+\.ya?ml$/.test(name))) {
    const folder = dirname(output);
    const input = join(folder, 'input');
    if (!existsSync(input)) continue;
    const expected = manifestFiles(output).flatMap(file => objectsOf(readFileSync(file, 'utf8'), file));
    // An empty file expects nothing in particular.
    if (expected.length === 0) continue;
    const got = expandManifests(manifestFiles(input).flatMap(file => objectsOf(readFileSync(file, 'utf8'), file)));
    const texts = [expected, got].map(objects => JSON.stringify(objects, sortedKeys)) as [string, string];
    yield texts[0] === texts[1]
      ? { case: folder.slice(root.length + 1), result: 'passed' }
      : { case: folder.slice(root.length + 1), result: 'failed', expected: texts[0], got: texts[1] };
  }
}

const sortedKeys = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)))
    : value;

function runnerOf(suite: string): SuiteRunner {
  return {
    suite,
    async *run({ cases }: SuiteContext) {
      yield* gatorCases(cases);
      yield* regoCases(cases);
      yield* expandCases(cases);
    },
  };
}

export const runners: readonly SuiteRunner[] = [runnerOf('policy/gatekeeper-library'), runnerOf('policy/gatekeeper')];
