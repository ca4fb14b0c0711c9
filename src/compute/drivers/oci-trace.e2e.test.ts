import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { gvisor } from '../dialects/gvisor/dialect.ts';
import type { ProcessEvent, SystemCall } from '../process-events.ts';
import { noGvisor, RuntimeFixture } from './oci-fixture.ts';

const LATE_MS_MAX = 30_000;

const isCall =
  (name: string) =>
  (event: ProcessEvent): event is SystemCall =>
    event.kind === 'call' && event.name === name;

describe('what processes of gVisor pods do is told', { skip: noGvisor() }, () => {
  let fixture: RuntimeFixture;

  before(async () => {
    fixture = await RuntimeFixture.open(gvisor);
  });

  after(() => fixture?.[Symbol.asyncDispose]());

  async function until<T>(found: () => T | undefined): Promise<T> {
    const late_ms = performance.now() + LATE_MS_MAX;
    for (;;) {
      const value = found();
      if (value !== undefined) return value;
      if (performance.now() > late_ms) assert.fail('no such event');
      await wait(20);
    }
  }

  for (const solitary of [true, false])
    it(`programs, files and connections, with container, process and outcome; ${solitary ? 'a kernel of its own' : 'on its pod’s kernel'}`, async () => {
      const events: ProcessEvent[] = [];
      const subscription = await fixture.runtime.processEvents!.subscribe(more => void events.push(...more));
      try {
        const id = await fixture.start(
          await fixture.sandbox({ solitary }),
          'cat /bin/absent; echo kept > /written; nc -w 1 127.0.0.1 9; exit 3',
        );
        const of = <K extends ProcessEvent['kind']>(kind: K) =>
          events.filter((event): event is Extract<ProcessEvent, { kind: K }> => event.kind === kind);
        const end = await until(() => of('exited').find(({ exitCode }) => exitCode === 3));
        assert.deepEqual([end.containerId, end.signal, end.process.name], [id, undefined, 'sh']);
        assert.ok(events.every(event => event.containerId === id));
        assert.deepEqual(of('started')[0]?.args.slice(0, 2), ['sh', '-c']);
        assert.deepEqual(of('executed')[0]?.args, ['cat', '/bin/absent']);
        assert.equal(of('executed')[0]?.path, '/bin/busybox');
        const missed = events
          .filter(isCall('openat'))
          .concat(events.filter(isCall('open')))
          .find(({ path }) => path === '/bin/absent');
        assert.equal(missed?.errno, 2);
        assert.notEqual(missed?.process.pid, 0);
        const wrote = events.find(event => event.kind === 'call' && event.path === '/written') as SystemCall;
        assert.equal(wrote.errno, undefined);
        assert.equal((wrote.arguments.flags as number) & 1, 1);
        const [connected] = events.filter(isCall('connect'));
        assert.deepEqual(connected?.address, { family: 'ipv4', ip: '127.0.0.1', port: 9 });
        assert.equal(connected?.containerId, id);
        assert.ok(of('forked').some(({ childPid }) => childPid === missed?.process.pid));
        assert.deepEqual([...new Set(of('lost').map(({ why }) => why))], []);
        assert.ok(events.every(event => event.kind === 'lost' || Math.abs(event.at_ms - Date.now()) < 120_000));
      } finally {
        subscription.close();
      }
    });

  for (const solitary of [true, false])
    it(`one that already ran is told of from now on, and that what was before is lost; ${solitary ? 'alone' : 'shared'}`, async () => {
      const id = await fixture.start(
        await fixture.sandbox({ solitary }),
        'while true; do cat /bin/later; sleep 0.2; done',
      );
      const events: ProcessEvent[] = [];
      const subscription = await fixture.runtime.processEvents!.subscribe(more => void events.push(...more));
      try {
        const opened = await until(() => events.find(event => event.kind === 'call' && event.path === '/bin/later'));
        assert.deepEqual(
          events.filter(({ kind }) => kind === 'lost'),
          [{ kind: 'lost', containerId: id, count: 'unknown', why: 'late' }],
        );
        assert.equal(opened.containerId, id);
      } finally {
        subscription.close();
      }
      await fixture.runtime.processEvents!.subscribe(() => {}).then(again => again.close());
      assert.equal((await fixture.runtime.status(id)).state, 'running');
      await fixture.runtime.stopContainer(id, 0);
    });
});
