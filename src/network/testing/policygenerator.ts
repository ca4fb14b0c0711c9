import type { Random } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random.next() * items.length)]!;
const chance = (random: Random, share: number): boolean => random.next() < share;

export const NAMESPACES = ['x', 'y', 'z'];
export const PODS = ['a', 'b', 'c'];

function selector(random: Random, key: string, values: readonly string[]): object {
  const value = pick(random, values);
  return pick<() => object>(random, [
    () => ({}),
    () => ({ matchLabels: { [key]: value } }),
    () => ({ matchExpressions: [{ key, operator: 'In', values: [value, pick(random, values)] }] }),
    () => ({ matchExpressions: [{ key, operator: 'NotIn', values: [value] }] }),
    () => ({ matchExpressions: [{ key, operator: pick(random, ['Exists', 'DoesNotExist']) }] }),
  ])();
}

const podSelector = (random: Random): object => selector(random, 'pod', PODS);
const namespaceSelector = (random: Random): object => selector(random, 'ns', NAMESPACES);

function port(random: Random): object {
  return pick<() => object>(random, [
    () => ({ port: pick(random, [80, 81]), protocol: pick(random, ['TCP', 'UDP']) }),
    () => ({ port: 79, endPort: pick(random, [80, 90]), protocol: 'TCP' }),
    () => ({ port: pick(random, ['web', 'alt']), protocol: 'TCP' }),
    () => ({ protocol: pick(random, ['TCP', 'UDP']) }),
  ])();
}

function peer(random: Random): object {
  return pick<() => object>(random, [
    () => ({ podSelector: podSelector(random) }),
    () => ({ namespaceSelector: namespaceSelector(random) }),
    () => ({ podSelector: podSelector(random), namespaceSelector: namespaceSelector(random) }),
    () => ({ ipBlock: { cidr: '0.0.0.0/0', except: chance(random, 0.5) ? ['10.0.0.0/8'] : [] } }),
  ])();
}

const some = <T>(random: Random, make: (random: Random) => T, most: number): T[] =>
  Array.from({ length: Math.floor(random.next() * (most + 1)) }, () => make(random));

/** One random NetworkPolicy: selectors of every operator, ports, ranges, names, protocols, either direction. */
export function randomPolicy(random: Random, index: number): KubeObject {
  const types = pick(random, [['Ingress'], ['Egress'], ['Ingress', 'Egress']]);
  const rules = (side: string): object[] =>
    some(random, () => ({ [side]: some(random, peer, 2), ports: some(random, port, 2) }), 2);
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `policy-${index}`, namespace: pick(random, NAMESPACES) },
    spec: {
      podSelector: podSelector(random),
      policyTypes: types,
      ...(types.includes('Ingress') ? { ingress: rules('from') } : {}),
      ...(types.includes('Egress') ? { egress: rules('to') } : {}),
    },
  };
}
