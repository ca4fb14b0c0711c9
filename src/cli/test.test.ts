import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { main } from './main.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenon-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const write = (name: string, text: string): void => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
};

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: pay, namespace: shop}
spec:
  selector: {matchLabels: {app: pay}}
  template:
    metadata: {labels: {app: pay}}
    spec: {containers: [{name: pay, image: "pay:1", ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: pay, namespace: shop}
spec: {selector: {app: pay}, ports: [{port: 80, targetPort: http}]}
`;
const GATE = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: owners}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE]}]
  validations:
    - {expression: "has(object.metadata.labels) && 'owner' in object.metadata.labels", message: no owner}
    - {expression: "object.metadata.name != 'forbidden'", message: bad name}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: owners}
spec: {policyName: owners, validationActions: [Deny]}
---
apiVersion: v1
kind: LimitRange
metadata: {name: defaults, namespace: shop}
spec: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: edge, namespace: shop}
spec:
  rules:
    - host: shop.example.test
      http: {paths: [{path: /pay, pathType: Prefix, backend: {service: {name: pay, port: {number: 80}}}}]}
`;
const POD =
  '{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {owner: me}}, spec: {containers: [{name: c, image: "x:1"}]}}';
const CASES = `apiVersion: tenon.dev/v1
kind: Test
spec:
  cases:
    - {name: pods need owners, admit: deploy/shop/pay, expect: deny, message: no owner}
    - {name: with an owner it comes in, admit: ${POD}, expect: allow}
    - {name: requests are set, mutate: ${POD}, set: {/spec/containers/0/resources/requests/cpu: 100m}}
    - {name: payments by path, route: shop.example.test/pay/1, expect: 'shop/pay:80'}
    - {name: nothing else, route: shop.example.test/cart, expect: notFound}
`;
const REGO = `package shop
import rego.v1
allow if input.user == "me"
test_me if { allow with input as {"user": "me"} }
test_wrong if { allow with input as {"user": "you"} }
todo_test_later if { true }
`;
const SUITE = `kind: Suite
apiVersion: test.gatekeeper.sh/v1alpha1
metadata: {name: owners}
tests:
  - name: owners
    template: template.yaml
    constraint: constraint.yaml
    cases:
      - {name: none, object: none.yaml, assertions: [{violations: yes}]}
`;
const TEMPLATE = `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: owner}
spec:
  crd: {spec: {names: {kind: Owner}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package owner
        violation[{"msg": "no owner"}] { not input.review.object.metadata.labels.owner }
`;
const CONSTRAINT = `apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Owner
metadata: {name: owner}
spec: {match: {kinds: [{apiGroups: [""], kinds: [ConfigMap]}]}}
`;
const KYVERNO = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: team}
spec:
  rules:
    - name: team
      match: {any: [{resources: {kinds: [ConfigMap]}}]}
      validate: {failureAction: Audit, message: no team, pattern: {metadata: {labels: {team: "?*"}}}}
`;
const KYVERNO_TEST = `apiVersion: cli.kyverno.io/v1alpha1
kind: Test
metadata: {name: team}
policies: [policy.yaml]
resources: [resource.yaml]
results:
  - {policy: team, rule: team, kind: ConfigMap, resources: [plain], result: fail}
`;
const PROMTOOL = `rule_files: [rules.yml]
evaluation_interval: 1m
tests: []
`;
const MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain, namespace: lab}\n';

async function run(...words: string[]): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const terminal = {
    language: 'en',
    color: false,
    out: (text: string) => void lines.push(text),
    err: () => undefined,
  } as const;
  return { code: await main(['test', folder, ...words], terminal), lines };
}

test('assertions of every kind, and the test files of other tools', async () => {
  write('app.yaml', DEPLOYMENT);
  write('gate.yaml', GATE);
  write('cases.yaml', CASES);
  write('rego/shop_test.rego', REGO);
  write('gator/suite.yaml', SUITE);
  write('gator/template.yaml', TEMPLATE);
  write('gator/constraint.yaml', CONSTRAINT);
  write('gator/none.yaml', MAP);
  write('kyverno/kyverno-test.yaml', KYVERNO_TEST);
  write('kyverno/policy.yaml', KYVERNO);
  write('kyverno/resource.yaml', MAP);
  write('alerts/alerts_test.yml', PROMTOOL);
  const { code, lines } = await run('-o', 'json');
  const { cases, native } = JSON.parse(lines[0]!) as {
    cases: { name: string; passed: boolean; got: string }[];
    native: { tool: string; name: string; result: string; reason?: string }[];
  };
  assert.deepEqual(
    cases.filter(({ passed }) => !passed),
    [],
  );
  assert.equal(cases.length, 5);
  assert.deepEqual(
    native.map(({ tool, name, result }) => [tool, name, result]),
    [
      ['promtool', 'alerts_test.yml', 'skipped'],
      ['gator', 'owners/none', 'passed'],
      ['kyverno', 'team/team ConfigMap plain', 'passed'],
      ['opa', 'data.shop.test_me', 'passed'],
      ['opa', 'data.shop.test_wrong', 'failed'],
      ['opa', 'data.shop.todo_test_later', 'skipped'],
    ],
  );
  assert.equal(native[0]!.reason, 'needs telemetry');
  assert.equal(code, 1);
  const told = await run();
  assert.equal(told.lines.at(-1), '8 passed, 1 failed, 2 skipped');
});

test('JUnit and TAP tell failures and what was skipped', async () => {
  const file = join(folder, 'out.xml');
  const { lines } = await run('-o', 'tap', '--junit', file);
  assert.match(lines[0]!, /^TAP version 14\n1\.\.11\nok 1 - pods need owners\n/);
  assert.match(lines[0]!, /\nok 6 - alerts_test\.yml # SKIP needs telemetry\n/);
  assert.match(lines[0]!, /\nnot ok 10 - data\.shop\.test_wrong\n/);
  const xml = readFileSync(file, 'utf8');
  assert.match(xml, /<testsuite name="tenon" tests="11" failures="1" errors="0" skipped="2">/);
  assert.match(xml, /<skipped message="needs telemetry"\/>/);
});

test('a rule of a gate that no case would miss is told', async () => {
  const { lines } = await run('--mutate');
  const unpinned = lines.filter(line => line.startsWith('UNPINNED'));
  assert.ok(
    unpinned.some(line => line.includes('ValidatingAdmissionPolicy owners #2')),
    unpinned.join('\n'),
  );
  assert.ok(!unpinned.some(line => line.includes('ValidatingAdmissionPolicy owners #1')), unpinned.join('\n'));
  assert.ok(!unpinned.some(line => line.includes('Ingress')), unpinned.join('\n'));
});

test('a folder without tests is a fault', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'tenon-test-'));
  const terminal = { language: 'en', color: false, out: () => undefined, err: () => undefined } as const;
  assert.equal(await main(['test', empty], terminal), 2);
  rmSync(empty, { recursive: true });
});
