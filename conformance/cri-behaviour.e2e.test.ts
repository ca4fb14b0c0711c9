import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CriClient } from '../src/compute/index.ts';
import { makeImages, noImages } from '../src/compute/cri/testing/images.ts';
import { type Containerd, noContainerd, startContainerd } from '../src/compute/cri/testing/containerd.ts';
import { checkpoints } from '../src/compute/cri/testing/checkpoints.ts';
import { contract } from '../src/compute/cri/testing/contract.ts';
import { devices } from '../src/compute/cri/testing/devices.ts';
import { inside } from '../src/compute/cri/testing/inside.ts';
import { lifecycle } from '../src/compute/cri/testing/lifecycle.ts';
import { streams } from '../src/compute/cri/testing/streams.ts';
import { users } from '../src/compute/cri/testing/users.ts';
import { type Behaviour, World } from '../src/compute/cri/testing/world.ts';
import { type CriHost, startCriHost } from '../src/hosts/node/cri-host.ts';
import { openState, type StateFolder } from '../src/hosts/node/state.ts';

const SHARED = 'containers that share a kernel are bounded and counted as one, unless the sandbox is annotated';
/** What our own runtimes cannot do that the API allows to be absent, by handler. */
const DIFFERENT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  process: {
    'security: a seccomp profile of one’s own': 'only the default profile, others are refused',
    'exec: holds what the container holds, no more and no less': 'only the default profile, others are refused',
    'devices: hooks of a device are run when the container is made, and when it is gone': 'refuses hooks',
  },
  gvisor: {
    'metrics: each has a descriptor with its labels, and tells of the pod’s containers': SHARED,
    'statistics: by label, and of the pod as a whole; memory says what is left': SHARED,
    'statistics: of a container, by filter, of a pod': SHARED,
    'resources: limits are in the cgroup, told by the status, and change while running': SHARED,
    'resources: too much memory is OOMKilled': SHARED,
    'resources: a container reads its own limits in /sys/fs/cgroup, and cannot change them':
      'its kernel shows groups of its own',
    'mounts: propagation into the container, out of it, or not at all':
      'its kernel has a tree of mounts of its own, made when the container starts',
    'mounts: read-only is of the mount alone, or of all below it when asked':
      'what is mounted below is part of one tree there',
    'namespaces: TARGET sees the processes of another container': 'a container sees those of its pod, or its own',
    'sysctls of the pod are set': 'its kernel has no kernel.shm_rmid_forced; such a pod is refused',
  },
};

/** What the containerd of Debian 12 (1.6) does not have, or does otherwise. */
const ABSENT: Readonly<Record<string, string>> = {
  'sandbox: status of an unknown one is NotFound; stop and remove of one are fine':
    'StopPodSandbox refuses unknown ids',
  'sandbox: a user namespace that cannot be had is refused, with mappings or without': 'does not know of them',
  'user: of the image, by name with its groups, and by number': 'leaves out the groups of the image',
  'user: the primary group is one of the supplementary ones': 'leaves out the groups of the image',
  'user: policy Strict leaves out the groups of the image, and the status tells who runs': 'no such policy',
  'mounts: recursive read-only without readonly, or with propagation, is refused': 'no such mounts',
  'mounts: an image, or a path of it, read-only and not to be run; gone with its container': 'no such mounts',
  'mounts: read-only is of the mount alone, or of all below it when asked': 'no such mounts',
  'statistics: of a container, by filter, of a pod': 'pods without a cgroup parent have none',
  'events: created, started, stopped and deleted, with the pod’s state': 'no such method',
  'metrics: each has a descriptor with its labels, and tells of the pod’s containers': 'no such method',
  'ports: a host port answers on the machine’s addresses, loopback too':
    'its network plugin does it, where there is one',
  'ports: a host port of one address answers there alone': 'its network plugin does it, where there is one',
};

const everything: readonly Behaviour[] = [...lifecycle, ...inside, ...streams, ...contract];

/** Debian's runsc cannot make pods on kernels from 6.x: TENON_MATRIX names the handler where another one is on PATH. */
const matrix = process.env.TENON_MATRIX ?? '';
const own = ['runc', 'process', 'crun', ...(matrix === 'all' || matrix.includes('gvisor') ? ['gvisor'] : [])];
const makesCheckpoints = (handler: string): boolean =>
  handler === 'gvisor' || (handler !== 'process' && spawnSync('criu', ['check']).status === 0);

const skip = process.getuid?.() === 0 ? (noImages() ?? false) : 'needs root';

describe('CRI behaviour', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-cri-'));
  const socket = join(folder, 'c.sock');
  let state: StateFolder;
  let host: CriHost;
  let client: CriClient;
  let archives: string[] = [];

  before(async () => {
    archives = await makeImages(join(folder, 'build'), join(folder, 'state/images'));
    state = openState(join(folder, 'state'));
    const quiet = (): void => {};
    host = await startCriHost({
      state,
      socket,
      version: '0',
      cdiFolders: [join(folder, 'cdi')],
      drain: true,
      report: quiet,
      log: quiet,
    });
    client = new CriClient(`unix://${socket}`);
  });

  after(async () => {
    client?.[Symbol.dispose]();
    await host?.[Symbol.asyncDispose]();
    await state?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const handler of own) {
    const usual = handler === 'runc' ? everything : [...inside, ...(handler === 'gvisor' ? streams : []), ...contract];
    const kept = checkpoints(makesCheckpoints(handler));
    const hooked = handler === 'gvisor' ? [] : devices(join(folder, 'cdi'));
    const cases: readonly Behaviour[] = [...usual, ...kept, ...hooked, ...(handler === 'process' ? users : [])];
    for (const { name, run } of cases)
      it(`${handler}: ${name}`, { skip: DIFFERENT[handler]?.[name] ?? false }, async test => {
        if (!host.handlers.includes(handler)) return test.skip(`${handler} is not installed`);
        await using world = new World(
          client,
          join(folder, 'worlds', handler),
          handler,
          `${handler}-${cases.length}-${name.length}-${Math.floor(performance.now())}`,
        );
        await run(world);
        assert.ok(true);
      });
  }

  /** The same calls to containerd: what it does not keep either is no promise of ours alone. */
  describe('of containerd', { skip: noContainerd() ?? false }, () => {
    let peer: Containerd;
    let other: CriClient;
    before(async () => {
      peer = await startContainerd(join(folder, 'containerd'), archives, '10.251.17.0/24');
      other = new CriClient(peer.endpoint);
    });
    after(async () => {
      other?.[Symbol.dispose]();
      await peer?.[Symbol.asyncDispose]();
    });
    for (const { name, run } of everything)
      it(`containerd: ${name}`, { skip: ABSENT[name] ?? false }, async () => {
        const tag = `peer-${name.length}-${Math.floor(performance.now())}`;
        await using world = new World(other, join(folder, 'worlds', 'peer'), '', tag);
        await run(world);
      });
  });
});
