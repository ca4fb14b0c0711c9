import type { KubeObject } from '../../kernel/index.ts';
import { adminFamilies } from './adminfamilies.ts';

/** One family of policies: what it is about, and documents of it. */
export interface Family {
  readonly name: string;
  readonly policies: readonly KubeObject[];
}

type Peer = readonly [name: string, kubernetes: object | undefined, cilium: object | undefined];
type Port = readonly [name: string, kubernetes: readonly object[] | undefined, cilium: readonly object[] | undefined];

const NAMESPACE_LABEL = 'k8s:io.kubernetes.pod.namespace';
const expression = (key: string, operator: string, values?: readonly string[]): object => ({
  matchExpressions: [{ key, operator, ...(values ? { values } : {}) }],
});

/** Who: selectors of every operator, namespaces, both, prefixes with exceptions, entities. */
const PEERS: readonly Peer[] = [
  ['anyone', undefined, undefined],
  ['nobody', { podSelector: expression('pod', 'In', ['none']) }, { Endpoints: [expression('pod', 'In', ['none'])] }],
  ['own namespace', { podSelector: {} }, { Endpoints: [{}] }],
  ['label', { podSelector: { matchLabels: { pod: 'a' } } }, { Endpoints: [{ matchLabels: { pod: 'a' } }] }],
  ['in', { podSelector: expression('pod', 'In', ['a', 'b']) }, { Endpoints: [expression('pod', 'In', ['a', 'b'])] }],
  ['not in', { podSelector: expression('pod', 'NotIn', ['a']) }, { Endpoints: [expression('pod', 'NotIn', ['a'])] }],
  ['exists', { podSelector: expression('pod', 'Exists') }, { Endpoints: [expression('pod', 'Exists')] }],
  ['absent', { podSelector: expression('pod', 'DoesNotExist') }, { Endpoints: [expression('pod', 'DoesNotExist')] }],
  [
    'namespace',
    { namespaceSelector: { matchLabels: { ns: 'y' } } },
    { Endpoints: [{ matchLabels: { [NAMESPACE_LABEL]: 'y' } }] },
  ],
  [
    'other namespaces',
    { namespaceSelector: expression('ns', 'NotIn', ['x']) },
    { Endpoints: [expression(NAMESPACE_LABEL, 'NotIn', ['x'])] },
  ],
  [
    'pods of a namespace',
    { namespaceSelector: { matchLabels: { ns: 'y' } }, podSelector: { matchLabels: { pod: 'b' } } },
    { Endpoints: [{ matchLabels: { [NAMESPACE_LABEL]: 'y', pod: 'b' } }] },
  ],
  ['everywhere', { namespaceSelector: {} }, { Endpoints: [expression(NAMESPACE_LABEL, 'Exists')] }],
  ['prefix', { ipBlock: { cidr: '10.0.0.0/8' } }, { CIDR: ['10.0.0.0/8'] }],
  [
    'prefix with exception',
    { ipBlock: { cidr: '0.0.0.0/0', except: ['10.244.0.0/16'] } },
    { CIDRSet: [{ cidr: '0.0.0.0/0', except: ['10.244.0.0/16'] }] },
  ],
  ['prefix of IPv6', { ipBlock: { cidr: '2001:db8::/32' } }, { CIDR: ['2001:db8::/32'] }],
  [
    'prefix of IPv6 with exception',
    { ipBlock: { cidr: '::/0', except: ['2001:db8:8::/48'] } },
    { CIDRSet: [{ cidr: '::/0', except: ['2001:db8:8::/48'] }] },
  ],
  ['an address outside', { ipBlock: { cidr: '8.8.8.8/32' } }, { CIDR: ['8.8.8.8/32'] }],
  ['cluster', undefined, { Entities: ['cluster'] }],
  ['world', undefined, { Entities: ['world'] }],
  ['all entities', undefined, { Entities: ['all'] }],
  ['one family of the world', undefined, { Entities: ['world-ipv4'] }],
  ['the other family of the world', undefined, { Entities: ['world-ipv6'] }],
  ['nodes and nobody', undefined, { Entities: ['host', 'remote-node', 'kube-apiserver', 'health', 'init', 'ingress'] }],
  ['nobody listed', undefined, { Endpoints: [] }],
  [
    'anyone of any namespace',
    undefined,
    { Endpoints: [{ matchLabels: { 'k8s:pod': 'a' } }, { matchLabels: { [NAMESPACE_LABEL]: 'z' } }] },
  ],
  [
    'a namespace by its labels',
    undefined,
    { Endpoints: [{ matchLabels: { 'k8s:io.cilium.k8s.namespace.labels.ns': 'z' } }] },
  ],
  [
    'an account',
    undefined,
    { Endpoints: [{ matchLabels: { 'k8s:io.cilium.k8s.policy.serviceaccount': 'account-a' } }] },
  ],
  [
    'prefixes one in another',
    { ipBlock: { cidr: '8.0.0.0/6', except: ['8.8.0.0/16', '8.8.8.0/24'] } },
    {
      CIDRSet: [
        { cidr: '8.0.0.0/6', except: ['8.8.0.0/16'] },
        { cidr: '8.8.8.8/32' },
        { cidr: '9.0.0.0/8', except: ['9.9.9.9/32'] },
      ],
    },
  ],
  ['a prefix of pods', { ipBlock: { cidr: '10.244.8.0/24' } }, { CIDR: ['10.244.8.0/24', 'fd00:8::/64'] }],
];

/** Only what is sent can be asked of these. */
const TO: readonly Peer[] = [
  ['a Service', undefined, { Services: [{ k8sService: { serviceName: 'front', namespace: 'y' } }] }],
  [
    'Services by labels',
    undefined,
    { Services: [{ k8sServiceSelector: { selector: { matchLabels: { tier: 'front' } } } }] },
  ],
  ['a Service that is not there', undefined, { Services: [{ k8sService: { serviceName: 'none', namespace: 'y' } }] }],
];

/** What `toServices` may mean: the pods it selects. */
export const SERVICE: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'front', namespace: 'y', labels: { tier: 'front' } },
  spec: { selector: { pod: 'a' }, ports: [{ port: 80 }] },
};

/** On which ports: numbers, ranges, names, protocols. */
const PORTS: readonly Port[] = [
  ['any port', undefined, undefined],
  ['a port', [{ port: 80, protocol: 'TCP' }], [{ port: '80', protocol: 'TCP' }]],
  ['a range', [{ port: 79, endPort: 90, protocol: 'TCP' }], [{ port: '79', endPort: 90, protocol: 'TCP' }]],
  ['a name', [{ port: 'web', protocol: 'TCP' }], [{ port: 'web', protocol: 'TCP' }]],
  ['UDP', [{ port: 80, protocol: 'UDP' }], [{ port: '80', protocol: 'UDP' }]],
  ['SCTP', [{ port: 80, protocol: 'SCTP' }], [{ port: '80', protocol: 'SCTP' }]],
  [
    'ports that meet',
    [
      { port: 70, endPort: 80, protocol: 'TCP' },
      { port: 80, endPort: 81, protocol: 'TCP' },
    ],
    [
      { port: '70', endPort: 80, protocol: 'TCP' },
      { port: '80', endPort: 81, protocol: 'ANY' },
    ],
  ],
  ['a protocol', [{ protocol: 'TCP' }], [{ port: '0', protocol: 'TCP' }]],
];

function kubernetes(
  direction: 'Ingress' | 'Egress',
  peer: object | undefined,
  ports: readonly object[] | undefined,
): KubeObject {
  const side = direction === 'Ingress' ? 'from' : 'to';
  const rule = { ...(peer ? { [side]: [peer] } : {}), ...(ports ? { ports } : {}) };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'family', namespace: 'x' },
    spec: { podSelector: { matchLabels: { pod: 'b' } }, policyTypes: [direction], [direction.toLowerCase()]: [rule] },
  };
}

function cilium(
  direction: 'ingress' | 'egress',
  peer: object | undefined,
  ports: readonly object[] | undefined,
  deny: boolean,
  rules?: object,
): KubeObject {
  const side = direction === 'ingress' ? 'from' : 'to';
  const peers = Object.entries(peer ?? {}).map(([kind, value]) => [`${side}${kind}`, value as unknown]);
  const toPorts = (ports ?? rules) ? { toPorts: [{ ...(ports ? { ports } : {}), ...(rules ? { rules } : {}) }] } : {};
  // A rule without any condition says nothing in this dialect: everybody is written.
  const whole = peers.length === 0 && !ports ? { [`${side}Entities`]: ['all'] } : {};
  const rule = { ...Object.fromEntries(peers), ...whole, ...toPorts };
  const open = { [`${side}Entities`]: ['all'] };
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'family', namespace: 'x' },
    spec: {
      endpointSelector: { matchLabels: { pod: 'b' } },
      ...(deny ? { [direction]: [open], [`${direction}Deny`]: [rule] } : { [direction]: [rule] }),
    },
  };
}

/** Where requests are read; the other ports carry none. */
export const WEB_PORT = 82;
const HTTP: readonly object[] = [
  { http: [{ method: 'GET', path: '/a' }] },
  { http: [{ method: 'P.*' }, { path: '/[b-z]' }] },
  { http: [{ path: '/' }, { host: 'we.' }] },
  { http: [{ method: 'GET', host: 'elsewhere' }, { headers: ['X-None'] }] },
  { http: [] },
];
/** The cluster's name server, asked under a rule: what it answers is remembered for rules by name. */
const NAME_SERVER = {
  toEndpoints: [{ matchLabels: { [NAMESPACE_LABEL]: 'kube-system', 'k8s-app': 'kube-dns' } }],
  toPorts: [{ ports: [{ port: '53', protocol: 'ANY' }], rules: { dns: [{ matchPattern: '*' }] } }],
};
const NAMES = [
  { matchName: 'api.example.com' },
  { matchPattern: '*.example.com' },
  { matchName: 'www.example.org' },
  { matchName: 'API.Example.com.' },
  { matchPattern: '*.com' },
  { matchPattern: 'a*i.example.com' },
  { matchPattern: 'api.*.com' },
  { matchPattern: '*api.example.com' },
  { matchPattern: 'ap.example.com' },
];

/** Every family: who x ports x direction x (NetworkPolicy, Cilium allow, Cilium deny), then rules on requests and names. */
export function families(): Family[] {
  const found: Family[] = [];
  for (const [who, plain, rich] of [...PEERS, ...TO]) {
    const directions = TO.some(([name]) => name === who) ? (['egress'] as const) : (['ingress', 'egress'] as const);
    for (const [where, numbers, groups] of PORTS) {
      for (const direction of directions) {
        const kind = direction === 'ingress' ? 'Ingress' : 'Egress';
        const what = `${direction}, ${who}, ${where}`;
        if (plain || !rich) found.push({ name: `policy ${what}`, policies: [kubernetes(kind, plain, numbers)] });
        if (rich) found.push({ name: `allow ${what}`, policies: [cilium(direction, rich, groups, false)] });
        if (rich) found.push({ name: `deny ${what}`, policies: [cilium(direction, rich, groups, true)] });
      }
    }
    const web = [{ port: `${WEB_PORT}`, protocol: 'TCP' }];
    if (!rich) continue;
    for (const direction of directions)
      for (const [index, http] of HTTP.entries())
        found.push({
          name: `requests ${index}, ${direction}, ${who}`,
          policies: [cilium(direction, rich, web, false, http)],
        });
  }
  for (const name of NAMES)
    for (const [where, , groups] of PORTS)
      found.push({ name: `names ${JSON.stringify(name)}, ${where}`, policies: [byName(name, groups)] });
  found.push(...adminFamilies());
  return found;
}

function byName(name: object, ports: readonly object[] | undefined): KubeObject {
  const policy = cilium('egress', { FQDNs: [name] }, ports, false);
  const spec = policy.spec as { egress: object[] };
  return { ...policy, spec: { ...spec, egress: [...spec.egress, NAME_SERVER] } };
}
