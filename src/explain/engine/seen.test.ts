import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDocuments, type KubeObject } from '../../kernel/index.ts';
import type { ObservedFlow } from '../../network/index.ts';
import type { FlowQuestion, Seen } from '../model.ts';
import { journeyJson, journeyText } from '../report.ts';
import { prepare } from './prepared.ts';
import { seenOf } from './seen.ts';
import { whyFlow } from './why.ts';

const pod = (name: string, extra = ''): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop, labels: {app: ${name}}}\nspec: {${extra}containers: [{name: c, image: x, ports: [{containerPort: 8080}]}]}\n---\n`;
const OWNED = `apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c, image: x, ports: [{containerPort: 8080}]}]}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: api-7f, namespace: shop, ownerReferences: [{kind: Deployment, name: api, controller: true}]}
spec: {selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c, image: x}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: api-7f-x, namespace: shop, labels: {app: api}, ownerReferences: [{kind: ReplicaSet, name: api-7f, controller: true}]}
spec: {containers: [{name: c, image: x, ports: [{containerPort: 8080}]}]}
---
`;
const SERVICE = `apiVersion: v1\nkind: Service\nmetadata: {name: pay, namespace: shop}\nspec: {selector: {app: pay}, ports: [{port: 80, targetPort: 8080}]}\n---\n`;
const CLOSED = `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: closed, namespace: shop}\nspec: {podSelector: {matchLabels: {app: pay}}, policyTypes: [Ingress]}\n---\n`;
const OPEN = pod('web') + pod('pay') + pod('own', 'hostNetwork: true, ') + OWNED + SERVICE;

const RULE = { kind: 'NetworkPolicy', namespace: 'shop', name: 'closed', rule: '#1' };
const end = (name: string, port: number): ObservedFlow['source'] => ({
  kind: 'pod',
  address: '10.1.0.1',
  port,
  identity: 1,
  namespace: 'shop',
  pod: name,
});
const flow = (more: Partial<ObservedFlow> = {}): ObservedFlow => ({
  uuid: '0',
  time_ns: 1_700_000_000_000_000_000n,
  direction: 'ingress',
  verdict: 'forwarded',
  dropReason: 0,
  protocol: 'TCP',
  source: end('web', 40_000),
  destination: end('pay', 8080),
  by: 'default',
  node: 'n',
  ...more,
});
const DROPPED = { verdict: 'dropped', dropReason: 133 } as const;
const place = (name: string, of?: string): FlowQuestion['source'] => ({
  kind: 'named',
  namespace: 'shop',
  name,
  ...(of ? { of } : {}),
});
const QUESTION: FlowQuestion = { source: place('web'), destination: place('pay', 'Pod'), protocol: 'TCP', port: 8080 };

function ask(text: string, flows: readonly ObservedFlow[] | undefined, more: Partial<FlowQuestion> = {}): Seen {
  const prepared = prepare({
    objects: decodeDocuments(text, { file: 'm.yaml' }).value.map(document => document.value as unknown as KubeObject),
    originOf: () => undefined,
    live: true,
  });
  const question = { ...QUESTION, ...more };
  return seenOf(
    prepared,
    question,
    whyFlow(prepared, question),
    flows && { flows, seen: flows.length + 3, silent: ['n2'] },
  );
}

const counted = ({ sides }: Seen): (string | number)[][] =>
  sides.map(({ direction, verdict, count, by }) => [
    direction,
    verdict,
    count,
    by === undefined || by === 'default' ? String(by) : by.name,
  ]);

test('records of the pair that is asked about are counted by side, verdict and rule, the newest first', () => {
  const seen = ask(OPEN, [
    flow({ direction: 'egress' }),
    flow(),
    flow({ time_ns: 1_700_000_001_000_000_000n }),
    flow({ by: RULE, time_ns: 1_700_000_002_000_000_000n }),
    // Of others: another port, protocol, source, destination, and a name that is looked up.
    flow({ destination: end('pay', 81) }),
    flow({ protocol: 'UDP' }),
    flow({ source: end('other', 1) }),
    flow({ source: { kind: 'addresses', address: '10.1.0.1', port: 1, identity: 0 } }),
    flow({ destination: end('web', 8080) }),
    flow({ dns: { name: 'x', type: 'A', rcode: 0, addresses: [], ttl_s: 1 } }),
  ]);
  assert.deepEqual(counted(seen), [
    ['ingress', 'forwarded', 1, 'closed'],
    ['ingress', 'forwarded', 2, 'default'],
    ['egress', 'forwarded', 1, 'default'],
  ]);
  assert.equal(seen.sides[1]!.last_ms, 1_700_000_001_000);
  assert.deepEqual(seen.kept, { flows: 10, forgotten: 3, silent: ['n2'] });
  assert.deepEqual(seen.disagrees, []);
});

test('a Service stands for the pods behind it on their port, a Deployment for its pods, an address for itself', () => {
  const behind = ask(OPEN, [flow(), flow({ destination: end('pay', 80) })], {
    destination: place('pay', 'Service'),
    port: 80,
  });
  assert.deepEqual(counted(behind), [['ingress', 'forwarded', 1, 'default']]);
  const owned = ask(OPEN, [flow({ source: end('api-7f-x', 9) }), flow()], { source: place('api', 'Deployment') });
  assert.deepEqual(counted(owned), [['ingress', 'forwarded', 1, 'default']]);
  const outside = { kind: 'addresses', address: '2001:db8::1', port: 8080, identity: 0 } as const;
  const away = ask(OPEN, [flow({ direction: 'egress', destination: outside }), flow()], {
    destination: { kind: 'address', address: '2001:DB8:0::1' },
  });
  assert.deepEqual(counted(away), [['egress', 'forwarded', 1, 'default']]);
});

test('it disagrees where the last that was seen is not what is decided', () => {
  const words = ({ disagrees }: Seen): string => disagrees.map(({ en }) => en).join('; ');
  const later = { time_ns: 1_700_000_009_000_000_000n };
  assert.match(
    words(ask(OPEN + CLOSED, [flow()])),
    /^ingress of the destination: is refused .* passed at 2023-11-14T22:/,
  );
  assert.match(words(ask(OPEN, [flow(DROPPED)])), /is allowed .* was refused at/);
  assert.equal(words(ask(OPEN + CLOSED, [flow(DROPPED)])), '');
  assert.equal(words(ask(OPEN, [flow(DROPPED), flow(later)])), '', 'the last one counts');
  assert.match(words(ask(OPEN, [flow(), flow({ ...DROPPED, ...later })])), /was refused/);
  assert.equal(words(ask(OPEN, [flow({ verdict: 'dropped', dropReason: 160 })])), '', 'no policy refused it');
  assert.equal(words(ask(OPEN + CLOSED, [flow()], { profile: 'flannel' })), '', 'what another plugin would do');
  const request = { http: { method: 'GET', url: '/a', status: 403 } };
  assert.equal(words(ask(OPEN, [flow({ ...DROPPED, ...request })], { path: '/a' })), '', 'its headers are not told');
  assert.equal(words(ask(OPEN + CLOSED, [flow()], { path: '/a' })), '', 'a request may be refused later');
});

test('requests are counted for the question about them alone', () => {
  const asked = (method: string, url: string): ObservedFlow => flow({ http: { method, url, status: 200 } });
  const flows = [asked('GET', '/a?x=1'), asked('GET', '/b'), asked('POST', '/a')];
  assert.deepEqual(counted(ask(OPEN, flows)), []);
  assert.deepEqual(counted(ask(OPEN, flows, { path: '/a' })), [['ingress', 'forwarded', 1, 'undefined']]);
  assert.deepEqual(counted(ask(OPEN, flows, { path: '/a', http: { method: 'POST' } })).length, 1);
  assert.deepEqual(counted(ask(OPEN, flows, { path: '/a', http: { headers: { a: 'b' } } })), []);
});

test('where nothing can be told it says why', () => {
  assert.match(ask(OPEN, undefined).why!.en, /Nobody here tells of flows/);
  assert.match(ask(OPEN, [], { source: place('own') }).why!.en, /as those of the node/);
});

test('it stands under the decision as text and in JSON, in both languages', () => {
  const seen = ask(OPEN + CLOSED, [flow({ by: RULE }), flow({ ...DROPPED, time_ns: 1_600_000_000_000_000_000n })]);
  const journey = { outcome: 'deny', hops: [], seen } as const;
  assert.equal(
    journeyText(journey, 'en'),
    `DENIED
seen by the network
    ingress of the destination: connections passed: 1, by NetworkPolicy shop/closed #1, last at 2023-11-14T22:13:20.000Z
    ingress of the destination: packets refused: 1, by no policy rule, last at 2020-09-13T12:26:40.000Z
    3 older records are forgotten
    records of these nodes are missing: n2
    disagrees: ingress of the destination: is refused by what is written now, and passed at 2023-11-14T22:13:20.000Z; did policies or labels change since?`,
  );
  assert.match(journeyText(journey, 'zh'), /拒绝 1 个数据包, 依据 没有策略规则/);
  assert.match(journeyText({ ...journey, seen: ask(OPEN, []) }, 'en'), /not seen among the 0 records kept/);
  assert.match(journeyText({ ...journey, seen: ask(OPEN, undefined) }, 'en'), /^seen by the network: Nobody here/m);
  const { seen: told } = journeyJson(journey, 'en') as { seen: { sides: object[]; kept: object } };
  assert.deepEqual(told.sides[1], {
    direction: 'ingress',
    verdict: 'dropped',
    of: 'packets',
    by: { default: 'no policy rule' },
    dropReason: 133,
    count: 1,
    last: '2020-09-13T12:26:40.000Z',
  });
});
