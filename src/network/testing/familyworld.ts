import { createSocket } from 'node:dgram';
import { decode, encode } from 'dns-packet';
import type { KubeObject } from '../../kernel/index.ts';
import { explain, type PartyReference } from '../analysis/explain.ts';
import { readSnapshot, type Snapshot } from '../analysis/snapshot.ts';
import { loneAddress } from '../analysis/standings.ts';
import { withNetlink } from '../drivers/netlink.ts';
import { Decisions, type IdentityNumber } from '../engine/decisions.ts';
import type { Request } from '../engine/requests.ts';
import { walk } from '../engine/walk.ts';
import type { Direction, Identity } from '../model.ts';
import type { Place, Probe } from './familyprobes.ts';

/** Addresses outside the cluster: pods look up the name of the first. */
export const OUTSIDE: readonly Place[] = [
  { name: 'named', ips: ['8.8.8.8', '2001:db8:8::8'] },
  { name: 'other', ips: ['9.9.9.9', '2001:db8:9::9'] },
];
export const NAME = 'api.example.com';
const NAME_SERVER_PORT = 5353;
export const UPSTREAM = `127.0.0.1#${NAME_SERVER_PORT}`;
export const namesOf = (place: Place): readonly string[] => [place === OUTSIDE[0] ? NAME : 'elsewhere.example.net'];

/** Gives this machine the addresses outside, and a name server that knows the name. */
export async function openOutside(): Promise<void> {
  withNetlink(netlink => {
    const loopback = netlink.index('lo');
    netlink.up(loopback);
    for (const ip of OUTSIDE.flatMap(({ ips }) => ips))
      netlink.addAddress(loopback, `${ip}/${ip.includes(':') ? 128 : 32}`);
  });
  const server = createSocket('udp4');
  server.on('message', (bytes, from) => {
    const query = decode(bytes);
    const { name, type } = query.questions![0]!;
    const data = OUTSIDE[0]!.ips[type === 'AAAA' ? 1 : 0]!;
    const answers = name === NAME ? [{ type: type as 'A' | 'AAAA', name, ttl: 600, data }] : [];
    server.send(
      encode({ id: query.id!, type: 'response', questions: query.questions!, answers }),
      from.port,
      from.address,
    );
  });
  await new Promise<void>(resolve => server.bind(NAME_SERVER_PORT, '127.0.0.1', resolve));
}

export const requestOf = ({ path }: Probe): Request | undefined =>
  path === undefined ? undefined : { kind: 'http', method: 'GET', path, host: 'web', headers: {} };

export type Judge = (source: Place, destination: Place, probe: Probe) => string;

/** Each pod as policies see it behind its address of a family; the same object for the same one. */
function identitiesOf({ workloads }: Snapshot): (place: Place, family: 4 | 6) => Identity {
  const made = new Map<string, Identity>();
  return (place, family) => {
    const key = `${place.name} ${family}`;
    const { identity } = workloads.find(each => `${each.namespace}/${each.name}` === place.name)!;
    const own = loneAddress(place.ips[family === 4 ? 0 : 1]!);
    if (!made.has(key)) made.set(key, { ...identity, own });
    return made.get(key)!;
  };
}

/** What the structure says that is compiled from the documents alone, without an API or a kernel. */
export function compiled(documents: readonly KubeObject[], policies: readonly KubeObject[]): Judge {
  const snapshot = readSnapshot([...documents, ...policies]);
  const decisions = new Decisions();
  const known = identitiesOf(snapshot);
  for (const [index, policy] of snapshot.policies.entries()) decisions.setPolicy(`${policy.name}#${index}`, policy);
  for (const place of OUTSIDE) for (const ip of place.ips) decisions.nameAddress(ip, namesOf(place));
  const numberOf = (place: Place, family: 4 | 6): IdentityNumber =>
    place.netnsPath === undefined
      ? decisions.addressIdentity(place.ips[family === 4 ? 0 : 1]!)
      : decisions.setIdentity(`${place.name} ${family}`, known(place, family));
  return (source, destination, probe) => {
    const { protocol, port, family } = probe;
    const [from, to] = [numberOf(source, family), numberOf(destination, family)];
    if (!decisions.decide(from, to, protocol, port)) return 'deny';
    const request = requestOf(probe);
    const side = (direction: Direction, number: IdentityNumber, other: IdentityNumber): boolean => {
      const found = decisions.walkOf(direction, number, other, protocol, port);
      if (!found?.requests) return true;
      const [subject, peer] = [decisions.identity(number)!, decisions.identity(other)!];
      const question = { direction, subject, peer, protocol, port, ...(request ? { request } : {}) };
      return walk(decisions.selected(number, direction)!, question).allowed;
    };
    return side('egress', from, to) && side('ingress', to, from) ? 'allow' : 'deny';
  };
}

/** What `why` says of the documents. */
export function explained(documents: readonly KubeObject[], policies: readonly KubeObject[]): Judge {
  const snapshot = readSnapshot([...documents, ...policies]);
  const known = identitiesOf(snapshot);
  const party = (place: Place, family: 4 | 6): PartyReference => {
    if (place.netnsPath === undefined)
      return { kind: 'address', address: place.ips[family === 4 ? 0 : 1]!, names: namesOf(place) };
    const [namespace = '', name = ''] = place.name.split('/');
    return { kind: 'pod', namespace, name, identity: known(place, family) };
  };
  return (source, destination, probe) => {
    const { protocol, port, family } = probe;
    const request = requestOf(probe);
    const sides = { source: party(source, family), destination: party(destination, family) };
    const question = { ...sides, protocol, port, ...(request ? { request } : {}) };
    return explain(question, snapshot).find(answer => answer.outcome !== 'allow')?.outcome ?? 'allow';
  };
}
