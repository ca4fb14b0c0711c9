import type { Span } from '../../../base/index.ts';
import type { KindRef, Schema } from '../../../kernel/index.ts';
import { formatIssues, typeOfSchema } from '../../engine/cel/index.ts';
import { compileExpressions } from './expressions.ts';
import type { SchemaOf } from './lower.ts';
import type { PolicyDocument } from './schema.ts';

export interface ExpressionWarning {
  readonly fieldRef: string;
  readonly warning: string;
}

/** How many kinds one policy is checked against (apiserver maxTypesToCheck). */
const KINDS_MAX = 10;

/** Checks the expressions against the schemas of the kinds a policy names without wildcards. */
export function typeCheck(
  policy: PolicyDocument,
  kindsOf: (group: string, version: string, resource: string) => KindRef | undefined,
  schemaOf: SchemaOf,
): ExpressionWarning[] {
  const byField = new Map<string, string[]>();
  const params = policy.paramKind && schemaOf(policy.paramKind);
  for (const kind of kindsToCheck(policy, kindsOf)) {
    const schema: Schema | undefined = schemaOf(kind);
    if (schema === undefined) continue;
    const { faults } = compileExpressions(policy, {
      object: typeOfSchema(schema),
      ...(params ? { params: typeOfSchema(params) } : {}),
    });
    for (const fault of faults) {
      const field = String(fault.params.field);
      const place = fault.where as Span;
      const text = formatIssues(String(fault.params.expression), [{ ...fault, where: place }]);
      const list = byField.get(field) ?? [];
      list.push(`${kind.group ? `${kind.group}/${kind.version}` : kind.version}, Kind=${kind.kind}: ${text}`);
      byField.set(field, list);
    }
  }
  return [...byField].map(([fieldRef, texts]) => ({ fieldRef, warning: texts.join('\n') }));
}

function kindsToCheck(
  policy: PolicyDocument,
  kindsOf: (group: string, version: string, resource: string) => KindRef | undefined,
): KindRef[] {
  const kinds = new Map<string, KindRef>();
  for (const rule of policy.match.include ?? []) {
    for (const group of rule.groups) {
      for (const version of rule.versions) {
        for (const resource of rule.resources) {
          if ([group, version, resource].some(part => part.includes('*')) || resource.includes('/')) continue;
          const kind = kindsOf(group, version, resource);
          if (kind) kinds.set(`${kind.group}/${kind.version}/${kind.kind}`, kind);
        }
      }
    }
  }
  return [...kinds.values()].slice(0, KINDS_MAX);
}

/** The status of a policy: seen generation and what the type check found. */
export function policyStatus(policy: PolicyDocument, warnings: readonly ExpressionWarning[]): Record<string, unknown> {
  return {
    observedGeneration: policy.generation,
    typeChecking: warnings.length > 0 ? { expressionWarnings: warnings } : {},
  };
}
