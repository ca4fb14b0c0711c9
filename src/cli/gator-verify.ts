import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { RE2JS } from 're2js';
import {
  isSuite,
  type SuiteOutcome,
  suiteFilter,
  SuiteRun,
  type TemplateOptions,
  type TestOutcome,
} from '../policy/index.ts';
import { EXIT, type Terminal } from './command.ts';
import { cliFaults } from './faults.ts';
import type { GatorVerb } from './command.ts';
import { manifestFiles, objectsOf } from './gator-files.ts';
import { failurePolicyOf } from './gator-test.ts';

const seconds = (time_ms: number): string => `${(time_ms / 1000).toFixed(3)}s`;

/** `folder/...` is everything below, a folder its own files, a file itself. */
function suiteFiles(path: string): string[] {
  const deep = path.endsWith('/...');
  const root = deep ? path.slice(0, -4) || '.' : path;
  if (!existsSync(root)) throw new Error(`listing test files: stat ${root}: no such file or directory`);
  if (!statSync(root).isDirectory()) return [root];
  return manifestFiles(root).filter(file => (deep || dirname(relative(root, file)) === '.') && /\.ya?ml$/.test(file));
}

const patternOf = (pattern: string): ((value: string) => boolean) => {
  const compiled = RE2JS.compile(pattern);
  return value => compiled.matcher(value).find();
};

/** The line of one outcome; passes are told only when asked for everything. */
function* outcomeLines(outcome: SuiteOutcome, indent: string, verbose: boolean): Generator<string> {
  if (outcome.skipped) {
    if (verbose) yield `${indent}=== SKIP  ${outcome.name}`;
  } else if (outcome.error !== undefined) {
    yield `${indent}--- FAIL: ${outcome.name}\t(${seconds(outcome.time_ms)})`;
    yield `${indent}${indent === '' ? '  ' : '    '}${outcome.error}`;
  } else if (verbose) yield `${indent}--- PASS: ${outcome.name}\t(${seconds(outcome.time_ms)})`;
}

function* testLines(test: TestOutcome, verbose: boolean): Generator<string> {
  if (test.skipped) {
    yield* outcomeLines(test, '', verbose);
    return;
  }
  if (verbose) yield `=== RUN   ${test.name}`;
  for (const one of test.cases) {
    if (verbose && !one.skipped) yield `    === RUN   ${one.name}`;
    yield* outcomeLines(one, '    ', verbose);
  }
  const failed = test.error !== undefined || test.cases.some(one => one.error !== undefined);
  if (failed) {
    yield `--- FAIL: ${test.name}\t(${seconds(test.time_ms)})`;
    if (test.error !== undefined) yield `  ${test.error}`;
  } else if (verbose) yield `--- PASS: ${test.name}\t(${seconds(test.time_ms)})`;
}

function verifyFile(
  file: string,
  run: string,
  verbose: boolean,
  templates: TemplateOptions,
  terminal: Terminal,
): boolean {
  const shown = relative('.', resolve(file)) || file;
  const start = performance.now();
  let failed = false;
  const done = (word: string): void => terminal.out(`${word}\t${shown}\t${seconds(performance.now() - start)}`);
  try {
    const text = readFileSync(file, 'utf8');
    if (!/kind:\s*["']?Suite\b|"kind"\s*:\s*"Suite"/.test(text)) return true;
    const folder = dirname(file);
    const suites = new SuiteRun(
      {
        documents: path => {
          const full = join(folder, path);
          if (!existsSync(full)) throw new Error(`open ${full}: no such file or directory`);
          return objectsOf(readFileSync(full, 'utf8'), full);
        },
        shown: path => join(folder, path),
        now: () => performance.now(),
      },
      templates,
    );
    const found = objectsOf(text, file).filter(isSuite);
    if (found.length === 0) return true;
    for (const suite of found) {
      const result = suites.run(suite, suiteFilter(run, patternOf));
      if (result.skipped) continue;
      failed ||= result.failed;
      for (const test of result.tests) for (const line of testLines(test, verbose)) terminal.out(line);
    }
  } catch (error) {
    failed = true;
    terminal.out(`  ${error instanceof Error ? error.message : String(error)}`);
  }
  done(failed ? 'FAIL' : 'ok');
  return !failed;
}

/** `gator verify`: runs suites of tests. */
export const gatorVerify: GatorVerb = (words, { terminal }) => {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      run: { type: 'string', short: 'r' },
      verbose: { type: 'boolean', short: 'v' },
      trace: { type: 'boolean', short: 't' },
      'enable-k8s-native-validation': { type: 'string' },
      'default-k8s-native-validation-failure-policy': { type: 'string', default: 'Fail' },
    },
  });
  if (values.trace !== undefined) throw cliFaults.error('not-done', { flag: '--trace', command: 'gator verify' });
  const templates: TemplateOptions = {
    native: values['enable-k8s-native-validation'] !== 'false',
    failurePolicy: failurePolicyOf(values['default-k8s-native-validation-failure-policy']),
  };
  if (positionals.length === 0) throw new Error('must specify path to suites');
  let failed = false;
  for (const file of positionals.flatMap(suiteFiles))
    if (!verifyFile(file, values.run ?? '', values.verbose ?? false, templates, terminal)) failed = true;
  terminal.out(failed ? 'FAIL\n' : 'PASS\n');
  if (failed) terminal.err('Error: FAIL');
  return failed ? EXIT.no : EXIT.yes;
};
