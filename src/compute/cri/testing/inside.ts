import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MountPropagation, NamespaceMode, ProfileType, SupplementalGroupsPolicy } from '../generated/api.ts';
import { NAMED, NUMBERED } from './images.ts';
import { type Behaviour, secured } from './world.ts';

const HIDDEN = ['/proc/kcore', '/sys/firmware'];
const SYS_ADMIN = 21;

const podMode = (network: number, pid: number, ipc: number) => ({
  linux: { securityContext: { namespaceOptions: { network, pid, ipc } } },
});
const { POD, CONTAINER, NODE } = NamespaceMode;

/** What a container finds inside: user, environment, privileges, namespaces, files. */
export const inside: readonly Behaviour[] = [
  {
    name: 'process: image entrypoint and command when nothing is said',
    run: async world => assert.equal(await world.output('', { image: { image: NAMED }, command: [] }), 'entry command'),
  },
  {
    name: 'process: args replace the command of the image and keep its entrypoint',
    run: async world =>
      assert.equal(await world.output('', { image: { image: NAMED }, command: [], args: ['x', 'y z'] }), 'entry x y z'),
  },
  {
    name: 'process: command replaces both',
    run: async world =>
      assert.equal(await world.output('', { image: { image: NAMED }, command: ['echo'], args: ['only'] }), 'only'),
  },
  {
    name: 'process: environment of image and container; the latter wins',
    run: async world => {
      const envs = [
        { key: 'A', value: Buffer.from('1=2 ü') },
        { key: 'IMAGE', value: Buffer.from('own') },
      ];
      assert.equal(await world.output('echo "$A $IMAGE"', { envs }), '1=2 ü own');
    },
  },
  {
    name: 'process: working folder of the container, of the image, made when absent',
    run: async world => {
      assert.equal(await world.output('pwd', { workingDir: '/made/here' }), '/made/here');
      assert.equal(await world.output('', { image: { image: NAMED }, command: ['sh', '-c', 'pwd'] }), '/srv');
    },
  },
  {
    name: 'process: host name of the pod',
    run: async world => assert.equal(await world.output('hostname', {}, { hostname: 'pod-host' }), 'pod-host'),
  },
  {
    name: 'user: of the image, by name with its groups, and by number',
    run: async world => {
      const named = await world.output('', { image: { image: NAMED }, command: ['id'] });
      assert.match(named, /uid=1001\(alice\) gid=1005/);
      assert.match(named, /50001/);
      assert.match(await world.output('', { image: { image: NUMBERED }, command: [] }), /uid=1002 gid=1003/);
    },
  },
  {
    name: 'user: RunAsUser, RunAsGroup and supplemental groups',
    run: async world => {
      const context = { runAsUser: { value: 1234 }, runAsGroup: { value: 4321 }, supplementalGroups: [777, 888] };
      const text = await world.output('id', secured(context));
      assert.match(text, /uid=1234 gid=4321/);
      assert.match(text, /777/);
      assert.match(text, /888/);
    },
  },
  {
    name: 'user: RunAsUserName from the image',
    run: async world =>
      assert.match(await world.output('id', secured({ runAsUsername: 'alice' })), /uid=1001\(alice\)/),
  },
  {
    name: 'user: a group without a user is refused',
    run: async world => {
      const sandbox = await world.sandbox();
      await assert.rejects(world.start(sandbox, 'id', secured({ runAsGroup: { value: 5 } })));
    },
  },
  {
    name: 'user: a name the image does not know is refused',
    run: async world => {
      const sandbox = await world.sandbox();
      await assert.rejects(world.start(sandbox, 'id', secured({ runAsUsername: 'nobody-here' })));
    },
  },
  {
    name: 'user: policy Strict leaves out the groups of the image, and the status tells who runs',
    run: async world => {
      const context = {
        runAsUser: { value: 1001 },
        supplementalGroups: [777],
        supplementalGroupsPolicy: SupplementalGroupsPolicy.Strict,
      };
      const [, id] = await world.running(secured(context));
      assert.ok(!(await world.exec(id, 'id -G')).includes('50001'));
      const { user } = await world.status(id);
      assert.deepEqual([user?.linux?.uid, user?.linux?.supplementalGroups], [1001, [1005, 777]]);
    },
  },
  {
    name: 'security: a read-only root refuses writes, a writable one takes them',
    run: async world => {
      assert.match(await world.output('touch /x 2>&1 || echo refused', secured({ readonlyRootfs: true })), /refused/);
      assert.equal(await world.output('touch /x && echo written'), 'written');
    },
  },
  {
    name: 'security: capabilities are added and dropped',
    run: async world => {
      const held = async (capabilities: object): Promise<bigint> => {
        const text = await world.output('grep CapEff /proc/self/status', secured({ capabilities }));
        return BigInt(`0x${text.split(/\s+/)[1]}`);
      };
      const bit = (value: bigint, number: number): boolean => ((value >> BigInt(number)) & 1n) === 1n;
      assert.ok(!bit(await held({}), SYS_ADMIN));
      assert.ok(bit(await held({ addCapabilities: ['SYS_ADMIN'] }), SYS_ADMIN));
      assert.equal(await held({ dropCapabilities: ['ALL'] }), 0n);
      assert.ok(bit(await held({ addCapabilities: ['ALL'] }), SYS_ADMIN));
    },
  },
  {
    name: 'security: no_new_privs',
    run: async world => {
      const told = (noNewPrivs: boolean) => world.output('grep NoNewPrivs /proc/self/status', secured({ noNewPrivs }));
      assert.match(await told(true), /1$/);
      assert.match(await told(false), /0$/);
    },
  },
  {
    name: 'security: seccomp default is a filter, unconfined is none',
    run: async world => {
      const told = (profileType: number) =>
        world.output('grep "Seccomp:" /proc/self/status', secured({ seccomp: { profileType } }));
      assert.match(await told(ProfileType.RuntimeDefault), /2$/);
      assert.match(await told(ProfileType.Unconfined), /0$/);
    },
  },
  {
    name: 'security: a seccomp profile of one’s own',
    run: async world => {
      const path = join(world.folder, 'seccomp.json');
      const call = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' };
      writeFileSync(path, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [call] }));
      const seccomp = { profileType: ProfileType.Localhost, localhostRef: path };
      assert.match(await world.output('mkdir /made || echo refused', secured({ seccomp })), /refused/);
      const missing = { profileType: ProfileType.Localhost, localhostRef: `${path}.none` };
      await assert.rejects(world.start(await world.sandbox(), 'true', secured({ seccomp: missing })));
    },
  },
  {
    name: 'security: masked paths are empty, read-only paths refuse writes',
    run: async world => {
      const context = { maskedPaths: HIDDEN, readonlyPaths: ['/proc/sys'] };
      const command = 'ls /sys/firmware; head -c 1 /proc/kcore; echo 1 > /proc/sys/kernel/domainname || echo refused';
      assert.match(await world.output(command, secured(context)), /^refused$/m);
    },
  },
  {
    name: 'security: privileged sees devices and may mount; others may not',
    run: async world => {
      const command = 'mkdir -p /m && mount -t tmpfs t /m 2>/dev/null && echo mounted || echo refused';
      assert.equal(await world.output(command), 'refused');
      const pod = { linux: { securityContext: { privileged: true } } };
      assert.equal(await world.output(command, secured({ privileged: true }), pod), 'mounted');
    },
  },
  {
    name: 'namespaces: own network, the machine’s with NODE',
    run: async world => {
      const machine = readFileSync('/proc/self/net/dev', 'utf8').split('\n').length;
      const lines = async (network: number): Promise<number> =>
        (await world.output('cat /proc/self/net/dev', {}, { hostname: '', ...podMode(network, CONTAINER, POD) })).split(
          '\n',
        ).length;
      assert.equal((await lines(POD)) <= 7, true);
      assert.ok(Math.abs((await lines(NODE)) - machine + 1) <= 6);
    },
  },
  {
    name: 'namespaces: process 1 is the container’s own, the pod’s, or the machine’s',
    run: async world => {
      const alone = { linux: { securityContext: { namespaceOptions: { pid: CONTAINER } } } };
      assert.equal(await world.output('echo $$', alone, podMode(POD, CONTAINER, POD)), '1');
      const sandbox = await world.sandbox(podMode(POD, POD, POD));
      const shared = { linux: { securityContext: { namespaceOptions: { pid: POD } } } };
      const first = await world.start(sandbox, 'sleep 1234', shared);
      const second = await world.start(sandbox, 'sleep 1000', shared);
      assert.match(await world.exec(second, 'ps'), /sleep 1234/);
      assert.ok(first);
      const host = { linux: { securityContext: { namespaceOptions: { pid: NODE } } } };
      assert.notEqual(await world.output('echo $$', host, podMode(POD, NODE, POD)), '1');
    },
  },
  {
    name: 'namespaces: TARGET sees the processes of another container',
    run: async world => {
      const sandbox = await world.sandbox(podMode(POD, CONTAINER, POD));
      const own = { linux: { securityContext: { namespaceOptions: { pid: CONTAINER } } } };
      const first = await world.start(sandbox, 'sleep 4321', own);
      const namespaceOptions = { pid: NamespaceMode.TARGET, targetId: first };
      const second = await world.start(sandbox, 'sleep 1000', secured({ namespaceOptions }));
      assert.match(await world.exec(second, 'ps'), /sleep 4321/);
    },
  },
  {
    name: 'namespaces: containers of a pod share memory files; the machine’s are seen with NODE',
    run: async world => {
      const sandbox = await world.sandbox();
      const first = await world.start(sandbox, 'sleep 1000');
      const second = await world.start(sandbox, 'sleep 1000');
      await world.exec(first, 'echo here > /dev/shm/shared');
      assert.equal(await world.exec(second, 'cat /dev/shm/shared'), 'here');
    },
  },
  {
    name: 'sysctls of the pod are set',
    run: async world => {
      const linux = { sysctls: { 'kernel.shm_rmid_forced': '1', 'net.ipv4.ip_local_port_range': '2000 65000' } };
      const text = await world.output(
        'cat /proc/sys/kernel/shm_rmid_forced /proc/sys/net/ipv4/ip_local_port_range',
        {},
        { linux },
      );
      assert.match(text, /^1\n2000\s+65000$/);
    },
  },
  {
    name: 'DNS of the pod is written',
    run: async world => {
      const dnsConfig = { servers: ['10.10.10.10'], searches: ['google.com'], options: ['ndots:8'] };
      const text = await world.output('cat /etc/resolv.conf', {}, { dnsConfig });
      for (const line of ['nameserver 10.10.10.10', 'search google.com', 'options ndots:8'])
        assert.ok(text.includes(line), text);
    },
  },
  {
    name: 'mounts: writable, read-only, a single file, made on the host when absent, links followed',
    run: async world => {
      const folder = join(world.folder, 'volume');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'file'), 'text');
      symlinkSync(folder, join(world.folder, 'link'));
      const mounts = [
        { hostPath: folder, containerPath: '/rw' },
        { hostPath: folder, containerPath: '/ro', readonly: true },
        { hostPath: join(folder, 'file'), containerPath: '/deep/one/file' },
        { hostPath: join(world.folder, 'absent'), containerPath: '/absent' },
        { hostPath: join(world.folder, 'link'), containerPath: '/link' },
      ];
      const command =
        'echo x > /rw/y; touch /ro/z 2>/dev/null || echo refused; cat /deep/one/file /link/y; ls -d /absent';
      assert.equal(await world.output(command, { mounts }), 'refused\ntextx\n/absent');
    },
  },
  {
    name: 'mounts: a file of the pod’s own may be replaced',
    run: async world => {
      const path = join(world.folder, 'hosts');
      writeFileSync(path, '1.2.3.4 elsewhere\n');
      const mounts = [{ hostPath: path, containerPath: '/etc/hosts' }];
      assert.equal(await world.output('cat /etc/hosts', { mounts }), '1.2.3.4 elsewhere');
    },
  },
  {
    name: 'mounts: recursive read-only without readonly, or with propagation, is refused',
    run: async world => {
      const folder = join(world.folder, 'rro');
      mkdirSync(folder, { recursive: true });
      const base = { hostPath: folder, containerPath: '/m', recursiveReadOnly: true };
      const sandbox = await world.sandbox();
      await assert.rejects(world.create(sandbox, 'true', { mounts: [base] }));
      const propagation = MountPropagation.PROPAGATION_BIDIRECTIONAL;
      await assert.rejects(world.create(sandbox, 'true', { mounts: [{ ...base, readonly: true, propagation }] }));
    },
  },
  {
    name: 'devices: one of the machine’s under another name',
    run: async world => {
      const devices = [{ hostPath: '/dev/null', containerPath: '/dev/other', permissions: 'rw' }];
      assert.equal(await world.output('echo x > /dev/other && test -c /dev/other && echo yes', { devices }), 'yes');
    },
  },
  {
    name: 'resources: limits are in the cgroup, told by the status, and change while running',
    run: async world => {
      const limits = {
        cpuPeriod: 100_000,
        cpuQuota: 50_000,
        cpuShares: 512,
        memoryLimitInBytes: 64 << 20,
        oomScoreAdj: 500,
      };
      const own = { securityContext: { namespaceOptions: { pid: CONTAINER } } };
      const [, id] = await world.running({ linux: { resources: limits, ...own } });
      const told = async (): Promise<number | undefined> =>
        (await world.status(id)).resources?.linux?.memoryLimitInBytes;
      assert.equal(await told(), 64 << 20);
      assert.equal(await world.exec(id, 'cat /proc/1/oom_score_adj'), '500');
      const change = { ...limits, memoryLimitInBytes: 96 << 20 };
      await world.client.call('UpdateContainerResources', { containerId: id, linux: change });
      assert.equal(await told(), 96 << 20);
    },
  },
  {
    name: 'resources: too much memory is OOMKilled',
    run: async world => {
      const linux = { resources: { memoryLimitInBytes: 24 << 20 } };
      const id = await world.start(await world.sandbox(), 'dd if=/dev/zero of=/dev/null bs=200M count=2', { linux });
      const { reason, exitCode } = await world.exited(id);
      assert.deepEqual([reason, exitCode], ['OOMKilled', 137]);
    },
  },
];
