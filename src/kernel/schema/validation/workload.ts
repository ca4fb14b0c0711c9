import { isDeepStrictEqual } from 'node:util';
import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';
import { quoted, type Causes } from './causes.ts';
import { claimSpec } from './claim.ts';
import { podFailurePolicy, successPolicy } from './job-policy.ts';
import { parseCron } from './cron.ts';
import { notNegative } from './container.ts';
import { dnsLabel } from './names.ts';
import { ephemeralUpdate } from './ephemeral.ts';
import { validatePodSpec, validateTemplate } from './pod.ts';
import { isEmptySelector, isSoundSelector, selectorMatches, validateSelector } from './selector.ts';

const IMMUTABLE = 'field is immutable';
const spec = (object: Draft): Draft => part(object, 'spec') ?? {};

const same = (left: unknown, right: unknown): boolean => isDeepStrictEqual(left, right);

function immutable(object: Draft, old: Draft, fields: readonly string[], causes: Causes): void {
  for (const field of fields) {
    if (!same(spec(object)[field], spec(old)[field]))
      causes.invalid(`spec.${field}`, spec(object)[field] ?? null, IMMUTABLE);
  }
}

/** Selector and template of a workload that makes pods, and that they fit (ValidatePodTemplateSpecForRS and its kin). */
function selectorAndTemplate(object: Draft, causes: Causes, kind = 'deployment'): void {
  const own = spec(object);
  const selector = part(own, 'selector');
  if (selector === undefined) {
    if (kind !== 'daemonset') causes.required('spec.selector');
  } else {
    validateSelector(selector, 'spec.selector', causes);
    if (isEmptySelector(selector)) causes.invalid('spec.selector', selector, `empty selector is invalid for ${kind}`);
  }
  if (!isSoundSelector(selector)) {
    if (kind !== 'daemonset')
      return causes.invalid('spec.selector', selector, kind === 'statefulset' ? '' : 'invalid label selector');
  } else fits(selector, own, causes);
  return validateTemplate(part(own, 'template'), 'spec.template', causes);
}

/** An absent selector selects nothing, an empty one is not compared. */
function fits(selector: Draft | undefined, own: Draft, causes: Causes): void {
  const labels = part(part(part(own, 'template'), 'metadata'), 'labels');
  if (selector !== undefined && (isEmptySelector(selector) || selectorMatches(selector, labels ?? {}))) return;
  causes.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`');
}

function restartAlways(object: Draft, causes: Causes, kind = 'ReplicaSet'): void {
  const pod = part(part(spec(object), 'template'), 'spec');
  const policy = pod?.restartPolicy;
  if (policy !== undefined && policy !== 'Always')
    causes.notSupported('spec.template.spec.restartPolicy', policy, ['Always']);
  if (pod?.activeDeadlineSeconds !== undefined)
    causes.forbidden('spec.template.spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${kind} is not Supported`);
}

const PERCENT = /^\d+%$/;

function intOrPercent(value: unknown, field: string, causes: Causes): void {
  if (typeof value === 'string' && !PERCENT.test(value)) {
    causes.invalid(
      field,
      value,
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    );
  }
  notNegative(value, field, causes);
  if (
    typeof value === 'string' &&
    PERCENT.test(value) &&
    Number.parseInt(value, 10) > 100 &&
    field.endsWith('maxUnavailable')
  ) {
    causes.invalid(field, value, 'must not be greater than 100%');
  }
}

const isZero = (value: unknown): boolean => value === 0 || value === '0%';

function rolling(update: Draft | undefined, field: string, causes: Causes): void {
  if (update === undefined) return;
  intOrPercent(update.maxUnavailable, `${field}.maxUnavailable`, causes);
  intOrPercent(update.maxSurge, `${field}.maxSurge`, causes);
  if (isZero(update.maxUnavailable) && isZero(update.maxSurge)) {
    causes.invalid(`${field}.maxUnavailable`, update.maxUnavailable, 'may not be 0 when `maxSurge` is 0');
  }
}

function counts(object: Draft, fields: readonly string[], causes: Causes): void {
  for (const field of fields) notNegative(spec(object)[field], `spec.${field}`, causes);
}

export function deployment(object: Draft, causes: Causes): void {
  counts(object, ['replicas'], causes);
  selectorAndTemplate(object, causes);
  restartAlways(object, causes);
  const strategy = part(spec(object), 'strategy');
  causes.oneOf('spec.strategy.type', strategy?.type, ['Recreate', 'RollingUpdate']);
  if (strategy?.type === 'Recreate' && isDraft(strategy.rollingUpdate)) {
    causes.forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'");
  }
  rolling(part(strategy, 'rollingUpdate'), 'spec.strategy.rollingUpdate', causes);
  counts(object, ['minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds'], causes);
  const { progressDeadlineSeconds, minReadySeconds } = spec(object);
  if (typeof progressDeadlineSeconds === 'number' && progressDeadlineSeconds <= Number(minReadySeconds ?? 0)) {
    causes.invalid('spec.progressDeadlineSeconds', progressDeadlineSeconds, 'must be greater than minReadySeconds');
  }
}

export const deploymentUpdate = (object: Draft, old: Draft, causes: Causes): void =>
  immutable(object, old, ['selector'], causes);

export function replicaSet(object: Draft, causes: Causes): void {
  counts(object, ['replicas', 'minReadySeconds'], causes);
  selectorAndTemplate(object, causes);
  restartAlways(object, causes);
}

export function daemonSet(object: Draft, causes: Causes): void {
  selectorAndTemplate(object, causes, 'daemonset');
  restartAlways(object, causes, 'DaemonSet');
  counts(object, ['minReadySeconds', 'revisionHistoryLimit'], causes);
  const strategy = part(spec(object), 'updateStrategy');
  causes.oneOf('spec.updateStrategy', strategy?.type, ['RollingUpdate', 'OnDelete']);
  rolling(part(strategy, 'rollingUpdate'), 'spec.updateStrategy.rollingUpdate', causes);
}

export function statefulSet(object: Draft, causes: Causes): void {
  counts(object, ['replicas', 'minReadySeconds', 'revisionHistoryLimit'], causes);
  const own = spec(object);
  const service = own.serviceName;
  if (typeof service === 'string' && service !== '') causes.invalidAll('spec.serviceName', service, dnsLabel(service));
  causes.oneOf('spec.podManagementPolicy', own.podManagementPolicy, ['OrderedReady', 'Parallel']);
  causes.oneOf('spec.updateStrategy', part(own, 'updateStrategy')?.type, ['RollingUpdate', 'OnDelete']);
  notNegative(
    part(part(own, 'updateStrategy'), 'rollingUpdate')?.partition,
    'spec.updateStrategy.rollingUpdate.partition',
    causes,
  );
  const template = part(own, 'template') ?? {};
  parts(own, 'volumeClaimTemplates').forEach((claim, i) =>
    claimSpec(spec(claim), `spec.volumeClaimTemplates[${i}].spec`, causes),
  );
  const claims = parts(own, 'volumeClaimTemplates').map(claim => String(part(claim, 'metadata')?.name ?? ''));
  if (claims.length > 0) {
    const pod = part(template, 'spec') ?? {};
    const taken = new Set(claims);
    const volumes = parts(pod, 'volumes').filter(volume => !taken.has(String(volume.name)));
    const made = [...taken].map(name => ({ name, persistentVolumeClaim: { claimName: name } }));
    const filled = { ...template, spec: { ...pod, volumes: [...volumes, ...made] } };
    selectorAndTemplate({ ...object, spec: { ...own, template: filled } }, causes, 'statefulset');
  } else selectorAndTemplate(object, causes, 'statefulset');
  restartAlways(object, causes, 'StatefulSet');
}

const STATEFUL_MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

export function statefulSetUpdate(object: Draft, old: Draft, causes: Causes): void {
  const strip = (draft: Draft): Draft =>
    Object.fromEntries(Object.entries(spec(draft)).filter(([field]) => !STATEFUL_MUTABLE.includes(field)));
  if (!same(strip(object), strip(old))) {
    causes.forbidden(
      'spec',
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    );
  }
}

function jobSpec(own: Draft, field: string, causes: Causes): void {
  for (const one of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ]) {
    notNegative(own[one], `${field}.${one}`, causes);
  }
  if (own.completionMode !== undefined)
    causes.oneOf(`${field}.completionMode`, own.completionMode, ['Indexed', 'NonIndexed']);
  if (own.maxFailedIndexes !== undefined && own.backoffLimitPerIndex === undefined)
    causes.required(`${field}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified');
  if (own.completionMode === 'Indexed') indexed(own, field, causes);
  else
    for (const one of ['backoffLimitPerIndex', 'maxFailedIndexes'])
      if (own[one] !== undefined) causes.invalid(`${field}.${one}`, own[one], 'requires indexed completion mode');
  const [failure, success] = [part(own, 'podFailurePolicy'), part(own, 'successPolicy')];
  if (failure) podFailurePolicy(failure, own, `${field}.podFailurePolicy`, causes);
  if (success) successPolicy(success, own, `${field}.successPolicy`, causes);
  if (own.podReplacementPolicy !== undefined) {
    const policies = failure ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
    causes.oneOf(`${field}.podReplacementPolicy`, own.podReplacementPolicy, policies);
  }
  const template = part(own, 'template');
  validateTemplate(template, `${field}.template`, causes);
  const policy = part(template, 'spec')?.restartPolicy ?? 'Always';
  if (policy === 'Always')
    causes.required(`${field}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"');
  else if (policy !== 'OnFailure' && policy !== 'Never')
    causes.notSupported(`${field}.template.spec.restartPolicy`, policy, ['OnFailure', 'Never']);
  else if (failure && policy !== 'Never') {
    causes.invalid(
      `${field}.template.spec.restartPolicy`,
      policy,
      'only "Never" is supported when podFailurePolicy is specified',
    );
  }
}

const INDEXED_MAX = 100_000;

function indexed(own: Draft, field: string, causes: Causes): void {
  const { completions, parallelism, maxFailedIndexes: failed } = own;
  if (completions === undefined) causes.required(`${field}.completions`, 'when completion mode is Indexed');
  if (Number(parallelism) > INDEXED_MAX)
    causes.invalid(
      `${field}.parallelism`,
      parallelism,
      `must be less than or equal to ${INDEXED_MAX} when completion mode is Indexed`,
    );
  if (completions !== undefined && Number(failed) > Number(completions))
    causes.invalid(`${field}.maxFailedIndexes`, failed, 'must be less than or equal to completions');
}

export function job(object: Draft, causes: Causes): void {
  const own = spec(object);
  jobSpec(own, 'spec', causes);
  // Pods of an indexed Job are named by their index.
  const last = Number(own.completions ?? 0) - 1;
  if (own.completionMode === 'Indexed' && last >= 0) {
    const name = String(part(object, 'metadata')?.name ?? '');
    if (dnsLabel(`${name}-${last}`).length > 0)
      causes.invalid('metadata.name', name, `will not able to create pod with invalid DNS label: ${name}-${last}`);
  }
  const selector = part(own, 'selector');
  if (selector) {
    validateSelector(selector, 'spec.selector', causes);
    const labels = part(part(part(own, 'template'), 'metadata'), 'labels') ?? {};
    if (!selectorMatches(selector, labels)) {
      causes.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`');
    }
  }
}

export function jobUpdate(object: Draft, old: Draft, causes: Causes): void {
  immutable(
    object,
    old,
    ['selector', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'],
    causes,
  );
  if (spec(object).completionMode !== 'Indexed') immutable(object, old, ['completions'], causes);
  if (spec(old).suspend !== true && spec(object).suspend !== true) immutable(object, old, ['template'], causes);
}

export function cronJob(object: Draft, causes: Causes): void {
  const own = spec(object);
  const schedule = typeof own.schedule === 'string' ? own.schedule : '';
  if (schedule === '') causes.required('spec.schedule');
  else {
    const wrong = parseCron(schedule);
    if (wrong !== undefined) causes.invalid('spec.schedule', schedule, wrong);
    if (schedule.includes('TZ'))
      causes.invalid('spec.schedule', schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
  }
  const name = String(part(object, 'metadata')?.name ?? '');
  if (name.length > 52) causes.invalid('metadata.name', name, 'must be no more than 52 characters');
  causes.oneOf('spec.concurrencyPolicy', own.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']);
  counts(object, ['startingDeadlineSeconds', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit'], causes);
  const template = part(part(own, 'jobTemplate'), 'spec');
  if (template === undefined) causes.required('spec.jobTemplate.spec');
  else jobSpec(template, 'spec.jobTemplate.spec', causes);
}

export function replicationController(object: Draft, causes: Causes): void {
  counts(object, ['replicas', 'minReadySeconds'], causes);
  const own = spec(object);
  const selector = part(own, 'selector') ?? {};
  if (Object.keys(selector).length === 0) causes.required('spec.selector');
  const template = part(own, 'template');
  if (template === undefined) return causes.required('spec.template');
  const labels = part(part(template, 'metadata'), 'labels');
  if (!selectorMatches({ matchLabels: selector }, labels ?? {})) {
    causes.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`');
  }
  validateTemplate(template, 'spec.template', causes);
  restartAlways(object, causes);
}

/** core/v1 PodTemplate. */
export const podTemplate = (object: Draft, causes: Causes): void =>
  validateTemplate(part(object, 'template'), 'template', causes);

export const pod = (object: Draft, causes: Causes): void => validatePodSpec(part(object, 'spec'), 'spec', causes);

/** What may change of a running pod: images, its deadline, tolerations added, gates removed, grace of a killed one. */
export function podUpdate(object: Draft, old: Draft, causes: Causes, subresource?: string): void {
  const before = spec(old);
  if (subresource === 'ephemeralcontainers') {
    validatePodSpec(spec(object), 'spec', causes);
    return ephemeralUpdate(spec(object), before, same, causes);
  }
  if (subresource) return;
  for (const list of ['containers', 'initContainers']) {
    if (parts(spec(object), list).length !== parts(before, list).length)
      return causes.forbidden(`spec.${list}`, 'pod updates may not add or remove containers');
  }
  const [limit, limitBefore] = [spec(object).activeDeadlineSeconds, before.activeDeadlineSeconds];
  if (limitBefore !== undefined && limit === undefined)
    return causes.invalid('spec.activeDeadlineSeconds', limit, 'must not update from a positive integer to nil value');
  if (Number(limit) > Number(limitBefore))
    return causes.invalid('spec.activeDeadlineSeconds', limit, 'must be less than or equal to previous value');
  const masked = (draft: Draft): Draft => {
    const own: Draft = { ...spec(draft) };
    for (const list of ['containers', 'initContainers']) {
      const source = parts(before, list);
      if (Array.isArray(own[list])) own[list] = parts(own, list).map((one, i) => ({ ...one, image: source[i]?.image }));
    }
    for (const field of ['activeDeadlineSeconds', 'tolerations', 'schedulingGates', 'terminationGracePeriodSeconds'])
      delete own[field];
    const gated = parts(before, 'schedulingGates').length > 0;
    for (const field of gated ? ['nodeSelector', 'affinity'] : []) delete own[field];
    return own;
  };
  if (!same(masked(object), masked(old))) {
    causes.forbidden(
      'spec',
      'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    );
  }
  const kept = new Set(parts(spec(object), 'tolerations').map(quoted));
  const missing = parts(before, 'tolerations').some(one => !kept.has(quoted(one)));
  if (missing)
    causes.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
}
