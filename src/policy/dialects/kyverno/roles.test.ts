import assert from 'node:assert/strict';
import test from 'node:test';
import { builtinCatalog, type KubeObject, schemaOf } from '../../../kernel/index.ts';
import type { PolicyRequest, PolicyWorld } from '../../model.ts';
import { kyvernoPolicySet } from './set.ts';
import { BARE_PORTS, creatingPod, EMPTY_WORLD } from './testing/requests.ts';

const RBAC = 'rbac.authorization.k8s.io';

const binding = (kind: string, name: string, role: string, user: string, namespace?: string): KubeObject =>
  ({
    apiVersion: `${RBAC}/v1`,
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { apiGroup: RBAC, kind, name: role },
    subjects: [{ apiGroup: RBAC, kind: 'User', name: user }],
  }) as unknown as KubeObject;

const BINDINGS: readonly KubeObject[] = [
  binding('ClusterRole', 'a', 'cluster-admin', 'root'),
  binding('Role', 'b', 'developer', 'dora', 'shop'),
  binding('ClusterRole', 'c', 'viewer', 'vera', 'shop'),
];
const world: PolicyWorld = { ...EMPTY_WORLD, parameters: kind => BINDINGS.filter(each => each.kind === kind.kind) };

const by = (name: string): PolicyRequest =>
  creatingPod({ metadata: { namespace: 'shop' } }, { name, groups: ['system:authenticated'] });

function policy(rule: object) {
  const set = kyvernoPolicySet(
    {
      schemaOf,
      kindOf: (group, version, resource) => {
        const found = builtinCatalog().resource({ group, version, resource });
        return found && { group, version, kind: found.kind };
      },
    },
    BARE_PORTS,
  );
  set.set({
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'p' },
    spec: { rules: [{ name: 'r', ...rule }] },
  } as unknown as KubeObject);
  return { set, policy: set.policies()[0]! };
}

const REFUSES = { validate: { failureAction: 'Enforce', message: 'no', deny: {} } };
const PODS = { resources: { kinds: ['Pod'] } };

/** Who of a few users is refused by a rule. */
function refused(rule: object): string {
  const { policy: compiled } = policy(rule);
  return ['root', 'dora', 'vera', 'eve']
    .filter(name => compiled.matches(by(name)) && compiled.decide!(by(name), world).answers.length > 0)
    .join();
}

test('roles of who asks come from the bindings there are', () => {
  assert.equal(refused({ ...REFUSES, match: { any: [{ ...PODS, clusterRoles: ['cluster-*'] }] } }), 'root');
  assert.equal(refused({ ...REFUSES, match: { any: [{ ...PODS, roles: ['shop:developer'] }] } }), 'dora');
  assert.equal(refused({ ...REFUSES, match: { any: [{ ...PODS, roles: ['other:developer'] }] } }), '');
  const exclude = { any: [{ clusterRoles: ['cluster-admin', 'viewer'] }] };
  assert.equal(refused({ ...REFUSES, match: { any: [PODS] }, exclude }), 'dora,eve');
});

test('roles are variables of a mutation', () => {
  const metadata = { annotations: { who: '{{ request.clusterRoles }}{{ request.roles }}' } };
  const { policy: compiled } = policy({ match: { any: [PODS] }, mutate: { patchStrategicMerge: { metadata } } });
  assert.equal(compiled.mutate!(by('vera'), world).object.metadata.annotations!.who, '["viewer"][]');
  assert.equal(compiled.mutate!(by('dora'), world).object.metadata.annotations!.who, '[]["shop:developer"]');
});

test('bindings are followed only where a policy looks at roles', () => {
  const kinds = (rule: object): string[] =>
    policy(rule)
      .set.paramKinds()
      .map(({ kind }) => kind);
  assert.deepEqual(kinds({ ...REFUSES, match: { any: [PODS] } }), []);
  assert.deepEqual(kinds({ ...REFUSES, match: { any: [{ ...PODS, roles: ['a:b'] }] } }), [
    'RoleBinding',
    'ClusterRoleBinding',
  ]);
});
