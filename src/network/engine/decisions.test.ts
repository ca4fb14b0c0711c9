import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../base/index.ts';
import type { Identity, Policy, Protocol, Rule, RulePeer, RulePort, Selector } from '../model.ts';
import { loneAddress } from '../analysis/standings.ts';
import { Decisions } from './decisions.ts';
import { decideSlowly } from './walk.ts';

const KEYS = ['app', 'tier'];
const VALUES = ['a', 'b'];

const selector = fc.oneof(
  fc.constant<Selector>([]),
  fc
    .tuple(
      fc.constantFrom(...KEYS),
      fc.constantFrom('Equals', 'In', 'NotIn', 'Exists', 'DoesNotExist'),
      fc.constantFrom(...VALUES),
    )
    .map(
      ([key, operator, value]): Selector => [
        { key, operator: operator as Selector[number]['operator'], values: operator.includes('xist') ? [] : [value] },
      ],
    ),
);
const podPeer = fc.record({ kind: fc.constant('pods' as const), namespaces: selector, pods: selector });
const addressPeer = fc.constantFrom<RulePeer>(
  { kind: 'addresses', cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] },
  { kind: 'addresses', cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '10.2.0.0/16'] },
  { kind: 'addresses', cidr: '10.1.2.0/24', except: [] },
  { kind: 'addresses', cidr: 'fd00::/8', except: ['fd00:1::/32'] },
  { kind: 'addresses', cidr: '0.0.0.0/0', except: [], inside: true },
  { kind: 'addresses', cidr: '10.3.0.0/30', except: ['10.3.0.2/32'], inside: true },
);
const protocol = fc.constantFrom<Protocol>('TCP', 'UDP', 'SCTP');
const port = fc.oneof(
  fc
    .record({ protocol, from: fc.integer({ min: 1, max: 100 }), length: fc.integer({ min: 0, max: 50 }) })
    .map(({ protocol: name, from, length }): RulePort => ({ protocol: name, from, to: from + length })),
  fc.constant<RulePort>({ protocol: 'TCP', named: 'web' }),
);
const rule = fc.record({
  direction: fc.constantFrom('ingress' as const, 'egress' as const),
  action: fc.constantFrom('allow' as const, 'deny' as const, 'pass' as const),
  peers: fc.oneof(fc.constant('any' as const), fc.array(fc.oneof(podPeer, addressPeer), { maxLength: 2 })),
  ports: fc.oneof(fc.constant('any' as const), fc.array(port, { maxLength: 2 })),
});
const policy = fc.record({
  tier: fc.constantFrom('admin' as const, 'namespace' as const, 'baseline' as const),
  priority: fc.integer({ min: 0, max: 3 }),
  subject: podPeer,
  isolates: fc.record({ ingress: fc.boolean(), egress: fc.boolean() }),
  rules: fc.array(rule, { maxLength: 3 }),
});

const toPolicy = (raw: Parameters<Parameters<typeof policy.map>[0]>[0], index: number): Policy => ({
  ...raw,
  kind: 'Policy',
  name: `p${index}`,
  isolates: raw.tier === 'namespace' ? raw.isolates : { ingress: false, egress: false },
  rules: raw.rules.map(
    (entry, place): Rule => ({
      ...entry,
      action: raw.tier === 'namespace' && entry.action === 'pass' ? 'allow' : entry.action,
      name: `#${place}`,
      path: `/${place}`,
    }),
  ),
  unmodelled: [],
});

const POD = (app: string, tier: string, ns: string, address: string): Identity => ({
  kind: 'pod',
  namespace: ns,
  labels: new Map([['app', app], ...(tier ? [['tier', tier] as [string, string]] : [])]),
  namespaceLabels: new Map([['app', ns]]),
  ports: [{ name: 'web', protocol: 'TCP', port: 8 }],
  own: loneAddress(address),
});
const PODS = [
  POD('a', 'a', 'a', '10.3.0.1'),
  POD('a', 'b', 'b', '10.3.0.2'),
  POD('b', '', 'a', '10.4.0.1'),
  POD('b', 'a', 'b', 'fd00:3::1'),
];
const ADDRESSES = ['9.9.9.9', '10.0.0.1', '10.1.0.1', '10.1.2.3', '10.2.0.1', 'fd00::1', 'fd00:1::1', '2001:db8::1'];

/** A single address as the slow twin sees it. */
function lone(text: string): Identity {
  const decisions = new Decisions();
  const cidr = text.includes(':') ? `${text}/128` : `${text}/32`;
  const bare: Policy = {
    kind: 'Policy',
    name: 'x',
    tier: 'namespace',
    priority: 0,
    subject: { kind: 'pods', namespaces: [], pods: [] },
    isolates: { ingress: true, egress: true },
    unmodelled: [],
    rules: [
      {
        direction: 'ingress',
        action: 'allow',
        name: '#1',
        path: '/',
        ports: 'any',
        peers: [{ kind: 'addresses', cidr, except: [] }],
      },
    ],
  };
  decisions.setPolicy('x', bare);
  return decisions.identity(decisions.addressIdentity(text))!;
}

test('compiled decisions equal the obvious ones, through every order of changes', () => {
  fc.assert(
    fc.property(fc.array(policy, { minLength: 1, maxLength: 5 }), fc.integer(), (raw, seed) => {
      const random = seededRandom(seed);
      const policies = raw.map(toPolicy);
      const decisions = new Decisions();
      const early = PODS.slice(0, 2);
      early.forEach((identity, index) => decisions.setIdentity(`pod${index}`, identity));
      const extra = { ...policies[0]!, name: 'gone' };
      decisions.setPolicy('gone', extra);
      for (const [index, entry] of policies.entries()) decisions.setPolicy(`p${index}`, entry);
      PODS.slice(2).forEach((identity, index) => decisions.setIdentity(`pod${index + 2}`, identity));
      // A question before the change: what is remembered must not outlive it.
      decisions.decide(decisions.numberOf('pod0'), decisions.numberOf('pod1'), 'TCP', 8);
      decisions.removePolicy('gone');
      const peers = [
        ...PODS.map((identity, index) => ({ identity, number: decisions.numberOf(`pod${index}`) })),
        ...ADDRESSES.map(text => ({ identity: lone(text), number: decisions.addressIdentity(text) })),
      ];
      for (const direction of ['ingress', 'egress'] as const) {
        for (const subject of peers.slice(0, PODS.length)) {
          const parts = decisions.partition(direction, subject.number)!;
          for (const { number } of peers) {
            const table = decisions.table(direction, subject.number, number);
            assert.equal(parts.others.get(number) ?? parts.anyone, table);
          }
        }
      }
      for (let i = 0; i < 20; i++) {
        const subject = peers[Math.floor(random.next() * PODS.length)]!;
        const peer = peers[Math.floor(random.next() * peers.length)]!;
        const direction = random.next() < 0.5 ? 'ingress' : 'egress';
        const asked = (['TCP', 'UDP', 'SCTP'] as const)[Math.floor(random.next() * 3)]!;
        const number = 1 + Math.floor(random.next() * 160);
        const slow = decideSlowly(policies, {
          direction,
          subject: subject.identity,
          peer: peer.identity,
          protocol: asked,
          port: number,
        });
        assert.equal(decisions.allows(direction, subject.number, peer.number, asked, number), slow.allowed);
      }
    }),
    { numRuns: 300 },
  );
});
