import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import { MountPropagation, NamespaceMode, ProfileType, Protocol } from '../generated/api.ts';
import { BUSYBOX, NAMED, NUMBERED } from './images.ts';
import { type Behaviour, secured, until, type World } from './world.ts';

const answers = async (host: string, port: number): Promise<void> =>
  void (await until(
    () => fetched(host, port),
    text => text === 'page',
  ));

const MEMORY_BYTES = 64 * 1024 * 1024;
const { PROPAGATION_PRIVATE, PROPAGATION_HOST_TO_CONTAINER, PROPAGATION_BIDIRECTIONAL } = MountPropagation;
const SERVER = 'echo page > /data/index.html; exec httpd -f -p 8080 -h /data';

/** What a server answers to one request; undefined where nobody does. */
export function fetched(host: string, port: number): Promise<string | undefined> {
  return new Promise(done => {
    const socket = connect(port, host, () => socket.write('GET /index.html HTTP/1.0\r\n\r\n'));
    let text = '';
    socket.setTimeout(2000, () => socket.destroy(new Error('no answer')));
    socket.on('data', chunk => (text += String(chunk)));
    socket.on('error', () => done(undefined));
    socket.on('close', () => done(text.includes('page') ? 'page' : undefined));
  });
}

/** A folder that is a mount of its own, shared with what copies it; gone at the end. */
async function withShared(world: World, name: string, run: (folder: string) => Promise<void>): Promise<void> {
  const folder = join(world.folder, name);
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
  try {
    execFileSync('mount', ['--make-shared', folder]);
    for (const inner of ['host', 'inside']) mkdirSync(join(folder, inner));
    await run(folder);
  } finally {
    execFileSync('umount', ['-R', '-l', folder]);
  }
}

/** Whether a mount made on the machine is seen inside, and one made inside is seen on the machine. */
async function propagates(world: World, propagation: number): Promise<{ in: boolean; out: boolean }> {
  const result = { in: false, out: false };
  await withShared(world, `shared-${propagation}`, async folder => {
    const mounts = [{ hostPath: folder, containerPath: '/m', propagation }];
    const privileged = secured({ privileged: true });
    const [, id] = await world.running({ mounts, ...privileged }, privileged);
    execFileSync('mount', ['-t', 'tmpfs', 'from-host', join(folder, 'host')]);
    result.in = (await world.exec(id, 'grep /m/host /proc/mounts')) !== '';
    await world.exec(id, 'mount -t tmpfs from-inside /m/inside');
    result.out = execFileSync('cat', ['/proc/mounts'], { encoding: 'utf8' }).includes(`${folder}/inside`);
  });
  return result;
}

/** What containerd and CRI-O do beyond the comments of the API, and a kubelet relies on. */
export const contract: readonly Behaviour[] = [
  {
    name: 'user: the primary group is one of the supplementary ones',
    run: async world => {
      assert.equal(await world.output('id -G'), '0');
      const { user } = await world.status((await world.running({ image: { image: NAMED } }))[1]);
      if (user) assert.deepEqual(user.linux?.supplementalGroups, [1005, 50001]);
      assert.equal(await world.output('', { image: { image: NUMBERED }, command: ['id', '-G'] }), '1003');
    },
  },
  {
    name: 'user: HOME is what the image says of the user',
    run: async world => {
      const home = (runAsUser: number) => world.output('echo $HOME', secured({ runAsUser: { value: runAsUser } }));
      assert.deepEqual([await home(0), await home(1001), await home(4242)], ['/root', '/srv', '/']);
    },
  },
  {
    name: 'exec: holds what the container holds, no more and no less',
    run: async world => {
      const path = join(world.folder, 'exec-seccomp.json');
      const call = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' };
      writeFileSync(path, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [call] }));
      const told = 'grep -E "^(Cap|NoNewPrivs|Seccomp:|Groups)" /proc/self/status';
      for (const seccomp of [
        { profileType: ProfileType.Unconfined },
        { profileType: ProfileType.RuntimeDefault },
        { profileType: ProfileType.Localhost, localhostRef: path },
      ]) {
        const context = { seccomp, noNewPrivs: true, capabilities: { dropCapabilities: ['CHOWN'] } };
        const id = await world.start(await world.sandbox(), `${told}; sleep 1000`, secured(context));
        const logPath = await world.said(id, 'Seccomp');
        assert.equal(await world.exec(id, told), world.log(logPath));
        if (seccomp.localhostRef) assert.match(await world.exec(id, 'mkdir /made || echo refused'), /refused/);
      }
    },
  },
  {
    name: 'resources: a container reads its own limits in /sys/fs/cgroup, and cannot change them',
    run: async world => {
      const resources = { memoryLimitInBytes: MEMORY_BYTES };
      const text = await world.output(
        'cd /sys/fs/cgroup; cat memory.max memory/memory.limit_in_bytes 2>/dev/null; echo 1 > $(ls -d memory.max memory/memory.limit_in_bytes 2>/dev/null) || echo refused',
        { linux: { resources } },
      );
      assert.match(text, new RegExp(`^${MEMORY_BYTES}$`, 'm'));
      assert.match(text, /^refused$/m);
    },
  },
  {
    name: 'process: without a host name of the pod it is the machine’s',
    run: async world => assert.equal(await world.output('hostname', {}, { hostname: '' }), hostname()),
  },
  {
    name: 'log: lines of a terminal end as others do',
    run: async world => {
      const sandbox = await world.sandbox();
      const { logPath } = await world.exited(await world.start(sandbox, 'echo one; echo two', { tty: true }));
      assert.equal(world.log(logPath), 'one\ntwo');
    },
  },
  {
    name: 'network: containers of a pod share it',
    run: async world => {
      const [sandbox] = await world.running({ command: ['sh', '-c', SERVER] });
      const ask =
        'for i in 1 2 3 4 5 6 7 8 9; do printf "GET /index.html HTTP/1.0\\r\\n\\r\\n" | nc 127.0.0.1 8080 && exit; sleep 0.2; done';
      const { logPath } = await world.exited(await world.start(sandbox, ask));
      assert.match(world.log(logPath), /page/);
    },
  },
  {
    name: 'ports: a host port answers on the machine’s addresses, loopback too',
    run: async world => {
      const port = { containerPort: 8080, hostPort: 38080, protocol: Protocol.TCP };
      await world.running({ command: ['sh', '-c', SERVER] }, { portMappings: [port] });
      await answers('127.0.0.1', 38080);
    },
  },
  {
    name: 'ports: a host port of one address answers there alone',
    run: async world => {
      const port = { containerPort: 8080, hostPort: 38081, hostIp: '127.0.0.2', protocol: Protocol.TCP };
      await world.running({ command: ['sh', '-c', SERVER] }, { portMappings: [port] });
      await answers('127.0.0.2', 38081);
      assert.equal(await fetched('127.0.0.1', 38081), undefined);
    },
  },
  {
    name: 'mounts: propagation into the container, out of it, or not at all',
    run: async world => {
      assert.deepEqual(await propagates(world, PROPAGATION_PRIVATE), { in: false, out: false });
      assert.deepEqual(await propagates(world, PROPAGATION_HOST_TO_CONTAINER), { in: true, out: false });
      assert.deepEqual(await propagates(world, PROPAGATION_BIDIRECTIONAL), { in: true, out: true });
    },
  },
  {
    name: 'mounts: read-only is of the mount alone, or of all below it when asked',
    run: async world => {
      await withShared(world, 'rro', async folder => {
        execFileSync('mount', ['-t', 'tmpfs', 'below', join(folder, 'host')]);
        const told = 'touch /m/x || echo outer refused; touch /m/host/x || echo inner refused';
        const written = (recursiveReadOnly: boolean): Promise<string> =>
          world.output(told, {
            mounts: [{ hostPath: folder, containerPath: '/m', readonly: true, recursiveReadOnly }],
          });
        assert.doesNotMatch(await written(false), /inner refused/);
        assert.match(await written(true), /outer refused[^]*inner refused/);
      });
    },
  },
  {
    name: 'namespaces: a forwarded port of a pod in the machine’s network',
    run: async world => {
      const network = { linux: { securityContext: { namespaceOptions: { network: NamespaceMode.NODE } } } };
      const [sandbox] = await world.running(
        { command: ['sh', '-c', SERVER.replace('8080', '38082')] },
        { hostname: '', ...network },
      );
      const { status } = await world.client.call('PodSandboxStatus', { podSandboxId: sandbox });
      assert.equal(status?.network?.ip, '');
      await answers('127.0.0.1', 38082);
    },
  },
  {
    name: 'statistics: by label, and of the pod as a whole; memory says what is left',
    run: async world => {
      const resources = { memoryLimitInBytes: MEMORY_BYTES };
      const [, id] = await world.running({ labels: { mine: 'yes' }, linux: { resources } });
      const told = () => world.client.call('ListContainerStats', { filter: { labelSelector: { mine: 'yes' } } });
      const { stats } = await until(told, read => (read.stats[0]?.memory?.pageFaults?.value ?? 0) > 0);
      assert.deepEqual(
        stats.map(({ attributes }) => attributes?.id),
        [id],
      );
      const { memory } = stats[0]!;
      assert.equal(memory!.availableBytes!.value, MEMORY_BYTES - memory!.workingSetBytes!.value);
    },
  },
  {
    name: 'metrics: each has a descriptor with its labels, and tells of the pod’s containers',
    run: async world => {
      const linux = { resources: { memoryLimitInBytes: MEMORY_BYTES } };
      const [sandbox, id] = await world.running({ linux });
      const { descriptors } = await world.client.call('ListMetricDescriptors', {});
      const known = new Map(descriptors.map(({ name, labelKeys }) => [name, labelKeys]));
      const read = async () => {
        const { podMetrics } = await world.client.call('ListPodSandboxMetrics', {});
        return podMetrics.find(({ podSandboxId }) => podSandboxId === sandbox)?.containerMetrics ?? [];
      };
      const told = ['container_memory_working_set_bytes', 'container_page_faults_total'];
      const mine = await until(read, ([first]) =>
        told.every(wanted => (first?.metrics.find(({ name }) => name === wanted)?.value?.value ?? 0) > 0),
      );
      assert.deepEqual(
        mine.map(({ containerId }) => containerId),
        [id],
      );
      const values = new Map(mine[0]!.metrics.map(({ name, value }) => [name, value?.value]));
      for (const { name, labelValues } of mine[0]!.metrics)
        assert.equal(known.get(name)?.length, labelValues.length, name);
      assert.equal(values.get('container_spec_memory_limit_bytes'), MEMORY_BYTES);
      assert.ok(values.has('container_cpu_user_seconds_total') && values.has('container_oom_events_total'));
      const pod = (await world.client.call('ListPodSandboxMetrics', {})).podMetrics.find(
        ({ podSandboxId }) => podSandboxId === sandbox,
      );
      const received = pod!.metrics.filter(({ name }) => name === 'container_network_receive_bytes_total');
      assert.equal(received[0]?.labelValues[known.get(received[0].name)!.indexOf('interface')], 'eth0');
      for (const { name, labelValues } of pod!.metrics) assert.equal(known.get(name)?.length, labelValues.length, name);
    },
  },
  {
    name: 'mounts: an image, or a path of it, read-only and not to be run; gone with its container',
    run: async world => {
      const image = { image: NAMED };
      const shown = (): string[] =>
        readFileSync('/proc/self/mounts', 'utf8')
          .split('\n')
          .filter(line => line.startsWith('overlay ') && line.includes('/images/'));
      const before = shown().length;
      const mounts = [
        { image, containerPath: '/i' },
        { image, imageSubPath: 'etc', containerPath: '/i-etc' },
      ];
      const [, id] = await world.running({ mounts });
      assert.match(await world.exec(id, 'cat /i/etc/group /i-etc/passwd'), /more:x:50001:alice[^]*alice:x:1001/);
      assert.match(await world.exec(id, 'touch /i/x || echo refused'), /refused/);
      assert.match(await world.exec(id, '/i/bin/busybox true || echo not run'), /not run/);
      assert.equal((await world.status(id)).mounts[0]?.image?.image, NAMED);
      assert.equal(shown().length, before + 2);
      const again = await world.sandbox();
      for (const [wrong, code] of [
        [{ image, imageSubPath: 'nowhere' }, status.INVALID_ARGUMENT],
        [{ image, imageSubPath: '../..' }, status.INVALID_ARGUMENT],
        [{ image, hostPath: '/tmp' }, status.INVALID_ARGUMENT],
        [{ image: { image: 'tenon.test/none:1' } }, status.NOT_FOUND],
      ] as const)
        await assert.rejects(world.create(again, 'true', { mounts: [{ ...wrong, containerPath: '/i' }] }), { code });
      assert.equal(shown().length, before + 2);
      await world.client.call('RemoveContainer', { containerId: id });
      assert.equal(shown().length, before);
    },
  },
  {
    name: 'image: found by name without a tag only as latest, by digest, and by its id',
    run: async world => {
      const status = async (image: string) => (await world.client.call('ImageStatus', { image: { image } })).image;
      const found = (await status(BUSYBOX))!;
      assert.equal(await status('tenon.test/busybox'), undefined);
      assert.equal((await status(found.id))?.id, found.id);
      assert.equal((await status(found.id.slice('sha256:'.length)))?.id, found.id);
      const [sandbox] = [await world.sandbox()];
      const id = await world.start(sandbox, 'sleep 1000', { image: { image: found.id } });
      const { imageRef, image } = await world.status(id);
      assert.ok(imageRef.includes('sha256:'));
      assert.ok(image!.image !== '');
    },
  },
];
