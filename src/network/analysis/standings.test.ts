import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Policy, Rule } from '../model.ts';
import { hangingRules } from './standings.ts';

const ruleOn = (...cidrs: string[]): Rule => ({
  direction: 'egress',
  action: 'allow',
  name: cidrs[0]!,
  path: '/spec/egress/0',
  peers: cidrs.map(cidr => ({ kind: 'addresses', cidr, except: [], inside: true })),
  ports: 'any',
});
const policyOf = (rule: Rule): Policy => ({ rules: [rule] }) as unknown as Policy;
const hangs = (rule: Rule): boolean => hangingRules(policyOf(rule)).length > 0;

test('a rule hangs on the address of a pod where it selects some of those a pod may have, or more kinds than are told apart', () => {
  assert.equal(hangs(ruleOn('0.0.0.0/0')), false, 'every address');
  assert.equal(hangs(ruleOn('203.0.113.0/24')), false, 'none a pod has');
  assert.equal(hangs(ruleOn('10.1.0.0/16')), true, 'some');
  // The first 512 kinds are all selected; those of 192.168.0.0/16 come after them and are not.
  const hosts = Array.from({ length: 600 }, (_, i) => `10.${i >> 8}.${i & 255}.1/32`);
  assert.equal(hangs(ruleOn('10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', ...hosts)), true, 'more than told apart');
});
