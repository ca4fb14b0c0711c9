/** Which stage an object is in for next, when, and what it does (kwok documentation, "Stages Configuration"). */
import type { Random } from '../../../../base/index.ts';
import { type KubeObject, parseYaml } from '../../../../kernel/index.ts';
import { type CelProgram, toJson as celJson } from '../../../../policy/engine/cel/index.ts';
import type { Value } from './jq/ast.ts';
import type { Amount, Requirement, Source, Stage, StageAct, StageFinalizers } from './model.ts';

/** An expression that failed on an object: the object then has no next stage. */
export class StageError extends Error {
  constructor(stage: Stage, message: string) {
    super(`stage ${stage.name}: ${message}`);
    this.name = 'StageError';
  }
}

export interface StageContext {
  readonly now_ms: number;
  readonly functions: Readonly<Record<string, (...args: unknown[]) => unknown>>;
  /** A whole number from 0 up to, not including, the limit. */
  readonly chance: (limit: number) => number;
  /** What a patch without a type is: kwok takes strategic for pods and nodes, which it knows, and merge for others. */
  readonly patchType: 'merge' | 'strategic';
}

function evaluate(stage: Stage, program: CelProgram, object: KubeObject): unknown {
  const result = program.evaluate({ self: object } as never);
  if ('error' in result) throw new StageError(stage, result.error);
  return celJson(result.value);
}

const holds = (value: Value, wanted: readonly string[]): boolean => {
  // Numbers of the object are floats to kwok and equal no text; those a filter counts are whole and do.
  if (typeof value === 'string') return wanted.includes(value);
  return (typeof value === 'boolean' || typeof value === 'bigint') && wanted.includes(String(value));
};

function meets(stage: Stage, requirement: Requirement, object: KubeObject, now_ms: number): boolean {
  if (requirement.by === 'cel') {
    const value = evaluate(stage, requirement.program, object);
    if (typeof value !== 'boolean') throw new StageError(stage, 'a selector expression gives no truth value');
    return value;
  }
  const found = requirement.query.all(object, now_ms) ?? [];
  switch (requirement.operator) {
    case 'In':
      return found.some(value => holds(value, requirement.values));
    case 'NotIn':
      return !found.some(value => holds(value, requirement.values));
    case 'Exists':
      return found.some(value => value !== null);
    case 'DoesNotExist':
      return found.every(value => value === null);
  }
}

const includes = (
  have: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string>>,
): boolean => Object.entries(wanted).every(([key, value]) => have?.[key] === value);

/** Whether the stage's selector selects the object. Throws StageError. */
export function selects(stage: Stage, object: KubeObject, now_ms: number): boolean {
  if (stage.kind !== object.kind || stage.apiVersion !== object.apiVersion) return false;
  const { labels, annotations } = object.metadata;
  return (
    includes(labels, stage.labels) &&
    includes(annotations, stage.annotations) &&
    stage.expressions.every(requirement => meets(stage, requirement, object, now_ms))
  );
}

type Found = { readonly found: Value } | { readonly found: undefined };

function lookUp(stage: Stage, source: Source, object: KubeObject, now_ms: number): Found {
  if (source.by === 'cel') return { found: evaluate(stage, source.program, object) as Value };
  return { found: source.query.all(object, now_ms)?.[0] };
}

/** Undefined where the expression finds a text that is no number. */
export function weightOf(stage: Stage, object: KubeObject, now_ms: number): number | undefined {
  const { value = 0, from } = stage.weight;
  if (!from) return value;
  const { found } = lookUp(stage, from, object, now_ms);
  if (typeof found === 'number' || typeof found === 'bigint') return Math.trunc(Number(found));
  if (typeof found !== 'string') return value;
  const sign = found.startsWith('-') ? -1 : 1;
  const digits = found.replace(/^[-+]/, '').replaceAll('_', '').toLowerCase();
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  return /^(\d+|0x[0-9a-f]+|0o[0-7]+|0b[01]+)$/.test(octal) && Number.isSafeInteger(Number(octal))
    ? sign * Number(octal)
    : undefined;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's duration text in milliseconds: `1h2m3.5s`, `-250ms`. */
export function durationMs(text: string): number | undefined {
  const [, sign = '', rest = ''] = /^([-+]?)(.*)$/.exec(text) ?? [];
  if (rest === '0') return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of rest.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g))
    ms += Number(amount) * UNITS_MS[unit!]!;
  return sign === '-' ? -ms : ms;
}

function durationOf(stage: Stage, { value, from }: Amount, object: KubeObject, now_ms: number): number | undefined {
  if (!from) return value;
  const { found } = lookUp(stage, from, object, now_ms);
  if (typeof found === 'number' && from.by === 'cel') return found * 1000;
  if (typeof found !== 'string') return value;
  if (found === '') return undefined;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)$/.test(found)) {
    const at_ms = Date.parse(found);
    if (!Number.isNaN(at_ms)) return at_ms - now_ms;
  }
  return durationMs(found) ?? value;
}

/** Milliseconds: one, or from one to another; undefined where the stage has no delay. A moment that is over is now. */
export function delayRange(stage: Stage, object: KubeObject, now_ms: number): readonly number[] | undefined {
  const delay_ms = stage.delay && durationOf(stage, stage.delay, object, now_ms);
  if (delay_ms === undefined) return undefined;
  const jitter_ms = stage.jitter && durationOf(stage, stage.jitter, object, now_ms);
  if (jitter_ms === undefined) return [Math.max(0, delay_ms)];
  if (jitter_ms <= delay_ms) return [Math.max(0, jitter_ms)];
  return [Math.max(0, delay_ms), Math.max(0, jitter_ms)];
}

/** Every stage that may be the next. Throws StageError. */
export function possibleStages(stages: readonly Stage[], object: KubeObject, now_ms: number): readonly Stage[] {
  const found = stages.filter(stage => selects(stage, object, now_ms));
  if (found.length < 2) return found;
  const weights = found.map(stage => weightOf(stage, object, now_ms));
  const known = weights.filter(weight => weight !== undefined);
  if (known.length === 0) return found;
  const total = known.reduce((sum, weight) => sum + weight, 0);
  return found.filter((_, at) => {
    const weight = weights[at];
    return weight !== undefined && (total === 0 ? weight >= 0 : weight > 0);
  });
}

/** The next stage of an object, drawn by weight where several may be. Throws StageError. */
export function nextStage(
  stages: readonly Stage[],
  object: KubeObject,
  now_ms: number,
  random: Random,
): Stage | undefined {
  const possible = possibleStages(stages, object, now_ms);
  if (possible.length < 2) return possible[0];
  const weights = possible.map(stage => Math.max(0, weightOf(stage, object, now_ms) ?? 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return possible[Math.floor(random.next() * possible.length)];
  let left = Math.floor(random.next() * total);
  return possible.find((_, at) => (left -= weights[at]!) < 0) ?? possible.at(-1);
}

/** JSON Patch operations that change an object's finalizers. */
export function finalizerChanges(have: readonly string[], wanted: StageFinalizers): object[] {
  const removed = wanted.empty
    ? have.map((_, at) => at)
    : have.flatMap((name, at) => (wanted.remove.includes(name) ? [at] : []));
  const all = wanted.empty || (wanted.remove.length > 0 && removed.length === have.length);
  const changes: object[] = [];
  if (all && have.length > 0) changes.push({ op: 'remove', path: '/metadata/finalizers' });
  if (!all) for (const at of removed.toReversed()) changes.push({ op: 'remove', path: `/metadata/finalizers/${at}` });
  if (wanted.add.length === 0) return changes;
  if (all || have.length === 0) changes.push({ op: 'add', path: '/metadata/finalizers', value: [...wanted.add] });
  else
    for (const name of wanted.add)
      if (!have.includes(name)) changes.push({ op: 'add', path: '/metadata/finalizers/-', value: name });
  return changes;
}

function under(root: string, type: string, data: unknown): unknown {
  if (root === '') return data;
  if (type !== 'json') return { [root]: data };
  return (data as { path?: string }[]).map(change => ({ ...change, path: `/${root}${change.path ?? ''}` }));
}

/** What the stage does to the object as it is, in order. Throws an Error where a template fails. */
export function actsOf(stage: Stage, object: KubeObject, context: StageContext): StageAct[] {
  const acts: StageAct[] = [];
  const ports = { chance: context.chance, now_ms: () => context.now_ms };
  // Kinds the server knows have a spec and a status in Go's form, empty where nothing was written.
  const data = { spec: {}, status: {}, ...object };
  const made = (template: { render: (data: unknown, functions: never, ports: never) => string }): unknown =>
    parseYaml(template.render(data, context.functions as never, ports as never)).value;
  let deleted = false;
  for (const step of stage.steps) {
    if (step.event) acts.push({ kind: 'event', ...step.event });
    if (deleted) continue;
    const changes = step.finalizers ? finalizerChanges(object.metadata.finalizers ?? [], step.finalizers) : [];
    if (changes.length > 0) acts.push({ kind: 'patch', type: 'json', subresource: '', data: changes });
    if (step.delete) {
      deleted = true;
      acts.push({ kind: 'delete' });
      continue;
    }
    if (step.apply) {
      const { type, subresource, template, impersonation } = step.apply;
      acts.push({
        kind: 'apply',
        type,
        subresource,
        data: made(template),
        ...(impersonation ? { impersonation } : {}),
      });
    }
    if (step.patch) {
      const { root, subresource, template, impersonation } = step.patch;
      const type = step.patch.type ?? context.patchType;
      const change = under(root, type, made(template));
      acts.push({ kind: 'patch', type, subresource, data: change, ...(impersonation ? { impersonation } : {}) });
    }
  }
  return acts;
}
