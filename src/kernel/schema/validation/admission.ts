import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { text } from './common.ts';
import { dnsSubdomain, qualifiedName } from './names.ts';
import { validateSelector } from './selector.ts';

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

const listOf = (draft: Draft, field: string): unknown[] =>
  Array.isArray(draft[field]) ? (draft[field] as unknown[]) : [];

function rules(list: readonly Draft[], field: string, causes: Causes): void {
  list.forEach((rule, i) => {
    const at = `${field}[${i}]`;
    for (const needed of ['operations', 'apiGroups', 'apiVersions', 'resources']) {
      if (listOf(rule, needed).length === 0) causes.required(`${at}.${needed}`);
    }
    listOf(rule, 'operations').forEach((one, j) => causes.oneOf(`${at}.operations[${j}]`, one, OPERATIONS));
    if (listOf(rule, 'operations').length > 1 && listOf(rule, 'operations').includes('*')) {
      causes.invalid(`${at}.operations`, rule.operations, "if '*' is present, must not specify other operations");
    }
    if (rule.scope !== undefined) causes.oneOf(`${at}.scope`, rule.scope, ['*', 'Cluster', 'Namespaced']);
  });
}

function matchConditions(list: readonly Draft[], field: string, causes: Causes): void {
  const seen = new Set<string>();
  list.forEach((condition, i) => {
    const at = `${field}[${i}]`;
    const name = text(condition.name);
    if (name === '') causes.required(`${at}.name`);
    else {
      causes.invalidAll(`${at}.name`, name, qualifiedName(name));
      if (seen.has(name)) causes.duplicate(`${at}.name`, name);
      seen.add(name);
    }
    if (text(condition.expression).trim() === '') causes.required(`${at}.expression`);
  });
}

function clientConfig(config: Draft | undefined, field: string, causes: Causes): void {
  const service = part(config, 'service');
  const url = text(config?.url);
  if ((url === '') === (service === undefined)) {
    causes.required(field, 'exactly one of url or service is required');
    return;
  }
  if (url !== '') {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed === undefined) causes.required(`${field}.url`, `url must be a valid URL`);
    else if (parsed.protocol !== 'https:')
      causes.invalid(
        `${field}.url`,
        parsed.protocol.slice(0, -1),
        "'https' is the only allowed URL scheme; desired format: https://host[/path]",
      );
  }
  if (service === undefined) return;
  if (text(service.name) === '') causes.required(`${field}.service.name`, 'service name is required');
  if (text(service.namespace) === '') causes.required(`${field}.service.namespace`, 'service namespace is required');
}

/** Validating and mutating webhook configurations. */
export function webhookConfiguration(object: Draft, causes: Causes): void {
  const names = new Set<string>();
  parts(object, 'webhooks').forEach((webhook, i) => {
    const at = `webhooks[${i}]`;
    const name = text(webhook.name);
    if (name === '') causes.required(`${at}.name`);
    else {
      causes.invalidAll(`${at}.name`, name, dnsSubdomain(name));
      if (name.split('.').length < 3)
        causes.invalid(`${at}.name`, name, 'should be a domain with at least three segments separated by dots');
      if (names.has(name)) causes.duplicate(`${at}.name`, name);
      names.add(name);
    }
    const versions = listOf(webhook, 'admissionReviewVersions');
    if (versions.length === 0) causes.required(`${at}.admissionReviewVersions`, 'must specify one of v1, v1beta1');
    else if (!versions.some(one => one === 'v1' || one === 'v1beta1')) {
      causes.invalid(`${at}.admissionReviewVersions`, versions, 'must include at least one of v1, v1beta1');
    }
    versions.forEach((version, k) => {
      if (versions.indexOf(version) < k)
        causes.invalid(`${at}.admissionReviewVersions[${k}]`, version, 'duplicate version');
    });
    if (webhook.sideEffects === undefined)
      causes.required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun');
    else causes.oneOf(`${at}.sideEffects`, webhook.sideEffects, ['None', 'NoneOnDryRun']);
    causes.oneOf(`${at}.failurePolicy`, webhook.failurePolicy, ['Fail', 'Ignore']);
    causes.oneOf(`${at}.matchPolicy`, webhook.matchPolicy, ['Equivalent', 'Exact']);
    if (webhook.reinvocationPolicy !== undefined)
      causes.oneOf(`${at}.reinvocationPolicy`, webhook.reinvocationPolicy, ['IfNeeded', 'Never']);
    const timeout = webhook.timeoutSeconds;
    if (typeof timeout === 'number' && (timeout < 1 || timeout > 30)) {
      causes.invalid(`${at}.timeoutSeconds`, timeout, 'the timeout value must be between 1 and 30 seconds');
    }
    validateSelector(part(webhook, 'namespaceSelector'), `${at}.namespaceSelector`, causes);
    validateSelector(part(webhook, 'objectSelector'), `${at}.objectSelector`, causes);
    rules(parts(webhook, 'rules'), `${at}.rules`, causes);
    clientConfig(part(webhook, 'clientConfig'), `${at}.clientConfig`, causes);
    matchConditions(parts(webhook, 'matchConditions'), `${at}.matchConditions`, causes);
  });
}

/** ValidatingAdmissionPolicy: shape only; its expressions are the policy layer's. */
export function validatingPolicy(object: Draft, causes: Causes): void {
  const spec = part(object, 'spec') ?? {};
  if (parts(spec, 'validations').length === 0 && parts(spec, 'auditAnnotations').length === 0) {
    causes.required('spec.validations', 'validations or auditAnnotations must be specified');
  }
  const match = part(spec, 'matchConstraints');
  if (match === undefined) causes.required('spec.matchConstraints');
  else if (parts(match, 'resourceRules').length === 0) causes.required('spec.matchConstraints.resourceRules');
  else rules(parts(match, 'resourceRules'), 'spec.matchConstraints.resourceRules', causes);
  parts(spec, 'validations').forEach((one, i) => {
    if (text(one.expression).trim() === '')
      causes.required(`spec.validations[${i}].expression`, 'expression is not specified');
  });
  matchConditions(parts(spec, 'matchConditions'), 'spec.matchConditions', causes);
  causes.oneOf('spec.failurePolicy', spec.failurePolicy, ['Fail', 'Ignore']);
}

/** ValidatingAdmissionPolicyBinding. */
export function validatingPolicyBinding(object: Draft, causes: Causes): void {
  const spec = part(object, 'spec') ?? {};
  if (text(spec.policyName) === '') causes.required('spec.policyName');
  const actions = listOf(spec, 'validationActions');
  if (actions.length === 0) causes.required('spec.validationActions', 'at least one validation action is required');
  actions.forEach((one, i) => causes.oneOf(`spec.validationActions[${i}]`, one, ['Audit', 'Deny', 'Warn']));
  if (actions.includes('Deny') && actions.includes('Warn')) {
    causes.invalid(
      'spec.validationActions',
      actions,
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
    );
  }
  const reference = part(spec, 'paramRef');
  if (reference && (text(reference.name) !== '') === isDraft(reference.selector)) {
    causes.forbidden('spec.paramRef.name', 'name and selector are mutually exclusive');
  }
}
