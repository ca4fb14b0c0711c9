import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { documentsOf } from '../../src/cli/kyverno-files.ts';
import { isNotFound, isObject, type Json, type JsonObject, type ResourceRef } from '../../src/kernel/index.ts';
import { parseGoDuration } from '../../src/policy/engine/jmespath/index.ts';
import type { TestCluster } from './cluster.ts';
import {
  applyStep,
  assertStep,
  createStep,
  deleteStep,
  errorStep,
  fill,
  NotRun,
  patchStep,
  type Scene,
  StepFailure,
} from './operations.ts';

import { programStep } from './script.ts';

const NAMESPACES: ResourceRef = { group: '', version: 'v1', resource: 'namespaces' };

const list = (value: Json | undefined): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);
const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** The texts of the programs that steps of a test run. */
export function programsOf(test: JsonObject, file: string): readonly string[] {
  return list(fields(test.spec).steps).flatMap(step =>
    [...list(stepOf(step, file, { test, namespace: '' }).try), ...list(step.try)]
      .filter(each => 'script' in each || 'command' in each)
      .map(each => JSON.stringify(each)),
  );
}

/** A step with its template in place, and the names that template takes. */
function stepOf(
  step: JsonObject,
  file: string,
  bindings: JsonObject,
): { try: Json; bindings: JsonObject; file: string } {
  const use = fields(step.use);
  if (typeof use.template !== 'string') return { try: step.try ?? [], bindings, file };
  const path = resolve(dirname(file), use.template);
  if (!existsSync(path)) throw new NotRun(`the step template ${use.template} is not in the suite`);
  const given: JsonObject = { ...bindings };
  for (const { name, value } of list(fields(use.with).bindings)) given[String(name)] = fill(value ?? null, bindings);
  const template = documentsOf(readFileSync(path, 'utf8'))[0];
  return { try: fields(template?.spec).try ?? [], bindings: given, file };
}

/** Runs one test against a cluster; throws a StepFailure where it does not end as it wants. */
export async function runChainsawTest(
  cluster: TestCluster,
  test: JsonObject,
  file: string,
  index: number,
): Promise<void> {
  const spec = fields(test.spec);
  const named = typeof spec.namespace === 'string' ? spec.namespace : `chainsaw-${index}`;
  const scene: Scene = { cluster, namespace: named, bindings: { namespace: named, test }, undo: [] };
  await ensureNamespace(scene, named);
  try {
    for (const [i, step] of list(spec.steps).entries()) {
      const expanded = stepOf(step, file, scene.bindings);
      const inner: Scene = { ...scene, bindings: expanded.bindings };
      for (const operation of list(expanded.try)) {
        try {
          await runOperation(inner, operation, file);
        } catch (error) {
          if (!(error instanceof StepFailure)) throw error;
          throw new StepFailure(
            `step ${String(step.name ?? i + 1)} ${Object.keys(operation).join()}: ${error.message}`,
          );
        }
      }
    }
  } finally {
    for (const undo of scene.undo.reverse()) await undo().catch(ignoreFailure);
  }
}

const ignoreFailure = (error: unknown): void => {
  if (!(error instanceof StepFailure)) throw error;
};

async function ensureNamespace(scene: Scene, name: string): Promise<void> {
  const { client } = scene.cluster;
  try {
    await client.get(NAMESPACES, { name });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    scene.undo.push(() => deleteStep(scene, { apiVersion: 'v1', kind: 'Namespace', name }, undefined));
    await scene.cluster.settle();
  }
}

const STEPS = { apply: applyStep, create: createStep, patch: patchStep, update: applyStep } as const;

async function runOperation(scene: Scene, operation: JsonObject, file: string): Promise<void> {
  for (const verb of ['apply', 'create', 'patch', 'update'] as const) {
    const body = operation[verb];
    if (!isObject(body)) continue;
    for (const document of documentsFor(scene, body, file)) await STEPS[verb](scene, document, body.expect);
  }
  if (isObject(operation.assert))
    for (const document of treesFor(scene, operation.assert, file)) await assertStep(scene, document);
  if (isObject(operation.error))
    for (const document of treesFor(scene, operation.error, file)) await errorStep(scene, document);
  if (isObject(operation.delete)) await deleteOf(scene, operation.delete, file);
  if (isObject(operation.sleep)) await scene.cluster.run(duration_ms(operation.sleep.duration));
  for (const program of [operation.script, operation.command])
    if (isObject(program)) await runProgramStep(scene, program, file);
  if (isObject(operation.wait)) throw new NotRun('wait steps are not done');
}

async function runProgramStep(scene: Scene, program: JsonObject, file: string): Promise<void> {
  const { programs, kubeconfig } = scene.cluster;
  if (programs === undefined) throw new NotRun('no kubectl');
  await programStep(scene, program, kubeconfig, programs, file);
}

const duration_ms = (text: Json | undefined): number => Number(parseGoDuration(String(text)) ?? 0n) / 1e6;

async function deleteOf(scene: Scene, body: JsonObject, file: string): Promise<void> {
  if (isObject(body.ref)) return deleteStep(scene, fill(body.ref, scene.bindings) as JsonObject, body.expect);
  for (const { apiVersion = '', kind = '', metadata } of documentsFor(scene, body, file)) {
    const { name, namespace } = fields(metadata);
    const reference: JsonObject = { apiVersion, kind };
    if (name !== undefined) reference.name = name;
    if (namespace !== undefined) reference.namespace = namespace;
    await deleteStep(scene, reference, body.expect);
  }
}

const documentsFor = (scene: Scene, body: JsonObject, file: string): readonly JsonObject[] =>
  writtenFor(scene, body, file).map(document => fill(document, scene.bindings) as JsonObject);

/** What is asserted: only what finds the objects is filled in, the rest is judged against each of them. */
const treesFor = (scene: Scene, body: JsonObject, file: string): readonly JsonObject[] =>
  writtenFor(scene, body, file).map(document => ({
    ...document,
    ...(document.metadata === undefined ? {} : { metadata: fill(document.metadata, scene.bindings) }),
  }));

/** The documents a step is about: written in it, or in the files it names. */
function writtenFor(scene: Scene, body: JsonObject, file: string): readonly JsonObject[] {
  if (isObject(body.resource)) return [body.resource];
  const name = String(fill(body.file ?? '', scene.bindings));
  const found = globSync(name, { cwd: dirname(file) }).sort();
  if (found.length === 0) throw new NotRun(`the file ${name} is not in the suite`);
  return found
    .flatMap(each => documentsOf(readFileSync(join(dirname(file), each), 'utf8')))
    .flatMap(document => (Array.isArray(document.items) ? document.items.filter(isObject) : [document]));
}
