import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommonParts, CommonValues } from './common-parts.ts';

interface Pod {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly volume: { readonly name: string }; readonly tolerations: readonly object[] };
  readonly status: { readonly conditions: readonly object[]; readonly ip: string };
}

const pod = (at: number, ready = 'True'): Pod => ({
  metadata: { name: `pod-${at}`, labels: { app: 'web', tier: 'front' } },
  spec: { volume: { name: `token-${at}` }, tolerations: [{ key: 'not-ready', operator: 'Exists' }, { key: 'gone' }] },
  status: { conditions: [{ type: 'Ready', status: ready }, { type: 'Initialized' }], ip: `10.0.0.${at}` },
});

test('objects that share parts say what they said', () => {
  const parts = new CommonParts(new CommonValues());
  for (let at = 0; at < 200; at++) {
    const given = pod(at, at % 3 === 0 ? 'False' : 'True');
    const text = JSON.stringify(given);
    assert.equal(JSON.stringify(parts.share(given, undefined)), text);
    assert.equal(JSON.stringify(given), text, 'what was given is not changed');
  }
});

test('what many objects have in common is one object, though what holds it differs', () => {
  const parts = new CommonParts(new CommonValues());
  const shared = Array.from({ length: 200 }, (_, at) => parts.share(pod(at), undefined));
  const [one, other] = [shared.at(-1)!, shared.at(-2)!];
  assert.notEqual(one, other);
  assert.equal(one.metadata.labels, other.metadata.labels);
  assert.equal(one.spec.tolerations, other.spec.tolerations);
  assert.equal(one.status.conditions, other.status.conditions);
});

test('what an object had before stays as it is', () => {
  const parts = new CommonParts(new CommonValues());
  for (let at = 0; at < 100; at++) parts.share(pod(at), undefined);
  const before = pod(100);
  const after = parts.share({ ...before, status: { ...before.status, ip: '10.0.1.1' } }, before);
  assert.equal(after.spec, before.spec);
  assert.equal(after.metadata, before.metadata);
  assert.equal(after.status.conditions, before.status.conditions);
});

test('a member called __proto__ is a member', () => {
  const parts = new CommonParts(new CommonValues());
  const hostile = (at: number): object =>
    JSON.parse(`{"data":{"at":${at},"__proto__":{"polluted":true},"constructor":{"name":"x"}}}`) as object;
  for (let at = 0; at < 100; at++)
    assert.equal(JSON.stringify(parts.share(hostile(at), undefined)), JSON.stringify(hostile(at)));
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});
