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

/** What a file of a downward volume may hold. */
export const FILE_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
