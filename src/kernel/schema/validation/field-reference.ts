import type { Draft } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { text } from './common.ts';

/** What a variable may hold (core/v1 EnvVarSource.fieldRef). */
export const ENVIRONMENT_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** What the API server can read of a pod by label; not all of it goes into a variable. */
const FIELD_LABELS: ReadonlySet<string> = new Set([
  ...ENVIRONMENT_FIELDS,
  'metadata.annotations',
  'metadata.labels',
  'spec.host',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]);

const DYNAMIC_FIELD = /^metadata\.(labels|annotations)\['.+'\]$/;

/** A field of the pod, of those `supported` where it is to go. */
export function fieldReference(reference: Draft, at: string, supported: readonly string[], causes: Causes): void {
  const path = text(reference.fieldPath);
  if (path === '') return causes.required(`${at}.fieldPath`);
  if (DYNAMIC_FIELD.test(path)) return;
  if (!FIELD_LABELS.has(path))
    return causes.invalid(`${at}.fieldPath`, path, `error converting fieldPath: field label not supported: ${path}`);
  if (!supported.includes(path)) causes.notSupported(`${at}.fieldPath`, path, supported);
}

const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const POWERS = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map(unit => `1${unit}`);
/** What amounts of a resource can be counted in, as the API server says it. */
const DIVISORS: ReadonlyMap<string, readonly [string, readonly string[], string]> = new Map([
  ['cpu', ['values 1m and 1', ['1m', '1'], 'cpu resource']],
  ['memory', [`values ${POWERS.join(', ')}`, POWERS, 'memory resource']],
  ['ephemeral-storage', [`values ${POWERS.join(', ')}`, POWERS, 'local ephemeral storage resource']],
]);

/** An amount of a container's resources (core/v1 validateContainerResourceFieldSelector); a file names the container. */
export function resourceReference(reference: Draft, at: string, file: boolean, causes: Causes): void {
  const resource = text(reference.resource);
  if (file && text(reference.containerName) === '') causes.required(`${at}.containerName`);
  else if (resource === '') causes.required(`${at}.resource`);
  else if (!RESOURCES.includes(resource) && !/^(?:limits|requests)\.hugepages-/.test(resource))
    causes.notSupported(`${at}.resource`, resource, RESOURCES);
  const divisor = reference.divisor === undefined ? '0' : String(reference.divisor);
  const known = DIVISORS.get(resource.replace(/^(?:limits|requests)\./, ''));
  if (known === undefined || divisor === '0') return;
  const [said, allowed, what] = known;
  if (!allowed.includes(divisor))
    causes.invalid(`${at}.divisor`, resource, `only divisor's ${said} are supported with the ${what}`);
}

/** What a file of a downward volume may hold. */
export const FILE_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
