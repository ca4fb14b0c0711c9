import type { Fault } from '../../base/index.ts';
import { equalJson, type Json, type KubeObject } from '../../kernel/index.ts';
import { applyEdit } from '../../network/index.ts';
import { GATE_GROUPS } from '../dialects/softenings.ts';
import type { Documents } from '../model.ts';
import type { ExplainPorts } from '../ports.ts';
import type { Admitted } from './admission.ts';
import type { Subject, TestCase } from './cases-read.ts';
import { routeOf } from './gateway.ts';
import { findBackend, nobody } from './parties.ts';
import { prepare, type Prepared } from './prepared.ts';
import { decideFlow } from './why.ts';
import { fieldsOf, listOf } from './workload.ts';

export interface TestResult {
  readonly test: TestCase;
  readonly got: string;
  readonly passed: boolean;
}

/** A rule that some test would miss when it went away, or that none would. */
export interface Mutation {
  readonly policy: string;
  readonly rule: string;
  readonly caughtBy: readonly string[];
}

function admitted(prepared: Prepared, subject: Subject): Admitted {
  if ('object' in subject) return prepared.rehearsal.admitWorkload(subject.object);
  const object = findBackend(prepared, subject.place)?.object;
  return object ? prepared.rehearsal.admitWorkload(object) : nobody(prepared, subject.place);
}

/** What a pointer names; undefined where it leads nowhere. */
function valueAt(value: unknown, pointer: string): unknown {
  const steps = pointer.split('/').slice(1);
  return steps.reduce<unknown>((at, step) => {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    return typeof at === 'object' && at !== null && Object.hasOwn(at, key)
      ? (at as Record<string, unknown>)[key]
      : undefined;
  }, value);
}

function routed(prepared: Prepared, test: Extract<TestCase, { kind: 'route' }>): string {
  const route = routeOf(prepared, test.host, test.question);
  if (!route) return 'notFound';
  if (route.outcome === 'deny') return 'notFound';
  if (route.outcome === 'unknown') return 'redirect';
  const names = (route.value ?? []).map(({ backend }) =>
    backend ? `${backend.namespace}/${backend.name}:${backend.port}` : 'broken',
  );
  return names.join(',');
}

function runCase(prepared: Prepared, test: TestCase): Omit<TestResult, 'test'> {
  switch (test.kind) {
    case 'flow': {
      const got = decideFlow(prepared, test.question);
      return { got, passed: got === test.expect };
    }
    case 'route': {
      const got = routed(prepared, test);
      return { got, passed: got === test.expect };
    }
    case 'admission': {
      const { answer } = admitted(prepared, test.subject);
      const told = answer.because.map(({ en }) => en).join('; ');
      const said = test.message === undefined || told.includes(test.message);
      return {
        got: said ? answer.outcome : `${answer.outcome}: ${told}`,
        passed: said && answer.outcome === test.expect,
      };
    }
    case 'mutation': {
      const { object, answer } = admitted(prepared, test.subject);
      const got = Object.fromEntries(Object.keys(test.set).map(pointer => [pointer, valueAt(object, pointer) ?? null]));
      const same = Object.entries(test.set).every(([pointer, value]) => equalJson(got[pointer] as Json, value));
      return {
        got: answer.outcome === 'deny' ? 'deny' : JSON.stringify(got),
        passed: same && answer.outcome !== 'deny',
      };
    }
  }
}

/** Asks every case. A question nobody can be found for fails the case: its Fault is told beside. */
export function runCases(
  prepared: Prepared,
  cases: readonly TestCase[],
  tell: (fault: Fault) => void = () => undefined,
): TestResult[] {
  return cases.map(test => {
    try {
      return { test, ...runCase(prepared, test) };
    } catch (error) {
      const fault = (error as { fault?: Fault }).fault;
      if (!fault) throw error;
      tell(fault);
      return { test, got: 'unknown', passed: false };
    }
  });
}

/** One document without one of its rules; `object` is absent where the whole document goes. */
interface Variant {
  readonly source: KubeObject;
  readonly policy: string;
  readonly rule: string;
  readonly object: KubeObject | undefined;
  /** Kinds of cases that could notice. */
  readonly by: readonly TestCase['kind'][];
}

const labelOf = ({ kind, metadata }: KubeObject): string =>
  `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`;

function networkVariants(prepared: Prepared): Variant[] {
  const { snapshot } = prepared;
  return snapshot.policies.flatMap(policy => {
    const source = snapshot.sources.get(policy);
    if (!source) return [];
    const name = `${policy.kind} ${policy.namespace ? `${policy.namespace}/` : ''}${policy.name}`;
    const base = { source, policy: name, by: ['flow'] as const };
    if (policy.rules.length === 0) return [{ ...base, rule: 'isolation', object: undefined }];
    return policy.rules.map(rule => ({
      ...base,
      rule: rule.name,
      object: applyEdit(source, { path: rule.path, action: 'remove' }),
    }));
  });
}

/** Lists of rules in other documents: what is taken away one by one, or the whole where there is one only. */
function listVariants(source: KubeObject, path: string, by: Variant['by']): Variant[] {
  const rules = listOf(valueAt(source, path));
  return rules.map((rule, index) => ({
    source,
    policy: labelOf(source),
    rule: String(fieldsOf(rule).name ?? `#${index + 1}`),
    object: rules.length === 1 ? undefined : applyEdit(source, { path: `${path}/${index}`, action: 'remove' }),
    by,
  }));
}

const GATE_LISTS = ['/spec/rules', '/spec/validations', '/spec/mutations'];
const HELPERS = /Binding$|^(ConstraintTemplate|PolicyException|Config|SyncSet)$/;

function otherVariants(object: KubeObject): Variant[] {
  const group = object.apiVersion.split('/')[0]!;
  if (object.kind === 'Ingress' || object.kind === 'HTTPRoute') return listVariants(object, '/spec/rules', ['route']);
  if (!GATE_GROUPS.test(group) || HELPERS.test(object.kind)) return [];
  const by = ['admission', 'mutation'] as const;
  const found = GATE_LISTS.flatMap(path => listVariants(object, path, by));
  if (found.length > 0) return found;
  return [{ source: object, policy: labelOf(object), rule: 'policy', object: undefined, by }];
}

/** Takes away one rule at a time: a rule whose loss no case notices is not pinned by any test. Rules of kinds that no case speaks of are left alone. */
export function mutate(documents: Documents, cases: readonly TestCase[], ports: ExplainPorts = {}): Mutation[] {
  const prepared = prepare(documents, ports);
  const before = new Map(runCases(prepared, cases).map(({ test, got }) => [test, got]));
  const kinds = new Set(cases.map(({ kind }) => kind));
  const variants = [...networkVariants(prepared), ...documents.objects.flatMap(otherVariants)];
  return variants
    .filter(({ by }) => by.some(kind => kinds.has(kind)))
    .map(({ source, policy, rule, object, by }) => {
      const objects = documents.objects.flatMap(item => (item === source ? (object ? [object] : []) : [item]));
      const asked = cases.filter(({ kind }) => by.includes(kind));
      const results = runCases(prepare({ ...documents, objects }, ports), asked);
      return {
        policy,
        rule,
        caughtBy: results.filter(({ test, got }) => got !== before.get(test)).map(({ test }) => test.name),
      };
    });
}
