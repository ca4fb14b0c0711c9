import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { chartPorts, readFolder, templateChart } from '../src/delivery/index.ts';
import type { CaseResult, SuiteContext, SuiteRunner } from './runner.ts';

interface Case {
  readonly name: string;
  readonly chart: string;
  readonly values: string | null;
  readonly rc: number;
  readonly deterministic?: boolean;
}

/** Keys and kinds without the values, for charts that use chance. */
function shape(text: string): string {
  const of = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(of);
    if (typeof value !== 'object' || value === null) return typeof value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, of(item)]));
  };
  const documents = text.split(/^---$/m).filter(part => part.trim() !== '');
  return documents
    .map(
      part => `${/^# Source: .*$/m.exec(part)?.[0] ?? ''} ${JSON.stringify(of(parse(part, { logLevel: 'silent' })))}`,
    )
    .join('\n');
}

/** First line in which two texts differ. */
function difference(expected: string, got: string): { expected: string; got: string } {
  const [left, right] = [expected.split('\n'), got.split('\n')];
  const at = left.findIndex((line, index) => line !== right[index]);
  const line = at < 0 ? left.length : at;
  return { expected: `line ${line + 1}: ${left[line] ?? 'end'}`, got: right[line] ?? 'end' };
}

function runCase(one: Case, { cases, suites }: SuiteContext): CaseResult {
  let got: string;
  try {
    const values = one.values === null ? [] : [readFileSync(join(suites, 'core', one.values), 'utf8')];
    const tree = readFolder(join(suites, 'core', one.chart));
    got = templateChart(tree, { name: 'rel', namespace: 'test', kubeVersion: 'v1.34.0', values }, chartPorts());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return one.rc === 0
      ? { case: one.name, result: 'failed', expected: 'renders', got: reason }
      : { case: one.name, result: 'passed' };
  }
  if (one.rc !== 0) return { case: one.name, result: 'failed', expected: 'a refusal', got: `${got.length} characters` };
  const golden = readFileSync(join(cases, `${one.name}.yaml`), 'utf8');
  const [expected, made] = one.deterministic === false ? [shape(golden), shape(got)] : [golden, got];
  if (expected === made) return { case: one.name, result: 'passed' };
  return { case: one.name, result: 'failed', ...difference(expected, made) };
}

async function* run(context: SuiteContext): AsyncIterable<CaseResult> {
  const index = JSON.parse(readFileSync(join(context.cases, 'index.json'), 'utf8')) as Case[];
  for (const one of index) {
    if (context.signal.aborted) return;
    yield runCase(one, context);
  }
}

/** Renders every chart with its values; the text is that of the real tool, byte for byte. */
export const runner: SuiteRunner = { suite: 'core/helm-expected', run };
