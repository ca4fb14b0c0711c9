import type { Text } from '../../../base/index.ts';
import type { KubeObject } from '../../../kernel/index.ts';
import {
  type CelProgram,
  type CelValue,
  compileCel,
  DYN,
  extendEnvironment,
  KUBERNETES_ENVIRONMENT,
} from '../../engine/cel/index.ts';
import { CHECKS } from './checks.ts';
import type { AssessedControl, Check, Control, Finding, Pack } from './model.ts';

const ENVIRONMENT = extendEnvironment(KUBERNETES_ENVIRONMENT, {
  variables: ['object', 'pod', 'containers', 'within', 'flags', 'cluster'].map(name => [name, DYN] as const),
});
const UNPROVABLE: Text = { en: 'no API object proves it', zh: '没有 API 对象可以证明' };
const NOTHING: Text = { en: 'nothing of the kind is among the objects', zh: '对象中没有此类内容' };
const FINDINGS_MAX = 1_000;

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

const programs = new Map<string, CelProgram>();
function programOf({ id, expression }: Check): CelProgram {
  let program = programs.get(id);
  if (!program) {
    const { value, faults } = compileCel(expression, ENVIRONMENT);
    if (faults.length > 0) throw new Error(`check ${id}: ${String(faults[0]!.params.message)}`);
    programs.set(id, (program = value));
  }
  return program;
}

/** The pod spec in what makes pods; of objects that a controller made only the controller counts. */
function podSpecOf(object: KubeObject): Fields | undefined {
  if (object.metadata.ownerReferences?.some(owner => owner.controller)) return undefined;
  const spec = fields(object.spec);
  if (object.kind === 'Pod') return spec;
  const template = fields(spec.template ?? fields(fields(spec.jobTemplate).spec).template);
  return Array.isArray(fields(template.spec).containers) ? fields(template.spec) : undefined;
}

const containersOf = (pod: Fields): unknown[] =>
  ['initContainers', 'containers', 'ephemeralContainers'].flatMap(name => [...list(pod[name])]);

/** Flags of a component's static pod, by name. */
function flagsOf(pod: Fields, component: string): Record<string, string> {
  const [first] = list(pod.containers).map(fields);
  const words = [...list(first?.command), ...list(first?.args)].map(String);
  const flags = Object.create(null) as Record<string, string>;
  if (!words.some(word => word === component || word.endsWith(`/${component}`))) return flags;
  for (const word of words) {
    const found = /^--([a-zA-Z0-9-]+)(?:=(.*))?$/s.exec(word);
    if (found) flags[found[1]!] = found[2] ?? 'true';
  }
  return flags;
}

/** Objects with what checks look at, read once. */
class Assessment {
  readonly #objects: readonly KubeObject[];
  readonly #exempt: ReadonlySet<string>;
  readonly #byKind: Record<string, KubeObject[]> = Object.create(null) as Record<string, KubeObject[]>;
  readonly #pods: { readonly object: KubeObject; readonly pod: Fields }[] = [];
  readonly #outcomes = new Map<string, { readonly looked: number; readonly findings: readonly Finding[] }>();

  constructor(objects: readonly KubeObject[], exempt: ReadonlySet<string>) {
    this.#objects = objects;
    this.#exempt = exempt;
    for (const object of objects) {
      (this.#byKind[object.kind] ??= []).push(object);
      const pod = podSpecOf(object);
      if (pod) this.#pods.push({ object, pod });
    }
  }

  outcome(check: Check): { readonly looked: number; readonly findings: readonly Finding[] } {
    let known = this.#outcomes.get(check.id);
    if (!known) this.#outcomes.set(check.id, (known = this.#run(check)));
    return known;
  }

  #run(check: Check): { looked: number; findings: Finding[] } {
    const program = programOf(check);
    const findings: Finding[] = [];
    let looked = 0;
    for (const [object, variables] of this.#subjects(check)) {
      looked++;
      const outcome = program.evaluate(variables as Record<string, CelValue>);
      if ('value' in outcome && outcome.value === true) continue;
      if (findings.length >= FINDINGS_MAX) continue;
      findings.push({ check: check.id, object, ...('error' in outcome ? { error: outcome.error } : {}) });
    }
    return { looked, findings };
  }

  #isExempt({ metadata, kind }: KubeObject): boolean {
    return this.#exempt.has(kind === 'Namespace' ? (metadata.name ?? '') : (metadata.namespace ?? ''));
  }

  *#subjects({ subject }: Check): Iterable<[KubeObject, Record<string, unknown>]> {
    if (subject.of === 'component') {
      for (const { object, pod } of this.#pods) {
        const flags = flagsOf(pod, subject.component);
        if (Object.keys(flags).length > 0) yield [object, { object, flags }];
      }
      return;
    }
    if (subject.of === 'cluster') {
      const [first] = this.#objects;
      if (first) yield [first, { cluster: this.#byKind }];
      return;
    }
    if (subject.of === 'pods') {
      for (const { object, pod } of this.#pods)
        if (!this.#isExempt(object)) yield [object, { object, pod, containers: containersOf(pod) }];
      return;
    }
    if (subject.of === 'namespaces') {
      for (const object of this.#byKind.Namespace ?? [])
        if (!this.#isExempt(object)) yield [object, { object, within: this.#within(object.metadata.name ?? '') }];
      return;
    }
    for (const kind of subject.kinds)
      for (const object of this.#byKind[kind] ?? []) if (!this.#isExempt(object)) yield [object, { object }];
  }

  #within(namespace: string): Record<string, unknown[]> {
    const within = Object.create(null) as Record<string, unknown[]>;
    for (const object of this.#objects)
      if (object.metadata.namespace === namespace) (within[object.kind] ??= []).push(object);
    within.pods = this.#pods.filter(({ object }) => object.metadata.namespace === namespace).map(({ pod }) => pod);
    return within;
  }
}

function assessOne(control: Control, assessment: Assessment): AssessedControl {
  if (control.checks.length === 0)
    return { control, status: 'not-assessable', why: UNPROVABLE, findings: [], looked: 0 };
  const outcomes = control.checks.map(id => assessment.outcome(CHECKS.get(id)!));
  const findings = outcomes.flatMap(outcome => outcome.findings);
  const looked = outcomes.reduce((sum, outcome) => sum + outcome.looked, 0);
  if (findings.length > 0) return { control, status: 'fail', findings, looked };
  // A check that saw nothing proves nothing.
  if (outcomes.some(outcome => outcome.looked === 0))
    return { control, status: 'not-assessable', why: NOTHING, findings, looked };
  return { control, status: 'pass', findings, looked };
}

/** Assesses every control of a pack; objects of `exempt` namespaces are left out, components excepted. */
export function assess(
  pack: Pack,
  objects: readonly KubeObject[],
  exempt: ReadonlySet<string> = new Set(),
): AssessedControl[] {
  const assessment = new Assessment(objects, exempt);
  return pack.controls.map(control => assessOne(control, assessment));
}
