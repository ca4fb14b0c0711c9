import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { FaultError } from '../../base/index.ts';
import { collector, NO_STREAMS } from '../../compute/agent/streams.ts';
import { BUSYBOX, makeImages, noImages } from '../../compute/cri/testing/images.ts';
import type { ContainerSpec, SandboxSpec } from '../../compute/model.ts';
import { openCgroups, type Cgroups } from '../../compute/drivers/cgroup.ts';
import { openImages, type OpenImages } from '../../compute/drivers/image-open.ts';
import { type Keeper, openKeeper } from '../../compute/drivers/keeper-client.ts';
import { openVmRuntime } from '../../compute/drivers/runtime-vm.ts';
import type { MachineTimes } from '../../compute/drivers/vm-machines.ts';
import type { VmRuntime } from '../../compute/drivers/vm-runtime.ts';
import { systemClock } from './ports.ts';

const START_MS_MAX = 120_000;
const WAIT_MS_MAX = 20_000;
const CONTAINER = {
  name: 'c',
  attempt: 0,
  image: BUSYBOX,
  environment: [['PATH', '/bin']],
  workingFolder: '/',
  account: { uid: 0, gid: 0, groups: [] },
  mounts: [],
  devices: [],
  resources: {},
  tty: false,
  stdin: false,
  stdinOnce: false,
  stopSignal: 'SIGTERM',
  labels: {},
  annotations: {},
  createdAt_ms: 0,
  security: {
    privileged: false,
    readOnlyRootfs: false,
    noNewPrivileges: true,
    capabilities: { add: [], drop: [] },
    seccomp: 'default',
    procMount: 'default',
  },
} as const;

/** Why virtual machines cannot be tested here: the runtime is asked, and its Fault says what to install. */
async function unavailable(folder: string, keeper: Keeper, cgroups: Cgroups): Promise<string | undefined> {
  try {
    const runtime = await openVmRuntime({ keeper, cgroups, clock: systemClock, folder });
    await runtime.check();
    runtime.dispose();
    return undefined;
  } catch (error) {
    if (error instanceof FaultError) return error.message;
    throw error;
  }
}

const skip = process.getuid?.() === 0 ? (noImages() ?? false) : 'needs root';

describe('pods in virtual machines', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-vm-'));
  const times: MachineTimes[] = [];
  let keeper: Keeper;
  let cgroups: Cgroups;
  let open: OpenImages;
  let runtime: VmRuntime;
  let absent: string | undefined;

  const start = (): Promise<VmRuntime> =>
    openVmRuntime({
      keeper,
      cgroups,
      clock: systemClock,
      folder: join(folder, 'r'),
      measured: entry => void times.push(entry),
    });

  const sandbox = async (name: string, extra: Partial<SandboxSpec> = {}): Promise<SandboxSpec> => {
    const spec = {
      id: `${name}${randomBytes(8).toString('hex')}`,
      pod: { namespace: 'default', name, uid: name },
      attempt: 0,
      hostname: name,
      hostNetwork: false,
      hostPid: false,
      hostIpc: false,
      sharedPid: false,
      sysctls: {},
      logFolder: join(folder, 'logs'),
      cgroup: `pods/${name}`,
      labels: {},
      annotations: {},
      createdAt_ms: 0,
      ...extra,
    };
    await runtime.runSandbox(spec);
    return spec;
  };

  const container = async (pod: SandboxSpec, script: string, extra: Partial<ContainerSpec> = {}) => {
    const id = randomBytes(8).toString('hex');
    const image = await open.images.resolve(BUSYBOX);
    const spec: ContainerSpec = {
      ...CONTAINER,
      id,
      sandboxId: pod.id,
      imageId: image!.id,
      rootfs: await open.images.prepareRootfs(image!.id, id),
      args: ['sh', '-c', script],
      logPath: join(folder, 'logs', `${id}.log`),
      ...extra,
    };
    await runtime.createContainer(spec);
    await runtime.startContainer(id);
    return spec;
  };

  const ended = async (id: string) => {
    for (const late_ms = performance.now() + WAIT_MS_MAX; performance.now() < late_ms; ) {
      const status = await runtime.status(id);
      if (status.state === 'exited') return status;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    throw new Error(`${id} did not end`);
  };

  const log = ({ logPath }: ContainerSpec): string =>
    readFileSync(logPath, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map(line => line.split(' ').slice(3).join(' '))
      .join('\n');

  const exec = async (id: string, command: string[], input?: string) => {
    const out = collector(1_000_000);
    const stdin =
      input === undefined
        ? undefined
        : (async function* () {
            yield Buffer.from(input);
          })();
    const streams = { ...NO_STREAMS, stdout: out.sink, stderr: out.sink, ...(stdin ? { stdin } : {}) };
    const exit = await runtime.exec(id, { command, tty: false }, streams);
    return { ...exit, text: out.text() };
  };

  before(async () => {
    await makeImages(join(folder, 'build'), join(folder, 'images'));
    open = await openImages({ folder: join(folder, 'images') });
    keeper = await openKeeper({ folder: join(folder, 'k') });
    cgroups = openCgroups(`tenon-vm-test-${randomBytes(4).toString('hex')}`);
    absent = await unavailable(join(folder, 'r'), keeper, cgroups);
    if (absent === undefined) runtime = await start();
  });

  after(async () => {
    for (const { spec } of (await runtime?.listSandboxes()) ?? []) await runtime.removeSandbox(spec.id);
    runtime?.dispose();
    await keeper?.shutdown();
    await cgroups?.remove('');
    await open?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('runs containers with their exit codes, output, commands, limits and statistics', {
    timeout: START_MS_MAX,
  }, async test => {
    if (absent) return test.skip(absent);
    const pod = await sandbox('one');
    const first = await container(pod, 'echo out; echo err >&2; hostname; exit 7');
    assert.equal((await ended(first.id)).exitCode, 7);
    assert.deepEqual(log(first).split('\n').sort(), ['err', 'one', 'out']);

    const stays = await container(pod, 'trap "exit 5" TERM; while true; do sleep 0.1; done');
    assert.deepEqual(await exec(stays.id, ['sh', '-c', 'echo in; exit 3']), { exitCode: 3, text: 'in\n' });
    assert.deepEqual(await exec(stays.id, ['cat'], 'typed'), { exitCode: 0, text: 'typed' });
    assert.equal((await exec(stays.id, ['head', '-c', '700000', '/dev/zero'])).text.length, 700_000);
    await assert.rejects(exec(stays.id, ['/no/such']), /no such file/i);
    const [used] = await runtime.stats();
    assert.ok(used && used.id === stays.id && used.memory_bytes > 0 && used.pids > 0 && used.cpu_ns > 0);
    await runtime.stopContainer(stays.id, WAIT_MS_MAX);
    assert.equal((await runtime.status(stays.id)).exitCode, 5);

    const greedy = await container(pod, 'dd if=/dev/zero of=/dev/null bs=200M count=2', {
      resources: { memory_bytes: 24 * 1024 * 1024 },
    });
    const { exitCode, reason } = await ended(greedy.id);
    assert.deepEqual([exitCode, reason], [137, 'OOMKilled']);

    const missing = container(pod, '', { args: ['/no/such/program'] });
    await assert.rejects(missing, /no\/such\/program.*no such file/i);
    await runtime.removeSandbox(pod.id);
    assert.deepEqual(await keeper.list(), []);
    assert.ok(!existsSync(join(folder, 'r/sandboxes', pod.id)));
  });

  it('shares volumes as the pod’s other containers see them, and hostile links lead nowhere', async test => {
    if (absent) return test.skip(absent);
    const volume = join(folder, 'volume');
    mkdirSync(volume, { mode: 0o777 });
    writeFileSync(join(volume, 'given'), 'from the node');
    const pod = await sandbox('two');
    const mounts = [{ source: volume, target: '/v', kind: 'bind', readOnly: false }] as const;
    const script = 'cat /v/given; echo > /v/x; chown 1000 /v/x; ln -s /etc/shadow /v/link; cat /v/link';
    const both = await container(pod, script, { mounts });
    await ended(both.id);
    assert.match(log(both), /from the node/);
    assert.doesNotMatch(log(both), /root:/);
    assert.deepEqual(readdirSync(volume).sort(), ['given', 'link', 'x']);
    const readOnly = await container(pod, 'touch /v/y', { mounts: [{ ...mounts[0], readOnly: true }] });
    assert.equal((await ended(readOnly.id)).exitCode, 1);
    await runtime.removeSandbox(pod.id);
  });

  it('goes on while Tenon is away, and forwards ports of its own loopback', async test => {
    if (absent) return test.skip(absent);
    const pod = await sandbox('three');
    const server = 'echo served > /srv/index.html; httpd -f -p 127.0.0.1:8080 -h /srv';
    const web = await container(pod, server);
    const counter = await container(pod, 'i=0; while true; do i=$((i+1)); echo $i; sleep 0.1; done');
    const short = await container(pod, 'sleep 1; exit 9');
    runtime.dispose();
    await new Promise(resolve => setTimeout(resolve, 1500));
    runtime = await start();
    assert.equal((await runtime.status(counter.id)).state, 'running');
    assert.equal((await ended(short.id)).exitCode, 9);
    const before = log(counter).length;
    await new Promise(resolve => setTimeout(resolve, 1000));
    assert.ok(log(counter).length > before, 'nobody reads the output');
    const connection = await runtime.dial(pod.id, 8080, new AbortController().signal);
    await connection.sink.write(Buffer.from('GET /index.html HTTP/1.0\r\n\r\n'));
    const chunks: Uint8Array[] = [];
    for await (const chunk of connection.source) chunks.push(chunk);
    assert.match(Buffer.concat(chunks).toString(), /200 OK[^]*served/);
    assert.equal((await runtime.status(web.id)).state, 'running');
    await keeper.kill(`s-${pod.id}`, 9);
    assert.equal((await ended(web.id)).exitCode, 137);
    await runtime.removeSandbox(pod.id);
  });

  it('copies of one snapshot have randomness of their own, and start sooner', async test => {
    if (absent) return test.skip(absent);
    const seen = new Set<string>();
    for (const name of ['a', 'b', 'c']) {
      const pod = await sandbox(name);
      const one = await container(
        pod,
        'head -c 16 /dev/urandom | od -An -tx1 || hexdump /dev/urandom | head -1; date +%Y',
      );
      await ended(one.id);
      seen.add(log(one));
      await runtime.removeSandbox(pod.id);
    }
    assert.equal(seen.size, 3);
    assert.ok(times.length > 3 && times.every(({ restored }) => restored));
  });

  it('refuses what a machine of its own cannot give', async test => {
    if (absent) return test.skip(absent);
    await assert.rejects(sandbox('host', { hostNetwork: true }), /hostNetwork/);
    await assert.rejects(sandbox('wrong', { sysctls: { 'no.such': '1' } }), /sysctl no\.such/);
    assert.deepEqual(await keeper.list(), []);
  });
});
