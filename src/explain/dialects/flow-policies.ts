import type { KubeObject } from '../../kernel/index.ts';
import type { FlowPair, FlowParty } from '../engine/suggest-network.ts';

/** The kinds of policy that flows can be written as. */
export type PolicyForm = 'NetworkPolicy' | 'CiliumNetworkPolicy';

type Workload = Extract<FlowParty, { kind: 'workload' }>;
type Fields = Record<string, unknown>;

interface Side {
  readonly workload: Workload;
  readonly ingress: readonly FlowPair[];
  readonly egress: readonly FlowPair[];
}

const NAMESPACE_LABEL = 'kubernetes.io/metadata.name';
const LABELS = { 'app.kubernetes.io/managed-by': 'tenon' };

const cidrOf = (address: string): string => `${address}/${address.includes(':') ? 128 : 32}`;

const keyOf = ({ namespace, labels }: Workload): string =>
  `${namespace} ${JSON.stringify(Object.entries(labels).sort())}`;

/** Every workload with what was said to it and by it; those with the same labels are one to a policy. */
function sidesOf(pairs: readonly FlowPair[]): Side[] {
  const sides = new Map<string, Side & { ingress: FlowPair[]; egress: FlowPair[] }>();
  const sideOf = (party: FlowParty) => {
    if (party.kind === 'address') return undefined;
    const side = sides.get(keyOf(party)) ?? { workload: party, ingress: [], egress: [] };
    sides.set(keyOf(party), side);
    return side;
  };
  for (const pair of pairs) {
    sideOf(pair.source)?.egress.push(pair);
    sideOf(pair.destination)?.ingress.push(pair);
  }
  return [...sides.values()].sort((left, right) => (keyOf(left.workload) < keyOf(right.workload) ? -1 : 1));
}

const portsOf = ({ ports }: FlowPair): FlowPair['ports'] =>
  [...ports].sort((left, right) => left.port - right.port || (left.protocol < right.protocol ? -1 : 1));

function kubernetesPolicy(
  namespace: string,
  name: string,
  selector: Fields,
  ingress: Fields[],
  egress: Fields[],
): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace, labels: LABELS },
    spec: {
      podSelector: selector,
      policyTypes: ['Ingress', 'Egress'],
      ...(ingress.length > 0 ? { ingress } : {}),
      ...(egress.length > 0 ? { egress } : {}),
    },
  };
}

function kubernetesRule(pair: FlowPair, field: 'from' | 'to', peer: FlowParty): Fields {
  const who =
    peer.kind === 'address'
      ? { ipBlock: { cidr: cidrOf(peer.address) } }
      : {
          namespaceSelector: { matchLabels: { [NAMESPACE_LABEL]: peer.namespace } },
          podSelector: { matchLabels: peer.labels },
        };
  return { [field]: [who], ports: portsOf(pair).map(({ protocol, port }) => ({ protocol, port })) };
}

function ciliumPolicy(
  namespace: string,
  name: string,
  selector: Fields,
  ingress: Fields[],
  egress: Fields[],
): KubeObject {
  // A rule of nobody: the side is governed, and nothing passes.
  const rules = (list: Fields[]): Fields[] => (list.length > 0 ? list : [{}]);
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name, namespace, labels: LABELS },
    spec: { endpointSelector: selector, ingress: rules(ingress), egress: rules(egress) },
  };
}

function ciliumRule(pair: FlowPair, direction: 'from' | 'to', peer: FlowParty): Fields {
  const who =
    peer.kind === 'address'
      ? { [`${direction}CIDR`]: [cidrOf(peer.address)] }
      : {
          [`${direction}Endpoints`]: [
            { matchLabels: { ...peer.labels, 'k8s:io.kubernetes.pod.namespace': peer.namespace } },
          ],
        };
  const ports = portsOf(pair).map(({ protocol, port }) => ({ port: String(port), protocol }));
  return { ...who, toPorts: [{ ports }] };
}

const FORMS = {
  NetworkPolicy: { policy: kubernetesPolicy, rule: kubernetesRule },
  CiliumNetworkPolicy: { policy: ciliumPolicy, rule: ciliumRule },
} as const;

/** One policy a namespace that lets nothing through, and one a workload for what was seen of it. */
export function flowPolicies(
  pairs: readonly FlowPair[],
  namespaces: readonly string[],
  form: PolicyForm,
): KubeObject[] {
  const { policy, rule } = FORMS[form];
  const names = new Map<string, number>();
  const nameOf = ({ namespace, name }: Workload): string => {
    const count = (names.get(`${namespace}/${name}`) ?? 0) + 1;
    names.set(`${namespace}/${name}`, count);
    return count === 1 ? `flows-of-${name}` : `flows-of-${name}-${count}`;
  };
  return [
    ...namespaces.map(namespace => policy(namespace, 'nothing-else', {}, [], [])),
    ...sidesOf(pairs).map(({ workload, ingress, egress }) =>
      policy(
        workload.namespace,
        nameOf(workload),
        { matchLabels: workload.labels },
        ingress.map(pair => rule(pair, 'from', pair.source)),
        egress.map(pair => rule(pair, 'to', pair.destination)),
      ),
    ),
  ];
}
