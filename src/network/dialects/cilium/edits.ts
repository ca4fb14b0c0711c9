import { formatAddress } from '../../engine/addresses.ts';
import { ruleSelects } from '../../engine/matching.ts';
import type { Question } from '../../engine/walk.ts';
import type { Identity, Policy, Rule } from '../../model.ts';
import { writtenLabels } from './accounts.ts';

/** A value to add to the list at an RFC 6901 pointer. */
export interface Addition {
  readonly path: string;
  readonly value: unknown;
}

/** How these policies write one peer; undefined for whom they cannot name alone. */
function peerOf(side: 'from' | 'to', identity: Identity): readonly [string, unknown] | undefined {
  if (identity.kind === 'pod') {
    const labels = Object.fromEntries(writtenLabels(identity.labels));
    const matchLabels = { ...labels, 'k8s:io.kubernetes.pod.namespace': identity.namespace };
    return [`${side}Endpoints`, { matchLabels }];
  }
  if (identity.kind === 'node') return [`${side}Entities`, 'remote-node'];
  if (identity.kind === 'unknown-pod' || identity.range.first !== identity.range.last) return undefined;
  const { family, first } = identity.range;
  return [`${side}CIDR`, `${formatAddress(family, first)}/${family === 4 ? 32 : 128}`];
}

/** Where in the document the whole rule stands; part of one (an entry of toPorts) stands inside. */
const wholePath = ({ path }: Rule): string => path.replace(/\/toPorts\/\d+$/, '');

/**
 * Edits that may let a flow through which a policy allows nothing of: a port more for a rule that knows the peer, or a
 * rule of its own. `near`: the policy's rules that select the peer but not the port.
 */
export function additions(policy: Policy, near: readonly Rule[], question: Question): Addition[] {
  const { direction, protocol, port, peer } = question;
  if (protocol === 'ICMP' || protocol === 'ICMPv6') return [];
  const ports = { ports: [{ port: String(port), protocol }] };
  const own = policy.rules.filter(rule => rule.direction === direction);
  const opened = near
    .filter(rule => rule.action === 'allow' && rule.ports !== 'any' && ruleSelects(rule, peer))
    .map(rule => ({ path: `${wholePath(rule)}/toPorts/-`, value: ports }));
  const named = peerOf(direction === 'ingress' ? 'from' : 'to', peer);
  const lists = new Set(
    own.filter(({ action }) => action === 'allow').map(rule => wholePath(rule).replace(/\d+$/, '-')),
  );
  const added = named ? [...lists].map(path => ({ path, value: { [named[0]]: [named[1]], toPorts: [ports] } })) : [];
  return [...opened, ...added];
}
