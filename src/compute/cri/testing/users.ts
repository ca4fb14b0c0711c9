import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { NamespaceMode } from '../generated/api.ts';
import { type Behaviour, type World, secured } from './world.ts';

const START = 3_276_800;
const LENGTH = 65_536;
const RANGE = { hostId: START, containerId: 0, length: LENGTH };

const pod = (uids: readonly (typeof RANGE)[], gids = uids) => ({
  linux: { securityContext: { namespaceOptions: { usernsOptions: { mode: NamespaceMode.POD, uids, gids } } } },
});

/** The account of a container's first process, as the machine has it. */
async function accountOf(world: World, id: string): Promise<string[]> {
  const { info } = await world.client.call('ContainerStatus', { containerId: id, verbose: true });
  const { pid } = JSON.parse(info.info ?? '{}') as { pid: number };
  const lines = readFileSync(`/proc/${pid}/status`, 'utf8');
  return [/^Uid:\t(\d+)/m, /^Gid:\t(\d+)/m].map(pattern => pattern.exec(lines)?.[1] ?? '');
}

/** Pods whose accounts are not the machine's (KEP-127), for runtimes that can. */
export const users: readonly Behaviour[] = [
  {
    name: 'users: root is nobody on the machine, and root inside: image, processes, commands, low ports',
    run: async world => {
      const sandbox = await world.sandbox(pod([RANGE]));
      const id = await world.start(sandbox, 'echo up; exec sleep 1000');
      await world.said(id, 'up');
      assert.deepEqual(await accountOf(world, id), [String(START), String(START)]);
      assert.equal(await world.exec(id, 'id -u; id -g; stat -c %u:%g /bin/busybox'), '0\n0\n0:0');
      assert.match(await world.exec(id, 'cat /proc/self/uid_map'), new RegExp(`^\\s*0\\s+${START}\\s+${LENGTH}$`));
      assert.equal(await world.exec(id, 'touch /made && chown 1000:1000 /made && stat -c %u:%g /made'), '1000:1000');
      assert.equal(await world.exec(id, 'cp /bin/busybox /copy && chmod 700 /bin/busybox && stat -c %u /copy'), '0');
      assert.equal(await world.exec(id, 'nc -l -p 80 & sleep 0.2; netstat -lnt | grep -c ":80 "; kill $!'), '1');
      assert.equal(
        await world
          .exec(id, 'echo x > /proc/sys/kernel/core_pattern && echo wrote || true')
          .then(said => said.includes('wrote')),
        false,
      );
    },
  },
  {
    name: 'users: another account inside is another on the machine, without rights; a second container shares them',
    run: async world => {
      const sandbox = await world.sandbox(pod([RANGE]));
      const account = { runAsUser: { value: 1000 }, runAsGroup: { value: 1001 } };
      const id = await world.start(sandbox, 'echo up; exec sleep 1000', secured(account));
      await world.said(id, 'up');
      assert.deepEqual(await accountOf(world, id), [String(START + 1000), String(START + 1001)]);
      assert.match(await world.exec(id, 'grep CapEff /proc/self/status'), /\t0+$/);
      const other = await world.start(sandbox, 'echo up; exec sleep 1000');
      await world.said(other, 'up');
      assert.deepEqual(await accountOf(world, other), [String(START), String(START)]);
      assert.match(await world.exec(other, 'grep CapEff /proc/self/status'), /\t0+[0-9a-f]*[1-9a-f][0-9a-f]*$/);
    },
  },
  {
    name: 'users: volumes show and keep the owners they have, by accounts of the pod',
    run: async world => {
      const volume = join(world.folder, 'volume');
      mkdirSync(volume, { recursive: true, mode: 0o700 });
      writeFileSync(join(volume, 'secret'), 'told', { mode: 0o600 });
      writeFileSync(join(volume, 'other'), 'x', { mode: 0o600 });
      chownSync(join(volume, 'other'), 33, 34);
      const mounts = [{ hostPath: volume, containerPath: '/v' }];
      const id = await world.start(await world.sandbox(pod([RANGE])), 'echo up; exec sleep 1000', { mounts });
      await world.said(id, 'up');
      assert.equal(await world.exec(id, 'stat -c %u:%g /v/secret /v/other; cat /v/secret'), '0:0\n33:34\ntold');
      await world.exec(id, 'echo new > /v/new; chown 7:8 /v/new');
      const { uid, gid } = statSync(join(volume, 'new'));
      assert.deepEqual([uid, gid], [7, 8]);
    },
  },
  {
    name: 'users: ranges that are the machine’s own, too small, or not the same for groups are refused',
    run: async world => {
      const bad = [
        [],
        [{ ...RANGE, hostId: 0 }],
        [{ ...RANGE, length: 1000 }],
        [{ ...RANGE, containerId: 1 }],
        [RANGE, { ...RANGE, hostId: START + LENGTH }],
      ];
      for (const uids of bad) await assert.rejects(world.sandbox(pod(uids)), { code: status.INVALID_ARGUMENT });
      const gids = [{ ...RANGE, hostId: START + LENGTH }];
      await assert.rejects(world.sandbox(pod([RANGE], gids)), { code: status.INVALID_ARGUMENT });
    },
  },
];
