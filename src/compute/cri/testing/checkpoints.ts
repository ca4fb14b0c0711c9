import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { type Behaviour, until, type World } from './world.ts';

const COUNTS = 'i=0; while true; do i=$((i+1)); echo $i > /tmp/n; sleep 0.1; done';

async function count(world: World, id: string): Promise<number> {
  return Number(await world.exec(id, 'cat /tmp/n'));
}

/** It goes on from where it was: what was in its memory is still there. */
async function goesOn(world: World, id: string, from: number): Promise<void> {
  const now = await until(
    () => count(world, id),
    value => value > from,
  );
  assert.ok(now > from);
}

/** Checkpoints; `made` tells of a runtime whether it can make any here. */
export const checkpoints = (made: boolean): readonly Behaviour[] => [
  {
    name: 'checkpoint: one file with memory and configuration, or a refusal; the container runs on, and nothing half made is left',
    run: async world => {
      const id = await world.start(await world.sandbox(), COUNTS);
      const location = join(world.folder, 'checkpoint.tar');
      const ask = (where: string): Promise<unknown> =>
        world.client.call('CheckpointContainer', { containerId: id, location: where, timeout: 60 });
      await assert.rejects(ask('relative.tar'), { code: status.INVALID_ARGUMENT });
      await until(
        () => count(world, id).catch(() => 0),
        value => value > 2,
      );
      const before = await count(world, id);
      if (made) {
        await ask(location);
        const names = execFileSync('tar', ['-tf', location], { encoding: 'utf8' }).split('\n').filter(Boolean);
        assert.ok(
          ['config.dump', 'spec.dump'].every(name => names.includes(name)),
          names.join(),
        );
        assert.ok(names.some(name => name.startsWith('checkpoint/')));
        const told = execFileSync('tar', ['-xOf', location, 'config.dump'], { encoding: 'utf8' });
        assert.equal((JSON.parse(told) as { id: string }).id, id);
        assert.deepEqual([statSync(location).mode & 0o777, statSync(location).size > 65_536], [0o600, true]);
      } else {
        await assert.rejects(ask(location), /checkpoint|criu/i);
        assert.ok(!existsSync(location));
      }
      await goesOn(world, id, before);
      assert.deepEqual(
        readdirSync(world.folder).filter(name => name.endsWith('.partial')),
        [],
      );
      await world.client.call('StopContainer', { containerId: id, timeout: 0 });
      await assert.rejects(ask(location), { code: status.FAILED_PRECONDITION });
    },
  },
];
