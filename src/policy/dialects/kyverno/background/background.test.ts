import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../../../kernel/index.ts';
import { refusalOfDocument } from '../checks/index.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { exportPolicy } from './admission-policies.ts';
import { originLabels, originOf } from './downstream.ts';
import { isReported, RESULTS_MAX, reportOf, resultOf } from './reports.ts';
import { endOfLife, nextTime, parseSchedule } from './schedule.ts';
import { type Served, webhookConfigurations } from './webhooks.ts';

const core = (kind: string) => ({ group: '', version: 'v1', kind });
const next = (schedule: string, after: string): string | undefined => {
  const parsed = parseSchedule(schedule);
  const at_ms = parsed && nextTime(parsed, Date.parse(after));
  return at_ms === undefined ? undefined : new Date(at_ms).toISOString().slice(0, 16);
};

test('schedules name the next minute, in UTC', () => {
  const rows: readonly (readonly [schedule: string, after: string, at: string | undefined])[] = [
    ['*/5 * * * *', '2026-01-01T00:02:30Z', '2026-01-01T00:05'],
    ['0 3 * * *', '2026-01-01T03:00:00Z', '2026-01-02T03:00'],
    ['@hourly', '2026-01-01T03:59:59Z', '2026-01-01T04:00'],
    ['30 12 29 feb *', '2026-03-01T00:00:00Z', '2028-02-29T12:30'],
    // Day of month and day of week: either is enough.
    ['0 0 13 * fri', '2026-02-01T00:00:00Z', '2026-02-06T00:00'],
    ['0 0 * * 7', '2026-01-01T00:00:00Z', '2026-01-04T00:00'],
    ['0 0 31 2 *', '2026-01-01T00:00:00Z', undefined],
    ['5-1 * * * *', '2026-01-01T00:00:00Z', undefined],
    ['every minute', '2026-01-01T00:00:00Z', undefined],
  ];
  for (const [schedule, after, at] of rows) assert.equal(next(schedule, after), at, schedule);
});

test('a time to live is a span from creation, a day or a time', () => {
  const created_ms = Date.parse('2026-01-01T00:00:00Z');
  const rows: readonly (readonly [ttl: string, at: string | undefined])[] = [
    ['90s', '2026-01-01T00:01:30.000Z'],
    ['1h30m', '2026-01-01T01:30:00.000Z'],
    ['2d', '2026-01-03T00:00:00.000Z'],
    ['2025-12-31', '2025-12-31T00:00:00.000Z'],
    ['2026-05-04T030201Z', '2026-05-04T03:02:01.000Z'],
    ['soon', undefined],
    ['-5m', undefined],
  ];
  for (const [ttl, at] of rows) {
    const end_ms = endOfLife(ttl, created_ms);
    assert.equal(end_ms === undefined ? undefined : new Date(end_ms).toISOString(), at, ttl);
  }
});

const policy = (rule: JsonObject, spec: JsonObject = {}, kind = 'ClusterPolicy'): JsonObject => ({
  apiVersion: 'kyverno.io/v1',
  kind,
  metadata: { name: 'p', uid: 'u-p', ...(kind === 'Policy' ? { namespace: 'team' } : {}) },
  spec: { ...spec, rules: [{ name: 'r', match: { any: [{ resources: { kinds: ['Pod'] } }] }, ...rule }] },
});
const validate: JsonObject = { validate: { message: 'm', pattern: { metadata: { name: '?*' } } } };

const SERVED: readonly Served[] = [
  { group: '', version: 'v1', resource: 'pods', kind: 'Pod', namespaced: true, subresources: ['exec', 'status'] },
  { group: '', version: 'v1', resource: 'configmaps', kind: 'ConfigMap', namespaced: true, subresources: [] },
  { group: '', version: 'v1', resource: 'namespaces', kind: 'Namespace', namespaced: false, subresources: ['status'] },
];
const find = (group: string, version: string, kind: string): readonly Served[] =>
  SERVED.filter(
    each =>
      (kind === '*' || kind === each.kind) &&
      (group === '*' || group === each.group) &&
      (version === '*' || version === each.version),
  );

test('documents that could not work are refused with the reason', () => {
  const generate = (more: JsonObject): JsonObject => ({
    generate: { apiVersion: 'v1', kind: 'ConfigMap', name: 'c', namespace: 'team', data: {}, ...more },
  });
  const rows: readonly (readonly [document: JsonObject, refusal: RegExp | undefined])[] = [
    [policy(validate), undefined],
    [policy(validate, { admission: false, background: false }), /both admission and background/],
    [policy(validate, { webhookConfiguration: { timeoutSeconds: 31 } }), /between 1 and 30/],
    [policy({ ...validate, match: { any: [{ resources: { kinds: ['Widget'] } }] } }), /GVK to GVR for kinds Widget/],
    [policy({ ...validate, match: { any: [{ resources: { kinds: ['Pod/exec'] } }] } }), /background scans/],
    [
      policy({ validate: { deny: {}, message: '{{ request.userInfo.username }}' } }),
      /request.userInfo.username}} is not allowed/,
    ],
    [policy({ validate: { deny: {}, message: '{{ request.userInfo.username }}' } }, { background: false }), undefined],
    [policy({ mutate: { mutateExistingOnPolicyUpdate: true, patchStrategicMerge: {} } }), /needs targets/],
    [policy({ ...validate, ...generate({}) }), /exactly one of/],
    [policy(generate({})), undefined],
    [policy(generate({ namespace: '' })), /must be set/],
    [policy(generate({ kind: 'Namespace' })), /must not be set/],
    [policy(generate({ namespace: 'other' }), {}, 'Policy'), /other namespaces/],
    [{ apiVersion: 'kyverno.io/v2', kind: 'CleanupPolicy', spec: { schedule: 'often' } }, /cron format/],
    [{ apiVersion: 'kyverno.io/v2', kind: 'CleanupPolicy', spec: { schedule: '@daily' } }, undefined],
  ];
  for (const [document, refusal] of rows) {
    const said = refusalOfDocument(document, undefined, find);
    if (refusal === undefined) assert.equal(said, undefined, JSON.stringify(document.spec));
    else assert.match(said ?? 'taken', refusal);
  }
});

test('what a synchronized generate rule is about does not change', () => {
  const rule = (kinds: string[], data: JsonObject): JsonObject =>
    policy({
      match: { any: [{ resources: { kinds } }] },
      generate: { apiVersion: 'v1', kind: 'ConfigMap', name: 'c', namespace: 'x', synchronize: true, data },
    });
  const old = rule(['Namespace'], { data: { a: '1' } });
  assert.equal(refusalOfDocument(rule(['Namespace'], { data: { a: '2' } }), old, find), undefined);
  assert.match(refusalOfDocument(rule(['ConfigMap'], {}), old, find) ?? '', /immutable/);
});

test('labels tell which rule made an object for which trigger', () => {
  const review = {
    operation: 'CREATE' as const,
    object: { metadata: { name: 't', namespace: 'n', uid: 'u-t' } },
    oldObject: undefined,
    kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    subresource: '',
    namespaceLabels: {},
    requester: undefined,
  };
  const labels = originLabels(policy({}), 'x'.repeat(80), review);
  assert.ok(Object.values(labels).every(label => label.length <= 63));
  assert.deepEqual(originOf({ metadata: { labels } }), {
    policy: 'p',
    policyNamespace: '',
    rule: 'x'.repeat(63),
    trigger: 'u-t',
    triggerKind: 'Deployment',
    triggerNamespace: 'n',
    triggerApiVersion: 'apps/v1',
  });
  assert.equal(originOf({ metadata: { labels: { app: 'a' } } }), undefined);
});

test('reports are bounded and counted', () => {
  const pod: JsonObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'n', uid: 'u' } };
  const long = { rule: 'r', type: 'Validation' as const, status: 'fail' as const, message: 'x'.repeat(9000) };
  const result = resultOf(policy({}), long, 'background scan', 7);
  assert.equal(String(result.message).length, 1024);
  const report = reportOf(
    pod,
    Array.from({ length: RESULTS_MAX + 50 }, () => result),
  )!;
  assert.equal((report.results as unknown[]).length, RESULTS_MAX);
  assert.deepEqual(report.summary, { error: 0, fail: RESULTS_MAX, pass: 0, skip: 0, warn: 0 });
  assert.equal(reportOf(pod, []), undefined);
  assert.equal(reportOf({ ...pod, metadata: { name: 'a', uid: 'u' } }, [result])?.kind, 'ClusterPolicyReport');
  assert.equal(isReported(DEFAULT_SETTINGS, core('Event'), 'n', 'e'), false);
  assert.equal(isReported(DEFAULT_SETTINGS, core('Namespace'), '', 'kube-system'), false);
  assert.equal(isReported(DEFAULT_SETTINGS, core('Pod'), 'n', 'a'), true);
});

test('webhook objects say which requests policies are asked about, one for each failure policy', () => {
  const ignoring = policy(validate, { failurePolicy: 'Ignore' });
  const named = webhookConfigurations([policy(validate), ignoring], find, DEFAULT_SETTINGS).find(
    each => (each.metadata as JsonObject).name === 'kyverno-resource-validating-webhook-cfg',
  )!;
  const webhooks = named.webhooks as JsonObject[];
  assert.deepEqual(
    webhooks.map(each => each.name),
    ['validate.kyverno.svc-fail', 'validate.kyverno.svc-ignore'],
  );
  assert.deepEqual((webhooks[0]!.rules as JsonObject[])[0], {
    apiGroups: [''],
    apiVersions: ['v1'],
    operations: ['CONNECT', 'CREATE', 'DELETE', 'UPDATE'],
    resources: ['pods', 'pods/ephemeralcontainers'],
    scope: 'Namespaced',
  });
});

test('a CEL rule becomes an admission policy where one can say the same, else the reason is told', () => {
  const cel: JsonObject = { validate: { cel: { generate: true, expressions: [{ expression: 'true' }] } } };
  const made = exportPolicy(policy(cel), [], find, undefined, DEFAULT_SETTINGS);
  assert.deepEqual(
    made.objects.map(each => [each.kind, (each.metadata as JsonObject).name]),
    [
      ['ValidatingAdmissionPolicy', 'cpol-p'],
      ['ValidatingAdmissionPolicyBinding', 'cpol-p-binding'],
    ],
  );
  const byUser = { match: { any: [{ resources: { kinds: ['Pod'] }, subjects: [{ kind: 'User', name: 'a' }] }] } };
  const refused = exportPolicy(policy({ ...cel, ...byUser }), [], find, undefined, DEFAULT_SETTINGS);
  assert.equal(refused.generated, false);
  assert.match(refused.message, /users and roles/);
  assert.deepEqual(exportPolicy(policy(validate), [], find, undefined, DEFAULT_SETTINGS).objects, []);
});
