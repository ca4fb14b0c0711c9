import { isDeepStrictEqual } from 'node:util';
import { Quantity } from '../../quantity.ts';
import { type Draft, part } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { specOf, text } from './common.ts';
import { dnsSubdomain } from './names.ts';
import { validateSelector } from './selector.ts';

export const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

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
