import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadFolder } from '../../hosts/node/documents.ts';
import { decodeDocuments, type KubeObject } from '../../kernel/index.ts';
import type { FlowQuestion } from '../model.ts';
import { prepare } from './prepared.ts';
import { whyFlow } from './why.ts';

const QUESTION: FlowQuestion = {
  source: { kind: 'named', namespace: 'a', name: 'one' },
  destination: { kind: 'named', namespace: 'a', name: 'two' },
  protocol: 'TCP',
  port: 80,
};
const pod = (name: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: a, labels: {app: ${name}}}\nspec: {containers: [{name: c}]}\n---\n`;
const PODS = decodeDocuments(pod('one') + pod('two'), { file: 'm' }).value.map(
  ({ value }) => value as unknown as KubeObject,
);
const policy = (rules: unknown[]): KubeObject =>
  ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'huge', namespace: 'a' },
    spec: { podSelector: { matchLabels: { app: 'two' } }, ingress: rules },
  }) as unknown as KubeObject;
const CPU_S_MAX = 20;

/** Seconds of processor time, which other work on the machine does not change. */
function spent<T>(take: () => T): { value: T; cpu_s: number } {
  const before = process.cpuUsage();
  const value = take();
  const { user, system } = process.cpuUsage(before);
  return { value, cpu_s: (user + system) / 1e6 };
}

test('a policy of hundreds of thousands of rules is answered in bounded time', () => {
  const rule = (index: number) => ({
    from: [{ podSelector: { matchLabels: { app: `peer-${index}` } } }],
    ports: [{ port: (index % 60_000) + 1 }],
  });
  const objects = [...PODS, policy(Array.from({ length: 300_000 }, (_, index) => rule(index)))];
  const { value, cpu_s } = spent(() => whyFlow(prepare({ objects, originOf: () => undefined }), QUESTION));
  assert.equal(value.outcome, 'deny');
  assert.ok(cpu_s < CPU_S_MAX, `${cpu_s} s`);
});

test('a great many rules that cannot be read are faults, and unknown', () => {
  const rule = { from: [{ podSelector: { matchExpressions: [{ key: 'app', operator: 'Is' }] } }] };
  const objects = [...PODS, policy(Array.from({ length: 200_000 }, () => rule))];
  const { value, cpu_s } = spent(() => whyFlow(prepare({ objects, originOf: () => undefined }), QUESTION));
  assert.equal(value.outcome, 'unknown');
  assert.ok(cpu_s < CPU_S_MAX, `${cpu_s} s`);
});

test('a file too large to be read is a fault, and makes answers unknown', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-hostile-'));
  try {
    writeFileSync(join(folder, 'pods.yaml'), pod('one') + pod('two'));
    const before = whyFlow(prepare(loadFolder(folder)), QUESTION);
    assert.equal(before.outcome, 'allow');
    writeFileSync(join(folder, 'huge.yaml'), `# ${'x'.repeat(4 * 1024 * 1024)}\n`);
    const { outcome, hops } = whyFlow(prepare(loadFolder(folder)), QUESTION);
    assert.equal(outcome, 'unknown');
    assert.equal(hops[0]?.unmodelled[0]?.code, 'delivery/file-too-large');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
