import assert from 'node:assert/strict';
import test from 'node:test';
import { type JsonObject, type KubeObject, schemaOf } from '../../../kernel/index.ts';
import type { PolicyRequest } from '../../model.ts';
import { webhookConfigurations } from './background/webhooks.ts';
import { isFiltered, parseFilters } from './filters.ts';
import { kyvernoPolicySet } from './set.ts';
import { DEFAULT_SETTINGS, readSettings } from './settings.ts';
import { BARE_PORTS, creatingPod, EMPTY_WORLD } from './testing/requests.ts';

const controller = (component: string, ...args: readonly string[]): KubeObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: `kyverno-${component}`,
      namespace: 'kyverno',
      labels: { 'app.kubernetes.io/part-of': 'kyverno', 'app.kubernetes.io/component': component },
    },
    spec: { template: { spec: { containers: [{ name: 'kyverno', args }] } } },
  }) as unknown as KubeObject;
const configMap = (data: Record<string, string>): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kyverno', namespace: 'kyverno' }, data }) as KubeObject;
const read = (...objects: readonly KubeObject[]) => readSettings(objects as unknown as JsonObject[]);

test('flags count where their controller is, the ConfigMap where the controllers are', () => {
  assert.equal(read(), DEFAULT_SETTINGS);
  const told = read(
    controller('admission-controller', '--forceFailurePolicyIgnore=true', '--omitEvents=PolicyApplied,PolicySkipped'),
    controller('reports-controller', '--openreportsEnabled', '--backgroundScan=false', '--omitEvents=PolicyError'),
    configMap({ excludeGroups: 'a, b', generateSuccessEvents: 'true', successEventActions: 'Resource Mutated' }),
  );
  assert.equal(told.forceFailurePolicyIgnore, true);
  assert.equal(told.openReports, true);
  assert.equal(told.backgroundScan, false);
  assert.deepEqual([...told.omittedEvents], ['PolicyApplied', 'PolicySkipped']);
  assert.deepEqual(told.excludedGroups, ['a', 'b']);
  assert.deepEqual([told.successEvents, ...told.successEventActions!], [true, 'Resource Mutated']);
  assert.deepEqual(told.unheeded, []);
  const elsewhere = { ...configMap({ excludeGroups: 'c' }), metadata: { name: 'kyverno', namespace: 'other' } };
  assert.deepEqual(read(controller('admission-controller'), elsewhere).excludedGroups, ['system:nodes']);
});

test('resource filters name kinds, namespaces and names; a namespace is in itself', () => {
  const filters = parseFilters('[Event,*,*][*/*,kube-system,*] [Pod/exec,shop,*] [ConfigMap,shop,a-*]');
  const is = (kind: string, namespace: string, name: string, subresource = '', group = ''): boolean =>
    isFiltered(filters, { group, version: 'v1', kind, subresource, namespace, name });
  assert.ok(is('Event', 'any', 'e'));
  assert.ok(is('Pod', 'kube-system', 'p'));
  assert.ok(is('Namespace', '', 'kube-system'));
  assert.ok(!is('Namespace', '', 'shop'));
  assert.ok(is('Pod', 'shop', 'p', 'exec'));
  assert.ok(!is('Pod', 'shop', 'p'));
  assert.ok(is('ConfigMap', 'shop', 'a-b'));
  assert.ok(!is('ConfigMap', 'shop', 'b'));
});

const refusing: KubeObject = {
  apiVersion: 'kyverno.io/v1',
  kind: 'ClusterPolicy',
  metadata: { name: 'no' },
  spec: {
    rules: [
      {
        name: 'r',
        match: { any: [{ resources: { kinds: ['Pod'] } }] },
        validate: { failureAction: 'Enforce', message: 'no', deny: {} },
      },
    ],
  },
} as unknown as KubeObject;

const creating = (namespace: string, user: Partial<PolicyRequest['user']> = {}): PolicyRequest =>
  creatingPod({ metadata: { namespace } }, user);

/** The refusal of a request under the policy, or why it was not asked. */
function answer(request: PolicyRequest, ...objects: readonly KubeObject[]): string {
  const set = kyvernoPolicySet({ schemaOf, kindOf: () => undefined }, BARE_PORTS);
  for (const object of [refusing, ...objects]) set.set(object);
  const policy = set.policies()[0]!;
  if (!policy.matches(request)) return policy.missed!(request)!.en;
  return policy.decide!(request, EMPTY_WORLD)
    .answers.map(({ refusal }) => refusal.split('"')[1])
    .join();
}

test('admission asks about what the settings leave in', () => {
  const [fail, ignore] = ['validate.kyverno.svc-fail', 'validate.kyverno.svc-ignore'];
  assert.equal(answer(creating('shop')), fail);
  assert.match(answer(creating('kube-system')), /^Kyverno is not asked about Pod\/kube-system\/x/);
  assert.match(answer(creating('shop', { groups: ['system:nodes'] })), /not asked/);
  assert.equal(answer(creating('kube-system'), configMap({})), fail);
  assert.equal(answer(creating('shop', { groups: ['system:nodes'] }), configMap({})), fail);
  assert.match(answer(creating('shop'), configMap({ resourceFilters: '[Pod,shop,*]' })), /not asked/);
  assert.match(answer(creating('shop'), configMap({ excludeUsernames: 'al*' })), /not asked/);
  const selector = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['web'] }] };
  const webhooks = JSON.stringify({ namespaceSelector: { ...selector, matchLabels: null } });
  assert.match(answer(creating('shop'), configMap({ webhooks })), /not asked/);
  assert.equal(answer(creating('web'), configMap({ webhooks })), fail);
  assert.equal(answer(creating('shop'), controller('admission-controller', '--forceFailurePolicyIgnore=true')), ignore);
});

test('conditions of webhooks narrow what is asked, and refuse where they fail', () => {
  const conditions = (expression: string): string => JSON.stringify([{ name: 'c', expression }]);
  const told = (expression: string): string =>
    answer(creating('shop'), configMap({ matchConditions: conditions(expression) }));
  assert.equal(told("request.userInfo.username == 'alice'"), 'validate.kyverno.svc-fail');
  assert.equal(told("request.userInfo.username != 'alice'"), '');
  const set = kyvernoPolicySet({ schemaOf, kindOf: () => undefined }, BARE_PORTS);
  const own = (expression: string): number => {
    const webhookConfiguration = { matchConditions: [{ name: 'c', expression }] };
    set.set({ ...refusing, spec: { ...(refusing.spec as object), webhookConfiguration } } as KubeObject);
    return set.policies()[0]!.decide!(creating('shop'), EMPTY_WORLD).answers.length;
  };
  assert.equal(own("object.metadata.name == 'y'"), 0);
  assert.equal(own("object.metadata.name == 'x'"), 1);
  assert.equal(own('object.spec.nothing == 1'), 1);
  const [refused] = set.policies()[0]!.decide!(creating('shop'), EMPTY_WORLD).answers;
  assert.deepEqual(refused!.actions, ['deny']);
  assert.match(refused!.message, /match condition "c" resulted in error/);
});

test('webhook objects say what the settings say', () => {
  const pods = { group: '', version: 'v1', resource: 'pods', kind: 'Pod', namespaced: true, subresources: [] };
  const told = read(
    controller('admission-controller', '--forceFailurePolicyIgnore=true'),
    configMap({ webhookLabels: '{"a":"b"}', webhooks: '[{"objectSelector":{"matchLabels":{"c":"d"}}}]' }),
  );
  const [made] = webhookConfigurations([refusing as unknown as JsonObject], () => [pods], told).filter(
    each => (each.metadata as JsonObject).name === 'kyverno-resource-validating-webhook-cfg',
  );
  const { labels } = made!.metadata as { labels: JsonObject };
  assert.equal(labels.a, 'b');
  const [webhook] = made!.webhooks as JsonObject[];
  assert.equal(webhook!.failurePolicy, 'Ignore');
  assert.deepEqual(webhook!.objectSelector, { matchLabels: { c: 'd' } });
});
