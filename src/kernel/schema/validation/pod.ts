import { type Draft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { isAddress, NO_ADDRESS } from './common.ts';
import { validateLabels, validateAnnotations } from './meta.ts';
import { containers, notNegative } from './container.ts';
import { ephemeralContainers } from './ephemeral.ts';
import { dnsLabel, dnsSubdomain, qualifiedName, searchDomain } from './names.ts';
import { validateResources } from './resources.ts';
import { validateAffinity } from './node-selector.ts';
import { validateSelector } from './selector.ts';
import { hostUsers, procMounts } from './users.ts';
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

const ID_MAX = 2 ** 31 - 1;

/** Users and groups of a pod are numbers the kernel knows (apimachinery IsValidUserID). */
function identities(security: Draft | undefined, at: string, causes: Causes): void {
  const check = (value: unknown, field: string): void => {
    if (typeof value === 'number' && (value < 0 || value > ID_MAX))
      causes.invalid(field, value, `must be between 0 and ${ID_MAX}, inclusive`);
  };
  for (const field of ['runAsUser', 'runAsGroup', 'fsGroup']) check(security?.[field], `${at}.${field}`);
  const groups = security?.supplementalGroups;
  (Array.isArray(groups) ? groups : []).forEach((group, i) => check(group, `${at}.supplementalGroups[${i}]`));
}

const NAME_SERVERS_MAX = 3;
const SEARCHES_MAX = 32;

/** `dnsConfig` (core/v1 validatePodDNSConfig): needed where nothing else tells of name servers. */
function dnsConfig(spec: Draft, field: string, causes: Causes): void {
  const at = `${field}.dnsConfig`;
  const config = part(spec, 'dnsConfig');
  const list = (name: string): string[] => (Array.isArray(config?.[name]) ? config[name] : []).map(text);
  const [servers, searches] = [list('nameservers'), list('searches')];
  if (spec.dnsPolicy === 'None') {
    if (config === undefined) causes.required(at, 'must provide `dnsConfig` when `dnsPolicy` is None');
    else if (servers.length === 0)
      causes.required(`${at}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None');
  }
  if (servers.length > NAME_SERVERS_MAX)
    causes.invalid(`${at}.nameservers`, servers, `must not have more than ${NAME_SERVERS_MAX} nameservers`);
  servers.forEach((server, i) => {
    if (!isAddress(server)) causes.invalid(`${at}.nameservers[${i}]`, server, NO_ADDRESS);
  });
  if (searches.length > SEARCHES_MAX)
    causes.invalid(`${at}.searches`, searches, `must not have more than ${SEARCHES_MAX} search paths`);
  searches.forEach((search, i) => {
    if (search !== '.') causes.invalidAll(`${at}.searches[${i}]`, search, searchDomain(search.replace(/\.$/, '')));
  });
  parts(config, 'options').forEach((option, i) => {
    if (text(option.name) === '') causes.required(`${at}.options[${i}]`, 'must not be empty');
  });
}

/** A pod spec wherever it stands. */
export function validatePodSpec(spec: Draft | undefined, field: string, causes: Causes): void {
  if (spec === undefined) return causes.required(field);
  const { volumes, claims } = validateVolumes(parts(spec, 'volumes'), `${field}.volumes`, causes);
  const seen = { names: new Set<string>(), volumes, claims };
  containers(spec, field, seen, causes);
  ephemeralContainers(spec, field, seen, causes);
  procMounts(spec, field, causes);
  hostUsers(spec, field, causes);
  if (spec.restartPolicy !== undefined)
    causes.oneOf(`${field}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']);
  if (spec.dnsPolicy !== undefined) {
    causes.oneOf(`${field}.dnsPolicy`, spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']);
  }
  validateAffinity(part(spec, 'affinity'), `${field}.affinity`, causes);
  dnsConfig(spec, field, causes);
  parts(spec, 'readinessGates').forEach((gate, i) => {
    const type = text(gate.conditionType);
    causes.invalidAll(`${field}.readinessGates[${i}].conditionType`, type, qualifiedName(type));
  });
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
    if (!isAddress(address)) causes.invalid(`${field}.hostAliases[${i}].ip`, address, NO_ADDRESS);
    (Array.isArray(alias.hostnames) ? alias.hostnames : []).forEach((name, j) => {
      causes.invalidAll(`${field}.hostAliases[${i}].hostnames[${j}]`, name, dnsSubdomain(text(name)));
    });
  });
  parts(spec, 'schedulingGates').forEach((gate, i) => {
    causes.invalidAll(`${field}.schedulingGates[${i}]`, text(gate.name), qualifiedName(text(gate.name)));
  });
  const system = part(spec, 'os');
  if (system && text(system.name) === '') causes.required(`${field}.os.name`);
  else if (system) causes.oneOf(`${field}.os`, system.name, ['linux', 'windows']);
  identities(part(spec, 'securityContext'), `${field}.securityContext`, causes);
  const group = part(spec, 'securityContext')?.fsGroupChangePolicy;
  if (group !== undefined)
    causes.oneOf(`${field}.securityContext.fsGroupChangePolicy`, group, ['Always', 'OnRootMismatch']);
  const whole = part(spec, 'resources');
  if (whole) validateResources(whole, `${field}.resources`, causes);
  sysctls(spec, field, causes);
  scheduling(spec, field, causes);
}

/** `spec.template` of a workload: its labels and its pod spec. */
export function validateTemplate(template: Draft | undefined, field: string, causes: Causes): void {
  const metadata = part(template, 'metadata');
  validateLabels(metadata?.labels, `${field}.labels`, causes);
  validateAnnotations(metadata?.annotations, `${field}.annotations`, causes);
  const spec = part(template, 'spec') ?? {};
  validatePodSpec(spec, `${field}.spec`, causes);
  if (parts(spec, 'ephemeralContainers').length > 0)
    causes.forbidden(`${field}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template');
}
