import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { ContainerState, PodSandboxState } from '../src/compute/cri/generated/api.ts';
import { fetched } from '../src/compute/cri/testing/contract.ts';
import { makeImages, noImages } from '../src/compute/cri/testing/images.ts';
import { World } from '../src/compute/cri/testing/world.ts';
import { CriClient } from '../src/compute/index.ts';
import { type CriHost, startCriHost } from '../src/hosts/node/cri-host.ts';
import { openState, type StateFolder } from '../src/hosts/node/state.ts';

const skip = process.getuid?.() === 0 ? (noImages() ?? false) : 'needs root';

describe('a CRI server that is started again', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-cri-again-'));
  const socket = join(folder, 'c.sock');
  const quiet = (): void => {};
  let state: StateFolder;
  let host: CriHost;

  const start = async (drain: boolean): Promise<CriHost> => {
    state = openState(join(folder, 'state'));
    return startCriHost({ state, socket, version: '0', drain, report: quiet, log: quiet });
  };
  const end = async (): Promise<void> => {
    await host[Symbol.asyncDispose]();
    await state[Symbol.asyncDispose]();
  };

  before(async () => {
    await makeImages(join(folder, 'build'), join(folder, 'state/images'));
    host = await start(false);
  });
  after(async () => {
    await end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has the pods it had: running, reachable, with their logs and exits', async () => {
    using client = new CriClient(`unix://${socket}`);
    const world = new World(client, join(folder, 'world'), '', 'again');
    const port = { containerPort: 8080, hostPort: 38090, protocol: 0 };
    const sandbox = await world.sandbox({ portMappings: [port] });
    const server = await world.start(
      sandbox,
      'echo page > /data/index.html; httpd -p 8080 -h /data; while true; do echo tick; sleep 0.1; done',
    );
    const ending = await world.start(sandbox, 'sleep 1; exit 5');
    const gone = await world.sandbox();
    await client.call('StopPodSandbox', { podSandboxId: gone });
    const before = await world.status(server);
    await end();
    await wait(1500);
    host = await start(true);
    using again = new CriClient(`unix://${socket}`);
    const status = (await again.call('ContainerStatus', { containerId: server })).status!;
    assert.deepEqual([status.state, status.startedAt], [ContainerState.CONTAINER_RUNNING, before.startedAt]);
    const { items } = await again.call('ListPodSandbox', {});
    assert.deepEqual(
      new Map(items.map(item => [item.id, item.state])),
      new Map([
        [sandbox, PodSandboxState.SANDBOX_READY],
        [gone, PodSandboxState.SANDBOX_NOTREADY],
      ]),
    );
    const ended = (await again.call('ContainerStatus', { containerId: ending })).status!;
    assert.deepEqual([ended.state, ended.exitCode], [ContainerState.CONTAINER_EXITED, 5]);
    const { stdout } = await again.call('ExecSync', { containerId: server, cmd: ['echo', 'in'], timeout: 10 });
    assert.equal(String(Buffer.from(stdout)), 'in\n');
    assert.equal(await fetched('127.0.0.1', 38090), 'page');
    const ticks = world.log(status.logPath).length;
    await wait(400);
    assert.ok(world.log(status.logPath).length > ticks);
    for (const podSandboxId of [sandbox, gone]) await again.call('RemovePodSandbox', { podSandboxId });
    assert.deepEqual((await again.call('ListContainers', {})).containers, []);
  });
});
