import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../kernel/client.ts';
import type { KubeObject } from '../kernel/object.ts';
import { forbidden } from '../kernel/status.ts';
import { type Effect, perform } from './effect.ts';
import { DEPLOYMENTS, PODS } from './refs.ts';

const about = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'o' } } as KubeObject;

/** Notes when calls begin and end; `refuse` tells which creates fail. */
function recording(refuse: (count: number) => boolean = () => false) {
  const log: string[] = [];
  let creates = 0;
  const slow = async (name: string): Promise<never> => {
    log.push(`+${name}`);
    for (let i = 0; i < 5; i++) await Promise.resolve();
    log.push(`-${name}`);
    return { metadata: { name } } as never;
  };
  const client = {
    create: async () => {
      creates++;
      if (refuse(creates)) throw forbidden({ group: '', resource: 'pods' }, 'p', 'exceeded quota: q');
      return slow(`c${creates}`);
    },
    patch: (_: unknown, key: { name: string }) => slow(key.name),
    delete: (_: unknown, key: { name: string }) => slow(key.name),
  } as unknown as Client;
  return { client, log, count: () => creates };
}

const patch = (name: string, extra: object = {}): Effect =>
  ({ do: 'patch', ref: PODS, key: { name }, patch: {}, ...extra }) as Effect;

test('equal neighbours run together, what comes last waits, what differs waits', async () => {
  const { client, log } = recording();
  await perform(
    [
      patch('a'),
      patch('b'),
      patch('z', { last: true }),
      patch('s', { subresource: 'status' }),
      { do: 'patch', ref: DEPLOYMENTS, key: { name: 'd' }, patch: {} },
    ],
    { client, note: () => undefined },
  );
  assert.deepEqual(log, ['+a', '+b', '-a', '-b', '+z', '-z', '+s', '-s', '+d', '-d']);
});

test('a refusal that would meet every creation costs few calls and is told once each', async () => {
  const told: string[] = [];
  const create: Effect = {
    do: 'create',
    ref: PODS,
    object: about,
    done: { about, type: 'Normal', reason: 'SuccessfulCreate', message: 'Created pod: {name}' },
    failed: { about, type: 'Warning', reason: 'FailedCreate', message: 'Error creating: {error}' },
  };
  const { client, count } = recording(n => n > 3);
  const failure = await perform(
    Array.from({ length: 100 }, () => create),
    { client, note: note => told.push(`${note.reason} ${note.message}`) },
  );
  assert.equal(failure?.effect, create);
  assert.equal(count(), 1 + 2 + 4);
  assert.equal(told.filter(text => text.startsWith('SuccessfulCreate Created pod: c')).length, 3);
  assert.ok(told.includes('FailedCreate Error creating: pods "p" is forbidden: exceeded quota: q'));
});
