import type { Parsed } from '../../../base/index.ts';
import type { KubeObject } from '../../../kernel/index.ts';
import { plainName } from '../../engine/requests.ts';
import type { Direction, NamePattern, PodPeer, Policy, Protocol, Rule, RulePeer, RulePort, Tier } from '../../model.ts';
import { describeObject, readCidr, readProtocol, readRange } from './networkpolicy.ts';
import { onlyFields, type Reading, readList, readObject, readSelector, readString, refuse } from './read.ts';

const ACTIONS: Readonly<Record<string, Rule['action']>> = {
  Allow: 'allow',
  Accept: 'allow',
  Deny: 'deny',
  Pass: 'pass',
};

function readSubject(reading: Reading, value: unknown, path: string): PodPeer[] {
  const subject = readObject(reading, value, path);
  if (subject?.namespaces) {
    return [{ kind: 'pods', namespaces: readSelector(reading, subject.namespaces, `${path}/namespaces`), pods: [] }];
  }
  const pods = readObject(reading, subject?.pods, `${path}/pods`);
  if (!pods) {
    refuse(reading, path, 'namespaces or pods', value);
    return [];
  }
  return [
    {
      kind: 'pods',
      namespaces: readSelector(reading, pods.namespaceSelector, `${path}/pods/namespaceSelector`),
      pods: readSelector(reading, pods.podSelector, `${path}/pods/podSelector`),
    },
  ];
}

const NAME = /^(\*\.)?(?:[a-z0-9](?:[-a-z0-9_]*[a-z0-9])?\.)+[a-z0-9](?:[-a-z0-9_]*[a-z0-9])?$/;

/** An exact name, or `*.` before one for whatever is below it, one label or more (DomainName, policy.networking.k8s.io). */
function readName(reading: Reading, value: unknown, path: string): NamePattern[] {
  const text = plainName(readString(reading, value, path) ?? '');
  const found = NAME.exec(text);
  if (!found) {
    refuse(reading, path, 'a domain name, or one after "*."', value);
    return [];
  }
  const below = found[1] === undefined ? '' : '([-a-z0-9_]+\\.)+';
  return [{ text, expression: below + text.slice(found[1]?.length ?? 0).replaceAll('.', '\\.') }];
}

function readPeer(reading: Reading, value: unknown, path: string): RulePeer[] {
  const peer = readObject(reading, value, path) ?? {};
  onlyFields(reading, peer, path, FIELDS.peer);
  if (peer.networks) {
    // "Cluster-internal traffic will be checked against the rule as well" (AdminNetworkPolicyEgressPeer, networks).
    return readList(reading, peer.networks, `${path}/networks`)
      .flatMap((cidr, index) => readCidr(reading, cidr, `${path}/networks/${index}`))
      .map(cidr => ({ kind: 'addresses', cidr, except: [], inside: true }));
  }
  if (peer.nodes) {
    return [{ kind: 'entity', entity: 'node', nodes: readSelector(reading, peer.nodes, `${path}/nodes`) }];
  }
  if (peer.domainNames) {
    const names = readList(reading, peer.domainNames, `${path}/domainNames`);
    return [{ kind: 'names', names: names.flatMap((name, i) => readName(reading, name, `${path}/domainNames/${i}`)) }];
  }
  return readSubject(reading, value, path);
}

/** policy.networking.k8s.io/v1alpha1 AdminNetworkPolicyPort: exactly one of three forms. */
function readPort(reading: Reading, value: unknown, path: string): RulePort[] {
  const entry = readObject(reading, value, path) ?? {};
  const number = readObject(reading, entry.portNumber, `${path}/portNumber`);
  const range = readObject(reading, entry.portRange, `${path}/portRange`);
  onlyFields(reading, entry, path, FIELDS.port);
  onlyFields(reading, number, `${path}/portNumber`, FIELDS.number);
  onlyFields(reading, range, `${path}/portRange`, FIELDS.range);
  const named = readString(reading, entry.namedPort, `${path}/namedPort`);
  if (named !== undefined) return [{ named }];
  const form = number ?? range;
  if (!form) {
    refuse(reading, path, 'portNumber, namedPort or portRange', value);
    return [];
  }
  const protocol = readProtocol(reading, form.protocol, `${path}/protocol`);
  if (!protocol) return [];
  return readRange(reading, number ? number.port : form.start, number ? number.port : form.end, protocol, path);
}

/** policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicyProtocol: one of tcp, udp, sctp or a named port. */
function readProtocolEntry(reading: Reading, value: unknown, path: string): RulePort[] {
  const entry = readObject(reading, value, path) ?? {};
  onlyFields(reading, entry, path, FIELDS.protocol);
  const named = readString(reading, entry.destinationNamedPort, `${path}/destinationNamedPort`);
  if (named !== undefined) return [{ named }];
  for (const protocol of ['TCP', 'UDP', 'SCTP'] as const satisfies readonly Protocol[]) {
    const key = protocol.toLowerCase();
    if (!Object.hasOwn(entry, key)) continue;
    const form = readObject(reading, entry[key], `${path}/${key}`) ?? {};
    onlyFields(reading, form, `${path}/${key}`, FIELDS.form);
    const port = readObject(reading, form.destinationPort, `${path}/${key}/destinationPort`);
    onlyFields(reading, port, `${path}/${key}/destinationPort`, FIELDS.destination);
    if (!port) return [{ protocol, from: 1, to: 65535 }];
    const range = readObject(reading, port.range, `${path}/${key}/destinationPort/range`);
    return range
      ? readRange(reading, range.start, range.end, protocol, path)
      : readRange(reading, port.number, port.number, protocol, path);
  }
  refuse(reading, path, 'tcp, udp, sctp or destinationNamedPort', value);
  return [];
}

/** Every field of these kinds and their rules. */
const FIELDS = {
  spec: new Set(['tier', 'priority', 'subject', 'ingress', 'egress']),
  ingress: new Set(['name', 'action', 'from', 'ports', 'protocols']),
  egress: new Set(['name', 'action', 'to', 'ports', 'protocols']),
  peer: new Set(['namespaces', 'pods', 'networks', 'nodes', 'domainNames']),
  port: new Set(['portNumber', 'portRange', 'namedPort']),
  number: new Set(['protocol', 'port']),
  range: new Set(['protocol', 'start', 'end']),
  protocol: new Set(['tcp', 'udp', 'sctp', 'destinationNamedPort']),
  form: new Set(['destinationPort']),
  destination: new Set(['number', 'range']),
} as const;

function readRule(reading: Reading, value: unknown, direction: Direction, index: number): Rule[] {
  const path = `/spec/${direction}/${index}`;
  const rule = readObject(reading, value, path) ?? {};
  onlyFields(reading, rule, path, FIELDS[direction]);
  const action = ACTIONS[readString(reading, rule.action, `${path}/action`) ?? ''];
  if (!action) {
    refuse(reading, `${path}/action`, 'Allow, Deny or Pass', rule.action);
    return [];
  }
  const side = direction === 'ingress' ? 'from' : 'to';
  const peers = readList(reading, rule[side], `${path}/${side}`).flatMap((peer, i) =>
    readPeer(reading, peer, `${path}/${side}/${i}`),
  );
  const byName = peers.some(({ kind }) => kind === 'names');
  // "DomainNames is only supported for Accept rules": what is denied by name would be let through by another.
  if (byName && action !== 'allow') {
    refuse(reading, `${path}/${side}`, 'domainNames in rules that allow', rule.action);
    return [];
  }
  const ports = readList(reading, rule.ports, `${path}/ports`);
  const protocols = readList(reading, rule.protocols, `${path}/protocols`);
  const read = [
    ...ports.flatMap((port, i) => readPort(reading, port, `${path}/ports/${i}`)),
    ...protocols.flatMap((port, i) => readProtocolEntry(reading, port, `${path}/protocols/${i}`)),
  ];
  return [
    {
      direction,
      action,
      name: readString(reading, rule.name, `${path}/name`) || `#${index + 1}`,
      path,
      peers,
      ...(byName ? { learnsNames: 'own' as const } : {}),
      ports: ports.length + protocols.length === 0 ? 'any' : read,
    },
  ];
}

function readTier(object: KubeObject, spec: Readonly<Record<string, unknown>>): Tier {
  if (object.kind === 'BaselineAdminNetworkPolicy') return 'baseline';
  return spec.tier === 'Baseline' ? 'baseline' : 'admin';
}

/** Reads AdminNetworkPolicy, BaselineAdminNetworkPolicy (v1alpha1) and ClusterNetworkPolicy (v1alpha2). */
export function parseAdminPolicy(object: KubeObject): Parsed<Policy> {
  const reading: Reading = { object: describeObject(object), faults: [] };
  const spec = readObject(reading, object.spec, '/spec') ?? {};
  onlyFields(reading, spec, '/spec', FIELDS.spec);
  const tier = readTier(object, spec);
  const [subject] = readSubject(reading, spec.subject, '/spec/subject');
  const rules = (['ingress', 'egress'] as const).flatMap(direction =>
    readList(reading, spec[direction], `/spec/${direction}`).flatMap((rule, index) =>
      readRule(reading, rule, direction, index),
    ),
  );
  return {
    value: {
      kind: object.kind,
      name: object.metadata.name ?? '',
      tier,
      priority: typeof spec.priority === 'number' ? spec.priority : 0,
      subject: subject ?? NOBODY,
      isolates: { ingress: false, egress: false },
      rules,
      unmodelled: [],
      where: { object: reading.object },
    },
    faults: reading.faults,
  };
}

/** A subject that could not be read governs nobody. */
const NOBODY: PodPeer = {
  kind: 'pods',
  namespaces: [],
  pods: [
    { key: '-', operator: 'Exists', values: [] },
    { key: '-', operator: 'DoesNotExist', values: [] },
  ],
};
