import { offeredAdditions, writtenLabels } from '../dialects/index.ts';
import type { JsonObject, KubeObject } from '../../kernel/index.ts';
import { formatAddress } from '../engine/addresses.ts';
import { ruleSelects } from '../engine/matching.ts';
import type { Question, Step, Walk } from '../engine/walk.ts';
import type { Identity, Policy, Rule } from '../model.ts';

/** A change of one object that may flip a verdict; `path` is an RFC 6901 pointer. */
export interface Candidate {
  readonly policy: Policy;
  readonly path: string;
  readonly action: 'set' | 'remove' | 'add';
  readonly value?: unknown;
}

/** Rules of one policy that edits are made for; beyond them only a new rule is offered. */
const RULES_MAX = 1000;

const labelsObject = (labels: ReadonlyMap<string, string>): JsonObject => Object.fromEntries(labels) as JsonObject;

/** The peer as a NetworkPolicy of a namespace would write it: its pods alone, or its lone address. */
function peerValue(identity: Identity, namespace: string | undefined): unknown {
  if (identity.kind === 'addresses') {
    const { family, first, last } = identity.range;
    const bits = family === 4 ? 32 : 128;
    return first === last ? { ipBlock: { cidr: `${formatAddress(family, first)}/${bits}` } } : undefined;
  }
  if (identity.kind !== 'pod') return undefined;
  const labels = writtenLabels(identity.labels);
  const podSelector = labels.size > 0 ? { matchLabels: labelsObject(labels) } : {};
  // Without a selector of namespaces a peer is of the policy's own (NetworkPolicyPeer reference).
  if (identity.namespace === namespace) return { podSelector };
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': identity.namespace } }, podSelector };
}

function forIsolated(step: Extract<Step, { kind: 'isolated' }>, question: Question): Candidate[] {
  const { policy } = step;
  const { direction, protocol, port, peer } = question;
  const offered = offeredAdditions(policy, step.near.slice(0, RULES_MAX), question);
  if (offered) return offered.map(({ path, value }) => ({ policy, path, action: 'add', value }));
  const side = direction === 'ingress' ? 'from' : 'to';
  const value = peerValue(peer, policy.namespace);
  const openPort = step.near
    .slice(0, RULES_MAX)
    .filter(rule => rule.ports !== 'any')
    .map((rule): Candidate => ({ policy, path: `${rule.path}/ports/-`, action: 'add', value: { protocol, port } }));
  const addPeer = policy.rules
    .slice(0, RULES_MAX)
    .filter(rule => rule.direction === direction && rule.peers !== 'any' && !ruleSelects(rule, peer))
    .flatMap((rule): Candidate[] =>
      value === undefined ? [] : [{ policy, path: `${rule.path}/${side}/-`, action: 'add', value }],
    );
  const rule = { ...(value === undefined ? {} : { [side]: [value] }), ports: [{ protocol, port }] };
  const hasRules = policy.rules.some(entry => entry.direction === direction);
  const addRule: Candidate = hasRules
    ? { policy, path: `/spec/${direction}/-`, action: 'add', value: rule }
    : { policy, path: `/spec/${direction}`, action: 'set', value: [rule] };
  return [...openPort, ...addPeer, ...(value === undefined && peer.kind !== 'addresses' ? [] : [addRule])];
}

function forRule(policy: Policy, rule: Rule): Candidate[] {
  if (policy.tier === 'namespace') return [{ policy, path: rule.path, action: 'remove' }];
  const opposite = rule.action === 'deny' ? 'Allow' : 'Deny';
  const accept = policy.kind === 'ClusterNetworkPolicy' && opposite === 'Allow' ? 'Accept' : opposite;
  return [
    { policy, path: `${rule.path}/action`, action: 'set', value: accept },
    { policy, path: rule.path, action: 'remove' },
  ];
}

/** Edits that might flip what a walk found, the smallest first. */
export function candidates(walk: Walk, question: Question): Candidate[] {
  return walk.steps.flatMap(step => {
    if (step.kind === 'isolated') return forIsolated(step, question);
    return step.kind === 'rule' ? forRule(step.policy, step.rule) : [];
  });
}

/** A copy of an object with one edit; undefined when the pointer leads nowhere. */
export function applyEdit(
  object: KubeObject,
  { path, action, value }: Omit<Candidate, 'policy'>,
): KubeObject | undefined {
  const copy = structuredClone(object);
  const keys = path
    .split('/')
    .slice(1)
    .map(key => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop();
  let at: unknown = copy;
  for (const key of keys) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  if (typeof at !== 'object' || at === null || last === undefined) return undefined;
  if (Array.isArray(at)) {
    if (action === 'add') at.push(value);
    else if (action === 'remove') at.splice(Number(last), 1);
    else at[Number(last)] = value;
  } else if (action === 'remove') delete (at as Record<string, unknown>)[last];
  else (at as Record<string, unknown>)[last] = value;
  return copy;
}
