import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSigningRequest } from '../../api/index.ts';
import type { kinds, KubeObject } from '../../kernel/index.ts';
import { addressPlan, checkServiceRanges, parsePlan } from './addresses.ts';
import { parseJoinToken } from './join-token.ts';
import { nextRanges } from './pod-ranges.ts';
import { mayServe } from './serving-approval.ts';

const hash = 'a'.repeat(64);
const tokens: readonly (readonly [string, boolean])[] = [
  [`abcdef.0123456789abcdef.${hash}`, true],
  [` abcdef.0123456789abcdef.${hash}\n`, true],
  ['abcdef.0123456789abcdef', false],
  [`ABCDEF.0123456789abcdef.${hash}`, false],
  [`abcdef.0123456789abcdef.${hash}0`, false],
  ['', false],
];
for (const [text, good] of tokens)
  test(`join token ${JSON.stringify(text)} is ${good ? 'read' : 'refused'}`, () => {
    if (good) assert.equal(parseJoinToken(text).bearer, 'abcdef.0123456789abcdef');
    else assert.throws(() => parseJoinToken(text), /Cannot join with this token/);
  });

test('ranges are given out from the lowest, again when free, until none is left', () => {
  assert.deepEqual(nextRanges(['10.70.0.0/16'], new Set()), ['10.70.0.0/24']);
  assert.deepEqual(nextRanges(['10.70.0.0/16'], new Set(['10.70.0.0/24', '10.70.2.0/24'])), ['10.70.1.0/24']);
  const both = ['10.70.0.0/16', 'fd74:656e:6f6e:600::/56'];
  assert.deepEqual(nextRanges(both, new Set(['10.70.0.0/24', 'fd74:656e:6f6e:601::/64'])), [
    '10.70.2.0/24',
    'fd74:656e:6f6e:602::/64',
  ]);
  const all = new Set(Array.from({ length: 256 }, (_, i) => `10.70.${i}.0/24`));
  assert.equal(nextRanges(['10.70.0.0/16'], all), undefined);
});

test('a plan is read as it was told, and nothing else', () => {
  const plan = addressPlan('0a1b2c3d');
  const dual = addressPlan('0a1b2c3d', ['10.9.0.0/24', 'fd00:9::/112']);
  assert.deepEqual(dual.dns, ['10.9.0.10', 'fd00:9::a']);
  for (const told of [plan, dual]) assert.deepEqual(parsePlan(JSON.parse(JSON.stringify(told))), told);
  for (const wrong of [
    null,
    {},
    { ...plan, dns: ['x'] },
    { ...plan, podCidrs: ['10.0.0.0'] },
    { ...plan, serviceCidrs: 1 },
  ])
    assert.throws(() => parsePlan(wrong), /address plan has no/);
});

test('ranges of an operator are taken where services and cluster DNS find room in them', () => {
  for (const good of [['10.9.0.0/24'], ['10.96.0.0/12'], ['10.9.0.0/16', 'fd00:9::/112']])
    checkServiceRanges(good, '0a1b2c3d');
  for (const wrong of [
    ['fd00:9::/112'],
    ['10.9.0.0/16', '10.10.0.0/16'],
    ['10.9.0.0/16', 'fd00:9::/48'],
    ['10.9.0.1/16'],
    ['10.0.0.0/8'],
    ['10.9.0.0/28'],
    ['10.125.7.0/24'],
    ['10.112.0.0/12'],
    ['x'],
  ])
    assert.throws(() => checkServiceRanges(wrong, '0a1b2c3d'), /Services cannot have addresses of/, wrong.join());
});

const node: kinds.Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'two' },
  status: {
    addresses: [
      { type: 'InternalIP', address: '192.0.2.2' },
      { type: 'Hostname', address: 'two' },
    ],
  },
};
interface Asked {
  readonly commonName?: string;
  readonly addresses?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly username?: string;
  readonly groups?: readonly string[];
  readonly signerName?: string;
}
const asked = (one: Asked): kinds.CertificateSigningRequest & KubeObject => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name: 'csr' },
  spec: {
    signerName: one.signerName ?? 'kubernetes.io/kubelet-serving',
    username: one.username ?? 'system:node:two',
    groups: [...(one.groups ?? ['system:nodes', 'system:authenticated'])],
    usages: ['digital signature', 'server auth'],
    request: btoa(
      makeSigningRequest({
        commonName: one.commonName ?? 'system:node:two',
        organizations: ['system:nodes'],
        addresses: one.addresses ?? ['192.0.2.2'],
        dnsNames: one.dnsNames ?? ['two'],
      }).request,
    ),
  },
});
const requests: readonly (readonly [string, Asked, boolean])[] = [
  ['its own address', {}, true],
  ['an address of another', { addresses: ['192.0.2.1'] }, false],
  ['one of its own and one more', { addresses: ['192.0.2.2', '192.0.2.1'] }, false],
  ['a name of another', { dnsNames: ['kubernetes.default.svc'] }, false],
  ['the name of another node', { commonName: 'system:node:one' }, false],
  ['as another user', { username: 'system:node:one' }, false],
  ['as no node', { groups: ['system:authenticated'] }, false],
  ['from another signer', { signerName: 'kubernetes.io/kube-apiserver-client' }, false],
];
for (const [what, one, approved] of requests)
  test(`a serving certificate for ${what} is ${approved ? '' : 'not '}approved`, () => {
    assert.equal(mayServe(asked(one), node), approved);
    assert.equal(mayServe(asked(one), undefined), false);
  });
