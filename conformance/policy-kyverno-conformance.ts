import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { documentsOf } from '../src/cli/kyverno-files.ts';
import { isObject, type JsonObject } from '../src/kernel/index.ts';
import { rememberObjects } from './chainsaw/leftovers.ts';
import { startTestCluster, type TestCluster } from './chainsaw/cluster.ts';
import { NotRun, StepFailure } from './chainsaw/operations.ts';
import { programsOf, runChainsawTest } from './chainsaw/test.ts';
import type { CaseResult, SuiteContext, SuiteRunner } from './runner.ts';

const SKIPPED: Readonly<Record<string, string>> = {
  'no-kubectl': 'a step runs kubectl, which is not on this machine',
  'pods-that-run': 'a step runs programs inside of pods, and these clusters run none',
  'own-deployment': 'a step changes or restarts the pods that Kyverno is installed as; here it is part of the API',
  'absent-files': 'the test names files that are not in the suite',
  skip: 'the test says itself that it is not to be run',
  'image-registry':
    'signatures, attestations and data of images (or signed manifests) are asked of a registry and a transparency log',
  'pods-that-serve': 'a policy calls a program that the test runs in a pod, and these clusters run none',
};

/** Every test below a folder. */
function testFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name === 'chainsaw-test.yaml')
    .map(entry => join(entry.parentPath, entry.name))
    .sort();
}

const skipped = (name: string, feature: string): CaseResult => ({
  case: name,
  result: 'skipped',
  feature,
  reason: SKIPPED[feature]!,
});

/** What the programs of a test work on that is not there. */
function needsOfPrograms(text: string): string | undefined {
  if (
    /kyverno-(?:admission|background|cleanup|reports)-controller -n kyverno|(?:deploy(?:ment)?s?|pods?|po|secret|lease)s? .*-n kyverno|rollout .*kyverno|-A \| awk/.test(
      text,
    )
  )
    return 'own-deployment';
  return /kubectl [^|;]*\bexec\b|helm |kubectl [^|;]*\blogs\b/.test(text) ? 'pods-that-run' : undefined;
}

/** What a test that did not pass asks for and is not there, as its documents say. */
function needsOf(file: string): string | undefined {
  const texts = readdirSync(dirname(file))
    .filter(each => /\.ya?ml$/.test(each))
    .map(each => readFileSync(join(dirname(file), each), 'utf8'))
    .join('\n');
  if (
    /^\s*(?:- )?(?:verifyImages|imageRegistry|manifests):|ImageSignatures\(|[gG]etImageData\(|[gG]etMetadata\(/m.test(
      texts,
    )
  )
    return 'image-registry';
  return /https?:\/\/[\w.-]+\.svc(?:\.|[:/"'])/.test(texts) && /image:/.test(texts) ? 'pods-that-serve' : undefined;
}

async function runOne(
  cluster: TestCluster,
  test: JsonObject,
  file: string,
  name: string,
  index: number,
): Promise<CaseResult> {
  const spec = isObject(test.spec) ? test.spec : {};
  if (spec.skip === true) return skipped(name, 'skip');
  try {
    const programs = programsOf(test, file).join('\n');
    if (programs !== '' && cluster.programs === undefined) return skipped(name, 'no-kubectl');
    const unserved = programs === '' ? undefined : needsOfPrograms(programs);
    if (unserved !== undefined) return skipped(name, unserved);
    await cluster.install(name.split('/')[0]!);
    const leftovers = programs === '' ? undefined : await rememberObjects(cluster);
    try {
      await runChainsawTest(cluster, test, file, index);
    } finally {
      await leftovers?.clear();
    }
    return { case: name, result: 'passed' };
  } catch (error) {
    if (error instanceof NotRun) return skipped(name, 'absent-files');
    const needs = process.env.TENON_ALL ? undefined : needsOf(file);
    if (needs !== undefined) return skipped(name, needs);
    const got =
      error instanceof StepFailure
        ? error.message
        : error instanceof Error
          ? (error.stack ?? error.message)
          : String(error);
    return { case: name, result: 'failed', expected: 'every step as written', got };
  }
}

/** policy/kyverno-conformance: each chainsaw test is a case, run against a Tenon in this process in virtual time. */
export const runner: SuiteRunner = {
  suite: 'policy/kyverno-conformance',
  async *run(context: SuiteContext): AsyncIterable<CaseResult> {
    if (!existsSync(context.cases)) return;
    const only = process.env.TENON_CASES;
    const files = testFiles(context.cases).filter(file => only === undefined || new RegExp(only).test(file));
    await using cluster = await startTestCluster(join(context.cases, 'config'));
    for (const [index, file] of files.entries()) {
      const name = relative(join(context.cases, 'test/conformance/chainsaw'), file).replace(
        /\/chainsaw-test\.yaml$/,
        '',
      );
      const test = documentsOf(readFileSync(file, 'utf8'))[0] ?? {};
      yield await runOne(cluster, test, file, name, index);
      if (process.env.TENON_TRACE) console.error(name, cluster.errors.splice(0).join('\n   '));
    }
  },
};
