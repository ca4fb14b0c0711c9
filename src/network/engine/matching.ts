import type {
  AddressPeer,
  AddressRange,
  EntityPeer,
  Identity,
  PodPeer,
  Protocol,
  Rule,
  RulePeer,
  RulePort,
} from '../model.ts';
import { contains, parseCidr } from './addresses.ts';
import { namesMatch } from './requests.ts';
import { canonicalSelector, selects } from './selectors.ts';

/** A rule selects an unknown pod only when it asks exactly what is known of it, or nothing. */
const coversUnknown = (asked: PodPeer['pods'], known: PodPeer['pods']): boolean =>
  asked.length === 0 || canonicalSelector(asked) === canonicalSelector(known);

export function selectsPod(peer: PodPeer, identity: Identity): boolean {
  if (identity.kind === 'pod') {
    return selects(peer.namespaces, identity.namespaceLabels) && selects(peer.pods, identity.labels);
  }
  if (identity.kind === 'unknown-pod') {
    return coversUnknown(peer.namespaces, identity.namespaces) && coversUnknown(peer.pods, identity.pods);
  }
  return false;
}

const BLOCKS_MAX = 65_536;
const blocks = new Map<string, ReturnType<typeof parseCidr>>();

/** A prefix read once: rules are asked about many ranges. */
function blockOf(cidr: string): ReturnType<typeof parseCidr> {
  let block = blocks.get(cidr);
  if (!block) {
    if (blocks.size >= BLOCKS_MAX) blocks.clear();
    blocks.set(cidr, (block = parseCidr(cidr)));
  }
  return block;
}

function touches(cidr: string, range: AddressRange): boolean {
  const block = blockOf(cidr);
  return block?.family === range.family && block.first <= range.last && range.first <= block.last;
}

/** The addresses by which a rule about addresses knows somebody. */
function addressesOf(peer: AddressPeer, identity: Identity): readonly AddressRange[] {
  if (identity.kind === 'addresses') return [identity.range];
  if (identity.kind === 'unknown-pod') return [];
  const own = peer.inside ? (identity.own ?? []) : [];
  return identity.kind === 'pod' && identity.addresses ? [...identity.addresses, ...own] : own;
}

function selectsAddresses(peer: AddressPeer, identity: Identity): boolean {
  return addressesOf(peer, identity).some(range => {
    const block = blockOf(peer.cidr);
    // No rule divides the range, so touching an exception is being all inside exceptions.
    return block !== undefined && contains(block, range) && !peer.except.some(cidr => touches(cidr, range));
  });
}

function selectsEntity(peer: EntityPeer, identity: Identity): boolean {
  switch (peer.entity) {
    case 'all':
      return true;
    case 'world':
      return identity.kind === 'addresses' && (peer.family === undefined || identity.range.family === peer.family);
    case 'cluster':
      return identity.kind !== 'addresses';
    case 'node':
      return (
        identity.kind === 'node' &&
        selects(peer.nodes ?? [], identity.labels) &&
        (peer.relation === undefined || (identity.relations?.includes(peer.relation) ?? true))
      );
  }
}

export function selectsPeer(peer: RulePeer, identity: Identity): boolean {
  switch (peer.kind) {
    case 'pods':
      return selectsPod(peer, identity);
    case 'addresses':
      return selectsAddresses(peer, identity);
    case 'entity':
      return selectsEntity(peer, identity);
    case 'names':
      return identity.kind === 'addresses' && (identity.names ?? []).some(name => namesMatch(peer.names, name));
  }
}

export function ruleSelects(rule: Rule, identity: Identity): boolean {
  return rule.peers === 'any' || rule.peers.some(peer => selectsPeer(peer, identity));
}

/** The numbers a rule port stands for at this destination; a name no container declares is no port. */
export function resolvePort(port: RulePort, destination: Identity): { protocol: Protocol; from: number; to: number }[] {
  if (!('named' in port)) return [port];
  if (destination.kind !== 'pod') return [];
  return destination.ports
    .filter(declared => declared.name === port.named && (!port.protocol || declared.protocol === port.protocol))
    .map(declared => ({ protocol: declared.protocol, from: declared.port, to: declared.port }));
}

/** The rule asks only for ports by names that no container of the destination declares. */
export function namesNothing(rule: Rule, destination: Identity): boolean {
  if (rule.ports === 'any' || destination.kind !== 'pod') return false;
  return rule.ports.every(port => 'named' in port && resolvePort(port, destination).length === 0);
}

export function rulePermits(rule: Rule, protocol: Protocol, port: number, destination: Identity): boolean {
  if (rule.ports === 'any') return true;
  return rule.ports.some(asked =>
    resolvePort(asked, destination).some(
      range => range.protocol === protocol && range.from <= port && port <= range.to,
    ),
  );
}
