import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { main } from './main.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenon-test-scenarios-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const APP = `apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "shop/web:1", ports: [{containerPort: 8080}]}]}
`;
const scenario = (name: string, expect: string): string => `apiVersion: tenon.dev/v1
kind: Scenario
metadata: {name: ${name}}
spec:
  until: 10m
  steps:
    - apply: ../app
    - expect: deployments['shop/web'].ready == 2
      within: 1m
      name: web is there
    - at: 5m
      expect: ${expect}
`;
mkdirSync(join(folder, 'app'));
mkdirSync(join(folder, 'tests'));
writeFileSync(join(folder, 'app/web.yaml'), APP);
writeFileSync(
  join(folder, 'tests/two.yaml'),
  `${scenario('one', 'pods.running == 2')}---\n${scenario('two', 'pods.running == 3')}`,
);
writeFileSync(
  join(folder, 'tests/cases.yaml'),
  'apiVersion: tenon.dev/v1\nkind: Test\nmetadata: {name: x}\nspec: {cases: [{from: shop/web, to: "shop/web:8080", expect: allow}]}\n',
);

async function run(...words: string[]): Promise<{ code: number; lines: string[]; errors: string[] }> {
  const lines: string[] = [];
  const errors: string[] = [];
  const terminal = {
    language: 'en',
    color: false,
    out: (text: string) => void lines.push(text),
    err: (text: string) => void errors.push(text),
  } as const;
  return { code: await main(['test', folder, ...words], terminal), lines, errors };
}

test('scenarios beside the manifests are run, each expectation is a case', async () => {
  const { code, lines } = await run();
  assert.equal(code, 1);
  assert.match(lines[0]!, /^FAIL \S*tests\/two\.yaml:25:15 pods\.running == 3: at 5m: pods\.running=2$/);
  assert.equal(lines.at(-1), '4 passed, 1 failed, 0 skipped');
});

test('they stand in every form of report', async () => {
  const { lines } = await run('-o', 'tap');
  assert.match(lines[0]!, /1\.\.5\n/);
  assert.match(lines[0]!, /not ok 5 - pods\.running == 3\n/);
  const junit = (await run('-o', 'junit')).lines[0]!;
  assert.match(junit, /<testcase classname="tests\/two\.yaml one" name="web is there">/);
  const json = JSON.parse((await run('-o', 'json')).lines[0]!) as {
    scenarios: { scenario: string; passed: boolean; hash: string }[];
  };
  assert.deepEqual(
    json.scenarios.map(({ scenario: name, passed }) => [name, passed]),
    [
      ['one', true],
      ['one', true],
      ['two', true],
      ['two', false],
    ],
  );
  assert.match(json.scenarios[0]!.hash, /^[0-9a-f]{64}$/);
});

test('cases of every form are asked of the objects as they are then', async () => {
  const more = `    - expect:
        - {from: shop/web, to: "shop/web:8080", expect: allow}
        - {admit: deploy/shop/web, expect: allow}
        - {object: deploy/shop/web, values: {/spec/replicas: 2}}
`;
  writeFileSync(join(folder, 'tests/two.yaml'), `${scenario('one', 'pods.running == 2')}${more}`);
  const { code, lines } = await run();
  assert.equal(code, 0, lines.join('\n'));
  assert.equal(lines.at(-1), '6 passed, 0 failed, 0 skipped');
});

test('a scenario that cannot be read ends the tests with its place', async () => {
  writeFileSync(join(folder, 'tests/two.yaml'), scenario('one', 'pods.runing == 2'));
  const { code, errors } = await run();
  assert.equal(code, 2);
  assert.match(errors[0]!, /undefined field 'runing'.*\n {2}where: \S*tests\/two\.yaml:12:19/);
});
