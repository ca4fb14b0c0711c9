import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, VirtualClock } from '../base/index.ts';
import { type KubeObject, memoryLog, openKernel } from '../kernel/index.ts';
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
