import type { JsonObject } from '../../../../kernel/index.ts';
import { type RuleStatus, textAt } from '../model.ts';
import { statusOf } from './check.ts';
import { execute } from './execute.ts';
import type { TestFiles, TestPorts } from './model.ts';
import { readSetup } from './setup.ts';

/** What one rule says of one resource, as `kyverno apply` lists it. */
export interface KyvernoFinding {
  readonly policy: string;
  readonly rule: string;
  /** `namespace/Kind/name`. */
  readonly resource: string;
  readonly status: RuleStatus;
  readonly message: string;
  /** The resource after mutations, where a rule made some. */
  readonly patched?: JsonObject;
  readonly generated?: readonly JsonObject[];
}

/** Applies policies to resources; `test` names files with the fields of a Kyverno Test. */
export function applyKyverno(test: JsonObject, files: TestFiles, ports: TestPorts): readonly KyvernoFinding[] {
  const setup = readSetup(test, files, ports);
  return execute(setup, undefined).flatMap(({ policy, resource, result }) =>
    result.answers.map(answer => {
      const where = [
        textAt(resource, 'metadata', 'namespace'),
        String(resource.kind ?? ''),
        textAt(resource, 'metadata', 'name'),
      ];
      return {
        policy: textAt(policy, 'metadata', 'name'),
        rule: answer.rule,
        resource: where.filter(part => part !== '').join('/'),
        status: statusOf(policy, answer) as RuleStatus,
        message: answer.message,
        ...(answer.type === 'Mutation' && answer.status === 'pass' ? { patched: result.patched } : {}),
        ...(answer.generated === undefined ? {} : { generated: answer.generated }),
      };
    }),
  );
}
