import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attributes } from '../serve/services.ts';
import { Rbac } from './rbac.ts';
import { type BindingObject, type PolicyRule, type RoleObject, uncovered } from './rules.ts';

const role = (name: string, namespace: string, rules: PolicyRule[]): RoleObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: namespace ? 'Role' : 'ClusterRole',
  metadata: { name, ...(namespace ? { namespace } : {}) },
  rules,
});
const bind = (name: string, namespace: string, kind: string, to: string, subjects: object[]): BindingObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: namespace ? 'RoleBinding' : 'ClusterRoleBinding',
  metadata: { name, ...(namespace ? { namespace } : {}) },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: to },
  subjects: subjects as BindingObject['subjects'] & object[],
});
const ask = (
  user: string,
  verb: string,
  resource: string,
  namespace = '',
  name = '',
  group = '',
  groups: string[] = [],
): Attributes => {
  const [plural = '', subresource = ''] = resource.split('/');
  return {
    user: { name: user, groups },
    verb,
    isResource: true,
    group,
    version: 'v1',
    resource: plural,
    subresource,
    namespace,
    name,
    path: '',
  };
};

const rbac = new Rbac();
rbac.setRole(role('reader', '', [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', 'pods/log'] }]));
rbac.setRole(role('one', 'd', [{ verbs: ['*'], apiGroups: ['*'], resources: ['configmaps'], resourceNames: ['c'] }]));
rbac.setRole(role('scaler', '', [{ verbs: ['patch'], apiGroups: ['apps'], resources: ['*/scale'] }]));
rbac.setRole(role('health', '', [{ verbs: ['get'], nonResourceURLs: ['/healthz/*'] }]));
rbac.setBinding(
  bind('r', 'd', 'ClusterRole', 'reader', [
    { kind: 'User', name: 'ann' },
    { kind: 'ServiceAccount', name: 'sa' },
  ]),
);
rbac.setBinding(bind('o', 'd', 'Role', 'one', [{ kind: 'Group', name: 'team' }]));
rbac.setBinding(bind('s', '', 'ClusterRole', 'scaler', [{ kind: 'User', name: 'ann' }]));
rbac.setBinding(bind('h', '', 'ClusterRole', 'health', [{ kind: 'User', name: 'ann' }]));

const ROWS: readonly (readonly [string, Attributes, boolean])[] = [
  ['bound namespace', ask('ann', 'get', 'pods', 'd', 'p'), true],
  ['other namespace', ask('ann', 'get', 'pods', 'e', 'p'), false],
  ['cluster scope', ask('ann', 'list', 'pods'), false],
  ['subresource named', ask('ann', 'get', 'pods/log', 'd', 'p'), true],
  ['subresource not named', ask('ann', 'get', 'pods/exec', 'd', 'p'), false],
  ['service account of the binding namespace', ask('system:serviceaccount:d:sa', 'list', 'pods', 'd'), true],
  ['group, right name', ask('bob', 'delete', 'configmaps', 'd', 'c', '', ['team']), true],
  ['group, other name', ask('bob', 'delete', 'configmaps', 'd', 'x', '', ['team']), false],
  ['any scale', ask('ann', 'patch', 'deployments/scale', 'e', 'x', 'apps'), true],
  ['the object itself is no scale', ask('ann', 'patch', 'deployments', 'e', 'x', 'apps'), false],
  ['path prefix', { ...ask('ann', 'get', ''), isResource: false, path: '/healthz/ping' }, true],
  ['another path', { ...ask('ann', 'get', ''), isResource: false, path: '/metrics' }, false],
];

for (const [name, attributes, allowed] of ROWS)
  test(`RBAC: ${name}`, () => assert.equal(rbac.authorize(attributes).allowed, allowed));

test('RBAC: a removed or changed binding no longer counts', () => {
  const local = new Rbac();
  local.setRole(role('reader', '', [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }]));
  const binding = (subject: string): BindingObject =>
    bind('b', 'd', 'ClusterRole', 'reader', [{ kind: 'User', name: subject }]);
  local.setBinding(binding('ann'));
  local.setBinding(binding('bob'));
  assert.equal(local.authorize(ask('ann', 'get', 'pods', 'd')).allowed, false);
  assert.equal(local.authorize(ask('bob', 'get', 'pods', 'd')).allowed, true);
  local.removeBinding('d', 'b');
  assert.equal(local.authorize(ask('bob', 'get', 'pods', 'd')).allowed, false);
});

const COVER: readonly (readonly [string, PolicyRule[], PolicyRule[], number])[] = [
  [
    'same',
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
    0,
  ],
  [
    'one verb more',
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
    [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }],
    1,
  ],
  [
    'everything covers',
    [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    [{ verbs: ['*'], apiGroups: ['apps'], resources: ['deployments/scale'] }],
    0,
  ],
  [
    'a star is more than its parts',
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
    [{ verbs: ['*'], apiGroups: [''], resources: ['pods'] }],
    1,
  ],
  [
    'a name is less than all',
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['p'] }],
    0,
  ],
  [
    'all is more than a name',
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['p'] }],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
    1,
  ],
  ['paths', [{ verbs: ['get'], nonResourceURLs: ['/a/*'] }], [{ verbs: ['get'], nonResourceURLs: ['/a/b', '/c'] }], 1],
];

for (const [name, owned, wanted, missing] of COVER)
  test(`escalation: ${name}`, () => assert.equal(uncovered(owned, wanted).length, missing));
