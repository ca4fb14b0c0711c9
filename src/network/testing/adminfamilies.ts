import type { KubeObject } from '../../kernel/index.ts';
import type { Family } from './families.ts';

type Direction = 'ingress' | 'egress';
type Peer = readonly [name: string, peer: object];
type Port = readonly [name: string, port: object | undefined, protocol: object | undefined];

const GROUP = 'policy.networking.k8s.io';
const label = (key: string, value: string): object => ({ matchLabels: { [key]: value } });
const SUBJECT = { pods: { namespaceSelector: label('ns', 'x'), podSelector: label('pod', 'b') } };
const EVERYBODY = { namespaces: {} };

/** Whom rules of administrators are about. */
const PEERS: readonly Peer[] = [
  ['everybody', EVERYBODY],
  ['a namespace', { namespaces: label('ns', 'y') }],
  ['not a namespace', { namespaces: { matchExpressions: [{ key: 'ns', operator: 'NotIn', values: ['x'] }] } }],
  ['some pods', { pods: { namespaceSelector: label('ns', 'y'), podSelector: label('pod', 'b') } }],
];
/** Networks are of what is outside, and of pods by their addresses; only what is sent is judged by them. */
const NETWORKS: readonly Peer[] = [
  ['every address', { networks: ['0.0.0.0/0', '::/0'] }],
  ['every IPv4 address', { networks: ['0.0.0.0/0'] }],
  ['every IPv6 address', { networks: ['::/0'] }],
  ['a prefix of pods', { networks: ['10.244.8.0/24'] }],
  ['a part of the pods', { networks: ['10.244.8.0/29', 'fd00:8::4/126'] }],
  ['an address of a pod', { networks: ['10.244.8.4/32'] }],
  ['addresses outside', { networks: ['8.8.8.8/32', '2001:db8:9::/48'] }],
  ['prefixes one in another', { networks: ['8.0.0.0/8', '8.8.8.0/24', '10.0.0.0/8'] }],
];

/** On which ports, in both forms of these kinds. */
const PORTS: readonly Port[] = [
  ['any port', undefined, undefined],
  ['a port', { portNumber: { port: 80, protocol: 'TCP' } }, { tcp: { destinationPort: { number: 80 } } }],
  [
    'a range',
    { portRange: { start: 79, end: 90, protocol: 'TCP' } },
    { tcp: { destinationPort: { range: { start: 79, end: 90 } } } },
  ],
  ['a name', { namedPort: 'web' }, { destinationNamedPort: 'web' }],
  ['UDP', { portNumber: { port: 80, protocol: 'UDP' } }, { udp: { destinationPort: { number: 80 } } }],
  ['SCTP', { portNumber: { port: 80, protocol: 'SCTP' } }, { sctp: { destinationPort: { number: 80 } } }],
];

interface Said {
  readonly action: string;
  readonly peer: object;
  readonly port?: object | undefined;
}

function policy(kind: string, name: string, direction: Direction, rules: readonly Said[], more: object): KubeObject {
  const isCluster = kind === 'ClusterNetworkPolicy';
  const side = direction === 'ingress' ? 'from' : 'to';
  return {
    apiVersion: `${GROUP}/${isCluster ? 'v1alpha2' : 'v1alpha1'}`,
    kind,
    metadata: { name },
    spec: {
      subject: SUBJECT,
      ...more,
      [direction]: rules.map(({ action, peer, port }, index) => ({
        name: `${action.toLowerCase()}-${index}`,
        action: isCluster && action === 'Allow' ? 'Accept' : action,
        [side]: [peer],
        ...(port ? { [isCluster ? 'protocols' : 'ports']: [port] } : {}),
      })),
    },
  };
}

const admin = (name: string, direction: Direction, priority: number, ...rules: readonly Said[]): KubeObject =>
  policy('AdminNetworkPolicy', name, direction, rules, { priority });
const baseline = (direction: Direction, ...rules: readonly Said[]): KubeObject =>
  policy('BaselineAdminNetworkPolicy', 'default', direction, rules, {});
const cluster = (
  name: string,
  direction: Direction,
  tier: string,
  priority: number,
  ...rules: readonly Said[]
): KubeObject => policy('ClusterNetworkPolicy', name, direction, rules, { tier, priority });

/** A namespaced policy that lets nobody in or out of the subject. */
const isolation = (direction: Direction): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'isolation', namespace: 'x' },
  spec: { podSelector: label('pod', 'b'), policyTypes: [direction === 'ingress' ? 'Ingress' : 'Egress'] },
});

type Shape = readonly [name: string, make: (direction: Direction, peer: object, port: Port) => readonly KubeObject[]];

/** How tiers and priorities meet: each rule in question beside what it beats, or what beats it. */
const SHAPES: readonly Shape[] = [
  ['admin deny', (to, peer, [, port]) => [admin('deny', to, 10, { action: 'Deny', peer, port })]],
  [
    'admin allow over isolation',
    (to, peer, [, port]) => [admin('allow', to, 10, { action: 'Allow', peer, port }), isolation(to)],
  ],
  [
    'admin pass before a deny, then isolation',
    (to, peer, [, port]) => [
      admin('pass', to, 5, { action: 'Pass', peer, port }),
      admin('deny', to, 10, { action: 'Deny', peer: EVERYBODY }),
      isolation(to),
    ],
  ],
  [
    'admin pass before a deny, then the baseline',
    (to, peer, [, port]) => [
      admin('both', to, 5, { action: 'Pass', peer, port }, { action: 'Deny', peer: EVERYBODY }),
      baseline(to, { action: 'Deny', peer: EVERYBODY, port: { portNumber: { port: 80, protocol: 'TCP' } } }),
    ],
  ],
  [
    'the lower priority number decides',
    (to, peer, [, port]) => [
      admin('a-later', to, 20, { action: 'Allow', peer, port }),
      admin('b-earlier', to, 3, { action: 'Deny', peer: EVERYBODY, port }),
    ],
  ],
  ['baseline deny', (to, peer, [, port]) => [baseline(to, { action: 'Deny', peer, port })]],
  [
    'baseline allow before a deny',
    (to, peer, [, port]) => [baseline(to, { action: 'Allow', peer, port }, { action: 'Deny', peer: EVERYBODY })],
  ],
  [
    'cluster policies of both tiers',
    (to, peer, [, , protocol]) => [
      cluster('first', to, 'Admin', 1, { action: 'Accept', peer, port: protocol }),
      cluster('last', to, 'Baseline', 1, { action: 'Deny', peer: EVERYBODY }),
    ],
  ],
];

/** Names that rules of administrators are about; the subject looks `api.example.com` up. */
const NAMES = ['api.example.com', '*.example.com', 'API.example.com.', '*.api.example.com', 'example.com'];
const OUTSIDE = { networks: ['0.0.0.0/0', '::/0'] };

const byName = (name: string, [where, port, protocol]: Port): Family[] => [
  {
    name: `names ${name} of an administrator, ${where}`,
    policies: [
      admin('names', 'egress', 5, { action: 'Allow', peer: { domainNames: [name] }, port }),
      admin('rest', 'egress', 10, { action: 'Deny', peer: OUTSIDE }),
    ],
  },
  {
    name: `names ${name} of a cluster policy, ${where}`,
    policies: [
      cluster('names', 'egress', 'Admin', 5, { action: 'Accept', peer: { domainNames: [name] }, port: protocol }),
      isolation('egress'),
    ],
  },
];

/** Families of policies of administrators: shape x who x ports x direction. */
export function adminFamilies(): Family[] {
  const named = NAMES.flatMap(name => PORTS.flatMap(port => byName(name, port)));
  const placed = SHAPES.flatMap(([shape, make]) =>
    (['ingress', 'egress'] as const).flatMap(direction =>
      [...PEERS, ...(direction === 'egress' ? NETWORKS : [])].flatMap(([who, peer]) =>
        PORTS.map(port => ({
          name: `${shape}, ${direction}, ${who}, ${port[0]}`,
          policies: make(direction, peer, port),
        })),
      ),
    ),
  );
  return [...placed, ...named];
}
