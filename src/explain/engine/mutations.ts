import type { Text } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import {
  applyEdit,
  compareConnections,
  formatConnections,
  hasNoConnections,
  type Snapshot,
  subtractConnections,
} from '../../network/index.ts';
import { GATE_GROUPS } from '../dialects/softenings.ts';
import { ruleWeakenings, subjectWeakenings, type Weakening } from '../dialects/weakenings.ts';
import type { Documents } from '../model.ts';
import type { ExplainPorts } from '../ports.ts';
import { runCases, valueAt } from './cases.ts';
import type { TestCase } from './cases-read.ts';
import { prepare, type Prepared } from './prepared.ts';
import { formatOrigin } from '../report.ts';
import { fieldsOf, listOf } from './workload.ts';

/** A change of one rule that some test would notice, or that none would. */
export interface Mutation {
  readonly policy: string;
  readonly rule: string;
  /** Where the rule is written; absent where no source is kept. */
  readonly where?: string;
  readonly change: Text;
  readonly caughtBy: readonly string[];
  /** A flow that the change lets through, or refuses, and no case asks about. */
  readonly unnoticed?: { readonly flow: string; readonly allowed: boolean } | undefined;
}

/** One document with one of its rules gone or weakened; `object` is absent where the whole document goes. */
interface Variant {
  readonly source: KubeObject;
  readonly policy: string;
  readonly rule: string;
  readonly pointer: string;
  readonly change: Text;
  readonly object: KubeObject | undefined;
  /** Kinds of cases that could notice. */
  readonly by: readonly TestCase['kind'][];
  /** Weakened: counted only where some flow is decided otherwise. */
  readonly weak?: true;
}

const GONE: Text = { en: 'is gone', zh: '被移除' };

const labelOf = ({ kind, metadata }: KubeObject): string =>
  `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`;

function networkVariants(prepared: Prepared): Variant[] {
  const { snapshot } = prepared;
  const subjects = new Set<KubeObject>();
  return snapshot.policies.flatMap(policy => {
    const source = snapshot.sources.get(policy);
    if (!source) return [];
    const name = `${policy.kind} ${policy.namespace ? `${policy.namespace}/` : ''}${policy.name}`;
    const base = { source, policy: name, by: ['flow'] as const };
    const weak = (rule: string, found: readonly Weakening[]): Variant[] =>
      found.map(({ path, action, value, change }) => {
        const object = applyEdit(source, { path, action, ...(value === undefined ? {} : { value }) });
        return { ...base, rule, pointer: path, change, object, weak: true };
      });
    const first = !subjects.has(source);
    subjects.add(source);
    const subject = first ? weak('isolation', subjectWeakenings(source)) : [];
    const isolation = { ...base, rule: 'isolation', pointer: '/spec', change: GONE, object: undefined };
    if (policy.rules.length === 0) return [isolation, ...subject];
    const seen = new Set<string>();
    const rules = policy.rules.flatMap((rule): Variant[] => {
      const gone = applyEdit(source, { path: rule.path, action: 'remove' });
      const removed = { ...base, rule: rule.name, pointer: rule.path, change: GONE, object: gone };
      const again = seen.has(rule.path);
      seen.add(rule.path);
      return again ? [removed] : [removed, ...weak(rule.name, ruleWeakenings(source, rule.path))];
    });
    return [...rules, ...subject];
  });
}

/** Lists of rules in other documents: what is taken away one by one, or the whole where there is one only. */
function listVariants(source: KubeObject, path: string, by: Variant['by']): Variant[] {
  const rules = listOf(valueAt(source, path));
  return rules.map((rule, index) => ({
    source,
    policy: labelOf(source),
    rule: String(fieldsOf(rule).name ?? `#${index + 1}`),
    pointer: `${path}/${index}`,
    change: GONE,
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
  return [
    { source: object, policy: labelOf(object), rule: 'policy', pointer: '', change: GONE, object: undefined, by },
  ];
}

/** The first flow between what is there, or from and to outside, that is decided otherwise. */
function differing(before: Snapshot, after: Snapshot): Mutation['unnoticed'] {
  const [first] = compareConnections(before, after);
  if (!first) return undefined;
  const more = subtractConnections(first.after, first.before);
  const allowed = !hasNoConnections(more);
  const connections = formatConnections(allowed ? more : subtractConnections(first.before, first.after));
  return { flow: `${first.source} → ${first.destination}: ${connections}`, allowed };
}

/**
 * Takes away or weakens one rule at a time: one that no case notices is not pinned by any test. Rules of kinds that no case
 * speaks of are left alone, and so is a weaker rule under which every flow of the documents is decided as before.
 */
export function mutate(documents: Documents, cases: readonly TestCase[], ports: ExplainPorts = {}): Mutation[] {
  const prepared = prepare(documents, ports);
  const before = new Map(runCases(prepared, cases).map(({ test, got }) => [test, got]));
  const kinds = new Set(cases.map(({ kind }) => kind));
  const variants = [...networkVariants(prepared), ...documents.objects.flatMap(otherVariants)];
  return variants
    .filter(({ by }) => by.some(kind => kinds.has(kind)))
    .flatMap(({ source, policy, rule, pointer, change, object, by, weak }): Mutation[] => {
      const objects = documents.objects.flatMap(item => (item === source ? (object ? [object] : []) : [item]));
      const changed = prepare({ ...documents, objects }, ports);
      const asked = cases.filter(({ kind }) => by.includes(kind));
      const caughtBy = runCases(changed, asked)
        .filter(({ test, got }) => got !== before.get(test))
        .map(({ test }) => test.name);
      const missed = caughtBy.length === 0 && by.includes('flow');
      const unnoticed = missed ? differing(prepared.snapshot, changed.snapshot) : undefined;
      if (weak && missed && !unnoticed) return [];
      const origin = documents.originOf(source, pointer);
      const where = origin ? { where: formatOrigin(origin) } : {};
      return [{ policy, rule, ...where, change, caughtBy, ...(unnoticed ? { unnoticed } : {}) }];
    });
}
