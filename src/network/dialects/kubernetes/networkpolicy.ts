import type { Parsed } from '../../../base/index.ts';
import type { KubeObject } from '../../../kernel/index.ts';
import { parseCidr } from '../../engine/addresses.ts';
import { networkFaults } from '../../faults.ts';
import {
  type Direction,
  NAMESPACE_NAME_LABEL,
  type Policy,
  type Protocol,
  type Rule,
  type RulePeer,
  type RulePort,
  type Selector,
} from '../../model.ts';
import { onlyFields, type Reading, readList, readObject, readSelector, readString, refuse } from './read.ts';

/** What selects the pods of one namespace. */
export const inNamespace = (namespace: string): Selector => [
  { key: NAMESPACE_NAME_LABEL, operator: 'Equals', values: [namespace] },
];

export function describeObject(object: KubeObject): string {
  const { namespace, name } = object.metadata;
  return `${object.kind}/${namespace ? `${namespace}/` : ''}${name ?? ''}`;
}

const PROTOCOL_NAMES: ReadonlySet<string> = new Set(['TCP', 'UDP', 'SCTP']);

export function readProtocol(reading: Reading, value: unknown, path: string): Protocol | undefined {
  if (value === undefined || value === null) return 'TCP';
  if (typeof value === 'string' && PROTOCOL_NAMES.has(value)) return value as Protocol;
  return refuse(reading, path, 'TCP, UDP or SCTP', value);
}

export function readCidr(reading: Reading, value: unknown, path: string): string[] {
  const text = readString(reading, value, path);
  if (text !== undefined && parseCidr(text)) return [text];
  reading.faults.push(networkFaults.make('cidr-invalid', { path, got: text ?? '' }, `${reading.object}${path}`));
  return [];
}

/** Ports from..to, or none and a fault when the range is empty or out of bounds. */
export function readRange(reading: Reading, from: unknown, to: unknown, protocol: Protocol, path: string): RulePort[] {
  if (!Number.isInteger(from) || !Number.isInteger(to)) {
    refuse(reading, path, 'port numbers', [from, to]);
    return [];
  }
  const range = { from: from as number, to: to as number };
  if (range.from > range.to || range.from < 1 || range.to > 65535) {
    reading.faults.push(networkFaults.make('ports-empty', { path, ...range }, `${reading.object}${path}`));
    return [];
  }
  return [{ protocol, ...range }];
}

function readPort(reading: Reading, value: unknown, path: string): RulePort[] {
  const entry = readObject(reading, value, path) ?? {};
  onlyFields(reading, entry, path, FIELDS.port);
  const protocol = readProtocol(reading, entry.protocol, `${path}/protocol`);
  if (!protocol) return [];
  if (entry.port === undefined || entry.port === null) return [{ protocol, from: 1, to: 65535 }];
  if (typeof entry.port === 'string') return [{ protocol, named: entry.port }];
  return readRange(reading, entry.port, entry.endPort ?? entry.port, protocol, path);
}

/** Every field of the kind (NetworkPolicySpec reference): a misspelt one must not widen what is read. */
const FIELDS = {
  spec: new Set(['podSelector', 'policyTypes', 'ingress', 'egress']),
  ingress: new Set(['from', 'ports']),
  egress: new Set(['to', 'ports']),
  peer: new Set(['podSelector', 'namespaceSelector', 'ipBlock']),
  block: new Set(['cidr', 'except']),
  port: new Set(['port', 'endPort', 'protocol']),
} as const;

function readPeer(reading: Reading, value: unknown, namespace: string, path: string): RulePeer[] {
  const entry = readObject(reading, value, path);
  if (!entry) return [];
  onlyFields(reading, entry, path, FIELDS.peer);
  const block = readObject(reading, entry.ipBlock, `${path}/ipBlock`);
  if (block) {
    onlyFields(reading, block, `${path}/ipBlock`, FIELDS.block);
    const except = readList(reading, block.except, `${path}/ipBlock/except`).flatMap((cidr, index) =>
      readCidr(reading, cidr, `${path}/ipBlock/except/${index}`),
    );
    return readCidr(reading, block.cidr, `${path}/ipBlock/cidr`).map(cidr => ({ kind: 'addresses', cidr, except }));
  }
  if (!entry.namespaceSelector && !entry.podSelector) {
    refuse(reading, path, 'a peer with podSelector, namespaceSelector or ipBlock', value);
    return [];
  }
  return [
    {
      kind: 'pods',
      namespaces: entry.namespaceSelector
        ? readSelector(reading, entry.namespaceSelector, `${path}/namespaceSelector`)
        : inNamespace(namespace),
      pods: readSelector(reading, entry.podSelector, `${path}/podSelector`),
    },
  ];
}

function readRules(reading: Reading, value: unknown, direction: Direction, namespace: string): Rule[] {
  const side = direction === 'ingress' ? 'from' : 'to';
  return readList(reading, value, `/spec/${direction}`).map((entry, index): Rule => {
    const path = `/spec/${direction}/${index}`;
    const rule = readObject(reading, entry, path) ?? {};
    onlyFields(reading, rule, path, FIELDS[direction]);
    // Absent and empty lists of peers or ports both mean "any" (NetworkPolicyIngressRule reference).
    const peers = readList(reading, rule[side], `${path}/${side}`);
    const ports = readList(reading, rule.ports, `${path}/ports`);
    return {
      direction,
      action: 'allow',
      name: `#${index + 1}`,
      path,
      peers:
        peers.length === 0
          ? 'any'
          : peers.flatMap((peer, i) => readPeer(reading, peer, namespace, `${path}/${side}/${i}`)),
      ports: ports.length === 0 ? 'any' : ports.flatMap((port, i) => readPort(reading, port, `${path}/ports/${i}`)),
    };
  });
}

function readDirections(reading: Reading, spec: Readonly<Record<string, unknown>>): Record<Direction, boolean> {
  const types = readList(reading, spec.policyTypes, '/spec/policyTypes');
  // Unset policyTypes: ingress always, egress when there are egress rules (NetworkPolicySpec reference).
  if (types.length === 0) return { ingress: true, egress: readList(reading, spec.egress, '/spec/egress').length > 0 };
  return { ingress: types.includes('Ingress'), egress: types.includes('Egress') };
}

/** Reads networking.k8s.io/v1 NetworkPolicy, and kinds of the same spec. */
export function parseNetworkPolicy(object: KubeObject): Parsed<Policy> {
  const reading: Reading = { object: describeObject(object), faults: [] };
  const namespace = object.metadata.namespace || 'default';
  const spec = readObject(reading, object.spec, '/spec') ?? {};
  onlyFields(reading, spec, '/spec', FIELDS.spec);
  const isolates = readDirections(reading, spec);
  const rules = (['ingress', 'egress'] as const).flatMap(direction =>
    isolates[direction] ? readRules(reading, spec[direction], direction, namespace) : [],
  );
  return {
    value: {
      kind: object.kind,
      namespace,
      name: object.metadata.name ?? '',
      tier: 'namespace',
      priority: 0,
      subject: {
        kind: 'pods',
        namespaces: inNamespace(namespace),
        pods: readSelector(reading, spec.podSelector, '/spec/podSelector'),
      },
      isolates,
      rules,
      unmodelled: [],
      where: { object: `${namespace}/${reading.object}` },
    },
    faults: reading.faults,
  };
}
