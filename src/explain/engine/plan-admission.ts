import type { Answer, Outcome } from '../../base/index.ts';
import { kindOf, type KubeObject, Quantity } from '../../kernel/index.ts';
import { usageOf } from '../../kernel/admission/plugins/usage.ts';
import { GATE_GROUPS } from '../dialects/softenings.ts';
import type { Admitted } from './admission.ts';
import { wantedPods } from './ledger.ts';
import type { ObjectChange } from './plan-objects.ts';
import type { Prepared } from './prepared.ts';
import { fieldsOf, templateOf } from './workload.ts';

/** A workload whose pods would be treated otherwise at the gate. */
export interface AdmissionChange {
  readonly workload: string;
  readonly change: 'rejected' | 'admitted' | 'unknown' | 'mutated';
  readonly before: Outcome | 'absent';
  readonly after: Outcome;
  /** The answer that decides now. */
  readonly answer: Answer;
  /** Fields that policies set and did not before; only for `mutated`. */
  readonly paths: readonly string[];
}

const PATHS_MAX = 12;
const labelOf = ({ kind, metadata }: KubeObject): string =>
  `${metadata.namespace ?? 'default'}/${metadata.name}[${kind}]`;

/** Whether an object has a say in what others are let in as. */
function governs({ kind, apiVersion }: { kind: string; apiVersion: string }): boolean {
  const { group } = kindOf({ kind, apiVersion });
  return GATE_GROUPS.test(group) || GOVERNING.has(kind);
}

const GOVERNING = new Set(['Namespace', 'ResourceQuota', 'LimitRange', 'PriorityClass', 'ServiceAccount', 'ConfigMap']);
const GOVERNED_CONFIG = new Set(['ConfigMap', 'ServiceAccount', 'PriorityClass']);

/** Do some documents hold anything that admission asks? */
function hasGate(prepared: Prepared): boolean {
  return prepared.documents.objects.some(object => governs(object) && !GOVERNED_CONFIG.has(object.kind));
}

/** Workloads that are new, changed, or stand under a changed rule, and are let in otherwise than before. */
export function admissionChanges(from: Prepared, to: Prepared, objects: readonly ObjectChange[]): AdmissionChange[] {
  if (!hasGate(from) && !hasGate(to)) return [];
  const rules = objects.filter(
    change => governs({ kind: change.kind, apiVersion: change.after?.apiVersion ?? '' }) || change.change === 'removed',
  );
  const everywhere = rules.some(change => change.namespace === undefined && change.kind !== 'Namespace');
  const spaces = new Set(rules.map(change => (change.kind === 'Namespace' ? change.name : (change.namespace ?? ''))));
  const changed = new Set(objects.map(change => change.after));
  const workloads = to.documents.objects.filter(
    object =>
      (object.kind === 'Pod' || templateOf(object) !== undefined) &&
      (everywhere || changed.has(object) || spaces.has(object.metadata.namespace ?? 'default')),
  );
  return workloads.flatMap(object => {
    const { namespace = 'default', name = '' } = object.metadata;
    const known = from.find(object.kind, namespace, name);
    return changeOf(object, known && from.rehearsal.admitWorkload(known), to.rehearsal.admitWorkload(object));
  });
}

function changeOf(object: KubeObject, before: Admitted | undefined, after: Admitted): AdmissionChange[] {
  const was: AdmissionChange['before'] = before?.answer.outcome ?? 'absent';
  const is = after.answer.outcome;
  const base = { workload: labelOf(object), before: was, after: is, answer: after.answer, paths: [] };
  if (is === 'deny') return was === 'deny' ? [] : [{ ...base, change: 'rejected' }];
  if (is === 'unknown') return was === 'unknown' ? [] : [{ ...base, change: 'unknown' }];
  if (was === 'deny') return [{ ...base, change: 'admitted' }];
  const old = new Set(before?.mutated ?? []);
  const paths = after.mutated.filter(path => !old.has(path) && !ALWAYS.test(path)).slice(0, PATHS_MAX);
  return paths.length > 0 ? [{ ...base, change: 'mutated', paths }] : [];
}

/** What the API server sets in every pod is no news. */
const ALWAYS =
  /^\/spec\/(serviceAccount(Name)?|volumes|priority|preemptionPolicy|tolerations|containers\/\d+\/volumeMounts|initContainers\/\d+\/volumeMounts)(\/|$)/;

/** What the pods of a namespace ask of a quota before and after. */
export interface QuotaChange {
  readonly quota: string;
  readonly resource: string;
  readonly hard: string;
  readonly before: string;
  readonly after: string;
  readonly exceeded: boolean;
}

function demand(prepared: Prepared, namespace: string, resource: string): Quantity {
  let sum = new Quantity(0n);
  for (const pod of wantedPods(prepared.documents.objects, namespace)) {
    const amount = usageOf('', 'pods', pod).get(resource);
    if (amount) sum = sum.add(amount);
  }
  return sum;
}

/** Quotas whose use or bounds change; those of pods and what pods ask for. */
export function quotaChanges(from: Prepared, to: Prepared): QuotaChange[] {
  return to.kinds('ResourceQuota').flatMap(quota => {
    const { namespace = 'default', name = '' } = quota.metadata;
    const known = from.find('ResourceQuota', namespace, name);
    const hard = fieldsOf(fieldsOf(quota.spec).hard);
    return Object.entries(hard).flatMap(([resource, limit]): QuotaChange[] => {
      const before = demand(from, namespace, resource);
      const after = demand(to, namespace, resource);
      const same = known && String(fieldsOf(fieldsOf(known.spec).hard)[resource]) === String(limit);
      if (after.compare(before) === 0 && same) return [];
      const exceeded = after.compare(Quantity.of(limit as string)) > 0;
      return [
        {
          quota: `${namespace}/${name}`,
          resource,
          hard: String(limit),
          before: before.toString(),
          after: after.toString(),
          exceeded,
        },
      ];
    });
  });
}
