import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinCatalog, type JsonObject, type KubeObject, schemaOf } from '../../../kernel/index.ts';
import { kyvernoPorts } from '../../drivers/kyverno-ports.ts';
import type { CompiledPolicy, PolicyRequest, PolicyWorld } from '../../model.ts';
import { kyvernoPolicySet } from './set.ts';
import { readSettings, type Settings } from './settings.ts';

const ports = { ...kyvernoPorts({ now: () => 0 }, { next: () => 0.5 }), resourceOf: () => undefined };

const controller = (component: string, args: readonly string[]): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: `kyverno-${component}`,
    namespace: 'kyverno',
    labels: { 'app.kubernetes.io/part-of': 'kyverno', 'app.kubernetes.io/component': `${component}-controller` },
  },
  spec: {
    template: {
      spec: { containers: [{ name: 'kyverno', args: [...args], env: [{ name: 'HERE', value: 'env' }] }] },
    },
  },
});
const configMap = (data: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kyverno', namespace: 'kyverno' },
  data,
});

const ARGUMENTS: readonly (readonly [component: string, args: string[], name: keyof Settings, value: unknown])[] = [
  ['admission', ['-forceFailurePolicyIgnore'], 'forceFailurePolicyIgnore', true],
  ['admission', ['--enablePolicyException', '--exceptionNamespace', 'safe'], 'exceptionNamespace', 'safe'],
  ['admission', ['--exceptionNamespace=$(HERE)'], 'exceptionNamespace', 'env'],
  ['admission', ['--webhookTimeout=30'], 'webhookTimeout_s', 30],
  ['admission', [], 'exceptions', false],
  ['admission', [], 'validatingAdmissionPolicies', false],
  ['reports', ['--backgroundScanInterval=10m'], 'backgroundScanInterval_ms', 600_000],
  ['reports', ['--allowedResults=fail, error'], 'allowedResults', new Set(['fail', 'error'])],
  ['reports', ['--skipResourceFilters=true'], 'filtersReports', false],
  ['reports', ['--skipResourceFilters=false'], 'filtersReports', true],
  ['reports', [], 'mutatingAdmissionPolicyReports', false],
  ['reports', [], 'exceptions', true],
  ['reports', ['--aggregateReports=false', '--policyReports=true'], 'reports', false],
];
for (const [component, args, name, value] of ARGUMENTS)
  test(`${component}: arguments ${args.join(' ') || '(none)'} make ${name}`, () => {
    const settings = readSettings([controller(component, args)]);
    assert.deepEqual(settings[name], value);
    assert.deepEqual(settings.unheeded, []);
  });

test('what is not obeyed is told: unknown flags and keys, values that are none, and what is not built', () => {
  const told = (...objects: JsonObject[]): string[] => readSettings(objects).unheeded.map(({ what }) => what);
  const args = ['--backgroundScan=perhaps', '--noSuchFlag', '--allowInsecureRegistry', '--v=4', '--genWorkers', '3'];
  assert.deepEqual(told(controller('reports', args)), [
    '--backgroundScan=perhaps',
    '--noSuchFlag',
    '--allowInsecureRegistry',
  ]);
  assert.deepEqual(told(configMap({ webhooks: 'no json', colour: 'red', maxContextSize: '1Gi' })), [
    'webhooks: no json',
    'colour: red',
    'maxContextSize: 1Gi',
  ]);
});

const POLICY = {
  apiVersion: 'kyverno.io/v1',
  kind: 'ClusterPolicy',
  metadata: { name: 'p' },
  spec: {
    validationFailureAction: 'Enforce',
    rules: [
      {
        name: 'r',
        match: { any: [{ resources: { kinds: ['Pod'] } }] },
        validate: { message: '<{{ images.containers.c.registry }}>', deny: {} },
      },
    ],
  },
} as unknown as KubeObject;

function request(user = 'ada', labels: Record<string, string> = {}, groups: readonly string[] = []): PolicyRequest {
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x', namespace: 'team', labels },
    spec: { containers: [{ name: 'c', image: 'nginx' }] },
  };
  return {
    uid: '',
    operation: 'CREATE',
    group: '',
    version: 'v1',
    resource: 'pods',
    subresource: '',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    namespaced: true,
    name: 'x',
    namespace: 'team',
    object: object as unknown as KubeObject,
    oldObject: undefined,
    namespaceObject: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } },
    user: { name: user, groups: [...groups] },
    dryRun: false,
    options: {},
  };
}

const BINDING = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'b', namespace: 'team' },
  roleRef: { kind: 'Role', name: 'deployer' },
  subjects: [{ kind: 'User', name: 'ada' }],
} as unknown as KubeObject;
const world: PolicyWorld = {
  parameter: () => undefined,
  parameters: kind => (kind.kind === 'RoleBinding' ? [BINDING] : []),
  authorize: () => ({ allowed: false }),
};

function opened(...objects: readonly unknown[]): readonly CompiledPolicy[] {
  const catalog = builtinCatalog();
  const kindOf = (group: string, version: string, resource: string) => {
    const found = catalog.resource({ group, version, resource });
    return found && { group, version, kind: found.kind };
  };
  const set = kyvernoPolicySet({ schemaOf, kindOf }, ports);
  for (const each of objects) set.set(each as KubeObject);
  return set.policies();
}
const messagesOf = (asked: PolicyRequest, ...objects: readonly unknown[]): string[] =>
  opened(...objects)[0]!.decide!(asked, world).answers.map(({ message }) => message);

test('images without a registry are in the one that the ConfigMap names, or in none', () => {
  assert.deepEqual(messagesOf(request(), POLICY), ['<docker.io>']);
  assert.deepEqual(messagesOf(request(), POLICY, configMap({ defaultRegistry: 'r.io' })), ['<r.io>']);
  const off = configMap({ defaultRegistry: 'r.io', enableDefaultRegistryMutation: 'false' });
  assert.deepEqual(messagesOf(request(), POLICY, off), ['<>']);
});

test('who holds an excluded role is passed over, and who is taken back in by name is not', () => {
  assert.deepEqual(messagesOf(request(), POLICY, configMap({ excludeRoles: 'team:dep*' })), []);
  assert.equal(messagesOf(request('eve'), POLICY, configMap({ excludeRoles: 'team:dep*' })).length, 1);
  assert.equal(messagesOf(request(), POLICY, configMap({ excludeClusterRoles: 'deployer' })).length, 1);
  const matched = (data: JsonObject): boolean => opened(POLICY, configMap(data))[0]!.matches(request('ada', {}, ['g']));
  assert.equal(matched({ excludeGroups: 'g' }), false);
  assert.equal(matched({ excludeGroups: 'g', excludeUsernames: '!ad*' }), true);
});

const EXCEPTION = {
  apiVersion: 'kyverno.io/v2',
  kind: 'PolicyException',
  metadata: { name: 'e', namespace: 'safe' },
  spec: {
    exceptions: [{ policyName: 'p', ruleNames: ['r'] }],
    match: { any: [{ resources: { kinds: ['Pod'] } }] },
  },
};
const HEEDED: readonly (readonly [args: readonly string[], heeded: boolean, warning: string | undefined])[] = [
  [['--enablePolicyException=true', '--exceptionNamespace=*'], true, undefined],
  [['--enablePolicyException=true', '--exceptionNamespace=safe'], true, undefined],
  [['--enablePolicyException=true', '--exceptionNamespace=x'], false, 'must match the defined namespace'],
  [['--enablePolicyException=true'], false, 'must match the defined namespace'],
  [[], false, 'until it is enabled'],
];
for (const [args, heeded, warning] of HEEDED)
  test(`an exception is ${heeded ? 'heeded' : 'not heeded'} with ${args.join(' ') || 'no arguments'}`, () => {
    const policies = opened(POLICY, EXCEPTION, controller('admission', args));
    assert.equal(policies[0]!.decide!(request(), world).answers.length, heeded ? 0 : 1);
    const asked = { ...request(), group: 'kyverno.io', object: EXCEPTION as unknown as KubeObject };
    const told = policies.at(-1)!.decide!(asked, world).answers;
    assert.deepEqual(
      told.map(({ actions }) => actions),
      warning === undefined ? [] : [['warn']],
    );
    if (warning !== undefined) assert.ok(told[0]!.warning!.includes(warning));
  });

test('what Kyverno made is changed by its own accounts alone, where it is protected', () => {
  const managed = { 'app.kubernetes.io/managed-by': 'kyverno' };
  const protecting = (args: readonly string[], user: string, labels: Record<string, string>): boolean =>
    opened(POLICY, controller('admission', args)).some(
      each => each.name === 'protectManagedResources' && each.matches(request(user, labels)),
    );
  const on = ['--protectManagedResources'];
  assert.equal(protecting(on, 'ada', managed), true);
  assert.equal(protecting(on, 'ada', {}), false);
  assert.equal(protecting(on, 'system:serviceaccount:kyverno:kyverno-background-controller', managed), false);
  assert.equal(protecting([], 'ada', managed), false);
});

test('a rule kept in step warns when it turns to another target, and a policy that emits warnings does', () => {
  const generating = (name: string, synchronize = true): KubeObject => {
    const generate = { apiVersion: 'v1', kind: 'ConfigMap', name, namespace: 'team', synchronize, data: {} };
    const match = { any: [{ resources: { kinds: ['Secret'] } }] };
    return { ...POLICY, spec: { rules: [{ name: 'g', match, generate }] } } as unknown as KubeObject;
  };
  const warnings = (now: KubeObject, before: KubeObject): number => {
    const asked = { ...request(), group: 'kyverno.io', object: now, oldObject: before };
    return opened().at(-1)!.decide!(asked, world).answers.filter(each => each.actions.includes('warn')).length;
  };
  assert.equal(warnings(generating('b'), generating('a')), 1);
  assert.equal(warnings(generating('a'), generating('a')), 0);
  assert.equal(warnings(generating('b', false), generating('a', false)), 0);
  const emitting = structuredClone(POLICY) as unknown as { spec: JsonObject };
  emitting.spec = { ...emitting.spec, emitWarning: true, validationFailureAction: 'Audit' };
  const [answer] = opened(emitting)[0]!.decide!(request(), world).answers;
  assert.equal(answer!.warning, 'policy p.r: <docker.io>');
  const match = { any: [{ resources: { kinds: ['Pod'] } }] };
  const mutate = { patchStrategicMerge: { metadata: { labels: { a: 'b' } } } };
  const changing = { ...POLICY, spec: { emitWarning: true, rules: [{ name: 'm', match, mutate }] } };
  const { faults } = opened(changing)[0]!.mutate!(request(), world);
  assert.deepEqual(
    faults.map(({ outcome, warning }) => [outcome, warning]),
    [['allow', 'policy p.m: mutated Pod/x in namespace team']],
  );
});
