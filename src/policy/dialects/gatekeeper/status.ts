import { type JsonObject, type KubeObject, kindOf } from '../../../kernel/index.ts';
import type { AuditResult } from './audit.ts';
import { actionsOf } from './enforce.ts';

/** Violations a constraint's status names; all of them are counted. */
export const VIOLATIONS_MAX = 20;
const MESSAGE_LENGTH_MAX = 256;

export interface AuditReporter {
  /** Who audits: the pod's place in `byPod`. */
  readonly id: string;
  readonly time: string;
}

function violation({ object, message, enforcement }: AuditResult): JsonObject {
  const { group, version, kind } = kindOf(object);
  const [action = enforcement.action] = actionsOf(enforcement);
  return {
    group,
    version,
    kind,
    name: object.metadata.name ?? '',
    ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
    message: message.length > MESSAGE_LENGTH_MAX ? `${message.slice(0, MESSAGE_LENGTH_MAX - 3)}...` : message,
    enforcementAction: enforcement.action === 'scoped' ? action : enforcement.action,
  };
}

/** What an audit writes into the status of a constraint. `results` are those of this constraint. */
export function constraintStatus(
  constraint: KubeObject,
  results: readonly AuditResult[],
  reporter: AuditReporter,
): JsonObject {
  return {
    auditTimestamp: reporter.time,
    byPod: [
      {
        id: reporter.id,
        enforced: true,
        ...(constraint.metadata.generation === undefined ? {} : { observedGeneration: constraint.metadata.generation }),
        operations: ['audit', 'mutation-status', 'status', 'webhook'],
        ...(constraint.metadata.uid ? { constraintUID: constraint.metadata.uid } : {}),
      },
    ],
    totalViolations: results.length,
    ...(results.length > 0 ? { violations: results.slice(0, VIOLATIONS_MAX).map(violation) } : {}),
  };
}

/** What a template's status says once it was read. */
export const templateStatus = (object: KubeObject, fault: string | undefined, id: string): JsonObject => ({
  created: fault === undefined,
  byPod: [
    {
      id,
      ...(object.metadata.generation === undefined ? {} : { observedGeneration: object.metadata.generation }),
      operations: ['audit', 'generate', 'mutation-status', 'status', 'webhook'],
      ...(object.metadata.uid ? { templateUID: object.metadata.uid } : {}),
      ...(fault === undefined ? {} : { errors: [{ code: 'ingest_error', message: fault }] }),
    },
  ],
});

/** What the status of a mutator, an expansion or a provider says: who took it in, and why it is not in force. */
export const documentStatus = (
  object: KubeObject,
  kind: 'mutator' | 'expansionTemplate' | 'provider',
  fault: { readonly type: string; readonly message: string } | undefined,
  id: string,
): JsonObject => ({
  byPod: [
    {
      id,
      ...(object.metadata.generation === undefined ? {} : { observedGeneration: object.metadata.generation }),
      operations: ['audit', 'mutation-controller', 'mutation-webhook', 'status', 'webhook'],
      ...(object.metadata.uid
        ? { [`${kind === 'expansionTemplate' ? 'template' : kind}UID`]: object.metadata.uid }
        : {}),
      ...(kind === 'mutator'
        ? { enforced: fault === undefined }
        : kind === 'provider'
          ? { active: fault === undefined }
          : {}),
      ...(fault === undefined ? {} : { errors: [{ ...fault }] }),
    },
  ],
});
