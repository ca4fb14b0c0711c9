import { seededRandom } from '../../base/index.ts';
import type { Identity, Policy } from '../model.ts';
import { Decisions } from './decisions.ts';

/** Policies that each select some 5 of the pods, with pod and address peers. */
export function syntheticPolicy(index: number, pods: number): Policy {
  const app = `app-${index % Math.max(1, Math.floor(pods / 5))}`;
  const other = `app-${(index * 7 + 3) % Math.max(1, Math.floor(pods / 5))}`;
  return {
    kind: 'NetworkPolicy',
    namespace: `ns-${index % 100}`,
    name: `policy-${index}`,
    tier: 'namespace',
    priority: 0,
    subject: { kind: 'pods', namespaces: [], pods: [{ key: 'app', operator: 'Equals', values: [app] }] },
    isolates: { ingress: true, egress: false },
    unmodelled: [],
    rules: [
      {
        direction: 'ingress',
        action: 'allow',
        name: '#1',
        path: '/spec/ingress/0',
        peers: [
          { kind: 'pods', namespaces: [], pods: [{ key: 'app', operator: 'Equals', values: [other] }] },
          { kind: 'addresses', cidr: `10.${index % 250}.0.0/16`, except: [] },
        ],
        ports: [{ protocol: 'TCP', from: 8000 + (index % 100), to: 8080 + (index % 100) }],
      },
    ],
  };
}

export function syntheticPod(index: number, pods: number): Identity {
  const app = `app-${index % Math.max(1, Math.floor(pods / 5))}`;
  return {
    kind: 'pod',
    namespace: `ns-${index % 100}`,
    labels: new Map([
      ['app', app],
      ['pod', `pod-${index}`],
    ]),
    namespaceLabels: new Map([['kubernetes.io/metadata.name', `ns-${index % 100}`]]),
    ports: [],
  };
}

/** Compiles, updates and decides; times in the units their names say. */
export function measureDecisions(count: number, now: () => number): Record<string, number> {
  const decisions = new Decisions();
  const start = now();
  for (let i = 0; i < count; i++) decisions.setIdentity(`pod-${i}`, syntheticPod(i, count));
  for (let i = 0; i < count; i++) decisions.setPolicy(`policy-${i}`, syntheticPolicy(i, count));
  // Fifty real pods: their verdicts about everyone.
  for (let i = 0; i < 50; i++) {
    const subject = decisions.numberOf(`pod-${i}`);
    for (const peer of decisions.pods()) decisions.table('ingress', subject, peer);
  }
  const compile_ms = now() - start;
  const updateStart = now();
  decisions.setPolicy('policy-7', { ...syntheticPolicy(7, count), isolates: { ingress: true, egress: true } });
  const update_ms = now() - updateStart;
  const random = seededRandom(1);
  const flows = Array.from({ length: 4096 }, () => [
    decisions.numberOf(`pod-${Math.floor(random.next() * count)}`),
    decisions.numberOf(`pod-${Math.floor(random.next() * 50)}`),
  ]) as [number, number][];
  for (const [source, destination] of flows) decisions.decide(source, destination, 'TCP', 8010);
  const decideStart = now();
  let allowed = 0;
  for (let round = 0; round < 100; round++) {
    for (const [source, destination] of flows) if (decisions.decide(source, destination, 'TCP', 8010)) allowed++;
  }
  const decide_us = ((now() - decideStart) * 1000) / (100 * flows.length);
  return { compile_ms, update_ms, decide_us, allowed };
}
