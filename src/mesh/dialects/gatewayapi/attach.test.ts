import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../kernel/index.ts';
import { intersectHosts, isGranted, listenersOf } from './attach.ts';
import { lowerHttpRoute } from './httproute.ts';
import { duration_ms } from './read.ts';

const route = (spec: object): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'r', namespace: 'a' },
  spec,
});

test('hosts of a route and a listener meet in the more exact of both', () => {
  const rows: [string | undefined, string[], string[] | undefined][] = [
    [undefined, [], []],
    [undefined, ['a.example.com'], ['a.example.com']],
    ['*.example.com', [], ['*.example.com']],
    ['*.example.com', ['a.example.com', 'b.org'], ['a.example.com']],
    ['*.example.com', ['example.com'], undefined],
    ['a.example.com', ['*.example.com'], ['a.example.com']],
    ['a.example.com', ['b.example.com'], undefined],
    ['*.example.com', ['*.a.example.com'], ['*.a.example.com']],
  ];
  for (const [listener, hostnames, expected] of rows)
    assert.deepEqual(intersectHosts(listener, route({ hostnames })), expected);
});

test('a reference crosses namespaces only with a grant', () => {
  const grant: KubeObject = {
    apiVersion: 'gateway.networking.k8s.io/v1beta1',
    kind: 'ReferenceGrant',
    metadata: { name: 'g', namespace: 'b' },
    spec: {
      from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'a' }],
      to: [{ group: '', kind: 'Service', name: 's' }],
    },
  };
  const to = (name: string): Parameters<typeof isGranted>[2] => ({ group: '', kind: 'Service', namespace: 'b', name });
  assert.equal(isGranted([], { kind: 'HTTPRoute', namespace: 'b' }, to('s')), true);
  assert.equal(isGranted([], { kind: 'HTTPRoute', namespace: 'a' }, to('s')), false);
  assert.equal(isGranted([grant], { kind: 'HTTPRoute', namespace: 'a' }, to('s')), true);
  assert.equal(isGranted([grant], { kind: 'HTTPRoute', namespace: 'a' }, to('t')), false);
  assert.equal(isGranted([grant], { kind: 'Gateway', namespace: 'a' }, to('s')), false);
});

test('filters, timeouts and broken references are read', () => {
  const { rules, problems } = lowerHttpRoute(
    route({
      rules: [
        {
          filters: [
            {
              type: 'RequestHeaderModifier',
              requestHeaderModifier: { set: [{ name: 'x', value: '1' }], remove: ['y'] },
            },
            { type: 'RequestMirror', requestMirror: { backendRef: { name: 'copy', port: 80 } } },
          ],
          timeouts: { request: '1s500ms' },
          backendRefs: [
            { name: 'gone', port: 80, weight: 2 },
            { kind: 'Odd', name: 'x' },
          ],
        },
      ],
    }),
    ['h'],
    {
      refuse: ({ kind, name }) =>
        kind !== 'Service' ? 'InvalidKind' : name === 'gone' ? 'BackendNotFound' : undefined,
    },
  );
  assert.equal(rules.length, 1);
  assert.deepEqual(rules[0]!.path, { kind: 'prefix', value: '/' });
  assert.deepEqual(
    rules[0]!.filters.map(filter => filter.kind),
    ['request-headers', 'mirror'],
  );
  assert.equal(rules[0]!.timeout_ms, 1500);
  assert.deepEqual(
    rules[0]!.backends.map(({ backend, weight }) => [backend, weight]),
    [
      [undefined, 2],
      [undefined, 1],
    ],
  );
  assert.deepEqual([...problems].sort(), ['BackendNotFound', 'InvalidKind']);
});

test('durations are GEP-2257, and anything else is none', () => {
  const rows: [unknown, number | undefined][] = [
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['250ms', 250],
    ['1h', 3_600_000],
    ['1.5s', undefined],
    ['s', undefined],
    [5, undefined],
  ];
  for (const [text, expected] of rows) assert.equal(duration_ms(text), expected);
});

test('listeners that lack fields are read without harm', () => {
  const gateway: KubeObject = {
    apiVersion: 'x',
    kind: 'Gateway',
    metadata: { name: 'g' },
    spec: { listeners: [null, 7, { name: 'http', port: '80', __proto__: { name: 'p' } }] },
  };
  assert.deepEqual(
    listenersOf(gateway).map(entry => [entry.name, entry.port]),
    [
      ['', 0],
      ['', 0],
      ['http', 0],
    ],
  );
});
