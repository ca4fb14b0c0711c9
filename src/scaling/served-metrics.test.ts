import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinCatalog } from '../kernel/index.ts';
import { servedMetrics } from './served-metrics.ts';

const GROUP = JSON.stringify({ kind: 'APIGroup', preferredVersion: { version: 'v1beta2' } });
const items = (...items: object[]): string => JSON.stringify({ items });
const refusal = (message: string): string => JSON.stringify({ kind: 'Status', status: 'Failure', message, code: 404 });

function over(answers: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const source = servedMetrics({
    catalog: builtinCatalog(),
    ask: async path => {
      asked.push(path);
      const text = answers[path];
      return text === undefined
        ? { status: 404, text: refusal('the server could not find the requested resource') }
        : { status: 200, text };
    },
  });
  return { source, asked };
}

const SCOPE = { namespace: 'shop', selector: 'app=web' };
const CUSTOM = '/apis/custom.metrics.k8s.io';

test('metrics of pods are read under the preferred version, by pod', async () => {
  const path = `${CUSTOM}/v1beta2/namespaces/shop/pods/*/qps?labelSelector=app%3Dweb&metricLabelSelector=verb%3DGET`;
  const value = { describedObject: { name: 'web-1' }, timestamp: '2026-01-01T00:00:00Z', value: '1500m' };
  const { source } = over({
    [CUSTOM]: GROUP,
    [path]: items(value, { ...value, describedObject: { name: 'web-2' }, windowSeconds: 30 }),
  });
  const at_ms = Date.UTC(2026, 0, 1);
  assert.deepEqual(
    [...(await source.pods(SCOPE, 'qps', 'verb=GET'))],
    [
      ['web-1', { valueMilli: 1500, at_ms, window_ms: 60_000 }],
      ['web-2', { valueMilli: 1500, at_ms, window_ms: 30_000 }],
    ],
  );
});

test('metrics of objects are read where their kind is served', async () => {
  const path = `${CUSTOM}/v1beta2/namespaces/shop/ingresses.networking.k8s.io/front/hits`;
  const { source } = over({
    [CUSTOM]: GROUP,
    [path]: items({ value: '2k' }),
    [`${CUSTOM}/v1beta2/namespaces/shop/metrics/hits`]: items({ value: '7' }),
  });
  const ingress = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'front' };
  assert.equal(await source.object('shop', ingress, 'hits', ''), 2_000_000);
  assert.equal(await source.object('shop', { apiVersion: 'v1', kind: 'Namespace', name: 'shop' }, 'hits', ''), 7_000);
  await assert.rejects(source.object('shop', { ...ingress, name: 'back' }, 'hits', ''), {
    message: 'unable to fetch metrics from custom metrics API: the server could not find the requested resource',
  });
});

test('values of an external metric are added up', async () => {
  const base = '/apis/external.metrics.k8s.io/v1beta1';
  const { source } = over({
    [base]: '{}',
    [`${base}/namespaces/shop/jobs?labelSelector=q%3Da`]: items({ value: '3' }, { value: '500m' }),
  });
  assert.equal(await source.external('shop', 'jobs', 'q=a'), 3_500);
});

test('what nobody serves is told as the reference tells it', async () => {
  const { source } = over({});
  await assert.rejects(source.pods(SCOPE, 'qps', ''), /no custom metrics API \(custom\.metrics\.k8s\.io\) registered$/);
  await assert.rejects(
    source.external('shop', 'jobs', ''),
    /requested resource \(get jobs\.external\.metrics\.k8s\.io\)$/,
  );
});
