import { networkFaults } from '../../faults.ts';
import type { Fault } from '../../../base/index.ts';
import { plainName } from '../../engine/requests.ts';
import { selects } from '../../engine/selectors.ts';
import {
  type NamePattern,
  NAMESPACE_NAME_LABEL,
  type PodPeer,
  type Requirement,
  type Rule,
  type RulePeer,
  type Selector,
} from '../../model.ts';
import type { PolicyContext } from '../context.ts';
import { ACCOUNT_LABEL } from './accounts.ts';
import { inNamespace, readCidr } from '../kubernetes/networkpolicy.ts';
import {
  onlyFields,
  type Reading,
  readList,
  readObject,
  readSelector,
  readString,
  refuse,
} from '../kubernetes/read.ts';

export interface PolicyReading extends Reading {
  readonly unmodelled: Fault[];
  readonly context: PolicyContext;
  /** Of a namespaced policy: what its endpoint selectors are bound to. */
  readonly namespace?: string;
}

const NAMESPACE_KEY = 'io.kubernetes.pod.namespace';
const NAMESPACE_LABEL_PREFIX = 'io.cilium.k8s.namespace.labels.';
/** Labels that do not come from the pod or its namespace. */
const FOREIGN = /^(io\.cilium\.k8s\.policy\.|reserved:|container:|cidr:)/;

export function unmodelled(reading: PolicyReading, path: string): void {
  reading.unmodelled.push(networkFaults.make('not-modelled', { path }, `${reading.object}${path}`));
}

/** `k8s:app` and `any:app` are `app` (Documentation, "Label sources"). */
const bareKey = (key: string): string => key.replace(/^(k8s|any)[:.]/, '');

/** Splits an endpoint selector into what it asks of the namespace and of the pod. */
export function readEndpoints(reading: PolicyReading, value: unknown, path: string): PodPeer[] {
  const namespaces: Requirement[] = [];
  const pods: Requirement[] = [];
  for (const requirement of readSelector(reading, value, path)) {
    const key = bareKey(requirement.key);
    if (key !== ACCOUNT_LABEL && (FOREIGN.test(key) || FOREIGN.test(requirement.key))) {
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

type Entity = Extract<RulePeer, { kind: 'entity' }>;

/** Every field of the peers that are objects of their own. */
const FIELDS = {
  block: new Set(['cidr', 'except', 'cidrGroupRef', 'cidrGroupSelector']),
  name: new Set(['matchName', 'matchPattern']),
  service: new Set(['k8sService', 'k8sServiceSelector']),
  named: new Set(['serviceName', 'namespace']),
  chosen: new Set(['selector', 'namespace']),
} as const;

/** "Entities Based" in the policy reference. The API server here is the node; no endpoint is of the kinds that are nobody. */
const ENTITIES: ReadonlyMap<string, Omit<Entity, 'kind'> | undefined> = new Map<
  string,
  Omit<Entity, 'kind'> | undefined
>([
  ['all', { entity: 'all' }],
  ['world', { entity: 'world' }],
  ['world-ipv4', { entity: 'world', family: 4 }],
  ['world-ipv6', { entity: 'world', family: 6 }],
  ['cluster', { entity: 'cluster' }],
  ['host', { entity: 'node', relation: 'own' }],
  ['remote-node', { entity: 'node', relation: 'other' }],
  ['kube-apiserver', { entity: 'node', relation: 'api' }],
  ...['none', 'init', 'health', 'ingress', 'unmanaged'].map((name): [string, undefined] => [name, undefined]),
]);

function readEntities(reading: PolicyReading, value: unknown, path: string): RulePeer[] {
  return readList(reading, value, path).flatMap((entry): RulePeer[] => {
    const name = String(entry);
    if (!ENTITIES.has(name)) refuse(reading, path, [...ENTITIES.keys()].join(', '), entry);
    const entity = ENTITIES.get(name);
    return entity ? [{ kind: 'entity', ...entity }] : [];
  });
}

/** The prefixes of the groups an entry names, by name or by labels; a group that is not there has none. */
function groupCidrs(reading: PolicyReading, block: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  const { cidrGroupRef, cidrGroupSelector } = block;
  if (cidrGroupRef !== undefined)
    return reading.context.groups.filter(({ name }) => name === cidrGroupRef).flatMap(({ cidrs }) => cidrs);
  if (cidrGroupSelector === undefined) {
    refuse(reading, path, 'cidr, cidrGroupRef or cidrGroupSelector', block);
    return [];
  }
  const selector = readSelector(reading, cidrGroupSelector, `${path}/cidrGroupSelector`);
  return reading.context.groups.filter(({ labels }) => selects(selector, labels)).flatMap(({ cidrs }) => cidrs);
}

function readCidrSet(reading: PolicyReading, value: unknown, path: string): RulePeer[] {
  return readList(reading, value, path).flatMap((entry, index): RulePeer[] => {
    const block = readObject(reading, entry, `${path}/${index}`) ?? {};
    onlyFields(reading, block, `${path}/${index}`, FIELDS.block);
    const except = readList(reading, block.except, `${path}/${index}/except`).flatMap((cidr, place) =>
      readCidr(reading, cidr, `${path}/${index}/except/${place}`),
    );
    const cidrs = block.cidr === undefined ? groupCidrs(reading, block, `${path}/${index}`) : [block.cidr];
    return cidrs
      .flatMap(cidr => readCidr(reading, cidr, `${path}/${index}/cidr`))
      .map(cidr => ({ kind: 'addresses', cidr, except }));
  });
}

/** Peers that only the running system can resolve. */
const RUNTIME_PEERS = ['Requires', 'Groups'];
const OTHER_PEERS = ['FQDNs', 'Services', 'Nodes'];

/** Labels of nodes, with or without where they come from. */
export const readNodeSelector = (reading: PolicyReading, value: unknown, path: string): Selector =>
  readSelector(reading, value, path).map(each => ({ ...each, key: bareKey(each.key) }));

const readNodes = (reading: PolicyReading, value: unknown, path: string): RulePeer[] =>
  readList(reading, value, path).map((entry, index) => ({
    kind: 'entity',
    entity: 'node',
    nodes: readNodeSelector(reading, entry, `${path}/${index}`),
  }));

const escapeText = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');

/** `matchName` is the name, in `matchPattern` a `*` is any characters but dots, and alone any name ("DNS based"). */
function readName(reading: PolicyReading, value: unknown, path: string): NamePattern[] {
  const entry = readObject(reading, value, path) ?? {};
  onlyFields(reading, entry, path, FIELDS.name);
  const name = readString(reading, entry.matchName, `${path}/matchName`);
  if (name !== undefined) return [{ text: plainName(name), expression: escapeText(plainName(name)) }];
  const text = readString(reading, entry.matchPattern, `${path}/matchPattern`);
  if (text === undefined) {
    refuse(reading, path, 'matchName or matchPattern', value);
    return [];
  }
  const pattern = plainName(text.trim());
  if (pattern === '*') return [{ text: '*', expression: '.*' }];
  const anyDepth = pattern.startsWith('**.');
  const rest = escapeText(anyDepth ? pattern.slice(3) : pattern).replaceAll('*', '[-a-z0-9_]*');
  return [{ text: pattern, expression: anyDepth ? `([-a-z0-9_]+\\.)+${rest}` : rest }];
}

export const namePatterns = (reading: PolicyReading, value: unknown, path: string): NamePattern[] =>
  readList(reading, value, path).flatMap((entry, index) => readName(reading, entry, `${path}/${index}`));

function readNames(reading: PolicyReading, value: unknown, path: string): RulePeer[] {
  const names = namePatterns(reading, value, path);
  return names.length > 0 ? [{ kind: 'names', names }] : [];
}

/** Services stand for the pods they select, or without a selector for the addresses behind them ("Services based"). */
function readServices(reading: PolicyReading, value: unknown, path: string): RulePeer[] {
  return readList(reading, value, path).flatMap((entry, index): RulePeer[] => {
    const at = `${path}/${index}`;
    const fields = readObject(reading, entry, at) ?? {};
    const named = readObject(reading, fields.k8sService, `${at}/k8sService`);
    const chosen = readObject(reading, fields.k8sServiceSelector, `${at}/k8sServiceSelector`);
    const labels = chosen ? readSelector(reading, chosen.selector, `${at}/k8sServiceSelector/selector`) : [];
    const asked = named ?? chosen ?? {};
    onlyFields(reading, fields, at, FIELDS.service);
    onlyFields(reading, named, `${at}/k8sService`, FIELDS.named);
    onlyFields(reading, chosen, `${at}/k8sServiceSelector`, FIELDS.chosen);
    const namespace =
      readString(reading, asked.namespace, `${at}/namespace`) ?? (named ? reading.namespace : undefined);
    return reading.context.services
      .filter(
        service =>
          (namespace === undefined || service.namespace === namespace) &&
          (named ? service.name === named.serviceName : chosen !== undefined && selects(labels, service.labels)),
      )
      .flatMap(servicePeers);
  });
}

function servicePeers({ namespace, selector, addresses }: PolicyContext['services'][number]): RulePeer[] {
  if (selector) {
    const pods = Object.entries(selector).map(
      ([key, value]): Requirement => ({ key, operator: 'Equals', values: [value] }),
    );
    return [{ kind: 'pods', namespaces: inNamespace(namespace), pods }];
  }
  return addresses.map(address => ({
    kind: 'addresses',
    cidr: `${address}/${address.includes(':') ? 128 : 32}`,
    except: [],
  }));
}

/** `any` when the rule names no peers but does name ports; nobody when it names neither (the "deny all" idiom). */
export function readPeers(
  reading: PolicyReading,
  rule: Readonly<Record<string, unknown>>,
  side: 'from' | 'to',
  path: string,
): Rule['peers'] {
  const field = (name: string): string => `${side}${name}`;
  const has = (name: string): boolean => rule[field(name)] !== undefined && rule[field(name)] !== null;
  for (const name of RUNTIME_PEERS) if (has(name)) unmodelled(reading, `${path}/${field(name)}`);
  const named = ['Endpoints', 'Entities', 'CIDR', 'CIDRSet', ...OTHER_PEERS, ...RUNTIME_PEERS].some(has);
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
    ...readNodes(reading, rule[field('Nodes')], `${path}/${field('Nodes')}`),
    ...(side === 'to'
      ? [
          ...readNames(reading, rule.toFQDNs, `${path}/toFQDNs`),
          ...readServices(reading, rule.toServices, `${path}/toServices`),
        ]
      : []),
  ];
}
