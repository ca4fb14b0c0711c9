import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { kinds } from '../../kernel/index.ts';
import { lowerContainer, lowerSandbox } from '../dialects/process/lower.ts';
import { Program } from '../dialects/process/program.ts';
import { seccompFilter } from '../dialects/process/seccomp.ts';
import { lowerSpec, refusesWorkingFolder } from '../dialects/runc/spec.ts';
import type { ContainerSpec, SandboxSpec } from '../model.ts';
import { formatDelay } from './backoff.ts';
import { capabilitiesOf } from './capabilities.ts';
import { fieldText, resourceText } from './downward.ts';
import { expandVariables } from './expand.ts';
import { containerLimits, podCgroup, podLimits } from './resources.ts';

const GIB = 1024 ** 3;

describe('tables', () => {
  const expansions: [text: string, result: string][] = [
    ['$(A)', '1'],
    ['$$(A)', '$(A)'],
    ['$(B)', '$(B)'],
    ['a$(A', 'a$(A'],
    ['$', '$'],
    ['$$$(A)', '$1'],
    ['$(A)$(A)', '11'],
    ['$(constructor)', '$(constructor)'],
  ];
  for (const [text, result] of expansions)
    it(`expands ${text}`, () =>
      assert.equal(
        expandVariables(text, name => new Map([['A', '1']]).get(name)),
        result,
      ));

  const delays: [delay_ms: number, text: string][] = [
    [10_000, '10s'],
    [80_000, '1m20s'],
    [300_000, '5m0s'],
  ];
  for (const [delay_ms, text] of delays) it(`writes ${text}`, () => assert.equal(formatDelay(delay_ms), text));

  const limits: [requirements: kinds.ResourceRequirements, qos: string, expected: Record<string, number>][] = [
    [{}, 'BestEffort', { cpuShares: 2, oomScoreAdj: 1000 }],
    [{ requests: { cpu: '500m', memory: '1Gi' } }, 'Burstable', { cpuShares: 512, oomScoreAdj: 750 }],
    [
      { limits: { cpu: '2', memory: '128Mi' } },
      'Guaranteed',
      { cpuShares: 2048, cpuQuota_us: 200_000, cpuPeriod_us: 100_000, memory_bytes: 134_217_728, oomScoreAdj: -997 },
    ],
    [
      { limits: { cpu: '1m' } },
      'Burstable',
      { cpuShares: 2, cpuQuota_us: 1000, cpuPeriod_us: 100_000, oomScoreAdj: 999 },
    ],
  ];
  for (const [requirements, qos, expected] of limits)
    it(`limits ${JSON.stringify(requirements)}`, () =>
      assert.deepEqual(containerLimits(requirements, qos, 4 * GIB), expected));

  it('sums a pod only where every container has a limit', () => {
    const pod = (...memory: (string | undefined)[]): kinds.Pod =>
      ({
        metadata: {},
        spec: {
          containers: memory.map(value => ({ name: 'c', resources: value ? { limits: { memory: value } } : {} })),
        },
      }) as never;
    assert.equal(podLimits(pod('1Gi', '1Gi')).memory_bytes, 2 * GIB);
    assert.equal(podLimits(pod('1Gi', undefined)).memory_bytes, undefined);
    assert.equal(podCgroup('u', 'Burstable'), 'pods/burstable/podu');
  });

  const capabilities: [add: string[], drop: string[], has: string[], hasNot: string[]][] = [
    [[], [], ['CHOWN', 'KILL'], ['SYS_ADMIN', 'NET_ADMIN']],
    [[], ['ALL'], [], ['CHOWN', 'KILL']],
    [['NET_BIND_SERVICE'], ['ALL'], ['NET_BIND_SERVICE'], ['CHOWN']],
    [['CAP_SYS_TIME'], ['chown'], ['SYS_TIME'], ['CHOWN']],
    [['ALL'], ['SYS_ADMIN'], ['BPF'], ['SYS_ADMIN']],
  ];
  for (const [add, drop, has, hasNot] of capabilities)
    it(`adds ${add} and drops ${drop}`, () => {
      const held = capabilitiesOf({ privileged: false, capabilities: { add, drop } });
      assert.deepEqual(
        [has.every(name => held.includes(name)), hasNot.some(name => held.includes(name))],
        [true, false],
      );
    });

  const pod = {
    metadata: { name: 'p', namespace: 'n', uid: 'u', labels: { a: '1', b: 'x"y' } },
    spec: {
      nodeName: 'node',
      containers: [{ name: 'c', resources: { requests: { cpu: '250m' }, limits: { memory: '64Mi' } } }],
    },
  } as unknown as kinds.Pod;
  const context = { hostIps: ['192.0.2.1'], podIps: ['10.0.0.1'], capacity: { milliCpu: 4000, memory_bytes: GIB } };
  const fields: [path: string, text: string | undefined][] = [
    ['metadata.name', 'p'],
    ["metadata.labels['a']", '1'],
    ["metadata.labels['__proto__']", ''],
    ['metadata.labels', 'a="1"\nb="x\\"y"'],
    ['status.podIP', '10.0.0.1'],
    ['status.hostIP', '192.0.2.1'],
    ['constructor', undefined],
  ];
  for (const [path, text] of fields) it(`reads ${path}`, () => assert.equal(fieldText(pod, path, context), text));

  const amounts: [resource: string, divisor: string | undefined, text: string][] = [
    ['requests.cpu', undefined, '1'],
    ['requests.cpu', '1m', '250'],
    ['limits.cpu', undefined, '4'],
    ['limits.memory', '1Mi', '64'],
    ['requests.memory', undefined, String(64 * 1024 * 1024)],
  ];
  for (const [resource, divisor, text] of amounts)
    it(`divides ${resource} by ${divisor}`, () =>
      assert.equal(resourceText(pod, { resource, ...(divisor ? { divisor } : {}) } as never, 'c', context), text));

  const folders: [path: string, refused: boolean][] = [
    ['/proc/self/fd/7', true],
    ['/proc/1/fd/8/../..', true],
    ['//proc/./self/fd', true],
    ['/proc/thread-self/fd/3', true],
    ['/proc', false],
    ['/srv/fd', false],
  ];
  for (const [path, refused] of folders)
    it(`${refused ? 'refuses' : 'takes'} the working folder ${path}`, () =>
      assert.equal(refusesWorkingFolder(path), refused));
});

const sandbox = {
  id: 's',
  hostname: 'h',
  hostNetwork: false,
  hostPid: false,
  hostIpc: false,
  sharedPid: false,
  sysctls: {},
  cgroup: 'pods/u',
  netnsPath: '/run/n',
} as unknown as SandboxSpec;
const container = {
  id: 'c',
  rootfs: { kind: 'overlay', lower: ['/l'], upper: '/u', work: '/w' },
  args: ['/bin/x'],
  environment: [['A', 'b']],
  workingFolder: '/',
  account: { uid: 5, gid: 6, groups: [7] },
  mounts: [{ source: '/v', target: '/data', kind: 'bind', readOnly: true }],
  devices: [],
  capabilities: new Set(['CHOWN']),
  security: {
    privileged: false,
    readOnlyRootfs: true,
    noNewPrivileges: true,
    capabilities: { add: [], drop: [] },
    seccomp: 'default',
    procMount: 'default',
  },
  resources: { memory_bytes: 1024, oomScoreAdj: -5 },
  tty: false,
} as unknown as ContainerSpec;

describe('lowering', () => {
  it("gives an OCI runtime the pod's namespaces, limits and least privilege", () => {
    const around = {
      rootFolder: '/r',
      cgroupsPath: '/t/c',
      sandboxPid: 9,
      devices: [],
      capabilities: new Set(['CHOWN']),
      sandbox,
      canLowerOomScore: false,
    };
    const spec = lowerSpec(container, around) as {
      process: Record<string, unknown>;
      linux: Record<string, never>;
      root: unknown;
    };
    assert.deepEqual(spec.root, { path: '/r', readonly: true });
    assert.equal(spec.process.noNewPrivileges, true);
    assert.ok(!('oomScoreAdj' in spec.process));
    const namespaces = (spec.linux as unknown as { namespaces: { type: string; path?: string }[] }).namespaces;
    assert.deepEqual(
      namespaces.map(({ type, path }) => `${type} ${path ?? ''}`),
      ['mount ', 'network /proc/9/ns/net', 'uts /proc/9/ns/uts', 'ipc /proc/9/ns/ipc', 'pid '],
    );
    assert.deepEqual((spec.linux as unknown as { resources: { memory: unknown } }).resources.memory, { limit: 1024 });
    const privileged = { ...container, security: { ...container.security, privileged: true } };
    assert.ok(!('seccomp' in (lowerSpec(privileged, around).linux as object)));
  });

  it('encodes programs whose addresses lie inside them, the same every time', () => {
    const around = {
      errorFile: '/e',
      pidFile: '/p',
      cgroup: { steps: [{ folder: '/g' }, { file: '/g/m', value: '1' }], procs: ['/g/procs'] },
      rootless: undefined,
    };
    const groupMounts = [{ type: 'cgroup2' as const, folder: '', options: '' }];
    const inside = { ...around, sandboxPid: 9, rootFolder: '/r', mountIsFolder: [true], sandbox, groupMounts };
    for (const rootless of [undefined, { uid: 1000, gid: 1000 }]) {
      const image = lowerContainer(container, { ...inside, rootless }).encode();
      assert.deepEqual(image, lowerContainer(container, { ...inside, rootless }).encode());
      const text = Buffer.from(image).toString('latin1');
      assert.ok(
        text.includes('/g/procs') && text.includes('A=b') && text.includes('lowerdir=/l,upperdir=/u,workdir=/w'),
      );
    }
    assert.ok(lowerSandbox(sandbox, around).size > 10);
  });

  it('names the step that failed', () => {
    const program = new Program();
    program.may(39);
    program.must('mount the image', 165);
    const report = Buffer.alloc(16);
    report.writeBigInt64LE(BigInt(0x2000_0000 + 64 + 64), 0);
    report.writeBigInt64LE(-2n, 8);
    assert.deepEqual(program.failure(report), { what: 'mount the image', errno: 2 });
    assert.equal(program.failure(Buffer.alloc(3)), undefined);
  });

  it('has a seccomp filter whose jumps stay inside it', () => {
    const filter = Buffer.from(seccompFilter());
    const count = filter.length / 8;
    assert.ok(count > 40 && count < 256);
    for (let index = 0; index < count; index++) {
      const code = filter.readUInt16LE(index * 8);
      if ((code & 7) !== 5) continue;
      assert.ok(index + 1 + filter[index * 8 + 2]! < count);
    }
  });
});
