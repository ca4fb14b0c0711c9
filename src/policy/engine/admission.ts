import {
  type AdmissionAttributes,
  type AdmissionStep,
  forbidden,
  type KubeObject,
  statusError,
} from '../../kernel/index.ts';
import type { PolicyAnswer, PolicyRequest } from '../model.ts';
import type { PolicySource } from '../ports.ts';

/** Kinds no policy may judge, so that a bad policy can always be removed (apiserver rules.IsExemptAdmissionConfigurationResource). */
const EXEMPT = new Set([
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'validatingwebhookconfigurations',
  'mutatingwebhookconfigurations',
]);

/** The request as policies see it. */
export function policyRequest(attributes: AdmissionAttributes): PolicyRequest {
  const { definition, key, object } = attributes;
  const name = key.name || object?.metadata?.name || '';
  return {
    uid: object?.metadata?.uid ?? attributes.oldObject?.metadata.uid ?? '',
    operation: attributes.operation,
    group: definition.group,
    version: definition.version,
    resource: definition.resource,
    subresource: attributes.subresource,
    kind: attributes.kind ?? { group: definition.group, version: definition.version, kind: definition.kind },
    namespaced: definition.namespaced,
    name,
    namespace: key.namespace ?? '',
    object,
    oldObject: attributes.oldObject,
    namespaceObject: attributes.namespaceObject,
    user: attributes.user,
    dryRun: attributes.dryRun,
    options: attributes.options,
  };
}

/** Policies as a step of the admission chain: mutations in order, then every verdict; the first refusal is thrown. */
export function policyStep(source: PolicySource): AdmissionStep {
  return {
    name: 'Policy',
    handles: (_, definition) =>
      !(definition.group === 'admissionregistration.k8s.io' && EXEMPT.has(definition.resource)),
    mutate: attributes => {
      const pending = source.ready?.();
      return pending ? pending.then(() => mutateBy(source, attributes)) : mutateBy(source, attributes);
    },
    validate: attributes => {
      const pending = source.ready?.();
      return pending ? pending.then(() => validateBy(source, attributes)) : validateBy(source, attributes);
    },
    settle: (attributes, stored) => {
      if (stored && !attributes.dryRun) source.stored?.(policyRequest(attributes));
    },
  };
}

function validateBy(source: PolicySource, attributes: AdmissionAttributes): void {
  const policies = source.policies();
  if (policies.length === 0) return;
  const own = policyRequest(attributes);
  const request = source.equivalent?.(own) ?? own;
  let refusal: PolicyAnswer | undefined;
  const found: PolicyAnswer[] = [];
  for (const policy of policies) {
    if (policy.decide === undefined || !policy.matches(request)) continue;
    for (const answer of policy.decide(request, source.world).answers) {
      if (answer.outcome !== 'deny') continue;
      found.push(answer);
      if (answer.actions.includes('deny')) refusal ??= answer;
      else if (answer.actions.includes('warn')) {
        attributes.warnings.push(
          answer.warning ?? `Validation failed for ${answer.refusal.replace(' denied request: ', ': ')}`,
        );
      }
    }
  }
  if (found.length > 0) source.judged?.(request, found);
  if (refusal) refuse(refusal, request);
}

function mutateBy(source: PolicySource, attributes: AdmissionAttributes): boolean {
  let request: PolicyRequest | undefined;
  let changed = false;
  for (const policy of source.policies()) {
    if (policy.mutate === undefined) continue;
    request ??= policyRequest(attributes);
    if (!policy.matches(request)) continue;
    const { object, faults } = policy.mutate(request, source.world);
    const refusal = faults.find(answer => answer.actions.includes('deny'));
    if (refusal) refuse(refusal, request);
    if (object === attributes.object) continue;
    attributes.object = object;
    request = undefined;
    changed = true;
  }
  return changed;
}

function refuse(answer: PolicyAnswer, request: PolicyRequest): never {
  const error = forbidden({ group: request.group, resource: request.resource }, request.name, answer.refusal);
  throw statusError(answer.code, answer.reason, answer.verbatim ? answer.refusal : error.message, {
    ...error.status.details,
    causes: [{ message: answer.refusal }],
  });
}

export type { KubeObject };
