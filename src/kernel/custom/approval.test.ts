import assert from 'node:assert/strict';
import test from 'node:test';
import { approvalOf } from './approval.ts';
import { checkDefinition } from './check.ts';
import type { CustomResourceDefinition } from './document.ts';
import { wantedStatus } from './names.ts';

const definition = (approved?: string): CustomResourceDefinition => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: 'aas.x.k8s.io',
    ...(approved === undefined ? {} : { annotations: { 'api-approved.kubernetes.io': approved } }),
  },
  spec: {
    group: 'x.k8s.io',
    scope: 'Namespaced',
    names: { plural: 'aas', singular: 'aa', kind: 'AA', listKind: 'AAList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
});
const causes = (crd: CustomResourceDefinition, old?: CustomResourceDefinition): readonly (string | undefined)[] =>
  checkDefinition(crd, old, undefined).map(({ field }) => field);

test('only groups of the Kubernetes community are approved', () => {
  assert.equal(approvalOf('wgpolicyk8s.io', {}), undefined);
  assert.equal(approvalOf('example.com', {}), undefined);
  assert.equal(approvalOf('k8s.io', {})?.reason, 'MissingAnnotation');
  assert.equal(approvalOf('a.kubernetes.io', {})?.reason, 'MissingAnnotation');
});

test('what nobody approved is not taken, and what was taken may stay', () => {
  const field = 'metadata.annotations[api-approved.kubernetes.io]';
  assert.deepEqual(causes(definition()), [field]);
  assert.deepEqual(causes(definition('yes')), [field]);
  assert.deepEqual(causes(definition('unapproved, a trial')), []);
  assert.deepEqual(causes(definition('https://example.com/1')), []);
  assert.deepEqual(causes(definition(), definition()), []);
  assert.deepEqual(causes(definition(), definition('https://example.com/1')), [field]);
});

test('a condition tells of the approval', () => {
  const told = (approved: string): unknown => {
    const { conditions = [] } = wantedStatus(definition(approved), [], 0);
    const { type, status, reason, message } = conditions.at(-1)!;
    return [type, status, reason, message];
  };
  const type = 'KubernetesAPIApprovalPolicyConformant';
  assert.deepEqual(told('https://example.com/1'), [
    type,
    'True',
    'ApprovedAnnotation',
    'approved in https://example.com/1',
  ]);
  assert.deepEqual(told('unapproved'), [type, 'False', 'UnapprovedAnnotation', 'not approved: "unapproved"']);
});
