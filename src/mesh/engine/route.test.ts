import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRule, PathMatch } from '../model.ts';
import { changePath, chooseWeighted, hostRank, matchesPath, redirectLocation, selectRule } from './route.ts';

const rule = (key: string, more: Partial<HttpRule> = {}): HttpRule => ({
  hosts: [],
  path: { kind: 'prefix', value: '/' },
  headers: [],
  query: [],
  filters: [],
  backends: [],
  createdAt: '2026-01-01T00:00:00Z',
  key,
  order: 0,
  ...more,
});
const request = (path: string, more: object = {}) => ({
  method: 'GET',
  host: 'a.example.com',
  path,
  query: '',
  headers: {},
  ...more,
});

test('paths compare whole elements', () => {
  const rows: [PathMatch, string, boolean][] = [
    [{ kind: 'prefix', value: '/' }, '/anything', true],
    [{ kind: 'prefix', value: '/a' }, '/a', true],
    [{ kind: 'prefix', value: '/a/' }, '/a', true],
    [{ kind: 'prefix', value: '/a' }, '/a/b', true],
    [{ kind: 'prefix', value: '/a' }, '/ab', false],
    [{ kind: 'exact', value: '/a' }, '/a', true],
    [{ kind: 'exact', value: '/a' }, '/a/', false],
    [{ kind: 'regex', value: '/v[0-9]+/.*' }, '/v2/x', true],
    [{ kind: 'regex', value: '([' }, '/v2/x', false],
  ];
  for (const [match, path, expected] of rows)
    assert.equal(matchesPath(match, path), expected, `${match.kind} ${match.value} ${path}`);
});

test('hosts: exact beats wildcard beats any, and a wildcard is never the bare domain', () => {
  assert.ok(hostRank('a.example.com', 'a.example.com') > hostRank('*.example.com', 'a.example.com'));
  assert.ok(hostRank('*.b.example.com', 'a.b.example.com') > hostRank('*.example.com', 'a.b.example.com'));
  assert.ok(hostRank('*.example.com', 'a.example.com') > hostRank(undefined, 'a.example.com'));
  assert.equal(hostRank('*.example.com', 'example.com'), -1);
});

test('precedence: host, path kind, length, method, headers, query, age, name', () => {
  const header = { name: 'x', match: { kind: 'exact' as const, value: '1' } };
  const rows: [HttpRule[], object, string][] = [
    [[rule('any'), rule('host', { hosts: ['a.example.com'] })], {}, 'host'],
    [
      [
        rule('long', { path: { kind: 'prefix', value: '/a/b' } }),
        rule('exact', { path: { kind: 'exact', value: '/a/b' } }),
      ],
      {},
      'exact',
    ],
    [
      [
        rule('short', { path: { kind: 'prefix', value: '/a' } }),
        rule('long', { path: { kind: 'prefix', value: '/a/b' } }),
      ],
      {},
      'long',
    ],
    [[rule('any'), rule('method', { method: 'GET' })], {}, 'method'],
    [
      [rule('method', { method: 'GET' }), rule('headers', { headers: [header, header] })],
      { headers: { x: '1' } },
      'method',
    ],
    [[rule('one', { headers: [header] }), rule('two', { headers: [header, header] })], { headers: { x: '1' } }, 'two'],
    [[rule('young', { createdAt: '2026-02-01T00:00:00Z' }), rule('old')], {}, 'old'],
    [[rule('ns/b'), rule('ns/a')], {}, 'ns/a'],
  ];
  for (const [rules, more, expected] of rows) assert.equal(selectRule(rules, request('/a/b', more))?.key, expected);
  assert.equal(selectRule([rule('x', { path: { kind: 'exact', value: '/no' } })], request('/a')), undefined);
});

test('rewrites and redirects', () => {
  assert.equal(changePath({ kind: 'prefix', value: '/new' }, { kind: 'prefix', value: '/old/' }, '/old/x'), '/new/x');
  assert.equal(changePath({ kind: 'prefix', value: '/' }, { kind: 'prefix', value: '/old' }, '/old'), '/');
  assert.equal(changePath({ kind: 'full', value: '/only' }, { kind: 'prefix', value: '/' }, '/x'), '/only');
  const view = { ...request('/p'), query: 'q=1', scheme: 'http', port: 8080 };
  assert.equal(
    redirectLocation({ kind: 'redirect', status: 301, scheme: 'https' }, rule('r'), view),
    'https://a.example.com/p?q=1',
  );
  assert.equal(redirectLocation({ kind: 'redirect', status: 301, host: 'b' }, rule('r'), view), 'http://b:8080/p?q=1');
});

test('weights are shares; zero takes nothing', () => {
  const items = [
    { id: 'a', weight: 0 },
    { id: 'b', weight: 1 },
    { id: 'c', weight: 3 },
  ];
  assert.deepEqual(
    [0, 0.24, 0.26, 0.99].map(roll => chooseWeighted(items, roll)?.id),
    ['b', 'b', 'c', 'c'],
  );
  assert.equal(chooseWeighted([{ weight: 0 }], 0.5), undefined);
});
