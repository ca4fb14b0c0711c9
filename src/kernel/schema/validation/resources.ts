import { Quantity } from '../../quantity.ts';
import { type Draft, part } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { qualifiedName } from './names.ts';

/** Names without a domain that quotas and containers know (core/v1 ResourceName). */
const STANDARD =
  /^(?:cpu|memory|ephemeral-storage|storage|hugepages-.+|(?:requests|limits)\.(?:cpu|memory|ephemeral-storage)|requests\.storage|requests\.hugepages-.+|pods|services|replicationcontrollers|resourcequotas|configmaps|secrets|persistentvolumeclaims|services\.nodeports|services\.loadbalancers)$/;
const OF_CONTAINERS = /^(?:cpu|memory|ephemeral-storage|hugepages-.+)$/;

/** Names without a domain that mean something to quotas. */
export const isStandardResource = (name: string): boolean => STANDARD.test(name) || name.startsWith('count/');

const isExtended = (name: string): boolean => name.includes('/') && !name.includes('kubernetes.io/');

/** validateContainerResourceName. */
function resourceName(name: string, field: string, causes: Causes): void {
  const wrong = qualifiedName(name);
  causes.invalidAll(field, name, wrong);
  if (name.includes('/')) return;
  if (wrong.length === 0 && !STANDARD.test(name))
    causes.invalid(field, name, 'must be a standard resource type or fully qualified');
  if (!OF_CONTAINERS.test(name)) causes.invalid(field, name, 'must be a standard resource for containers');
}

function amounts(list: Draft, field: string, causes: Causes): void {
  for (const [name, amount] of Object.entries(list)) {
    const at = `${field}[${name}]`;
    resourceName(name, at, causes);
    const quantity = Quantity.parse(String(amount));
    if (quantity === undefined) continue;
    if (quantity.nano < 0n) causes.invalid(at, quantity.toString(), 'must be greater than or equal to 0');
    else if (isExtended(name) && quantity.nano % 1_000_000_000n !== 0n)
      causes.invalid(at, quantity.toString(), 'must be an integer');
  }
}

/** Requests and limits of a container: names, amounts, and that no request is above its limit. */
export function validateResources(resources: Draft | undefined, field: string, causes: Causes): void {
  const limits = part(resources, 'limits') ?? {};
  const requests = part(resources, 'requests') ?? {};
  amounts(limits, `${field}.limits`, causes);
  amounts(requests, `${field}.requests`, causes);
  for (const [name, amount] of Object.entries(requests)) {
    const overcommitted = !isExtended(name) && !name.startsWith('hugepages-');
    if (!Object.hasOwn(limits, name)) {
      if (!overcommitted) causes.required(`${field}.limits`, 'Limit must be set for non overcommitable resources');
      continue;
    }
    const request = Quantity.of(String(amount));
    const limit = Quantity.of(String(limits[name]));
    const order = request.compare(limit);
    if (order !== 0 && !overcommitted) {
      causes.invalid(`${field}.requests`, request.toString(), `must be equal to ${name} limit of ${limit.toString()}`);
    } else if (order > 0) {
      causes.invalid(
        `${field}.requests`,
        request.toString(),
        `must be less than or equal to ${name} limit of ${limit.toString()}`,
      );
    }
  }
}
