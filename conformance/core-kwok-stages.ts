import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { equalJson, type Json, type JsonObject, type KubeObject } from '../src/kernel/index.ts';
import { parseAllDocuments } from 'yaml';
import { NODE_CONDITIONS } from '../src/hosts/sim/world/stages/functions.ts';
import { actsOf, delayRange, possibleStages, weightOf } from '../src/hosts/sim/world/stages/lifecycle.ts';
import type { Stage, StageAct } from '../src/hosts/sim/world/stages/model.ts';
import { readStage } from '../src/hosts/sim/world/stages/read.ts';
import type { CaseResult, SuiteContext, SuiteRunner } from './runner.ts';

/** Functions whose answer depends on the cluster: the suite writes their call instead, and of lists two items. */
const SINGLE = ['Now', 'now', 'Version', 'NodeIP', 'NodeName', 'NodePort', 'PodIP', 'NodeIPWith', 'PodIPWith'];
const LISTS = ['NodeIPs', 'PodIPs', 'NodeIPsWith', 'PodIPsWith'];

const written = (value: unknown): string =>
  value === null || value === undefined ? '<nil>' : typeof value === 'string' ? JSON.stringify(value) : String(value);
const called = (name: string, args: readonly unknown[]): string =>
  args.length === 0 ? name : `${name}(${args.map(written).join(', ')})`;

const FUNCTIONS: Readonly<Record<string, (...args: unknown[]) => unknown>> = {
  ...Object.fromEntries(SINGLE.map(name => [name, (...args: unknown[]) => `<${called(name, args)}>`])),
  ...Object.fromEntries(
    LISTS.map(name => [name, (...args: unknown[]) => [0, 1].map(at => `<${at} of ${called(name, args)}>`)]),
  ),
  NodeConditions: () => NODE_CONDITIONS,
};

const MIME: Readonly<Record<string, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

function shown(act: StageAct): Json {
  if (act.kind === 'delete') return { kind: 'delete' };
  if (act.kind === 'event') return { ...act };
  const { kind, type, subresource, data, impersonation } = act;
  return {
    kind,
    type: MIME[type]!,
    ...(subresource === '' ? {} : { subresource }),
    ...(impersonation === undefined ? {} : { impersonation }),
    data: data as Json,
  };
}

function shownStage(stage: Stage, object: KubeObject, now_ms: number): JsonObject {
  const delay = delayRange(stage, object, now_ms);
  const weight = weightOf(stage, object, now_ms);
  const context = { now_ms, functions: FUNCTIONS, chance: () => 0, patchType: 'merge' as const };
  const acts = actsOf(stage, object, context);
  const deleted = acts.some(({ kind }) => kind === 'delete');
  return {
    stage: stage.name,
    ...(delay ? { delay: delay.map(ms => ms * 1e6) } : {}),
    ...(weight === undefined ? {} : { weight }),
    next: [...acts.map(shown), ...(stage.immediateNextStage && !deleted ? [{ kind: 'immediate' }] : [])],
  };
}

function documents(file: string): KubeObject[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).flatMap(document => {
    const value = document.toJS() as KubeObject | null;
    return value ? [value] : [];
  });
}

/** The stages of the folder above `testdata`. */
function stagesOf(folder: string): Stage[] {
  const objects = readdirSync(folder)
    .filter(name => name.endsWith('.yaml'))
    .sort()
    .flatMap(name => documents(join(folder, name)));
  return objects
    .filter(({ kind, apiVersion }) => kind === 'Stage' && apiVersion === 'kwok.x-k8s.io/v1alpha1')
    .map(object => {
      const { value, faults } = readStage(object);
      if (faults.length > 0)
        throw new Error(faults.map(({ params }) => `${params.field}: ${params.reason}`).join('; '));
      return value;
    });
}

function resultOf(input: string, now_ms: number): JsonObject {
  const [object] = documents(input);
  if (!object) throw new Error('no object');
  const { name = '', namespace } = object.metadata;
  const stages = possibleStages(stagesOf(dirname(dirname(input))), object, now_ms);
  return {
    apiGroup: object.apiVersion,
    kind: object.kind,
    name,
    ...(namespace ? { namespace } : {}),
    stages: stages.map(stage => shownStage(stage, object, now_ms)),
  };
}

function inputs(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.input.yaml'))
    .sort()
    .map(name => join(folder, name));
}

/** core/kwok-stages: what stages do to an object, `X.input.yaml` beside `X.output.yaml`, stages one folder above. */
export const runner: SuiteRunner = {
  suite: 'core/kwok-stages',
  async *run(context: SuiteContext): AsyncIterable<CaseResult> {
    const now_ms = Date.now();
    for (const input of inputs(context.cases)) {
      const name = relative(context.cases, input).replace('.input.yaml', '');
      try {
        const [wanted] = documents(input.replace('.input.yaml', '.output.yaml')) as unknown as JsonObject[];
        const got = resultOf(input, now_ms);
        const same = wanted !== undefined && equalJson(got, wanted);
        yield same
          ? { case: name, result: 'passed' }
          : { case: name, result: 'failed', expected: JSON.stringify(wanted), got: JSON.stringify(got) };
      } catch (error) {
        yield { case: name, result: 'failed', got: error instanceof Error ? error.message : String(error) };
      }
    }
  },
};
