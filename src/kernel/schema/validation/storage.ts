import { isDeepStrictEqual } from 'node:util';
import { Quantity } from '../../quantity.ts';
import { type Draft, isDraft, part } from '../defaults/fill.ts';
import { driverName } from './attachment.ts';
import type { Causes } from './causes.ts';
import { ACCESS_MODES } from './claim.ts';
import { IMMUTABLE, specOf, text } from './common.ts';
import { dnsLabel, dnsSubdomain, qualifiedName } from './names.ts';
import { validateNodeSelector, validateTopologies } from './node-selector.ts';
import { validateSource } from './volume.ts';

/** Storage and nothing else, more than none of it. */
function capacity(list: Draft | undefined, causes: Causes): void {
  const names = Object.keys(list ?? {});
  if (names.length === 0) causes.required('spec.capacity');
  if (names.length !== 1 || names[0] !== 'storage') return causes.notSupported('spec.capacity', list, ['storage']);
  const size = Quantity.of(String(list?.storage));
  if (size.nano <= 0n) causes.invalid('spec.capacity[storage]', size.toString(), 'must be greater than zero');
}

export function persistentVolume(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  if (!Array.isArray(spec.accessModes) || spec.accessModes.length === 0) causes.required('spec.accessModes');
  else spec.accessModes.forEach(mode => causes.oneOf('spec.accessModes', mode, ACCESS_MODES));
  capacity(part(spec, 'capacity'), causes);
  causes.oneOf('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, [
    'Delete',
    'Recycle',
    'Retain',
  ]);
  nodeAffinity(spec, causes);
  const others = new Set(['capacity', 'claimRef', 'nodeAffinity']);
  const sources = Object.keys(spec).filter(key => !others.has(key) && isDraft(spec[key]));
  if (sources.length === 0) causes.required('spec', 'must specify a volume type');
  const storageClass = text(spec.storageClassName);
  if (storageClass !== '') causes.invalidAll('spec.storageClassName', storageClass, dnsSubdomain(storageClass));
  for (const extra of sources.slice(1)) causes.forbidden(`spec.${extra}`, 'may not specify more than 1 volume type');
  // Who needs a Secret names its namespace too: other rules than those of a pod's volume hold for these.
  for (const source of sources)
    if (source !== 'azureFile' && source !== 'csi')
      validateSource(source, part(spec, source)!, `spec.${source}`, causes);
  const csi = part(spec, 'csi');
  if (csi) csiVolume(csi, causes);
  if (spec.volumeMode !== undefined) causes.oneOf('spec.volumeMode', spec.volumeMode, ['Block', 'Filesystem']);
}

/** From which nodes a volume can be reached (core/v1 validateVolumeNodeAffinity). */
function nodeAffinity(spec: Draft, causes: Causes): void {
  const affinity = part(spec, 'nodeAffinity');
  if (affinity === undefined) return;
  const at = 'spec.nodeAffinity.required';
  const required = part(affinity, 'required');
  if (required) validateNodeSelector(required, at, causes);
  else causes.required(at, 'must specify required node constraints');
}

/** That of staging is not looked at. */
const CSI_SECRETS = ['controllerPublish', 'controllerExpand', 'nodePublish', 'nodeExpand'];

/** A volume of a CSI driver; its Secrets are named with their namespaces. */
function csiVolume(csi: Draft, causes: Causes): void {
  driverName(text(csi.driver), 'spec.csi.driver', causes);
  if (text(csi.volumeHandle) === '') causes.required('spec.csi.volumeHandle');
  for (const use of CSI_SECRETS) {
    const secret = part(csi, `${use}SecretRef`);
    if (secret === undefined) continue;
    for (const [field, rule] of [
      ['name', dnsSubdomain],
      ['namespace', dnsLabel],
    ] as const) {
      const value = text(secret[field]);
      if (value === '') causes.required(`spec.csi.${use}SecretRef.${field}`);
      else causes.invalidAll(`spec.csi.${use}SecretRef.${field}`, value, rule(value));
    }
  }
}

const VOLUME_FIELDS = new Set([
  'capacity',
  'claimRef',
  'nodeAffinity',
  'accessModes',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'mountOptions',
  'volumeMode',
  'volumeAttributesClassName',
]);

/** Where a volume lies stays as it was made. */
export function persistentVolumeUpdate(object: Draft, old: Draft, causes: Causes, subresource?: string): void {
  if (subresource) return;
  const source = (draft: Draft): Draft =>
    Object.fromEntries(Object.entries(specOf(draft)).filter(([field]) => !VOLUME_FIELDS.has(field)));
  if (!isDeepStrictEqual(source(object), source(old)))
    causes.forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation');
  const affinity = specOf(object).nodeAffinity;
  if (specOf(old).nodeAffinity !== undefined && !isDeepStrictEqual(affinity, specOf(old).nodeAffinity))
    causes.invalid('nodeAffinity', affinity ?? null, `${IMMUTABLE}, except for updating from beta label to GA`);
  if (specOf(object).volumeMode !== specOf(old).volumeMode)
    causes.invalid('spec.volumeMode', specOf(object).volumeMode, IMMUTABLE);
}

export function storageClass(object: Draft, causes: Causes): void {
  const provisioner = text(object.provisioner).toLowerCase();
  if (provisioner === '') causes.required('provisioner');
  else causes.invalidAll('provisioner', provisioner, qualifiedName(provisioner));
  causes.oneOf('reclaimPolicy', object.reclaimPolicy, ['Delete', 'Retain']);
  causes.oneOf('volumeBindingMode', object.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']);
  validateTopologies(object, causes);
}

export function storageClassUpdate(object: Draft, old: Draft, causes: Causes): void {
  for (const field of ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode']) {
    if (!isDeepStrictEqual(object[field], old[field])) {
      if (field !== 'volumeBindingMode') causes.forbidden(field, `updates to ${field} are forbidden.`);
      else causes.invalid(field, object[field], IMMUTABLE);
    }
  }
}
