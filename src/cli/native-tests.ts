import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isSuite, rego, runKyvernoTest, runRegoTests, SuiteRun, suiteFilter } from '../policy/index.ts';
import { objectsOf } from './gator-files.ts';
import { filesUnder, testPorts } from './kyverno-files.ts';
import { readSources } from './opa-sources.ts';

/** One test of another tool's own test files, as it came out here. */
export interface NativeResult {
  readonly tool: 'gator' | 'kyverno' | 'opa' | 'promtool';
  readonly name: string;
  /** Relative to the folder of the tests. */
  readonly file: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  readonly reason?: string;
}

const SKIPPED_FOLDERS = /(^|\/)(node_modules|\.git|\.build|\.cache)(\/|$)/;
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function gatorTests(folder: string, file: string, text: string): NativeResult[] {
  if (!text.includes('test.gatekeeper.sh/')) return [];
  const path = join(folder, file);
  const here = dirname(path);
  const base = { tool: 'gator', file } as const;
  try {
    const run = new SuiteRun({
      documents: name => {
        const full = join(here, name);
        if (!existsSync(full)) throw new Error(`open ${full}: no such file or directory`);
        return objectsOf(readFileSync(full, 'utf8'), full);
      },
      shown: name => join(here, name),
      now: () => performance.now(),
    });
    return objectsOf(text, path)
      .filter(isSuite)
      .flatMap(
        suite =>
          run.run(
            suite,
            suiteFilter('', () => () => true),
          ).tests,
      )
      .flatMap(test => {
        const own = test.error === undefined && test.cases.length > 0 ? [] : [{ ...test, name: '' }];
        return [...own, ...test.cases].map((one): NativeResult => {
          const result = one.skipped ? 'skipped' : one.error === undefined ? 'passed' : 'failed';
          const name = [test.name, one.name].filter(Boolean).join('/');
          return { ...base, name, result, ...(one.error === undefined ? {} : { reason: one.error }) };
        });
      });
  } catch (error) {
    return [{ ...base, name: basename(file), result: 'failed', reason: messageOf(error) }];
  }
}

function kyvernoTests(folder: string, file: string): NativeResult[] {
  if (basename(file) !== 'kyverno-test.yaml') return [];
  const path = resolve(folder, file);
  const files = filesUnder(dirname(path));
  const base = { tool: 'kyverno', file } as const;
  try {
    return (files.documents(path) ?? []).flatMap(test =>
      runKyvernoTest(test, files, testPorts).map((row): NativeResult => {
        const name = `${[row.policy, row.rule].filter(Boolean).join('/')} ${row.kind} ${row.resources.join(',')}`;
        if (row.passed) return { ...base, name, result: 'passed' };
        if (row.needs) return { ...base, name, result: 'skipped', reason: `needs ${row.needs}` };
        return { ...base, name, result: 'failed', reason: `want ${row.expected}, got ${row.got}` };
      }),
    );
  } catch (error) {
    return [{ ...base, name: basename(file), result: 'failed', reason: messageOf(error) }];
  }
}

const RESULTS = { passed: 'passed', failed: 'failed', skipped: 'skipped', error: 'failed' } as const;

/** Rules of one folder are compiled together, as the tool does for the folder it is given. */
function regoTests(folder: string, files: readonly string[]): NativeResult[] {
  const folders = [...new Set(files.filter(file => file.endsWith('_test.rego')).map(file => dirname(file)))];
  // A folder inside another one is read with that.
  const roots = folders.filter(one => !folders.some(other => other !== one && `${one}/`.startsWith(`${other}/`)));
  return roots.flatMap(root => {
    const file = join(root, '*_test.rego');
    try {
      const place = join(folder, root);
      const read = (version: 'v0' | 'v1') => readSources({ paths: [], bundles: [place], version });
      let sources: ReturnType<typeof readSources>;
      try {
        sources = read('v1');
      } catch {
        sources = read('v0');
      }
      return runRegoTests(sources.modules, { data: sources.data }).map(
        ({ package: inside, name, result, message }) => ({
          tool: 'opa' as const,
          name: `${inside}.${name}`,
          file,
          result: RESULTS[result],
          ...(message === undefined ? {} : { reason: message }),
        }),
      );
    } catch (error) {
      const reason = error instanceof rego.RegoError || error instanceof Error ? error.message : String(error);
      return [{ tool: 'opa' as const, name: file, file, result: 'failed' as const, reason }];
    }
  });
}

const isRuleTest = (text: string): boolean => /^rule_files:/m.test(text) && /^tests:/m.test(text);

/** Finds the test files of other tools below a folder and runs them; those whose layer is not built are skipped, and counted. */
export function runNativeTests(folder: string): NativeResult[] {
  const files = globSync('**/*.{yaml,yml,rego}', { cwd: folder })
    .filter(file => !SKIPPED_FOLDERS.test(file))
    .sort();
  const documents = files
    .filter(file => !file.endsWith('.rego'))
    .flatMap((file): NativeResult[] => {
      const text = readFileSync(join(folder, file), 'utf8');
      if (isRuleTest(text))
        return [{ tool: 'promtool', name: basename(file), file, result: 'skipped', reason: 'needs telemetry' }];
      return [...gatorTests(folder, file, text), ...kyvernoTests(folder, file)];
    });
  return [...documents, ...regoTests(folder, files)];
}
