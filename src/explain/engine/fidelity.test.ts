import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldFidelity } from '../../base/index.ts';
import { explainPorts } from '../../hosts/node/explain-ports.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { fieldsUsed } from './fidelity.ts';

const LEDGER: readonly FieldFidelity[] = [
  { kind: 'NetworkPolicy', path: 'spec.podSelector', level: 'enforced' },
  { kind: 'NetworkPolicy', path: 'spec.ingress[].ports[].port', level: 'enforced' },
  { kind: 'NetworkPolicy', path: 'spec.egress[].to[].ipBlock', level: 'enforced' },
  { kind: 'Service', path: 'spec.ports[]', level: 'enforced' },
];

test('only rows of fields that an object has are told', () => {
  const spec = { podSelector: {}, ingress: [{ ports: [{ port: 80 }] }] };
  const object = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'a' }, spec };
  assert.deepEqual(
    fieldsUsed(LEDGER, object as KubeObject).map(({ path }) => path),
    ['spec.podSelector', 'spec.ingress[].ports[].port'],
  );
});

test('the ledgers of every dialect are read', () => {
  const rows = explainPorts(new URL('../../..', import.meta.url).pathname).ledger!();
  const kinds = new Set(rows.map(({ kind }) => kind));
  for (const kind of ['NetworkPolicy', 'CiliumNetworkPolicy', 'ClusterPolicy', 'HTTPRoute'])
    assert.ok(kinds.has(kind), kind);
  assert.ok(rows.length > 100);
});
