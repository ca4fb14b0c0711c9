import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseTarget } from '../request/target.ts';
import { wire } from '../testing/client.ts';
import { testServer } from '../testing/server.ts';
import { auditDecision, parseAuditPolicy } from './policy.ts';

const policy = parseAuditPolicy({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', users: ['quiet'] },
    { level: 'None', nonResourceURLs: ['/healthz*'] },
    { level: 'Metadata', resources: [{ group: '', resources: ['secrets', 'pods/log'] }] },
    {
      level: 'RequestResponse',
      verbs: ['create'],
      namespaces: ['default'],
      resources: [{ group: '', resources: ['configmaps'] }],
      omitManagedFields: true,
    },
    { level: 'Request', resources: [{ group: 'apps' }] },
    { level: 'None' },
  ],
});

const ROWS: readonly (readonly [string, string, string, string])[] = [
  ['quiet', 'get', '/api/v1/secrets', 'None'],
  ['a', 'get', '/healthz/ping', 'None'],
  ['a', 'get', '/api/v1/namespaces/x/secrets/s', 'Metadata'],
  ['a', 'get', '/api/v1/namespaces/x/pods/p/log', 'Metadata'],
  ['a', 'get', '/api/v1/namespaces/x/pods/p', 'None'],
  ['a', 'create', '/api/v1/namespaces/default/configmaps', 'RequestResponse'],
  ['a', 'update', '/api/v1/namespaces/default/configmaps/c', 'None'],
  ['a', 'list', '/apis/apps/v1/deployments', 'Request'],
  ['a', 'get', '/version', 'None'],
];

for (const [user, verb, url, level] of ROWS) {
  test(`audit level: ${user} ${verb} ${url}`, () =>
    assert.equal(auditDecision(policy, { name: user, groups: [] }, verb, parseTarget(url)).level, level));
}

for (const broken of [
  {},
  { kind: 'Policy', apiVersion: 'audit.k8s.io/v1', rules: [] },
  { kind: 'Policy', apiVersion: 'audit.k8s.io/v1', rules: [{ level: 'All' }] },
]) {
  test(`a broken policy is refused: ${JSON.stringify(broken)}`, () =>
    assert.throws(() => parseAuditPolicy(broken), TypeError));
}

test('audit events are JSON lines that say who did what', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-api-audit-'));
  const file = join(folder, 'audit.log');
  {
    await using server = await testServer({ audit: { policy, file } });
    using admin = wire(server);
    await admin.send('POST', '/api/v1/namespaces/default/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c' },
      data: { a: 'b' },
    });
    await admin.send('GET', '/api/v1/namespaces/default/secrets/none');
    await admin.send('GET', '/api/v1/namespaces/default/pods');
  }
  const lines = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, never>);
  rmSync(folder, { recursive: true });
  const [create, read] = lines as unknown as {
    verb: string;
    level: string;
    stage: string;
    user: { username: string };
    objectRef: { resource: string };
    responseStatus: { code: number };
    requestObject?: { data: object };
    responseObject?: { metadata: object };
  }[];
  assert.equal(lines.length, 2);
  assert.deepEqual(
    [create!.verb, create!.level, create!.stage, create!.user.username],
    ['create', 'RequestResponse', 'ResponseComplete', 'kubernetes-admin'],
  );
  assert.deepEqual(create!.requestObject?.data, { a: 'b' });
  assert.ok(create!.responseObject && !('managedFields' in create!.responseObject.metadata));
  assert.deepEqual(
    [read!.objectRef.resource, read!.responseStatus.code, read!.requestObject],
    ['secrets', 404, undefined],
  );
});

test('a policy that says what is not known names the place', () => {
  const refuses = (rule: Record<string, unknown>, wanted: RegExp): void =>
    assert.throws(() => parseAuditPolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [rule] }), wanted);
  refuses({ level: 'Meta' }, /rules\[0\]\.level: "Meta" is not a level/);
  refuses({ level: 'None', user: ['ann'] }, /rules\[0\]\.user: unknown field/);
  refuses({ level: 'None', omitStages: ['Later'] }, /rules\[0\]\.omitStages: "Later"/);
  refuses({ level: 'None', resources: [{ groups: [''] }] }, /rules\[0\]\.resources\[0\]\.groups: unknown field/);
  refuses({ level: 'None', nonResourceURLs: ['/x'], resources: [{ group: '' }] }, /not of both/);
});
