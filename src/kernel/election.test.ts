import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, type VirtualClock } from '../base/index.ts';
import type { Client } from './client.ts';
import { type Candidacy, elect } from './election.ts';
import { testKernel } from './testkernel.ts';

const LEASE = { namespace: 'kube-system', name: 'office' };

interface Runner {
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

function run(client: Client, clock: VirtualClock, identity: string, leading: Set<string>): Runner {
  const stop = new AbortController();
  const candidacy: Candidacy = { client, clock, random: seededRandom(identity.length), lease: LEASE, identity };
  const lead = async (signal: AbortSignal): Promise<void> => {
    leading.add(identity);
    await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
    leading.delete(identity);
  };
  return { stop, done: elect(candidacy, lead, stop.signal) };
}

/** Virtual time in steps, with turns of the event loop for what waits on the store. */
async function pass(clock: VirtualClock, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 500) {
    clock.advance(500);
    for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve));
  }
}

/** A client whose writes can be made to fail, as for a server that was cut off. */
function cuttable(client: Client): { client: Client; cut: boolean } {
  const state = { cut: false, client };
  const refuse = (): Promise<never> => Promise.reject(new Error('cut off'));
  state.client = {
    ...client,
    get: (...args) => (state.cut ? refuse() : client.get(...args)),
    update: (...args) => (state.cut ? refuse() : client.update(...args)),
  };
  return state;
}

test('one leads at a time; who leaves hands over, who is cut off stops before another starts', async () => {
  const { kernel, clock } = await testKernel();
  const leading = new Set<string>();
  const one = cuttable(kernel.client());
  const runners = [run(one.client, clock, 'one', leading)];
  await pass(clock, 1_000);
  assert.deepEqual([...leading], ['one']);
  runners.push(run(kernel.client(), clock, 'two', leading), run(kernel.client(), clock, 'three', leading));
  await pass(clock, 60_000);
  assert.deepEqual([...leading], ['one']);
  one.cut = true;
  for (let i = 0; i < 60; i++) {
    await pass(clock, 500);
    assert.ok(leading.size <= 1, `leading: ${[...leading].join(' ')}`);
  }
  const [second] = leading;
  assert.ok(second === 'two' || second === 'three');
  const leaver = runners[second === 'two' ? 1 : 2]!;
  leaver.stop.abort();
  await pass(clock, 4_000);
  assert.deepEqual([...leading], [second === 'two' ? 'three' : 'two']);
  for (const { stop } of runners) stop.abort();
  await pass(clock, 1_000);
  await Promise.all(runners.map(({ done }) => done));
  assert.equal(leading.size, 0);
  await kernel[Symbol.asyncDispose]();
});
