import type { Fault, Parsed } from '../../../base/index.ts';
import type { KubeObject } from '../../../kernel/index.ts';
import { networkFaults } from '../../faults.ts';
import type {
  Direction,
  PodPeer,
  Policy,
  Protocol,
  Requirement,
  Rule,
  RulePeer,
  RulePort,
  Selector,
} from '../../model.ts';
import { NAMESPACE_NAME_LABEL } from '../../model.ts';
import { describeObject, inNamespace, readCidr, readRange } from '../kubernetes/networkpolicy.ts';
import { type Reading, readList, readObject, readSelector, readString, refuse } from '../kubernetes/read.ts';

interface PolicyReading extends Reading {
  readonly unmodelled: Fault[];
  /** Of a namespaced policy: what its endpoint selectors are bound to. */
  readonly namespace?: string;
}

const NAMESPACE_KEY = 'io.kubernetes.pod.namespace';
const NAMESPACE_LABEL_PREFIX = 'io.cilium.k8s.namespace.labels.';
/** Labels that do not come from the pod or its namespace. */
const FOREIGN = /^(io\.cilium\.k8s\.policy\.|reserved:|container:|cidr:)/;

function unmodelled(reading: PolicyReading, path: string): void {
  reading.unmodelled.push(networkFaults.make('not-modelled', { path }, `${reading.object}${path}`));
}

/** `k8s:app` and `any:app` are `app` (Documentation, "Label sources"). */
const bareKey = (key: string): string => key.replace(/^(k8s|any)[:.]/, '');

/** Splits an endpoint selector into what it asks of the namespace and of the pod. */
function readEndpoints(reading: PolicyReading, value: unknown, path: string): PodPeer[] {
  const namespaces: Requirement[] = [];
  const pods: Requirement[] = [];
  for (const requirement of readSelector(reading, value, path)) {
    const key = bareKey(requirement.key);
    if (FOREIGN.test(key) || FOREIGN.test(requirement.key)) {
      unmodelled(reading, path);
      return [];
    }
    if (key === NAMESPACE_KEY) namespaces.push({ ...requirement, key: NAMESPACE_NAME_LABEL });
    else if (key.startsWith(NAMESPACE_LABEL_PREFIX))
      namespaces.push({ ...requirement, key: key.slice(NAMESPACE_LABEL_PREFIX.length) });
    else pods.push({ ...requirement, key });
  }
  // Without a word on namespaces a namespaced policy means its own.
  const bound: Selector =
    namespaces.length > 0 || reading.namespace === undefined ? namespaces : inNamespace(reading.namespace);
  return [{ kind: 'pods', namespaces: bound, pods }];
}

const ENTITIES: Readonly<Record<string, Extract<RulePeer, { kind: 'entity' }>['entity'] | 'none'>> = {
  all: 'all',
  world: 'world',
  'world-ipv4': 'world',
  'world-ipv6': 'world',
  cluster: 'cluster',
  host: 'node',
  'remote-node': 'node',
  none: 'none',
};

function readEntities(reading: PolicyReading, value: unknown, path: string): RulePeer[] {
  return readList(reading, value, path).flatMap((entry): RulePeer[] => {
    const name = String(entry);
    const entity = Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
    // One family of the world is not told apart from the other.
    if (entity === undefined || name.startsWith('world-')) unmodelled(reading, path);
    return entity === undefined || entity === 'none' ? [] : [{ kind: 'entity', entity }];
  });
}

function readCidrSet(reading: PolicyReading, value: unknown, path: string): RulePeer[] {
  return readList(reading, value, path).flatMap((entry, index): RulePeer[] => {
    const block = readObject(reading, entry, `${path}/${index}`) ?? {};
    if (block.cidr === undefined) {
      unmodelled(reading, `${path}/${index}`);
      return [];
    }
    const except = readList(reading, block.except, `${path}/${index}/except`).flatMap((cidr, place) =>
      readCidr(reading, cidr, `${path}/${index}/except/${place}`),
    );
    return readCidr(reading, block.cidr, `${path}/${index}/cidr`).map(cidr => ({ kind: 'addresses', cidr, except }));
  });
}

/** Peers that only the running system can resolve. */
const RUNTIME_PEERS = ['Requires', 'FQDNs', 'Services', 'Groups', 'Nodes'];

/** `any` when the rule names no peers but does name ports; nobody when it names neither (the "deny all" idiom). */
function readPeers(
  reading: PolicyReading,
  rule: Readonly<Record<string, unknown>>,
  side: 'from' | 'to',
  path: string,
): Rule['peers'] {
  const field = (name: string): string => `${side}${name}`;
  const has = (name: string): boolean => rule[field(name)] !== undefined && rule[field(name)] !== null;
  for (const name of RUNTIME_PEERS) if (has(name)) unmodelled(reading, `${path}/${field(name)}`);
  const named = ['Endpoints', 'Entities', 'CIDR', 'CIDRSet', ...RUNTIME_PEERS].some(has);
  if (!named) return rule.toPorts === undefined && rule.icmps === undefined ? [] : 'any';
  const cidrs = readList(reading, rule[field('CIDR')], `${path}/${field('CIDR')}`);
  return [
    ...readList(reading, rule[field('Endpoints')], `${path}/${field('Endpoints')}`).flatMap((entry, index) =>
      readEndpoints(reading, entry, `${path}/${field('Endpoints')}/${index}`),
    ),
    ...readEntities(reading, rule[field('Entities')], `${path}/${field('Entities')}`),
    ...cidrs
      .flatMap((cidr, index) => readCidr(reading, cidr, `${path}/${field('CIDR')}/${index}`))
      .map((cidr): RulePeer => ({ kind: 'addresses', cidr, except: [] })),
    ...readCidrSet(reading, rule[field('CIDRSet')], `${path}/${field('CIDRSet')}`),
  ];
}

function protocolsOf(reading: PolicyReading, value: unknown, path: string): Protocol[] {
  if (value === undefined || value === 'ANY' || value === '') return ['TCP', 'UDP', 'SCTP'];
  if (value === 'TCP' || value === 'UDP' || value === 'SCTP') return [value];
  refuse(reading, path, 'TCP, UDP, SCTP or ANY', value);
  return [];
}

function readPort(reading: PolicyReading, value: unknown, path: string): RulePort[] {
  const entry = readObject(reading, value, path) ?? {};
  const text = typeof entry.port === 'number' ? String(entry.port) : readString(reading, entry.port, `${path}/port`);
  return protocolsOf(reading, entry.protocol, `${path}/protocol`).flatMap((protocol): RulePort[] => {
    if (text === undefined || text === '0') return [{ protocol, from: 1, to: 65535 }];
    if (!/^\d+$/.test(text)) return [{ protocol, named: text }];
    const end = typeof entry.endPort === 'number' && entry.endPort > 0 ? entry.endPort : Number(text);
    return readRange(reading, Number(text), end, protocol, path);
  });
}

function readPorts(reading: PolicyReading, rule: Readonly<Record<string, unknown>>, path: string): Rule['ports'] {
  if (rule.icmps !== undefined) unmodelled(reading, `${path}/icmps`);
  const groups = readList(reading, rule.toPorts, `${path}/toPorts`);
  if (groups.length === 0) return rule.icmps === undefined ? 'any' : [];
  return groups.flatMap((value, index): RulePort[] => {
    const at = `${path}/toPorts/${index}`;
    const group = readObject(reading, value, at) ?? {};
    // What the connection says decides too: the port alone is not an answer.
    for (const name of ['rules', 'serverNames', 'terminatingTLS', 'originatingTLS', 'listener']) {
      if (group[name] === undefined) continue;
      unmodelled(reading, `${at}/${name}`);
      return [];
    }
    const ports = readList(reading, group.ports, `${at}/ports`);
    if (ports.length === 0)
      return (['TCP', 'UDP', 'SCTP'] as const).map(protocol => ({ protocol, from: 1, to: 65535 }));
    return ports.flatMap((port, place) => readPort(reading, port, `${at}/ports/${place}`));
  });
}

function readSection(
  reading: PolicyReading,
  spec: Readonly<Record<string, unknown>>,
  base: string,
  direction: Direction,
  deny: boolean,
): Rule[] {
  const section = deny ? `${direction}Deny` : direction;
  const side = direction === 'ingress' ? 'from' : 'to';
  return readList(reading, spec[section], `${base}/${section}`).map((value, index): Rule => {
    const path = `${base}/${section}/${index}`;
    const rule = readObject(reading, value, path) ?? {};
    if (rule.authentication !== undefined) unmodelled(reading, `${path}/authentication`);
    return {
      direction,
      action: deny ? 'deny' : 'allow',
      name: `${section}#${index + 1}`,
      path,
      peers: readPeers(reading, rule, side, path),
      ports: readPorts(reading, rule, path),
    };
  });
}

function readSpec(object: KubeObject, value: unknown, base: string): Parsed<Policy> {
  const namespace = object.kind === 'CiliumNetworkPolicy' ? object.metadata.namespace || 'default' : undefined;
  const reading: PolicyReading = {
    object: describeObject(object),
    faults: [],
    unmodelled: [],
    ...(namespace ? { namespace } : {}),
  };
  const spec = readObject(reading, value, base) ?? {};
  if (spec.nodeSelector !== undefined) unmodelled(reading, `${base}/nodeSelector`);
  const [own] =
    spec.endpointSelector === undefined
      ? []
      : readEndpoints(reading, spec.endpointSelector, `${base}/endpointSelector`);
  // A namespaced policy never selects beyond its namespace, whatever its selector says.
  const subject = own && namespace ? { ...own, namespaces: [...own.namespaces, ...inNamespace(namespace)] } : own;
  const defaults = readObject(reading, spec.enableDefaultDeny, `${base}/enableDefaultDeny`) ?? {};
  const isolates = (direction: Direction): boolean => {
    const said = defaults[direction];
    const rules = [spec[direction], spec[`${direction}Deny`]].some(list => Array.isArray(list) && list.length > 0);
    return typeof said === 'boolean' ? said : rules;
  };
  const rules = (['ingress', 'egress'] as const).flatMap(direction => [
    ...readSection(reading, spec, base, direction, true),
    ...readSection(reading, spec, base, direction, false),
  ]);
  return {
    value: {
      kind: object.kind,
      ...(namespace ? { namespace } : {}),
      name: object.metadata.name ?? '',
      tier: 'namespace',
      priority: 0,
      subject: subject ?? NOBODY,
      isolates: { ingress: isolates('ingress'), egress: isolates('egress') },
      rules,
      unmodelled: reading.unmodelled,
      where: { object: reading.object },
    },
    faults: reading.faults,
  };
}

/** Host policies and selectors that could not be read select no pod. */
const NOBODY: PodPeer = {
  kind: 'pods',
  namespaces: [],
  pods: [
    { key: '-', operator: 'Exists', values: [] },
    { key: '-', operator: 'DoesNotExist', values: [] },
  ],
};

/** Reads CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy (cilium.io/v2): `spec`, `specs`, or both. */
export function parseCiliumPolicy(object: KubeObject): Parsed<Policy[]> {
  const several = Array.isArray(object.specs) ? (object.specs as unknown[]) : [];
  const parsed = [
    ...(object.spec === undefined ? [] : [readSpec(object, object.spec, '/spec')]),
    ...several.map((spec, index) => readSpec(object, spec, `/specs/${index}`)),
  ];
  return { value: parsed.map(entry => entry.value), faults: parsed.flatMap(entry => entry.faults) };
}
