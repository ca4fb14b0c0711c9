import type { Parsed } from '../../base/index.ts';
import type { KubeObject, ResourceRef } from '../../kernel/index.ts';
import type { Question } from '../engine/walk.ts';
import type { Policy, Rule } from '../model.ts';
import { podLabels, writtenLabels } from './cilium/accounts.ts';
import { type Addition, additions } from './cilium/edits.ts';
import { CIDR_GROUP_REFS, readCidrGroup, refersToOthers } from './cilium/groups.ts';
import { type HostFirewall, readHostFirewall } from './cilium/hostfirewall.ts';
import { parseCiliumPolicy } from './cilium/policy.ts';
import { NO_CONTEXT, type PolicyContext } from './context.ts';
import { parseAdminPolicy } from './kubernetes/adminpolicy.ts';
import { parseNetworkPolicy } from './kubernetes/networkpolicy.ts';
import { readEndpoints, readService } from './kubernetes/references.ts';

/** How one family of kinds becomes policies. */
export interface PolicyDialect {
  readonly kinds: readonly string[];
  /** Where the API keeps them; built in, or absent until their CRD is there. */
  readonly refs: readonly ResourceRef[];
  readonly parse: (object: KubeObject, context: PolicyContext) => Parsed<readonly Policy[]>;
  /** The policy reads differently when the context does. */
  readonly refers?: (object: KubeObject) => boolean;
  /** Edits in the dialect's own words that may let a flow through; absent: as a NetworkPolicy writes them. */
  readonly additions?: (policy: Policy, near: readonly Rule[], question: Question) => readonly Addition[];
}

const one =
  (parse: (object: KubeObject) => Parsed<Policy>) =>
  (object: KubeObject): Parsed<readonly Policy[]> => {
    const { value, faults } = parse(object);
    return { value: [value], faults };
  };
const ref = (group: string, version: string, resource: string): ResourceRef => ({ group, version, resource });

/** Every dialect of network policy; adding one is adding a line. */
export const POLICY_DIALECTS: readonly PolicyDialect[] = [
  {
    kinds: ['NetworkPolicy'],
    refs: [ref('networking.k8s.io', 'v1', 'networkpolicies')],
    parse: one(parseNetworkPolicy),
  },
  {
    kinds: ['AdminNetworkPolicy', 'BaselineAdminNetworkPolicy', 'ClusterNetworkPolicy'],
    refs: [
      ref('policy.networking.k8s.io', 'v1alpha1', 'adminnetworkpolicies'),
      ref('policy.networking.k8s.io', 'v1alpha1', 'baselineadminnetworkpolicies'),
      ref('policy.networking.k8s.io', 'v1alpha2', 'clusternetworkpolicies'),
    ],
    parse: one(parseAdminPolicy),
  },
  {
    kinds: ['CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy'],
    refs: [ref('cilium.io', 'v2', 'ciliumnetworkpolicies'), ref('cilium.io', 'v2', 'ciliumclusterwidenetworkpolicies')],
    parse: parseCiliumPolicy,
    refers: refersToOthers,
    additions,
  },
];

const BY_KIND = new Map(POLICY_DIALECTS.flatMap(dialect => dialect.kinds.map(kind => [kind, dialect] as const)));

/** The policies of a document; undefined when it is of no policy kind. */
export function parsePolicies(
  object: KubeObject,
  context: PolicyContext = NO_CONTEXT,
): Parsed<readonly Policy[]> | undefined {
  return BY_KIND.get(object.kind)?.parse(object, context);
}

/** Edits that the dialect of a policy offers; undefined where it has no words of its own. */
export function offeredAdditions(
  policy: Policy,
  near: readonly Rule[],
  question: Question,
): readonly Addition[] | undefined {
  return BY_KIND.get(policy.kind)?.additions?.(policy, near, question);
}

/** Collections of named lists of prefixes; absent until their CRD is there. */
export const GROUP_REFS: readonly ResourceRef[] = CIDR_GROUP_REFS;
export const GROUP_KIND = 'CiliumCIDRGroup';

/** What these documents say that policies may refer to. */
export function readPolicyContext(objects: Iterable<KubeObject>): PolicyContext {
  const groups: PolicyContext['groups'][number][] = [];
  const services: KubeObject[] = [];
  const addresses = new Map<string, string[]>();
  for (const object of objects) {
    const group = readCidrGroup(object);
    if (group) groups.push(group);
    if (object.kind === 'Service') services.push(object);
    const behind = readEndpoints(object);
    if (behind) addresses.set(behind.service, [...(addresses.get(behind.service) ?? []), ...behind.addresses]);
  }
  return { groups, services: services.map(service => readService(service, addresses)) };
}

/** Addresses that serve the API, as the Service `default/kubernetes` says; undefined for objects that do not say. */
export function readApiAddresses(object: KubeObject): readonly string[] | undefined {
  const behind = readEndpoints(object);
  return behind?.service === 'default/kubernetes' ? behind.addresses : undefined;
}

export { podLabels, readHostFirewall, writtenLabels };
export type { HostFirewall };
