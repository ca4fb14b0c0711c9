import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom, VirtualClock } from '../../base/index.ts';
import type { Client } from '../client.ts';
import { memoryLog } from '../drivers/memory-log.ts';
import { type Kernel, openKernel } from '../kernel.ts';
import type { KubeObject } from '../object.ts';
import { StatusError } from '../status.ts';
import type { Log } from '../store/log.ts';
import { CONFIG_MAPS, configMap } from '../testkernel.ts';
import { type Call, isLinearizable } from './linearizable.ts';

const HISTORIES = Number(process.env.TENON_HISTORIES ?? 150);
const CLIENTS = 8;
const CALLS = 7;
const KEYS = ['a', 'b'];

function slowLog(random: Random): Log {
  const inner = memoryLog();
  return {
    ...inner,
    append: async (records, discards) => {
      for (let turns = Math.floor(random.next() * 20); turns > 0; turns--) await undefined;
      await inner.append(records, discards);
    },
  };
}

type Answer = { version: string; value: string };

async function perform(client: Client, operation: Call['operation'], name: string): Promise<Call['result']> {
  const key = { namespace: 'default', name };
  const stored = (object: KubeObject): Call['result'] => ({
    kind: 'stored',
    version: object.metadata.resourceVersion!,
    value: (object.data as { v: string }).v,
  });
  try {
    if (operation.verb === 'get') return stored(await client.get(CONFIG_MAPS, key));
    if (operation.verb === 'create')
      return stored(await client.create<KubeObject>(CONFIG_MAPS, configMap(name, { v: operation.value })));
    if (operation.verb === 'delete') {
      await client.delete(CONFIG_MAPS, key);
      return { kind: 'gone' };
    }
    return stored(
      await client.update<KubeObject>(
        CONFIG_MAPS,
        configMap(name, { v: operation.value }, { resourceVersion: operation.expected }),
      ),
    );
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    if (error.code === 404) return { kind: 'missing' };
    if (error.code === 409) return { kind: 'conflict' };
    throw error;
  }
}

/** Eight clients in one process, two objects, random calls that overlap. */
async function history(seed: number, plant?: (kernel: Kernel, random: Random) => void): Promise<Map<string, Call[]>> {
  const random = seededRandom(seed);
  const kernel = await openKernel({ log: slowLog(random), clock: new VirtualClock(), random });
  plant?.(kernel, random);
  const calls = new Map<string, Call[]>(KEYS.map(name => [name, []]));
  const seen = new Map<string, Answer>();
  let instant = 0;
  const choose = (id: number, step: number, name: string): Call['operation'] => {
    const value = `${id}.${step}`;
    const known = seen.get(`${id} ${name}`);
    const chance = random.next();
    if (chance < 0.2) return { verb: 'create', value };
    if (chance < 0.3) return { verb: 'delete' };
    return known && chance < 0.7 ? { verb: 'replace', value, expected: known.version } : { verb: 'get' };
  };
  const client = async (id: number): Promise<void> => {
    const own = kernel.client();
    for (let step = 0; step < CALLS; step++) {
      for (let turns = Math.floor(random.next() * 15); turns > 0; turns--) await undefined;
      const name = KEYS[Math.floor(random.next() * KEYS.length)]!;
      const operation = choose(id, step, name);
      const call = ++instant;
      const result = await perform(own, operation, name);
      calls.get(name)!.push({ call, end: ++instant, operation, result });
      if (result.kind === 'stored') seen.set(`${id} ${name}`, result);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, id) => client(id)));
  return calls;
}

test('the calls of eight clients always have one order', async () => {
  let checked = 0;
  let conflicts = 0;
  for (let seed = 1; seed <= HISTORIES; seed++) {
    for (const [name, calls] of await history(seed)) {
      assert.ok(isLinearizable(calls), `seed ${seed}, object ${name}`);
      checked += calls.length;
      conflicts += calls.filter(({ result }) => result.kind === 'conflict').length;
    }
  }
  assert.equal(checked, HISTORIES * CLIENTS * CALLS);
  assert.ok(conflicts > HISTORIES, `${conflicts} conflicts`);
});

const PLANTED: Readonly<Record<string, (kernel: Kernel, random: Random) => void>> = {
  'a stale read': (kernel, random) => {
    const collection = kernel.journal.store.collection('configmaps');
    const get = collection.get.bind(collection);
    collection.get = path => {
      const version = get(path);
      return version?.before && random.next() < 0.5 ? version.before : version;
    };
  },
  'a lost update': kernel => {
    const collection = kernel.journal.store.collection('configmaps');
    collection.head = path => collection.get(path);
  },
};

for (const [bug, plant] of Object.entries(PLANTED)) {
  test(`the check catches ${bug}`, async () => {
    for (let seed = 1; seed <= HISTORIES; seed++) {
      const broken = await history(seed, plant).catch(() => undefined);
      // A planted bug may also trip over itself; that is no find of the check.
      for (const calls of broken?.values() ?? []) if (!isLinearizable(calls)) return;
    }
    assert.fail('not found');
  });
}
