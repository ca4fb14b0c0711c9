import {
  type AdmissionAttributes,
  type AdmissionStep,
  forbidden,
  type KubeObject,
  statusError,
} from '../../kernel/index.ts';
import type { PolicyAnswer, PolicyRequest } from '../model.ts';
import type { PolicySource } from '../ports.ts';
import { asking } from './asking.ts';
import { judge, type Judgement, type Mutated, mutateOnce, tell } from './judge.ts';

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

/** Warns who writes a policy of what is there and would violate it. Runs last: nothing is told of what is refused. */
export function rehearsalStep(source: PolicySource): AdmissionStep {
  return {
    name: 'PolicyRehearsal',
    handles: (operation, _definition, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') && subresource === '',
    validate: attributes =>
      source.rehearse?.(policyRequest(attributes))?.then(warnings => void attributes.warnings.push(...warnings)),
  };
}

function validateBy(source: PolicySource, attributes: AdmissionAttributes): void | Promise<void> {
  const request = policyRequest(attributes);
  // Most clusters have no policies, and those that judge policy documents are about none of this.
  if (source.policies().every(policy => policy.documents && !policy.matches(request))) return;
  const end = (judgement: Judgement): void => {
    tell(source, judgement);
    attributes.warnings.push(...judgement.warnings);
    if (judgement.refusal) refuse(judgement.refusal, request);
  };
  const judgement = asking(source, over => judge(over, request));
  return judgement instanceof Promise ? judgement.then(end) : end(judgement);
}

function mutateBy(source: PolicySource, attributes: AdmissionAttributes): boolean | Promise<boolean> {
  if (!source.policies().some(({ mutate }) => mutate !== undefined)) return false;
  const request = policyRequest(attributes);
  const mutated = asking(source, over => mutateOnce(over, request));
  return mutated instanceof Promise
    ? mutated.then(done => take(attributes, request, done))
    : take(attributes, request, mutated);
}

function take(
  attributes: AdmissionAttributes,
  request: PolicyRequest,
  { object, refusal, warnings }: Mutated,
): boolean {
  if (refusal) refuse(refusal, request);
  attributes.warnings.push(...warnings);
  if (object === attributes.object) return false;
  attributes.object = object;
  return true;
}

function refuse(answer: PolicyAnswer, request: PolicyRequest): never {
  const error = forbidden({ group: request.group, resource: request.resource }, request.name, answer.refusal);
  throw statusError(answer.code, answer.reason, answer.verbatim ? answer.refusal : error.message, {
    ...error.status.details,
    causes: [{ message: answer.refusal }],
  });
}

export type { KubeObject };
