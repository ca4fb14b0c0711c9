import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import WebSocket from 'ws';
import { status } from '@grpc/grpc-js';
import { isStatus } from '../../drivers/cri-client.ts';
import { ContainerEventType } from '../generated/api.ts';
import { type Behaviour, until } from './world.ts';

const SESSION_MS_MAX = 60_000;

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').filter(Boolean);

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
    wait(SESSION_MS_MAX),
  ]);
  socket.terminate();
  return got;
}

/** What the server behind a forwarded port says before it closes. */
async function forwarded(url: string): Promise<string> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}?port=8080`, 'v4.channel.k8s.io');
  let text = '';
  socket.on('message', data => void (text += (data as Buffer).subarray(1).toString('latin1')));
  socket.on('error', () => {});
  for (let tries = 0; tries < 60 && !text.includes('hi there'); tries++) await wait(50);
  socket.terminate();
  return text;
}

const LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d) (stdout|stderr) [FP] /;

/** Logs, commands, sessions, statistics and events. */
export const streams: readonly Behaviour[] = [
  {
    name: 'log: time, stream, full or partial line',
    run: async world => {
      const id = await world.start(await world.sandbox(), 'echo out; echo err >&2; printf end');
      const { logPath } = await world.exited(id);
      const lines = await until(
        () => linesOf(logPath),
        found => found.length >= 3,
      );
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
      const lines = await until(
        () => linesOf(logPath),
        found => found.at(-1)?.includes(' stdout F ') ?? false,
      );
      assert.ok(lines.length >= 3 && lines[0]!.includes(' stdout P '));
      assert.equal(lines.map(line => line.split(' ')[3] ?? '').join('').length, 40_000);
    },
  },
  {
    name: 'log: opened again after rotation; refused for a container that does not run',
    run: async world => {
      const sandbox = await world.sandbox();
      const id = await world.start(sandbox, 'while true; do echo tick; sleep 0.05; done');
      const logPath = await world.said(id, 'tick');
      renameSync(logPath, `${logPath}.1`);
      await world.client.call('ReopenContainerLog', { containerId: id });
      await world.said(id, 'tick');
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
      await until(
        () => world.exec(id, 'ps'),
        processes => !processes.includes('sleep 777'),
      );
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
      await until(
        async () => forwarded((await world.client.call('PortForward', { podSandboxId: sandbox, port: [8080] })).url),
        text => text.includes('hi there'),
      );
    },
  },
  {
    name: 'statistics: of a container, by filter, of a pod',
    run: async world => {
      const [sandbox, id] = await world.running();
      await world.exec(id, 'head -c 100000 /dev/zero > /file');
      const { stats } = await until(
        () => world.client.call('ContainerStats', { containerId: id }),
        read => (read.stats?.memory?.workingSetBytes?.value ?? 0) > 0,
      );
      assert.equal(stats?.attributes?.id, id);
      assert.ok(stats!.cpu!.timestamp > 0);
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
      const events: (readonly [id: string, kind: number])[] = [];
      const sandbox = await world.sandbox();
      const reading = (async () => {
        for await (const event of world.client.stream('GetContainerEvents', {}, stop.signal))
          events.push([event.containerId, event.containerEventType]);
      })();
      reading.catch(() => {});
      const { CONTAINER_CREATED_EVENT: created, CONTAINER_STARTED_EVENT: started } = ContainerEventType;
      const { CONTAINER_STOPPED_EVENT: stopped, CONTAINER_DELETED_EVENT: deleted } = ContainerEventType;
      const kindsOf = (id: string): number[] => events.filter(([of]) => of === id).map(([, kind]) => kind);
      const seen = (id: string, kind: number): Promise<unknown> =>
        until(
          () => kindsOf(id),
          kinds => kinds.includes(kind),
        );
      // Only what happens while one listens is told: containers are made until the first is heard of.
      await until(
        () => world.create(sandbox, 'true'),
        id => kindsOf(id).length > 0,
      );
      const id = await world.create(sandbox, 'true');
      await seen(id, created);
      await world.client.call('StartContainer', { containerId: id });
      await world.exited(id);
      await seen(id, stopped);
      await world.client.call('RemoveContainer', { containerId: id });
      await seen(id, deleted);
      stop.abort();
      await reading;
      assert.deepEqual(kindsOf(id), [created, started, stopped, deleted]);
    },
  },
];
