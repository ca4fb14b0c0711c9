import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDocuments, type KubeObject } from '../../kernel/index.ts';
import type { Documents } from '../model.ts';
import { overlay } from './overlay.ts';
import { plan } from './plan.ts';

const documents = (text: string): Documents => ({
  objects: decodeDocuments(text, { file: 'm.yaml' }).value.map(document => document.value as unknown as KubeObject),
  originOf: () => undefined,
});
const NAMESPACE = (labels = ''): string =>
  `apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {team: a${labels}}}\n---\n`;
const DEPLOYMENT = (name: string, replicas = 1, image = 'x:1'): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}, namespace: a}\nspec:\n  replicas: ${replicas}\n  selector: {matchLabels: {app: ${name}}}\n  template:\n    metadata: {labels: {app: ${name}}}\n    spec: {containers: [{name: c, image: "${image}"}]}\n---\n`;
const BASE = NAMESPACE() + ['one', 'two', 'three'].map(name => DEPLOYMENT(name)).join('');
const DENY = (app: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny-${app}, namespace: a}\nspec: {podSelector: {matchLabels: {app: ${app}}}}\n---\n`;

test('flows are products of sets, not pairs', () => {
  const { newlyDenied } = plan(documents(BASE), documents(BASE + DENY('two')));
  assert.deepEqual(
    newlyDenied.map(({ sources, destinations }) => [sources, destinations]),
    [[['a/*', '0.0.0.0-255.255.255.255[External]'], ['a/two[Deployment]']]],
  );
});

test('networks of an administrator stop pods too; where only some addresses are meant, verdicts are not exact', () => {
  const admin = (networks: string): string =>
    `apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: nets}\nspec: {priority: 1, subject: {namespaces: {matchLabels: {team: a}}}, egress: [{name: all, action: Deny, to: [{networks: ["${networks}"]}]}]}\n---\n`;
  const all = plan(documents(BASE), documents(BASE + admin('0.0.0.0/0')));
  assert.deepEqual(
    all.newlyDenied.map(({ sources, destinations }) => [sources, destinations]),
    [[['a/*'], ['a/*', '0.0.0.0-255.255.255.255[External]']]],
  );
  assert.deepEqual(all.unknown, []);
  const some = plan(documents(BASE), documents(BASE + admin('10.0.0.0/8')));
  assert.deepEqual(
    some.becameUnknown.map(({ fault, workloads }) => [fault.code, workloads.length]),
    [['network/pod-address-needed', 3]],
  );
});

test('pods that the level of their namespace now refuses', () => {
  const strict = NAMESPACE(', pod-security.kubernetes.io/enforce: restricted') + BASE.slice(NAMESPACE().length);
  const { admission } = plan(documents(BASE), documents(strict));
  assert.deepEqual(
    admission.map(({ workload, change, before, after }) => [workload, change, before, after]),
    ['one', 'two', 'three'].map(name => [`a/${name}[Deployment]`, 'rejected', 'allow', 'deny']),
  );
  assert.deepEqual(
    plan(documents(strict), documents(BASE)).admission.map(({ change }) => change),
    ['admitted', 'admitted', 'admitted'],
  );
});

test('objects that are there and violate a new policy, also one that only notes it', () => {
  const policy = (action: string): string => `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: owners}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}]}
  validations: [{expression: "has(object.metadata.labels) && 'owner' in object.metadata.labels", message: no owner}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: owners}
spec: {policyName: owners, validationActions: [${action}]}
---
`;
  const map = (name: string, labels: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: a, labels: {${labels}}}\n---\n`;
  const maps = map('bare', '') + map('owned', 'owner: me');
  const before = documents(NAMESPACE() + maps);
  const told = (live: boolean, action: string, more = '') =>
    plan({ ...before, live }, { ...documents(NAMESPACE() + maps + more + policy(action)), live }).violations.map(
      ({ kind, namespace, name, action: does, message }) => [kind, namespace, name, does, message],
    );
  assert.deepEqual(told(false, 'Audit'), [['ConfigMap', 'a', 'bare', 'audit', 'no owner']]);
  assert.deepEqual(told(true, 'Deny', map('new', '')), [['ConfigMap', 'a', 'bare', 'deny', 'no owner']]);
  const enforced = plan(
    documents(NAMESPACE() + maps + policy('Audit')),
    documents(NAMESPACE() + maps + policy('Deny')),
  );
  assert.deepEqual(
    enforced.violations.map(({ name, action }) => [name, action]),
    [['bare', 'deny']],
    'a rule that begins to enforce is news',
  );
});

test('pods that defaults of their namespace now change', () => {
  const range =
    'apiVersion: v1\nkind: LimitRange\nmetadata: {name: r, namespace: a}\nspec: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}\n---\n';
  const [first] = plan(documents(BASE), documents(BASE + range)).admission;
  assert.equal(first?.change, 'mutated');
  assert.ok(
    first?.paths.some(path => path.startsWith('/spec/containers/0/resources')),
    String(first?.paths),
  );
});

test('quotas and replicas', () => {
  const quota =
    'apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: a}\nspec: {hard: {pods: "4"}}\n---\n';
  const result = plan(documents(BASE + quota), documents(BASE.replace('replicas: 1', 'replicas: 3') + quota));
  assert.deepEqual(result.replicas, [{ workload: 'a/one[Deployment]', before: 1, after: 3 }]);
  assert.deepEqual(result.quotas, [
    { quota: 'a/q', resource: 'pods', hard: '4', before: '3', after: '5', exceeded: true },
  ]);
});

test('verdicts that are not exact any more', () => {
  const mesh =
    'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: m, namespace: a}\nspec: {}\n---\n';
  const { becameUnknown } = plan(documents(BASE), documents(BASE + mesh));
  assert.deepEqual(
    becameUnknown.map(({ workloads, fault }) => [workloads.length, fault.code]),
    [[3, 'explain/unbuilt-layer']],
  );
  assert.deepEqual(plan(documents(BASE + mesh), documents(BASE + mesh)).becameUnknown, []);
});

test('what is likely not meant is told of what is new', () => {
  const policy = (selector: string, block: string): string =>
    `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: a}\nspec: {podSelector: {matchLabels: {app: ${selector}}}, ingress: [{from: [${block}]}]}\n---\n`;
  const warnings = (text: string): string[] =>
    plan(documents(BASE), documents(BASE + text)).warnings.map(({ text: { en } }) => en);
  assert.deepEqual(warnings(policy('one', '{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}')), []);
  assert.deepEqual(warnings(policy('onne', '{podSelector: {matchLabels: {app: twoo}}}')), [
    'It selects no pod',
    'The peer selects no pod',
  ]);
  assert.deepEqual(warnings(policy('one', '{ipBlock: {cidr: 10.0.0.0/8}}, {ipBlock: {cidr: 10.2.0.0/16}}')), [
    '10.2.0.0/16 overlaps 10.0.0.0/8: an exception of one does not bind the other',
  ]);
  assert.deepEqual(warnings(policy('one', '{ipBlock: {cidr: 10.0.0.1/8, except: [11.0.0.0/16]}}')), [
    '10.0.0.1/8 has bits behind its prefix',
    '11.0.0.0/16 is not inside 10.0.0.1/8',
  ]);
  assert.deepEqual(warnings(DENY('one').replace('namespace: a', 'namespace: nowhere')), [
    'Namespace nowhere is not among the documents',
    'It selects no pod',
  ]);
});

test('against a cluster only what is written counts', () => {
  const live: Documents = { ...documents(BASE), live: true };
  const filled = live.objects.map(object => ({
    ...object,
    status: { x: 1 },
    metadata: { ...object.metadata, uid: 'u' },
  }));
  const cluster = { ...live, objects: filled };
  assert.deepEqual(plan(cluster, overlay(cluster, documents(DEPLOYMENT('one')))).objects, []);
  const { objects } = plan(cluster, overlay(cluster, documents(DEPLOYMENT('one', 2) + DENY('two'))));
  assert.deepEqual(
    objects.map(({ change, name, paths }) => [change, name, paths]),
    [
      ['changed', 'one', ['/spec/replicas']],
      ['added', 'deny-two', []],
    ],
  );
});
