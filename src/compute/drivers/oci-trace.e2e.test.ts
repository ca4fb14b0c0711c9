import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { busyboxImages, realClock } from '../agent/testhost.ts';
import { gvisor } from '../dialects/gvisor/dialect.ts';
import type { ContainerSpec, SandboxSpec } from '../model.ts';
import type { ImageStore } from '../ports.ts';
import type { ProcessEvent, SystemCall } from '../process-events.ts';
import { type Cgroups, openCgroups } from './cgroup.ts';
import { type Keeper, openKeeper } from './keeper-client.ts';
import type { KeptRuntime } from './kept-runtime.ts';
import { openOciRuntime } from './runtime-oci.ts';

/** The runsc of Debian 12 makes no pods on kernels from 6.x; it knows no point of memory mappings either. */
const known = spawnSync('runsc', ['trace', 'metadata'], { encoding: 'utf8' }).stdout ?? '';
const skip =
  process.getuid?.() !== 0
    ? 'needs root'
    : known.includes('sentry/mmap')
      ? false
      : 'needs a current runsc (bench/peers.sh runsc)';
const LATE_MS_MAX = 30_000;

const isCall =
  (name: string) =>
  (event: ProcessEvent): event is SystemCall =>
    event.kind === 'call' && event.name === name;

describe('what processes of gVisor pods do is told', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-trace-'));
  let keeper: Keeper;
  let cgroups: Cgroups;
  let runtime: KeptRuntime;
  let images: ImageStore;
  const netns = `tenon-trace-${process.pid}`;
  let made = 0;

  before(async () => {
    execFileSync('ip', ['netns', 'add', netns]);
    execFileSync('ip', ['-n', netns, 'link', 'set', 'lo', 'up']);
    keeper = await openKeeper({ folder: join(folder, 'keeper') });
    cgroups = openCgroups(`tenon-trace-${process.pid}`);
    images = busyboxImages(folder);
    runtime = await openOciRuntime(gvisor, { keeper, cgroups, clock: realClock, folder: join(folder, 'gvisor') });
  });

  after(async () => {
    for (const { spec } of (await runtime?.listSandboxes()) ?? []) await runtime.removeSandbox(spec.id);
    runtime?.dispose();
    await keeper?.shutdown();
    await cgroups?.remove('');
    spawnSync('ip', ['netns', 'delete', netns]);
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(script: string): Promise<string> {
    const id = `t${++made}`;
    const sandbox: SandboxSpec = {
      id: `s${made}`,
      pod: { namespace: 'default', name: id, uid: id },
      attempt: 0,
      hostname: id,
      hostNetwork: false,
      hostPid: false,
      hostIpc: false,
      sharedPid: false,
      netnsPath: `/run/netns/${netns}`,
      sysctls: {},
      logFolder: folder,
      cgroup: `pods/${id}`,
      labels: {},
      annotations: {},
      createdAt_ms: 0,
    };
    const container: ContainerSpec = {
      id,
      sandboxId: sandbox.id,
      name: 'c',
      attempt: 0,
      image: 'busybox:1',
      imageId: 'busybox',
      rootfs: await images.prepareRootfs('busybox', id),
      args: ['sh', '-c', script],
      environment: [['PATH', '/bin']],
      workingFolder: '/',
      account: { uid: 0, gid: 0, groups: [] },
      mounts: [],
      devices: [],
      security: {
        privileged: false,
        readOnlyRootfs: false,
        noNewPrivileges: false,
        capabilities: { add: [], drop: [] },
        seccomp: 'default',
        procMount: 'default',
      },
      resources: {},
      tty: false,
      stdin: false,
      stdinOnce: false,
      stopSignal: 'SIGTERM',
      logPath: join(folder, `${id}.log`),
      labels: {},
      annotations: {},
      createdAt_ms: 0,
    };
    await runtime.runSandbox(sandbox);
    await runtime.createContainer(container);
    await runtime.startContainer(id);
    return id;
  }

  async function until<T>(found: () => T | undefined): Promise<T> {
    const late_ms = performance.now() + LATE_MS_MAX;
    for (;;) {
      const value = found();
      if (value !== undefined) return value;
      if (performance.now() > late_ms) assert.fail('no such event');
      await wait(20);
    }
  }

  it('programs, files and connections, with container, process and outcome', async () => {
    const events: ProcessEvent[] = [];
    const subscription = await runtime.processEvents!.subscribe(more => void events.push(...more));
    try {
      const id = await start('cat /bin/absent; echo kept > /written; nc -w 1 127.0.0.1 9; exit 3');
      const of = <K extends ProcessEvent['kind']>(kind: K) =>
        events.filter((event): event is Extract<ProcessEvent, { kind: K }> => event.kind === kind);
      const end = await until(() => of('exited').find(({ process }) => process.pid === 1));
      assert.deepEqual([end.containerId, end.exitCode, end.signal], [id, 3, undefined]);
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

  it('one that already ran is told of from now on, and that what was before is lost', async () => {
    const id = await start('while true; do cat /bin/later; sleep 0.2; done');
    const events: ProcessEvent[] = [];
    const subscription = await runtime.processEvents!.subscribe(more => void events.push(...more));
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
    await runtime.processEvents!.subscribe(() => {}).then(again => again.close());
    assert.equal((await runtime.status(id)).state, 'running');
  });
});
