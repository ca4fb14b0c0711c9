import type { Origin } from '../../base/index.ts';
import { kindOf, type KubeObject } from '../../kernel/index.ts';
import { GATE_GROUPS } from '../dialects/softenings.ts';
import { identityOf, type ObjectChange } from './plan-objects.ts';
import type { Prepared } from './prepared.ts';

/** An object that is there already and that a new or changed rule finds fault with. */
export interface Violation {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  /** `PolicyKind name rule`. */
  readonly policy: string;
  /** What the rule would do to a write of it: refuse, warn or note. */
  readonly action: 'deny' | 'warn' | 'audit';
  readonly message: string;
  /** Where the rule is written. */
  readonly where?: Origin;
}

const VIOLATIONS_MAX = 1_000;

const isRule = (change: ObjectChange): boolean => {
  const { after } = change;
  return after !== undefined && (GATE_GROUPS.test(kindOf(after).group) || change.kind === 'Namespace');
};

interface Found extends Omit<Violation, 'kind' | 'namespace' | 'name'> {
  readonly key: string;
}

function found(prepared: Prepared, object: KubeObject): Found[] {
  return prepared.rehearsal.standing(object).map(({ by, message, actions }) => {
    const policy = 'default' in by ? by.default.en : `${by.kind} ${by.name}${by.rule ? ` ${by.rule}` : ''}`;
    const where = 'default' in by ? undefined : by.where;
    const action = actions.includes('deny') ? 'deny' : actions.includes('warn') ? 'warn' : 'audit';
    return { key: `${policy}\n${message}\n${action}`, policy, message, action, ...(where ? { where } : {}) };
  });
}

/** What new and changed rules find in objects that were there before, whether or not the rules enforce yet. */
export function newViolations(from: Prepared, to: Prepared, changes: readonly ObjectChange[]): Violation[] {
  const rules = changes.filter(isRule);
  if (rules.length === 0) return [];
  const policies = rules.some(change => change.kind !== 'Namespace');
  const spaces = new Set(rules.filter(change => change.kind === 'Namespace').map(({ name }) => name));
  const before = new Map(from.documents.objects.map(object => [identityOf(object), object]));
  const violations: Violation[] = [];
  for (const object of to.documents.objects) {
    const known = before.get(identityOf(object));
    if (known === undefined || GATE_GROUPS.test(kindOf(object).group)) continue;
    if (!policies && !spaces.has(object.metadata.namespace ?? '')) continue;
    const now = found(to, object);
    if (now.length === 0) continue;
    const old = new Set(found(from, known).map(({ key }) => key));
    const { namespace, name = '' } = object.metadata;
    for (const { key, ...violation } of now) {
      if (old.has(key)) continue;
      if (violations.length >= VIOLATIONS_MAX) return violations;
      violations.push({ kind: object.kind, ...(namespace ? { namespace } : {}), name, ...violation });
    }
  }
  return violations;
}
