import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, VirtualClock } from '../base/index.ts';
import { type Client, type KubeObject, memoryLog, openKernel, statusError } from '../kernel/index.ts';
import { EventRecorder } from './events.ts';
import { EVENTS } from './refs.ts';

type EventObject = KubeObject & {
  reason: string;
  message: string;
  count: number;
  type: string;
  source: { component: string };
};

test('repeats raise a count, many messages become one, floods are cut', async () => {
  const clock = new VirtualClock();
  await using kernel = await openKernel({ log: memoryLog(), clock, random: seededRandom(1) });
  const recorder = new EventRecorder({ client: kernel.client(), clock });
  const note = recorder.as('replicaset-controller');
  const about = (name: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: name },
  });
  for (let i = 0; i < 3; i++) note({ about: about('same'), type: 'Warning', reason: 'FailedCreate', message: 'no' });
  for (let i = 0; i < 15; i++)
    note({ about: about('many'), type: 'Normal', reason: 'SuccessfulCreate', message: `Created pod: p${i}` });
  for (let i = 0; i < 100; i++) note({ about: about('flood'), type: 'Normal', reason: 'Pulled', message: 'again' });
  await recorder[Symbol.asyncDispose]();
  const events = (await kernel.client().list<EventObject>(EVENTS)).items;
  const of = (name: string): EventObject[] => events.filter(event => event.metadata.name?.startsWith(`${name}.`));
  assert.deepEqual(
    of('same').map(event => [event.count, event.type, event.source.component]),
    [[3, 'Warning', 'replicaset-controller']],
  );
  assert.equal(of('many').length, 11);
  const combined = of('many').find(event => event.message.startsWith('(combined from similar events): '));
  assert.equal(combined?.count, 5);
  assert.deepEqual(
    of('flood').map(event => event.count),
    [25],
  );
  assert.equal(recorder.dropped, 75);
});

test('a write that got no answer is tried again after a pause, never at once', async () => {
  const clock = new VirtualClock();
  await using kernel = await openKernel({ log: memoryLog(), clock, random: seededRandom(1) });
  const client = kernel.client();
  let away = false;
  let calls = 0;
  const failing = async <T>(call: () => Promise<T>): Promise<T> => {
    calls++;
    const answer = await call();
    if (away) throw statusError(503, 'ServiceUnavailable', 'gone');
    return answer;
  };
  const flaky: Client = {
    ...client,
    create: (ref, object, options) => failing(() => client.create(ref, object, options)),
    patch: (ref, key, patch, options) => failing(() => client.patch<never>(ref, key, patch, options)),
  };
  const recorder = new EventRecorder({ client: flaky, clock });
  const about = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default', uid: 'p' } };
  const tell = (): void => recorder.as('c')({ about, type: 'Normal', reason: 'Pulled', message: 'image' });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve));
  };
  away = true;
  tell();
  tell();
  await settle();
  assert.equal(calls, 1);
  away = false;
  clock.advance(10_000);
  await settle();
  const counts = async (): Promise<number[]> =>
    (await client.list<EventObject>(EVENTS)).items.map(event => event.count);
  assert.deepEqual(await counts(), [2]);
  away = true;
  tell();
  await settle();
  const before = calls;
  await settle();
  assert.equal(calls, before);
  await recorder[Symbol.asyncDispose]();
});
