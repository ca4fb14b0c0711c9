import { isIPv4, isIPv6 } from 'node:net';
import { type Draft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { validateLabels, validateAnnotations } from './meta.ts';
import { containers, notNegative } from './container.ts';
import { dnsLabel, dnsSubdomain, qualifiedName } from './names.ts';
import { validateSelector } from './selector.ts';
import { validateVolumes } from './volume.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const TOLERATION_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function tolerations(spec: Draft, field: string, causes: Causes): void {
  parts(spec, 'tolerations').forEach((one, i) => {
    const at = `${field}.tolerations[${i}]`;
    const key = text(one.key);
    if (key !== '') causes.invalidAll(`${at}.key`, key, qualifiedName(key));
    if (key === '' && one.operator !== 'Exists') {
      causes.invalid(
        `${at}.operator`,
        one.operator ?? '',
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      );
    }
    if (one.tolerationSeconds !== undefined && one.effect !== 'NoExecute') {
      causes.invalid(`${at}.effect`, one.effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    if (one.operator === 'Exists' && text(one.value) !== '')
      causes.invalid(`${at}.operator`, one, "value must be empty when `operator` is 'Exists'");
    if (text(one.operator) !== '') causes.oneOf(`${at}.operator`, one.operator, ['Equal', 'Exists']);
    if (text(one.effect) !== '') causes.oneOf(`${at}.effect`, one.effect, TOLERATION_EFFECTS);
  });
}

function scheduling(spec: Draft, field: string, causes: Causes): void {
  tolerations(spec, field, causes);
  validateLabels(spec.nodeSelector, `${field}.nodeSelector`, causes);
  parts(spec, 'topologySpreadConstraints').forEach((one, i) => {
    const at = `${field}.topologySpreadConstraints[${i}]`;
    if (Number(one.maxSkew ?? 0) <= 0) causes.invalid(`${at}.maxSkew`, one.maxSkew ?? 0, 'must be greater than zero');
    if (text(one.topologyKey) === '') causes.required(`${at}.topologyKey`, 'can not be empty');
    causes.oneOf(`${at}.whenUnsatisfiable`, one.whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']);
    validateSelector(part(one, 'labelSelector'), `${at}.labelSelector`, causes);
  });
  const affinity = part(spec, 'affinity');
  for (const kind of ['podAffinity', 'podAntiAffinity']) {
    const terms = parts(part(affinity, kind), 'requiredDuringSchedulingIgnoredDuringExecution');
    terms.forEach((term, i) => {
      const at = `${field}.affinity.${kind}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`;
      if (text(term.topologyKey) === '') causes.required(`${at}.topologyKey`, 'can not be empty');
      validateSelector(part(term, 'labelSelector'), `${at}.labelSelector`, causes);
    });
  }
}

const SYSCTL_LENGTH_MAX = 253;
const SYSCTL = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';

function sysctls(spec: Draft, field: string, causes: Causes): void {
  const seen = new Set<string>();
  parts(part(spec, 'securityContext'), 'sysctls').forEach((one, i) => {
    const at = `${field}.securityContext.sysctls[${i}].name`;
    const name = text(one.name);
    if (name === '') return causes.required(at);
    if (name.length > SYSCTL_LENGTH_MAX || !new RegExp(SYSCTL).test(name)) {
      const rule = `must have at most ${SYSCTL_LENGTH_MAX} characters and match regex ${SYSCTL}`;
      return causes.invalid(at, name, rule);
    }
    // Slashes and dots mean the same where no interface is named.
    const plain = name.replaceAll('/', '.');
    if (seen.has(plain)) causes.duplicate(at, name);
    seen.add(plain);
    return undefined;
  });
}

/** A pod spec wherever it stands. */
export function validatePodSpec(spec: Draft | undefined, field: string, causes: Causes): void {
  if (spec === undefined) return causes.required(field);
  const { volumes, claims } = validateVolumes(parts(spec, 'volumes'), `${field}.volumes`, causes);
  containers(spec, field, { names: new Set(), volumes, claims }, causes);
  if (spec.restartPolicy !== undefined)
    causes.oneOf(`${field}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']);
  if (spec.dnsPolicy !== undefined) {
    causes.oneOf(`${field}.dnsPolicy`, spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']);
  }
  if (spec.dnsPolicy === 'None' && parts({ list: part(spec, 'dnsConfig')?.nameservers }, 'list').length === 0) {
    const servers = part(spec, 'dnsConfig')?.nameservers;
    if (!Array.isArray(servers) || servers.length === 0) {
      causes.required(
        `${field}.dnsConfig.nameservers`,
        'must provide at least one DNS nameserver when `dnsPolicy` is None',
      );
    }
  }
  notNegative(spec.terminationGracePeriodSeconds, `${field}.terminationGracePeriodSeconds`, causes);
  if (
    typeof spec.activeDeadlineSeconds === 'number' &&
    (spec.activeDeadlineSeconds < 1 || spec.activeDeadlineSeconds > 2 ** 31 - 1)
  ) {
    causes.invalid(
      `${field}.activeDeadlineSeconds`,
      spec.activeDeadlineSeconds,
      'must be between 1 and 2147483647, inclusive',
    );
  }
  for (const [name, rule] of [
    ['serviceAccountName', dnsSubdomain],
    ['nodeName', dnsSubdomain],
    ['hostname', dnsLabel],
    ['subdomain', dnsLabel],
    ['runtimeClassName', dnsSubdomain],
    ['priorityClassName', dnsSubdomain],
  ] as const) {
    const value = text(spec[name]);
    if (value !== '') causes.invalidAll(`${field}.${name}`, value, rule(value));
  }
  parts(spec, 'hostAliases').forEach((alias, i) => {
    const address = text(alias.ip);
    if (!isIPv4(address) && !isIPv6(address))
      causes.invalid(
        `${field}.hostAliases[${i}].ip`,
        address,
        'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      );
  });
  sysctls(spec, field, causes);
  scheduling(spec, field, causes);
}

/** `spec.template` of a workload: its labels and its pod spec. */
export function validateTemplate(template: Draft | undefined, field: string, causes: Causes): void {
  const metadata = part(template, 'metadata');
  validateLabels(metadata?.labels, `${field}.labels`, causes);
  validateAnnotations(metadata?.annotations, `${field}.annotations`, causes);
  validatePodSpec(part(template, 'spec') ?? {}, `${field}.spec`, causes);
}
