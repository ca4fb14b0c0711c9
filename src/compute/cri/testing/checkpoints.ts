import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { type Behaviour, until, type World } from './world.ts';

/** What it drew is in its memory alone, beside a file that it writes now and one it wrote once. */
const COUNTS =
  'read t < /proc/sys/kernel/random/uuid; echo kept > /kept; i=0; ' +
  'while true; do i=$((i+1)); echo $i $t > /tmp/m && mv /tmp/m /tmp/n; sleep 0.1; done';

/** One container at a time: runtimes with a kernel a pod write that one's alone. */
const SOLITARY = { annotations: { 'tenon.dev/solitary': 'true' } };

async function count(world: World, id: string): Promise<number> {
  return Number((await drawn(world, id)).count);
}

async function drawn(world: World, id: string): Promise<{ count: string; token: string }> {
  const [count = '', token = ''] = (await world.exec(id, 'cat /tmp/n')).split(' ');
  return { count, token };
}

/** It goes on from where it was: what was in its memory is still there. */
async function goesOn(world: World, id: string, from: number): Promise<void> {
  const now = await until(
    () => count(world, id),
    value => value > from,
  );
  assert.ok(now > from);
}

/** Another pod goes on from the archive, memory and files; the first one is not touched. */
async function restores(world: World, id: string, location: string): Promise<void> {
  const from = { image: { image: location }, command: [] };
  const { count: before, token } = await drawn(world, id);
  const refused = (change: object): Promise<void> =>
    assert.rejects(async () => world.create(await world.sandbox(SOLITARY), '', { ...from, ...change }), {
      code: status.INVALID_ARGUMENT,
    });
  const sandbox = await world.sandbox(SOLITARY);
  const again = await world.start(sandbox, '', from);
  const first = await drawn(world, again);
  assert.match(token, /^[0-9a-f-]{36}$/);
  assert.equal(first.token, token);
  assert.ok(Number(first.count) > 1, first.count);
  await goesOn(world, again, Number(first.count));
  assert.equal(await world.exec(again, 'cat /kept'), 'kept');
  const { status: pod } = await world.client.call('PodSandboxStatus', { podSandboxId: sandbox });
  assert.ok(
    (await world.exec(again, 'ip -4 addr')).includes(`inet ${pod?.network?.ip}/`),
    'the address of its new pod',
  );
  assert.equal((await world.status(again)).imageRef, (await world.status(id)).imageRef);
  await goesOn(world, id, Number(before));
  await refused({ tty: true });
  const other = join(world.folder, 'other.tar');
  copyFileSync(location, other);
  chmodSync(other, 0o666);
  await refused({ image: { image: other } });
  chmodSync(other, 0o600);
  writeFileSync(other, readFileSync(location).subarray(0, 40_000));
  await refused({ image: { image: other } });
}

/** Checkpoints; `made` tells of a runtime whether it can make any here. */
export const checkpoints = (made: boolean): readonly Behaviour[] => [
  {
    name: 'checkpoint: one file with memory and configuration, or a refusal; the container runs on, and nothing half made is left',
    run: async world => {
      const id = await world.start(await world.sandbox(SOLITARY), COUNTS);
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
      if (made) await restores(world, id, location);
      assert.deepEqual(
        readdirSync(world.folder).filter(name => name.endsWith('.partial')),
        [],
      );
      await world.client.call('StopContainer', { containerId: id, timeout: 0 });
      await assert.rejects(ask(location), { code: status.FAILED_PRECONDITION });
    },
  },
];
