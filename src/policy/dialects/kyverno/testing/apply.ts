import { isObject, type Json, type JsonObject } from '../../../../kernel/index.ts';
import { isRulesKind } from '../kinds.ts';
import { type RuleStatus, type RuleType, textAt } from '../model.ts';
import { rulesOf } from '../run.ts';
import { statusOf } from './check.ts';
import { execute } from './execute.ts';
import type { TestFiles, TestPorts } from './model.ts';
import { readSetup, type TestSetup } from './setup.ts';

/** What one rule says of one resource, as `kyverno apply` tells it. */
export interface KyvernoFinding {
  readonly policy: JsonObject;
  readonly rule: string;
  readonly type: RuleType;
  readonly resource: JsonObject;
  readonly status: RuleStatus;
  readonly message: string;
  /** False where the policy, or the rule itself, only audits. */
  readonly enforced: boolean;
  /** The resource after mutations, where a rule made some. */
  readonly patched?: JsonObject;
  readonly generated?: readonly JsonObject[];
}

/** What policies come to over resources, and how many of each there were. */
export interface KyvernoApplication {
  readonly findings: readonly KyvernoFinding[];
  readonly policies: readonly JsonObject[];
  readonly rules: number;
  readonly resources: number;
  readonly exceptions: number;
  /** Policies that Kyverno would not take. */
  readonly refused: TestSetup['refused'];
  /** Files that were named and are not there. */
  readonly absent: readonly string[];
}

const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** Whether a violation refuses the write. */
function enforces(policy: JsonObject, name: string): boolean {
  const spec = fields(policy.spec);
  if (!isRulesKind(String(policy.kind)))
    return !Array.isArray(spec.validationActions) || spec.validationActions.includes('Deny');
  const rule = rulesOf(policy).find(each => each.name === name);
  const own = fields(rule?.validate).failureAction ?? spec.validationFailureAction ?? 'Audit';
  return String(own).toLowerCase() === 'enforce';
}

/** Applies policies to resources; `test` names files with the fields of a Kyverno Test. */
export function applyKyverno(test: JsonObject, files: TestFiles, ports: TestPorts): KyvernoApplication {
  const setup = readSetup(test, files, ports);
  const findings = execute(setup, undefined).flatMap(({ policy, resource, result }) =>
    result.answers.map(answer => ({
      policy,
      rule: isRulesKind(String(policy.kind)) ? answer.rule : '',
      type: answer.type,
      resource,
      status: statusOf(policy, answer) as RuleStatus,
      message: answer.message,
      enforced: enforces(policy, answer.rule),
      ...(answer.type === 'Mutation' && answer.status === 'pass' ? { patched: result.patched } : {}),
      ...(answer.generated === undefined ? {} : { generated: answer.generated }),
    })),
  );
  return {
    findings,
    policies: setup.policies,
    rules: [...setup.policies, ...setup.refused.map(({ policy }) => policy)].reduce(
      (sum, policy) => sum + (isRulesKind(String(policy.kind)) ? rulesOf(policy).length : 1),
      0,
    ),
    resources: setup.resources.length + setup.payloads.length,
    exceptions: setup.exceptions.length,
    refused: setup.refused,
    absent: setup.absent,
  };
}

/** `namespace/Kind/name`. */
export const resourceName = (resource: JsonObject): string =>
  [textAt(resource, 'metadata', 'namespace'), String(resource.kind ?? ''), textAt(resource, 'metadata', 'name')].join(
    '/',
  );
