import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FaultError } from '../../base/index.ts';
import { realClock } from '../agent/testhost.ts';
import { gvisor } from '../dialects/gvisor/dialect.ts';
import type { Cgroups } from './cgroup.ts';
import type { Keeper } from './keeper-client.ts';
import { openOciRuntime } from './runtime-oci.ts';
import { openVmRuntime } from './runtime-vm.ts';

describe('runtimes whose binary is not here', () => {
  it('are refused by a promise, so that a node goes on without them', async () => {
    const path = process.env.PATH;
    process.env.PATH = '/nowhere';
    const options = { keeper: {} as Keeper, cgroups: {} as Cgroups, clock: realClock, folder: '/nowhere' };
    try {
      const opening: Promise<unknown>[] = [openOciRuntime(gvisor, options), openVmRuntime(options)];
      const ends = await Promise.allSettled(opening);
      for (const end of ends) {
        assert.ok(end.status === 'rejected' && end.reason instanceof FaultError);
        assert.equal(end.reason.fault.code, 'compute/runtime-missing');
      }
    } finally {
      process.env.PATH = path;
    }
  });
});
