import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../../../kernel/index.ts';
import { accessFault } from './access.ts';

const find = (_group: string, _version: string, kind: string) => [
  { group: '', resource: `${kind.toLowerCase()}s`, namespaced: true, subresources: [] },
];
const policy = (rule: JsonObject): JsonObject => ({ kind: 'ClusterPolicy', spec: { rules: [{ name: 'r', ...rule }] } });
const target = { apiVersion: 'v1', kind: 'Secret', namespace: 'a' };

const ROWS: readonly [string, JsonObject, readonly string[], string | undefined][] = [
  ['generates', policy({ generate: target }), ['get', 'create'], undefined],
  ['may not create', policy({ generate: target }), ['get'], 'cannot create v1/Secret in namespace a'],
  ['keeps in step', policy({ generate: { ...target, synchronize: true } }), ['get', 'create'], 'cannot update,delete'],
  ['clones a list', policy({ generate: { cloneList: { kinds: ['v1/Secret'] } } }), [], 'cannot get,create v1/Secret'],
  ['names the kind by a variable', policy({ generate: { ...target, kind: '{{ x }}' } }), [], undefined],
  ['changes what is there', policy({ mutate: { targets: [target] } }), ['get'], 'cannot update v1/Secret'],
  ['validates', policy({ validate: {} }), [], undefined],
  [
    'cleans up',
    { kind: 'ClusterCleanupPolicy', spec: { match: { any: [{ resources: { kinds: ['Pod'] } }] } } },
    ['get', 'list'],
    'no permission to delete kind Pod',
  ],
];

for (const [name, document, verbs, wanted] of ROWS)
  test(`a policy that ${name}, with ${verbs.join('+') || 'no rights'}`, () => {
    const fault = accessFault(document, find, (_controller, { verb }) => verbs.includes(verb));
    if (wanted === undefined) assert.equal(fault, undefined);
    else assert.ok(fault?.includes(wanted), fault ?? 'no fault');
  });
