import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { seededRandom } from '../../base/index.ts';
import { findBinary } from '../drivers/runtime-oci.ts';
import { tortureNode } from './node-torture.ts';
import { unavailable } from './testhost.ts';

/** TENON_KILLS=150 is the whole of it. */
const KILLS = Number(process.env.TENON_KILLS ?? 9);
const SEED = Number(process.env.TENON_SEED ?? 7);

const handlers = ['process', 'runc', 'crun'].filter(name => name === 'process' || findBinary(name));

describe('killed with -9 while pods start', { skip: unavailable }, () => {
  for (const handler of handlers)
    it(`${handler}: ${KILLS} kills of us, of the keeper and of the runtime lose no pod and leave nothing`, async test => {
      const { hits } = await tortureNode({ handler, kills: KILLS, random: seededRandom(SEED) }).catch(
        (error: unknown) => {
          test.diagnostic(inspect(error));
          throw error;
        },
      );
      assert.ok(hits > KILLS / 3, 'hardly anything was there to kill');
    });
});
