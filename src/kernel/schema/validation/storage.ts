import { isDeepStrictEqual } from 'node:util';
import { Quantity } from '../../quantity.ts';
import { type Draft, isDraft, part } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { IMMUTABLE, specOf, text } from './common.ts';
import { dnsSubdomain, qualifiedName } from './names.ts';
import { validateSelector } from './selector.ts';
import { validateSource } from './volume.ts';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

export function claimSpec(spec: Draft, field: string, causes: Causes): void {
  const modes = Array.isArray(spec.accessModes) ? spec.accessModes : [];
  if (modes.length === 0) causes.required(`${field}.accessModes`, 'at least 1 access mode is required');
  modes.forEach(mode => causes.oneOf(`${field}.accessModes`, mode, ACCESS_MODES));
  validateSelector(part(spec, 'selector'), `${field}.selector`, causes);
  const size = part(part(spec, 'resources'), 'requests')?.storage;
  if (size === undefined) causes.required(`${field}.resources[storage]`);
  else if (Quantity.of(String(size)).nano <= 0n)
    causes.invalid(`${field}.resources[storage]`, String(size), 'must be greater than zero');
  const storageClass = text(spec.storageClassName);
  if (storageClass !== '') causes.invalidAll(`${field}.storageClassName`, storageClass, dnsSubdomain(storageClass));
}

export const claim = (object: Draft, causes: Causes): void => claimSpec(specOf(object), 'spec', causes);

export function claimUpdate(object: Draft, old: Draft, causes: Causes, subresource?: string): void {
  if (subresource) return;
  const strip = (draft: Draft): Draft => {
    const { volumeAttributesClassName: _class, ...own } = specOf(draft);
    // Only how much is asked for may change, and only of a bound claim.
    const { requests: _requests, ...kept } = part(own, 'resources') ?? {};
    if (part(old, 'status')?.phase === 'Bound') own.resources = kept;
    if (text(specOf(old).volumeName) === '') delete own.volumeName;
    if (specOf(old).storageClassName === undefined) delete own.storageClassName;
    return own;
  };
  if (!isDeepStrictEqual(strip(object), strip(old))) {
    causes.forbidden(
      'spec',
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
    );
  }
  const amount = (draft: Draft): Quantity =>
    Quantity.of(part(part(specOf(draft), 'resources'), 'requests')?.storage as string);
  if (amount(object).compare(amount(old)) < 0) {
    causes.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity');
  }
}

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
  if (specOf(object).volumeMode !== specOf(old).volumeMode)
    causes.invalid('spec.volumeMode', specOf(object).volumeMode, IMMUTABLE);
}

export function storageClass(object: Draft, causes: Causes): void {
  const provisioner = text(object.provisioner).toLowerCase();
  if (provisioner === '') causes.required('provisioner');
  else causes.invalidAll('provisioner', provisioner, qualifiedName(provisioner));
  causes.oneOf('reclaimPolicy', object.reclaimPolicy, ['Delete', 'Retain']);
  causes.oneOf('volumeBindingMode', object.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']);
}

export function storageClassUpdate(object: Draft, old: Draft, causes: Causes): void {
  for (const field of ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode']) {
    if (!isDeepStrictEqual(object[field], old[field])) {
      if (field === 'parameters' || field === 'provisioner')
        causes.forbidden(field, `updates to ${field} are forbidden.`);
      else causes.invalid(field, object[field], IMMUTABLE);
    }
  }
}
