import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { gvisor } from '../dialects/gvisor/dialect.ts';
import type { ContainerStatus } from '../model.ts';
import { noGvisor, RuntimeFixture, SECURITY } from './oci-fixture.ts';

const LATE_MS_MAX = 30_000;

describe('containers of a pod on one gVisor kernel', { skip: noGvisor() }, () => {
  let fixture: RuntimeFixture;

  before(async () => {
    fixture = await RuntimeFixture.open(gvisor);
  });

  after(() => fixture?.[Symbol.asyncDispose]());

  async function ended(id: string): Promise<ContainerStatus> {
    const late_ms = performance.now() + LATE_MS_MAX;
    for (;;) {
      const status = await fixture.runtime.status(id);
      if (status.state === 'exited') return status;
      if (performance.now() > late_ms) assert.fail(`${id} stays ${status.state}`);
      await wait(20);
    }
  }

  const log = (id: string): string => readFileSync(join(fixture.folder, `${id}.log`), 'utf8');

  it('each ends for itself, and is started again beside the others', async () => {
    const sandbox = await fixture.sandbox();
    const stays = await fixture.start(sandbox, 'sleep 1000');
    const [failed, killed, ran] = [
      await fixture.start(sandbox, 'echo said; exit 7'),
      await fixture.start(sandbox, 'kill -USR1 $$; sleep 9'),
      await fixture.start(sandbox, 'true'),
    ];
    assert.deepEqual([(await ended(failed)).exitCode, (await ended(failed)).reason], [7, 'Error']);
    assert.equal((await ended(killed)).exitCode, 128 + 10);
    assert.deepEqual([(await ended(ran)).exitCode, (await ended(ran)).reason], [0, 'Completed']);
    assert.match(log(failed), / stdout F said\n/);
    const again = await fixture.start(sandbox, 'exit 8');
    assert.equal((await ended(again)).exitCode, 8);
    assert.equal((await fixture.runtime.status(stays)).state, 'running');
    await fixture.runtime.stopContainer(stays, 0);
    assert.equal((await ended(stays)).exitCode, 137);
  });

  it('a command that is not there is told as such, and the others run on', async () => {
    const sandbox = await fixture.sandbox();
    const stays = await fixture.start(sandbox, 'sleep 1000');
    await assert.rejects(fixture.start(sandbox, '', { args: ['no-such-command'] }), /no-such-command/);
    assert.equal((await fixture.runtime.status(stays)).state, 'running');
  });

  it('when the kernel is gone so are all, and the pod is not ready', async () => {
    const sandbox = await fixture.sandbox();
    const both = [await fixture.start(sandbox, 'sleep 1000'), await fixture.start(sandbox, 'sleep 1000')];
    await fixture.keeper.kill(`k-${sandbox}`, 9);
    for (const id of both) assert.equal((await ended(id)).exitCode, 137);
    const [found] = (await fixture.runtime.listSandboxes()).filter(({ spec }) => spec.id === sandbox);
    assert.equal(found?.state, 'notready');
  });

  it('a restarted Tenon takes them up, and starts others beside them', async () => {
    const sandbox = await fixture.sandbox();
    const stays = await fixture.start(sandbox, 'while ! test -f /end; do sleep 0.1; done; exit 4');
    fixture.runtime.dispose();
    await fixture.keeper[Symbol.asyncDispose]();
    await fixture.take(gvisor);
    assert.equal((await fixture.runtime.status(stays)).state, 'running');
    const beside = await fixture.start(sandbox, 'exit 5');
    assert.equal((await ended(beside)).exitCode, 5);
    const streams = { signal: new AbortController().signal };
    await fixture.runtime.exec(stays, { command: ['sh', '-c', 'echo > /end'], tty: false }, streams);
    assert.equal((await ended(stays)).exitCode, 4);
  });

  it('a setting its network does not have is refused, and nothing is left', async () => {
    const id = 'refused';
    // Machines have it, gVisor's network stack has not.
    const sysctls = { 'net.ipv4.tcp_retries1': '4' };
    await assert.rejects(fixture.sandbox({ id, sysctls, solitary: true }), /kernel refuses .*tcp_retries1/);
    assert.ok((await fixture.keeper.list()).every(kept => !kept.id.endsWith(id)));
    assert.ok((await fixture.runtime.listSandboxes()).every(({ spec }) => spec.id !== id));
  });

  for (const solitary of [true, false])
    it(`a pod on the machine’s network reaches the machine’s loopback, ${solitary ? 'alone' : 'on a shared kernel'}`, async () => {
      const server = createServer(socket => socket.end('of the machine\n')).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const sandbox = await fixture.sandbox({ solitary, hostNetwork: true, netnsPath: undefined as never });
      const id = await fixture.start(sandbox, `nc -w 5 127.0.0.1 ${port} < /dev/null`);
      assert.equal((await ended(id)).exitCode, 0);
      server.close();
      assert.match(log(id), /of the machine/);
    });

  for (const solitary of [true, false])
    it(`a command whose time is over ends inside too, ${solitary ? 'alone' : 'on a shared kernel'}`, async () => {
      const id = await fixture.start(await fixture.sandbox({ solitary }), 'sleep 1000');
      const streams = { signal: new AbortController().signal };
      const late = { command: ['sh', '-c', 'touch /begun; exec sleep 777'], tty: false, timeout_ms: 1500 };
      assert.deepEqual(await fixture.runtime.exec(id, late, streams), { exitCode: 124 });
      const look = { command: ['sh', '-c', 'test -f /begun && ! ps | grep -q "[s]leep 777"'], tty: false };
      assert.deepEqual(await fixture.runtime.exec(id, look, streams), { exitCode: 0 });
    });

  it('a profile of AppArmor is refused: it would not hold', async () => {
    const sandbox = await fixture.sandbox({ solitary: true });
    await assert.rejects(
      fixture.start(sandbox, 'true', { security: { ...SECURITY, apparmor: 'tight' } }),
      /AppArmor.*tight/,
    );
  });

  it('has no checkpoint of its own, nor are its uses told', async () => {
    const id = await fixture.start(await fixture.sandbox(), 'sleep 1000');
    await assert.rejects(fixture.runtime.checkpoint!(id, join(fixture.folder, 'point'), 10_000), /shares?/);
    assert.deepEqual(
      (await fixture.runtime.stats()).filter(({ id: of }) => of === id),
      [],
    );
  });
});
