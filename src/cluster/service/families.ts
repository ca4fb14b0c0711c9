import { Causes } from '../../kernel/schema/validation/causes.ts';
import { clusterAddresses } from '../../kernel/schema/validation/service.ts';
import { invalid } from '../../kernel/status.ts';
import type { Service } from '../types.ts';
import { type Family, familyOf } from './prefix.ts';

export const NONE = 'None';

/** Types that have cluster addresses. */
export const addressed = (service: Service): boolean => service.spec.type !== 'ExternalName';
export const isHeadless = ({ spec }: Service): boolean => spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === NONE;

const same = (left: readonly string[] = [], right: readonly string[] = []): boolean =>
  left.length === right.length && left.every((one, at) => one === right[at]);
const fewer = (now: readonly string[] = [], before: readonly string[] = []): boolean =>
  now.length > 0 && now.length < before.length;

/**
 * Brings `clusterIP` and `clusterIPs` to agree where a client wrote only one of them (API conventions: singular and plural
 * fields), and keeps what was given to the service where an update does not name it.
 */
export function linkAddresses(service: Service, old: Service | undefined): void {
  const { spec } = service;
  const named = (list: string[] | undefined): boolean => (list?.length ?? 0) > 0;
  if (!old) {
    if (spec.clusterIP && !named(spec.clusterIPs)) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  if (addressed(old) && addressed(service)) {
    if (!spec.clusterIP && old.spec.clusterIP) spec.clusterIP = old.spec.clusterIP;
    if (!named(spec.clusterIPs) && named(old.spec.clusterIPs)) spec.clusterIPs = [...old.spec.clusterIPs!];
  }
  if ((spec.clusterIP ?? '') === (old.spec.clusterIP ?? '') || !same(spec.clusterIPs, old.spec.clusterIPs)) return;
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  else delete spec.clusterIPs;
}

/** A PreferDualStack service that names nothing new stays as it is, whatever families the cluster has by now. */
export function staysPreferred(service: Service, old: Service | undefined): boolean {
  if (!old || service.spec.ipFamilyPolicy !== 'PreferDualStack') return false;
  return (
    old.spec.type === service.spec.type &&
    addressed(service) &&
    (old.spec.ipFamilyPolicy ?? 'PreferDualStack') === 'PreferDualStack' &&
    same(old.spec.clusterIPs, service.spec.clusterIPs) &&
    same(old.spec.ipFamilies, service.spec.ipFamilies)
  );
}

function refuseIf(causes: Causes, service: Service): void {
  if (causes.list.length > 0) throw invalid('Service', '', service.metadata.name, causes.list);
}

const other = (family: string): Family => (family === 'IPv4' ? 'IPv6' : 'IPv4');

/** An update to one family lets go of the second; to let go of it otherwise is refused. */
function downgrade(service: Service, old: Service, causes: Causes): void {
  const { spec } = service;
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (same(old.spec.clusterIPs, spec.clusterIPs) && (spec.clusterIPs?.length ?? 0) > 1)
      spec.clusterIPs = spec.clusterIPs!.slice(0, 1);
    if (same(old.spec.ipFamilies, spec.ipFamilies) && (spec.ipFamilies?.length ?? 0) > 1)
      spec.ipFamilies = spec.ipFamilies!.slice(0, 1);
    return;
  }
  const release = (what: string): void =>
    causes.invalid(
      'spec.ipFamilyPolicy',
      spec.ipFamilyPolicy,
      `must be 'SingleStack' to release the secondary ${what}`,
    );
  if (fewer(spec.clusterIPs, old.spec.clusterIPs)) release('cluster IP');
  if (fewer(spec.ipFamilies, old.spec.ipFamilies)) release('IP family');
}

/** Addresses that were asked for tell their families. */
function inferFamilies(service: Service, configured: readonly Family[], causes: Causes): void {
  const { spec } = service;
  if (spec.ipFamilyPolicy === 'SingleStack') {
    const several = (what: string): void =>
      causes.invalid(
        'spec.ipFamilyPolicy',
        spec.ipFamilyPolicy,
        `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
      );
    if (spec.clusterIPs?.length === 2) several('cluster IPs');
    if (spec.ipFamilies?.length === 2) several('IP families');
  }
  for (const [at, address] of (spec.clusterIPs ?? []).entries()) {
    if (address === NONE) break;
    if (at < (spec.ipFamilies?.length ?? 0)) continue;
    const family = familyOf(address);
    if (configured.includes(family)) spec.ipFamilies = [...(spec.ipFamilies ?? []), family];
    else causes.invalid(`spec.clusterIPs[${at}]`, spec.clusterIPs, `${family} is not configured on this cluster`);
  }
}

/** What a service without a policy gets: that of before, two families for headless ones without a selector, one else. */
function policyOf(service: Service, old: Service | undefined, manual: boolean): string {
  return service.spec.ipFamilyPolicy ?? old?.spec.ipFamilyPolicy ?? (manual ? 'RequireDualStack' : 'SingleStack');
}

/**
 * Settles `ipFamilyPolicy` and `ipFamilies` of a service, as the storage of services in kube-apiserver does before it gives
 * away addresses (Kubernetes: IPv4/IPv6 dual-stack, "Services"). `configured` are the cluster's families, the first is the
 * default. Throws the 422 of what does not fit.
 */
export function settleFamilies(service: Service, old: Service | undefined, configured: readonly Family[]): void {
  const { spec } = service;
  if (!addressed(service) || staysPreferred(service, old)) return;
  const manual = spec.clusterIP === NONE && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy = policyOf(service, old, manual);
  const causes = new Causes();
  clusterAddresses(spec as Record<string, unknown>, causes);
  refuseIf(causes, service);
  if (old) downgrade(service, old, causes);
  inferFamilies(service, configured, causes);
  refuseIf(causes, service);
  const families = spec.ipFamilies?.length ? spec.ipFamilies : [configured[0]!];
  const single = spec.ipFamilyPolicy === 'SingleStack';
  // Who keeps the endpoints of such a service by hand may use both families whatever the cluster has.
  if (manual) {
    spec.ipFamilies = families.length < 2 && !single ? [...families, other(families[0]!)] : families;
    return;
  }
  if (spec.ipFamilyPolicy === 'RequireDualStack' && configured.length < 2)
    causes.invalid(
      'spec.ipFamilyPolicy',
      spec.ipFamilyPolicy,
      'this cluster is not configured for dual-stack services',
    );
  for (const [at, family] of (spec.ipFamilies ?? []).entries())
    if (!configured.includes(family as Family))
      causes.invalid(`spec.ipFamilies[${at}]`, family, 'not configured on this cluster');
  refuseIf(causes, service);
  spec.ipFamilies =
    !single && families.length === 1 && configured.length === 2 ? [...families, other(families[0]!)] : families;
}

/** Fields that a changed type has no use for go, where the writer did not change them as well. */
export function dropUnused(service: Service, old: Service): void {
  const { spec } = service;
  if (!addressed(old) || addressed(service)) return;
  if (same(old.spec.clusterIPs, spec.clusterIPs)) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
  }
  if (same(old.spec.ipFamilies, spec.ipFamilies)) delete spec.ipFamilies;
  if (old.spec.ipFamilyPolicy === spec.ipFamilyPolicy) delete spec.ipFamilyPolicy;
}

const outside = ({ spec }: Service): boolean =>
  spec.type === 'LoadBalancer' ||
  spec.type === 'NodePort' ||
  (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);

/** The same for fields of services that are reached from outside the cluster. */
export function dropOutside(service: Service, old: Service): void {
  const { spec } = service;
  if (old.spec.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === old.spec.allocateLoadBalancerNodePorts)
      delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === old.spec.loadBalancerClass) delete spec.loadBalancerClass;
  }
  if (outside(old) && !outside(service) && spec.externalTrafficPolicy === old.spec.externalTrafficPolicy)
    delete spec.externalTrafficPolicy;
}
