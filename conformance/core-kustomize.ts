import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTree, printKustomization } from '../src/delivery/index.ts';
import type { CaseResult, SuiteContext, SuiteRunner } from './runner.ts';

interface Case {
  readonly name: string;
  readonly folder: string;
  readonly golden: string;
  readonly fails: boolean;
}

/** First line in which two texts differ. */
export function difference(expected: string, got: string): { expected: string; got: string } {
  const [left, right] = [expected.split('\n'), got.split('\n')];
  const at = left.findIndex((line, index) => line !== right[index]);
  const line = at < 0 ? left.length : at;
  return { expected: `line ${line + 1}: ${left[line] ?? 'end'}`, got: right[line] ?? 'end' };
}

function build(folder: string): { text: string } | { reason: string } {
  try {
    const { tree, path } = openTree(folder);
    return { text: printKustomization(tree, path) };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

function runCase({ name, folder, golden, fails }: Case): CaseResult {
  const built = build(folder);
  if (fails) {
    if ('reason' in built) return { case: name, result: 'passed' };
    return { case: name, result: 'failed', expected: 'a refusal', got: `${built.text.length} characters` };
  }
  if ('reason' in built) return { case: name, result: 'failed', expected: 'builds', got: built.reason };
  const expected = readFileSync(golden, 'utf8');
  if (built.text === expected) return { case: name, result: 'passed' };
  return { case: name, result: 'failed', ...difference(expected, built.text) };
}

async function* krusty({ cases, signal }: SuiteContext): AsyncIterable<CaseResult> {
  const index = JSON.parse(readFileSync(join(cases, 'index.json'), 'utf8')) as {
    name: string;
    target: string;
    rc: number;
    wantErr?: boolean;
  }[];
  for (const { name, target, rc, wantErr } of index) {
    if (signal.aborted) return;
    const golden = join(cases, name, 'expected.yaml');
    yield runCase({ name, folder: join(cases, name, 'in', target), golden, fails: rc !== 0 || wantErr === true });
  }
}

async function* workloads({ cases, suites, signal }: SuiteContext): AsyncIterable<CaseResult> {
  const index = JSON.parse(readFileSync(join(cases, 'index.json'), 'utf8')) as { dir: string; rc: number }[];
  for (const { dir, rc } of index) {
    if (signal.aborted) return;
    const golden = join(cases, `${dir.replaceAll('/', '_')}.yaml`);
    const folder = join(suites, 'core', dir);
    if (rc === 0 && !existsSync(golden)) {
      yield { case: dir, result: 'failed', expected: golden, got: 'absent' };
      continue;
    }
    yield runCase({ name: dir, folder, golden, fails: rc !== 0 });
  }
}

/** Builds every kustomization; the text is that of the real tool, byte for byte. */
export const runners: readonly SuiteRunner[] = [
  { suite: 'core/kustomize-krusty', run: krusty },
  { suite: 'core/kustomize-workloads-expected', run: workloads },
];
