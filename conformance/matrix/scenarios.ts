import assert from 'node:assert/strict';
import type { kinds } from '../../src/kernel/index.ts';
import { BUSYBOX, NAMED, NUMBERED } from '../../src/compute/cri/testing/images.ts';
import type { MatrixNode } from './node.ts';

type Loose = Readonly<Record<string, unknown>>;

/** One pod and what must become of it, on every runtime. */
export interface Scenario {
  readonly name: string;
  pod(node: MatrixNode, name: string): Loose;
  /** What is waited for before the check; by default that the pod has ended. */
  readonly until?: (pod: kinds.Pod) => boolean;
  check(pod: kinds.Pod, node: MatrixNode): void | Promise<void>;
}

const ended = ({ status }: kinds.Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';
const ready = ({ status }: kinds.Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
export const waitsFor = (scenario: Scenario): ((pod: kinds.Pod) => boolean) => scenario.until ?? ended;

const one = (script: string, container: Loose = {}): Loose => ({
  name: 'c',
  image: BUSYBOX,
  command: ['sh', '-c', script],
  ...container,
});

/** A pod of one container whose output is checked. */
function prints(name: string, script: string, wanted: RegExp, container: Loose = {}, spec: Loose = {}): Scenario {
  return {
    name,
    pod: () => ({ containers: [one(script, container)], ...spec }),
    check: (pod, node) => assert.match(node.log(pod, 'c'), wanted),
  };
}

const stateOf = (pod: kinds.Pod, index = 0) => pod.status?.containerStatuses?.[index]?.state?.terminated;

/** A pod of one container whose end is checked. */
function ends(name: string, script: string, exitCode: number, reason: string, container: Loose = {}): Scenario {
  return {
    name,
    pod: () => ({ containers: [one(script, container)] }),
    check: pod => {
      const state = stateOf(pod);
      assert.deepEqual([state?.exitCode, state?.reason], [exitCode, reason]);
      assert.equal(pod.status?.phase, exitCode === 0 ? 'Succeeded' : 'Failed');
    },
  };
}

const secure = (securityContext: Loose): Loose => ({ securityContext });
const loop = 'while true; do sleep 0.2; done';

/** How often a container was started again. */
const restarts = (pod: kinds.Pod): number => pod.status?.containerStatuses?.[0]?.restartCount ?? 0;

function becomesReady(name: string, container: Loose, script = loop): Scenario {
  return {
    name,
    pod: () => ({ containers: [one(script, container)] }),
    until: ready,
    check: pod => assert.equal(pod.status?.containerStatuses?.[0]?.ready, true),
  };
}

const quick = { periodSeconds: 1, timeoutSeconds: 2 };
const server = 'mkdir -p /www && echo ok > /www/index.html && httpd -f -p 8080 -h /www';

function volume(
  name: string,
  script: string,
  wanted: RegExp,
  source: (node: MatrixNode, pod: string) => Loose,
  mount: Loose = {},
): Scenario {
  return {
    name,
    pod: (node, pod) => ({
      volumes: [{ name: 'v', ...source(node, pod) }],
      containers: [one(script, { volumeMounts: [{ name: 'v', mountPath: '/v', ...mount }] })],
    }),
    check: (pod, node) => assert.match(node.log(pod, 'c'), wanted),
  };
}

const fieldOf = (fieldPath: string): Loose => ({ valueFrom: { fieldRef: { fieldPath } } });
const path = (node: MatrixNode, pod: string): Loose => ({ hostPath: { path: node.scratch(pod) } });

/** The sixty. */
export const scenarios: readonly Scenario[] = [
  ends('exit 0', 'true', 0, 'Completed'),
  ends('exit 3', 'exit 3', 3, 'Error'),
  ends('exit 255', 'exit 255', 255, 'Error'),
  ends('a child killed by a signal', "sh -c 'kill -KILL $$$$'; exit $?", 137, 'Error'),
  ends('a child’s end is not the container’s', 'sh -c "exit 5"; exit 6', 6, 'Error'),
  ends('out of memory', 'dd if=/dev/zero of=/dev/null bs=300M count=2', 137, 'OOMKilled', {
    resources: { limits: { memory: '24Mi' } },
  }),
  {
    name: 'a command that is not there',
    pod: () => ({ containers: [one('', { command: ['/no/such/program'] })] }),
    check: pod => assert.ok((stateOf(pod)?.exitCode ?? 0) !== 0),
  },
  prints('env: literal', 'echo "$A"', /^a b$/, { env: [{ name: 'A', value: 'a b' }] }),
  prints('env: of the image', 'echo $IMAGE', /^yes$/),
  prints('env: one refers to another', 'echo $B', /^x-y$/, {
    env: [
      { name: 'A', value: 'x' },
      { name: 'B', value: '$(A)-y' },
    ],
  }),
  prints('env: escaped reference', 'echo "$B"', /^\$\(A\)$/, { env: [{ name: 'B', value: '$$(A)' }] }),
  prints('env: pod name', 'echo $N', /^m-/, { env: [{ name: 'N', ...fieldOf('metadata.name') }] }),
  prints('env: pod address', 'echo $IP', /^\d+\.\d+\.\d+\.\d+$/, { env: [{ name: 'IP', ...fieldOf('status.podIP') }] }),
  prints('env: limits', 'echo $L', /^64$/, {
    resources: { limits: { memory: '64Mi' } },
    env: [{ name: 'L', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } }],
  }),
  prints('args: expanded', '', /^\[v]$/, {
    command: ['sh', '-c', 'echo "[$0]"', '$(A)'],
    env: [{ name: 'A', value: 'v' }],
  }),
  prints('image: entrypoint and command', '', /^entry command$/, { image: NAMED, command: undefined }),
  prints('image: args over its command', '', /^entry a b$/, { image: NAMED, command: undefined, args: ['a', 'b'] }),
  prints('image: user by number', '', /uid=1002 gid=1003/, { image: NUMBERED, command: undefined }),
  prints('image: user by name', 'id', /uid=1001\(alice\)/, { image: NAMED }),
  prints('working folder: of the container', 'pwd', /^\/made\/here$/, { workingDir: '/made/here' }),
  prints('working folder: of the image', 'pwd', /^\/srv$/, { image: NAMED }),
  prints('host name is the pod’s', 'hostname', /^m-/),
  prints('host name: asked for', 'hostname', /^named$/, {}, { hostname: 'named' }),
  prints('/etc/hosts has the pod’s address', 'grep "$(hostname)" /etc/hosts', /^\d/),
  prints(
    'host aliases',
    'grep elsewhere /etc/hosts',
    /^1\.2\.3\.4/,
    {},
    {
      hostAliases: [{ ip: '1.2.3.4', hostnames: ['elsewhere'] }],
    },
  ),
  prints(
    'DNS: None with a configuration',
    'cat /etc/resolv.conf',
    /nameserver 9\.9\.9\.9[\s\S]*search a\.b|search a\.b[\s\S]*nameserver 9\.9\.9\.9/,
    {},
    {
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['9.9.9.9'], searches: ['a.b'] },
    },
  ),
  prints('user: runAsUser and runAsGroup', 'id', /uid=1234 gid=2345/, secure({ runAsUser: 1234, runAsGroup: 2345 })),
  prints(
    'user: fsGroup and supplemental groups',
    'id -G',
    /(?=.*\b777\b)(?=.*\b888\b)/,
    {},
    secure({ fsGroup: 777, supplementalGroups: [888] }),
  ),
  {
    name: 'user: runAsNonRoot refuses root',
    pod: () => ({ containers: [one('true', secure({ runAsNonRoot: true }))] }),
    until: pod => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
    check: () => {},
  },
  prints(
    'security: read-only root',
    'touch /x 2>/dev/null || echo refused',
    /^refused$/,
    secure({ readOnlyRootFilesystem: true }),
  ),
  prints(
    'security: no new privileges',
    'grep NoNewPrivs /proc/self/status',
    /1$/,
    secure({ allowPrivilegeEscalation: false }),
  ),
  prints(
    'security: capabilities dropped',
    'grep CapEff /proc/self/status',
    /0000000000000000$/,
    secure({ capabilities: { drop: ['ALL'] } }),
  ),
  prints(
    'security: capabilities added',
    'grep CapEff /proc/self/status',
    /0000000000001000$/,
    secure({ capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } }),
  ),
  prints(
    'security: seccomp default',
    'grep Seccomp: /proc/self/status',
    /2$/,
    secure({ seccompProfile: { type: 'RuntimeDefault' } }),
  ),
  prints('security: hidden paths', 'cat /proc/kcore 2>/dev/null | head -c 4 | wc -c', /^0$/),
  prints(
    'security: /proc/sys cannot be written',
    'echo x 2>/dev/null > /proc/sys/kernel/domainname || echo refused',
    /refused/,
  ),
  prints('security: mounting is refused', 'mkdir /m; mount -t tmpfs t /m 2>/dev/null || echo refused', /^refused$/),
  prints('security: only descriptors 0 to 2', 'ls /proc/self/fd | wc -l', /^[34]$/),
  prints(
    'devices: null, zero, random',
    'for d in null zero full random urandom tty; do test -c /dev/$d || echo no $d; done; echo done',
    /^done$/,
  ),
  prints('terminal', 'test -t 1 && echo yes', /yes/, { tty: true }),
  prints('standard input is empty', 'cat; echo end', /^end$/),
  prints('standard error is logged', 'echo err >&2', /^err$/),
  prints('process 1', 'echo $$$$', /^1$/),
  prints('memory files are there', 'echo x > /dev/shm/f && cat /dev/shm/f', /^x$/),
  prints(
    'sysctl of the network',
    'cat /proc/sys/net/ipv4/ip_local_port_range',
    /^2000\s+65000$/,
    {},
    secure({ sysctls: [{ name: 'net.ipv4.ip_local_port_range', value: '2000 65000' }] }),
  ),
  volume('volume: emptyDir', 'echo x > /v/f && cat /v/f', /^x$/, () => ({ emptyDir: {} })),
  volume('volume: emptyDir in memory', 'echo x > /v/f && grep " /v " /proc/mounts', /tmpfs|rw/, () => ({
    emptyDir: { medium: 'Memory' },
  })),
  volume('volume: hostPath', 'echo x > /v/f && cat /v/f', /^x$/, path),
  volume('volume: read-only', 'touch /v/x 2>/dev/null || echo refused', /^refused$/, path, { readOnly: true }),
  volume('volume: subPath', 'echo x > /v/f; ls /v', /^f$/, () => ({ emptyDir: {} }), { subPath: 'a/b' }),
  volume('volume: downward API', 'cat /v/name', /^m-/, () => ({
    downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] },
  })),
  {
    name: 'containers of a pod share a volume, and the network',
    pod: () => ({
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [
        one('while ! test -f /v/x; do sleep 0.1; done; cat /v/x', { volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
        { ...one('echo shared > /v/y && mv /v/y /v/x', { volumeMounts: [{ name: 'v', mountPath: '/v' }] }), name: 'd' },
      ],
    }),
    check: (pod, node) => assert.equal(node.log(pod, 'c'), 'shared'),
  },
  {
    name: 'containers of a pod reach each other by loopback, others reach both by its address',
    pod: () => ({
      containers: [
        one(
          'i=0; until echo x | nc -w 1 127.0.0.1 8081 2>/dev/null; do sleep 0.1; i=$((i+1)); test $i -lt 50; done; echo got',
        ),
        { ...one('nc -l -p 8081; echo heard'), name: 'd' },
      ],
    }),
    check: (pod, node) => assert.equal(node.log(pod, 'c'), 'got'),
  },
  {
    name: 'shared processes',
    pod: () => ({
      shareProcessNamespace: true,
      containers: [
        one('until ps | grep -q "[s]leep 444"; do sleep 0.2; done; ps; killall sleep'),
        { ...one('exec sleep 444'), name: 'd' },
      ],
    }),
    check: (pod, node) => assert.match(node.log(pod, 'c'), /sleep 444/),
  },
  {
    name: 'init containers run first, one after the other',
    pod: () => ({
      volumes: [{ name: 'v', emptyDir: {} }],
      initContainers: ['a', 'b'].map(name => ({
        ...one(`echo ${name} >> /v/f`, { volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
        name,
      })),
      containers: [one('cat /v/f', { volumeMounts: [{ name: 'v', mountPath: '/v' }] })],
    }),
    check: (pod, node) => assert.equal(node.log(pod, 'c'), 'a\nb'),
  },
  {
    name: 'a failing init container ends the pod',
    pod: () => ({ initContainers: [{ ...one('exit 4'), name: 'i' }], containers: [one('true')] }),
    check: pod => {
      assert.equal(pod.status?.phase, 'Failed');
      assert.equal(pod.status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode, 4);
    },
  },
  {
    name: 'restartPolicy OnFailure',
    pod: () => ({
      restartPolicy: 'OnFailure',
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [
        one('test -f /v/x && exit 0; touch /v/x; exit 1', { volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
      ],
    }),
    check: pod => assert.deepEqual([pod.status?.phase, restarts(pod)], ['Succeeded', 1]),
  },
  prints('termination message is told', 'echo -n bye > /dev/termination-log; cat /dev/termination-log', /^bye$/),
  becomesReady('probe: exec', { readinessProbe: { exec: { command: ['true'] }, ...quick } }),
  becomesReady('probe: HTTP', { readinessProbe: { httpGet: { port: 8080, path: '/index.html' }, ...quick } }, server),
  becomesReady('probe: TCP', { readinessProbe: { tcpSocket: { port: 8080 }, ...quick } }, server),
  becomesReady('hook: postStart has run', {
    lifecycle: { postStart: { exec: { command: ['touch', '/started'] } } },
    readinessProbe: { exec: { command: ['cat', '/started'] }, ...quick },
  }),
  {
    name: 'probe: a failing liveness probe starts the container again',
    pod: () => ({
      restartPolicy: 'Always',
      containers: [one(loop, { livenessProbe: { exec: { command: ['false'] }, ...quick, failureThreshold: 1 } })],
    }),
    until: pod => restarts(pod) >= 1,
    check: pod => assert.ok(pod.status?.containerStatuses?.[0]?.lastState?.terminated),
  },
];
