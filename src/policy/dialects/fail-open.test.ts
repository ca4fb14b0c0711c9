import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDocuments, type KubeObject } from '../../kernel/index.ts';
import { failsOpen } from './fail-open.ts';

const VAP = (policy: string): string =>
  `apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: p}\nspec: {failurePolicy: ${policy}}\n`;
const BINDING = (action: string): string =>
  `---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {name: b}\nspec: {policyName: p, paramRef: {name: x, parameterNotFoundAction: ${action}}}\n`;
const HOOKS = (policy: string): string =>
  `apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: w}\nwebhooks: [{name: a, failurePolicy: Fail}, {name: b, failurePolicy: ${policy}}]\n`;
const RULES = (policy: string): string =>
  `apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: k}\nspec: {webhookConfiguration: {failurePolicy: ${policy}}}\n`;
const TEMPLATE = (policy: string): string =>
  `apiVersion: templates.gatekeeper.sh/v1\nkind: ConstraintTemplate\nmetadata: {name: t}\nspec: {targets: [{code: [{source: {failurePolicy: ${policy}}}]}]}\n`;

for (const [name, documents, pointers] of [
  ['a policy that ignores, and nobody binds', VAP('Ignore'), ['/spec/failurePolicy', '']],
  ['a binding without its parameter', VAP('Fail') + BINDING('Allow'), ['/spec/paramRef/parameterNotFoundAction']],
  ['a policy and its binding that fail closed', VAP('Fail') + BINDING('Deny'), []],
  ['one webhook of two', HOOKS('Ignore'), ['/webhooks/1/failurePolicy']],
  ['webhooks that fail closed', HOOKS('Fail'), []],
  ['rules that ignore', RULES('Ignore'), ['/spec/webhookConfiguration/failurePolicy']],
  ['rules that fail closed', RULES('Fail'), []],
  ['a template that ignores', TEMPLATE('Ignore'), ['/spec/targets/0/code/0/source/failurePolicy']],
  ['a template that fails closed', TEMPLATE('Fail'), []],
  ['what is no policy', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nspec: {failurePolicy: Ignore}\n', []],
] as const)
  test(`fails open: ${name}`, () => {
    const objects = decodeDocuments(documents, { file: 'p.yaml' }).value.map(
      each => each.value as unknown as KubeObject,
    );
    assert.deepEqual(
      failsOpen(objects).map(({ pointer }) => pointer),
      pointers,
    );
  });
