import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import WebSocket from 'ws';
import { status } from '@grpc/grpc-js';
import { isStatus } from '../../drivers/cri-client.ts';
import { ContainerEventType } from '../generated/api.ts';
import type { Behaviour } from './world.ts';

/** One remote-command session over WebSocket: what came on each channel. */
async function session(url: string, input = '', protocol = 'v4.channel.k8s.io'): Promise<Record<number, string>> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocol);
  const got: Record<number, string> = {};
  socket.on('message', data => {
    const bytes = data as Buffer;
    if (bytes.length > 1) got[bytes[0]!] = (got[bytes[0]!] ?? '') + bytes.subarray(1).toString();
  });
  socket.once('open', () => {
    if (input !== '') socket.send(Buffer.concat([Buffer.from([0]), Buffer.from(input)]));
  });
  await Promise.race([
    new Promise((resolve, reject) => {
      socket.once('close', resolve);
      socket.once('error', reject);
    }),
    wait(8000),
  ]);
  socket.terminate();
  return got;
}

const LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d) (stdout|stderr) [FP] /;

/** Logs, commands, sessions, statistics and events. */
export const streams: readonly Behaviour[] = [
  {
    name: 'log: time, stream, full or partial line',
    run: async world => {
      const id = await world.start(await world.sandbox(), 'echo out; echo err >&2; printf end');
      const { logPath } = await world.exited(id);
      await wait(100);
      const lines = readFileSync(logPath, 'utf8').split('\n').filter(Boolean);
      for (const line of lines) assert.match(line, LINE);
      assert.ok(
        lines.some(line => line.endsWith(' stdout F out')) && lines.some(line => line.endsWith(' stderr F err')),
      );
      assert.equal(lines.length, 3);
    },
  },
  {
    name: 'log: long lines come in parts',
    run: async world => {
      const id = await world.start(await world.sandbox(), 'head -c 40000 /dev/zero | tr "\\0" x; echo');
      const { logPath } = await world.exited(id);
      await wait(100);
      const lines = readFileSync(logPath, 'utf8').split('\n').filter(Boolean);
      assert.ok(lines.length >= 3 && lines[0]!.includes(' stdout P '));
      assert.equal(lines.map(line => line.split(' ')[3]).join('').length, 40_000);
    },
  },
  {
    name: 'log: opened again after rotation; refused for a container that does not run',
    run: async world => {
      const sandbox = await world.sandbox();
      const id = await world.start(sandbox, 'while true; do echo tick; sleep 0.05; done');
      const { logPath } = await world.status(id);
      await wait(200);
      renameSync(logPath, `${logPath}.1`);
      await world.client.call('ReopenContainerLog', { containerId: id });
      await wait(300);
      assert.ok(world.log(logPath).includes('tick'));
      await world.client.call('StopContainer', { containerId: id, timeout: 0 });
      await assert.rejects(world.client.call('ReopenContainerLog', { containerId: id }));
    },
  },
  {
    name: 'exec: output, errors and code apart',
    run: async world => {
      const [, id] = await world.running();
      const request = { containerId: id, cmd: ['sh', '-c', 'echo o; echo e >&2; exit 9'], timeout: 10 };
      const { stdout, stderr, exitCode } = await world.client.call('ExecSync', request);
      assert.deepEqual([String(Buffer.from(stdout)), String(Buffer.from(stderr)), exitCode], ['o\n', 'e\n', 9]);
    },
  },
  {
    name: 'exec: a timeout ends the command with an error',
    run: async world => {
      const [, id] = await world.running();
      const request = { containerId: id, cmd: ['sleep', '777'], timeout: 1 };
      await assert.rejects(world.client.call('ExecSync', request), error => isStatus(error, status.DEADLINE_EXCEEDED));
      await wait(200);
      assert.ok(!(await world.exec(id, 'ps')).includes('sleep 777'));
    },
  },
  {
    name: 'exec: in a container that does not run is refused',
    run: async world => {
      const id = await world.create(await world.sandbox(), 'true');
      await assert.rejects(world.exec(id, 'true'));
    },
  },
  {
    name: 'exec: by streaming URL, with input',
    run: async world => {
      const [, id] = await world.running();
      const request = {
        containerId: id,
        cmd: ['sh', '-c', 'read x; echo "got $x"; echo e >&2; exit 3'],
        stdin: true,
        stdout: true,
        stderr: true,
      };
      const { url } = await world.client.call('Exec', request);
      const got = await session(url, 'hello\n');
      assert.equal(got[1], 'got hello\n');
      assert.equal(got[2], 'e\n');
      assert.match(got[3] ?? '', /"3"|exit code 3|exit status 3/);
    },
  },
  {
    name: 'exec: a streaming URL is good once',
    run: async world => {
      const [, id] = await world.running();
      const { url } = await world.client.call('Exec', { containerId: id, cmd: ['true'], stdout: true });
      await session(url);
      await assert.rejects(session(url));
    },
  },
  {
    name: 'exec: with a terminal',
    run: async world => {
      const [, id] = await world.running();
      const { url } = await world.client.call('Exec', {
        containerId: id,
        cmd: ['sh', '-c', 'test -t 1 && echo tty'],
        tty: true,
        stdout: true,
        stdin: true,
      });
      assert.match((await session(url))[1] ?? '', /tty/);
    },
  },
  {
    name: 'exec: nothing asked for, or a terminal with standard error, is refused',
    run: async world => {
      const [, id] = await world.running();
      await assert.rejects(world.client.call('Exec', { containerId: id, cmd: ['true'] }));
      await assert.rejects(
        world.client.call('Exec', { containerId: id, cmd: ['true'], tty: true, stdout: true, stderr: true }),
      );
    },
  },
  {
    name: 'attach: input reaches the container, output comes back',
    run: async world => {
      const sandbox = await world.sandbox();
      const id = await world.start(sandbox, 'while read x; do echo "got $x"; test "$x" = end && exit 0; done', {
        stdin: true,
      });
      const { url } = await world.client.call('Attach', { containerId: id, stdin: true, stdout: true, stderr: true });
      assert.match((await session(url, 'one\nend\n'))[1] ?? '', /got one\ngot end/);
    },
  },
  {
    name: 'port-forward: reaches a server in the pod',
    run: async world => {
      const [sandbox] = await world.running({
        command: ['sh', '-c', 'while true; do echo hi there | nc -l -p 8080; done'],
      });
      await wait(300);
      const { url } = await world.client.call('PortForward', { podSandboxId: sandbox, port: [8080] });
      const socket = new WebSocket(`${url.replace(/^http/, 'ws')}?port=8080`, 'v4.channel.k8s.io');
      let text = '';
      socket.on('message', data => void (text += (data as Buffer).subarray(1).toString('latin1')));
      socket.on('error', () => {});
      for (let tries = 0; tries < 60 && !text.includes('hi there'); tries++) await wait(50);
      socket.terminate();
      assert.ok(text.includes('hi there'), JSON.stringify(text));
    },
  },
  {
    name: 'statistics: of a container, by filter, of a pod',
    run: async world => {
      const [sandbox, id] = await world.running();
      await world.exec(id, 'head -c 100000 /dev/zero > /file');
      const { stats } = await world.client.call('ContainerStats', { containerId: id });
      assert.equal(stats?.attributes?.id, id);
      assert.ok(stats!.cpu!.timestamp > 0 && stats!.memory!.workingSetBytes!.value > 0);
      const list = await world.client.call('ListContainerStats', { filter: { podSandboxId: sandbox } });
      assert.deepEqual(
        list.stats.map(entry => entry.attributes?.id),
        [id],
      );
      const pod = await world.client.call('PodSandboxStats', { podSandboxId: sandbox });
      assert.equal(pod.stats?.attributes?.id, sandbox);
      await assert.rejects(world.client.call('ContainerStats', { containerId: 'd'.repeat(64) }));
    },
  },
  {
    name: 'events: created, started, stopped and deleted, with the pod’s state',
    run: async world => {
      const stop = new AbortController();
      const kinds: number[] = [];
      const sandbox = await world.sandbox();
      let wanted = '';
      const reading = (async () => {
        for await (const event of world.client.stream('GetContainerEvents', {}, stop.signal))
          if (event.podSandboxStatus?.id === sandbox || event.containerId === wanted)
            if (event.containerId !== sandbox) kinds.push(event.containerEventType);
      })();
      reading.catch(() => {});
      await wait(200);
      wanted = await world.create(sandbox, 'true');
      await world.client.call('StartContainer', { containerId: wanted });
      await world.exited(wanted);
      await wait(200);
      await world.client.call('RemoveContainer', { containerId: wanted });
      await wait(200);
      stop.abort();
      await reading;
      const { CONTAINER_CREATED_EVENT: created, CONTAINER_STARTED_EVENT: started } = ContainerEventType;
      const { CONTAINER_STOPPED_EVENT: stopped, CONTAINER_DELETED_EVENT: deleted } = ContainerEventType;
      assert.deepEqual(kinds, [created, started, stopped, deleted]);
    },
  },
];
