import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { text } from './common.ts';
import { dns1035Label, dnsSubdomain, pathSegment, portNumber, qualifiedName } from './names.ts';
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
    listOf(rule, 'resources').forEach((one, j) => {
      if (one === '') causes.required(`${at}.resources[${j}]`);
    });
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
    if (text(condition.expression).trim() === '') causes.required(`${at}.expression`);
    if (name === '') causes.required(`${at}.name`);
    else {
      causes.invalidAll(`${at}.name`, name, qualifiedName(name));
      if (seen.has(name)) causes.duplicate(`${at}.name`, name);
      seen.add(name);
    }
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
  // The API server tells of the one by the other's name.
  if (text(service.namespace) === '') causes.required(`${field}.service.name`);
  if (text(service.name) === '') causes.required(`${field}.service.namespace`);
  servicePath(text(service.path), `${field}.service.path`, causes);
  const port = Number(service.port ?? 443);
  causes.invalidAll(
    `${field}.service.port`,
    port,
    portNumber(port).map(wrong => `port is not valid: ${wrong}`),
  );
}

/** The path below a Service that a webhook is asked at: segments that are names (webhook ValidateWebhookService). */
function servicePath(path: string, at: string, causes: Causes): void {
  if (path === '' || path === '/') return;
  if (!path.startsWith('/')) causes.invalid(at, path, "must start with a '/'");
  const segments = path.slice(1).replace(/\/$/, '').split('/');
  segments.forEach((segment, i) => {
    if (segment === '') causes.invalid(at, path, `segment[${i}] may not be empty`);
    else
      causes.invalidAll(
        at,
        path,
        dnsSubdomain(segment).map(wrong => `segment[${i}]: ${wrong}`),
      );
  });
}

/** Versions of the review a webhook reads: sound names, each once, one of them known here. */
function reviewVersions(webhook: Draft, at: string, causes: Causes): void {
  const versions = listOf(webhook, 'admissionReviewVersions').map(text);
  if (versions.length === 0) return causes.required(at, 'must specify one of v1, v1beta1');
  versions.forEach((version, i) => {
    if (versions.indexOf(version) < i) causes.invalid(`${at}[${i}]`, version, 'duplicate version');
    else causes.invalidAll(`${at}[${i}]`, version, dns1035Label(version));
  });
  if (!versions.some(one => one === 'v1' || one === 'v1beta1'))
    causes.invalid(at, versions, 'must include at least one of v1, v1beta1');
}

/** What a webhook chooses from closed sets. */
function choices(webhook: Draft, at: string, causes: Causes): void {
  causes.oneOf(`${at}.failurePolicy`, webhook.failurePolicy, ['Fail', 'Ignore']);
  causes.oneOf(`${at}.matchPolicy`, webhook.matchPolicy, ['Equivalent', 'Exact']);
  if (webhook.sideEffects === undefined) causes.required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun');
  else causes.oneOf(`${at}.sideEffects`, webhook.sideEffects, ['None', 'NoneOnDryRun']);
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
    rules(parts(webhook, 'rules'), `${at}.rules`, causes);
    choices(webhook, at, causes);
    const timeout = webhook.timeoutSeconds;
    if (typeof timeout === 'number' && (timeout < 1 || timeout > 30)) {
      causes.invalid(`${at}.timeoutSeconds`, timeout, 'the timeout value must be between 1 and 30 seconds');
    }
    validateSelector(part(webhook, 'namespaceSelector'), `${at}.namespaceSelector`, causes);
    validateSelector(part(webhook, 'objectSelector'), `${at}.objectSelector`, causes);
    clientConfig(part(webhook, 'clientConfig'), `${at}.clientConfig`, causes);
    matchConditions(parts(webhook, 'matchConditions'), `${at}.matchConditions`, causes);
    if (webhook.reinvocationPolicy !== undefined)
      causes.oneOf(`${at}.reinvocationPolicy`, webhook.reinvocationPolicy, ['IfNeeded', 'Never']);
    reviewVersions(webhook, `${at}.admissionReviewVersions`, causes);
  });
}

/** What a policy's parameters are (admissionregistration/v1 ParamKind). */
function paramKind(kind: Draft, at: string, causes: Causes): void {
  const [version, name] = [text(kind.apiVersion), text(kind.kind)];
  if (version === '') causes.required(`${at}.apiVersion`);
  else if (version.split('/').length > 2)
    causes.invalid(`${at}.apiVersion`, version, `unexpected GroupVersion string: ${version}`);
  else {
    const [last, group] = version.split('/').toReversed();
    if (group !== undefined) causes.invalidAll(`${at}.apiVersion`, group, dnsSubdomain(group));
    causes.invalidAll(`${at}.apiVersion`, last, dns1035Label(last!));
  }
  if (name === '') causes.required(`${at}.kind`);
  else
    causes.invalidAll(
      `${at}.kind`,
      name,
      dns1035Label(name.toLowerCase()).map(wrong => `may have mixed case, but should otherwise match: ${wrong}`),
    );
}

/** Annotations of the audit log a policy adds: below its own name. */
function auditAnnotations(object: Draft, spec: Draft, causes: Causes): void {
  const policy = text(part(object, 'metadata')?.name);
  const seen = new Set<string>();
  parts(spec, 'auditAnnotations').forEach((one, i) => {
    const at = `spec.auditAnnotations[${i}]`;
    const key = text(one.key);
    if (policy === '') causes.invalid(`${at}.key`, key, 'requires metadata.name be non-empty');
    else causes.invalidAll(`${at}.key`, `${policy}/${key}`, qualifiedName(`${policy}/${key}`));
    if (text(one.valueExpression).trim() === '')
      causes.required(`${at}.valueExpression`, 'valueExpression is not specified');
    if (seen.has(key)) causes.duplicate(`${at}.key`, key);
    seen.add(key);
  });
}

const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/;

function variables(spec: Draft, causes: Causes): void {
  parts(spec, 'variables').forEach((one, i) => {
    const at = `spec.variables[${i}]`;
    const name = text(one.name);
    if (name.trim() === '') causes.required(`${at}.name`, 'name is not specified');
    else if (!IDENTIFIER.test(name)) causes.invalid(`${at}.name`, name, 'must be a valid CEL identifier');
    if (text(one.expression).trim() === '') causes.required(`${at}.expression`, 'expression is not specified');
  });
}

/** ValidatingAdmissionPolicy: shape only; its expressions are the policy layer's. */
export function validatingPolicy(object: Draft, causes: Causes): void {
  const spec = part(object, 'spec') ?? {};
  const params = part(spec, 'paramKind');
  if (params) paramKind(params, 'spec.paramKind', causes);
  variables(spec, causes);
  const match = part(spec, 'matchConstraints');
  if (match === undefined) causes.required('spec.matchConstraints');
  else if (parts(match, 'resourceRules').length === 0) causes.required('spec.matchConstraints.resourceRules');
  else rules(parts(match, 'resourceRules'), 'spec.matchConstraints.resourceRules', causes);
  if (parts(spec, 'validations').length === 0 && parts(spec, 'auditAnnotations').length === 0)
    for (const list of ['validations', 'auditAnnotations'])
      causes.required(`spec.${list}`, 'validations or auditAnnotations must contain at least one item');
  parts(spec, 'validations').forEach((one, i) => {
    if (text(one.expression).trim() === '')
      causes.required(`spec.validations[${i}].expression`, 'expression is not specified');
    if (one.reason !== undefined)
      causes.oneOf(`spec.validations[${i}].reason`, one.reason, ['Forbidden', 'Invalid', 'RequestEntityTooLarge']);
  });
  auditAnnotations(object, spec, causes);
  matchConditions(parts(spec, 'matchConditions'), 'spec.matchConditions', causes);
  causes.oneOf('spec.failurePolicy', spec.failurePolicy, ['Fail', 'Ignore']);
}

/** ValidatingAdmissionPolicyBinding. */
export function validatingPolicyBinding(object: Draft, causes: Causes): void {
  const spec = part(object, 'spec') ?? {};
  const policy = text(spec.policyName);
  if (policy === '') causes.required('spec.policyName');
  else causes.invalidAll('spec.policyName', policy, dnsSubdomain(policy));
  const reference = part(spec, 'paramRef');
  if (reference) paramReference(reference, 'spec.paramRef', causes);
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
  const match = part(spec, 'matchResources');
  for (const field of ['namespaceSelector', 'objectSelector'])
    validateSelector(part(match, field), `spec.matchResources.${field}`, causes);
  if (match) rules(parts(match, 'resourceRules'), 'spec.matchResources.resourceRules', causes);
}

/** Which objects are a policy's parameters: one by name or several by labels, and what holds without any. */
function paramReference(reference: Draft, at: string, causes: Causes): void {
  const named = text(reference.name);
  const selected = isDraft(reference.selector);
  if (named !== '') {
    causes.invalidAll(`${at}.name`, named, pathSegment(named));
    if (selected) causes.forbidden(`${at}.name`, 'name and selector are mutually exclusive');
  } else if (!selected) causes.required(at, 'one of name or selector must be specified');
  validateSelector(part(reference, 'selector'), `${at}.selector`, causes);
  if (reference.parameterNotFoundAction === undefined) causes.required(`${at}.parameterNotFoundAction`);
  else causes.oneOf(`${at}.parameterNotFoundAction`, reference.parameterNotFoundAction, ['Deny', 'Allow']);
}
