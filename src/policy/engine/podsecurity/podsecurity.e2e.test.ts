import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunningTenon, startTenon } from '../../../../bench/tenon.ts';
import { Http2Transport } from '../../../kernel/remote/drivers/http2Transport.ts';
import { parseKubeconfig } from '../../../kernel/remote/kubeconfig.ts';
import {
  type ApiServerPeer,
  missingPeer,
  type Peer,
  PEER_TOKEN,
  startApiServer,
  startEtcd,
} from '../../../kernel/testing/peers.ts';

const root = resolve(import.meta.dirname, '../../../..');
const LEVELS = ['privileged', 'baseline', 'restricted'] as const;
/** Releases around those in which rules changed; each has a namespace a level that pins it. */
const VERSIONS = ['latest', 'v1.0', 'v1.18', 'v1.19', 'v1.21', 'v1.22', 'v1.24', 'v1.26', 'v1.28', 'v1.30', 'v1.33'];
const nameOf = (level: string, version: string): string => `${level}-${version.replaceAll('.', '-')}`;

const SAFE = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const NON_ROOT = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
const ENFORCE = 'pod-security.kubernetes.io/enforce';
const one = (more: object = {}): object[] => [{ name: 'c', image: 'example.org/c:1', ...more }];

/** Pod specs, each with something of its own to say. */
const SPECS: readonly (readonly [string, object])[] = [
  ['nothing said', { containers: one() }],
  ['all that is asked', { securityContext: NON_ROOT, containers: one({ securityContext: SAFE }) }],
  ['privileged', { containers: one({ securityContext: { privileged: true } }) }],
  ['namespaces of the host', { hostNetwork: true, hostPID: true, containers: one() }],
  ['paths of the host', { volumes: [{ name: 'v', hostPath: { path: '/' } }], containers: one() }],
  ['ports of the host', { containers: one({ ports: [{ containerPort: 80, hostPort: 8080 }] }) }],
  [
    'capabilities',
    {
      securityContext: NON_ROOT,
      containers: one({ securityContext: { ...SAFE, capabilities: { add: ['NET_ADMIN', 'CHOWN'] } } }),
    },
  ],
  [
    'root by number',
    { securityContext: { runAsUser: 0 }, containers: one({ securityContext: { runAsNonRoot: false } }) },
  ],
  ['no seccomp', { securityContext: { seccompProfile: { type: 'Unconfined' } }, containers: one() }],
  ['an odd sysctl', { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] }, containers: one() }],
  ['a type of SELinux', { securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } }, containers: one() }],
  [
    'an NFS volume',
    { volumes: [{ name: 'v', nfs: { server: 's', path: '/p' } }], containers: one({ securityContext: SAFE }) },
  ],
  [
    'hosts that probes and hooks name',
    {
      containers: one({
        livenessProbe: { httpGet: { port: 80, host: '192.0.2.1' } },
        lifecycle: { preStop: { tcpSocket: { port: 1, host: 'h' } } },
      }),
    },
  ],
  [
    'sysctls that newer releases allow',
    {
      securityContext: {
        sysctls: [
          { name: 'net.ipv4.ip_local_reserved_ports', value: '1' },
          { name: 'net.ipv4.tcp_keepalive_time', value: '1' },
          { name: 'net.ipv4.tcp_rmem', value: '1' },
        ],
      },
      containers: one(),
    },
  ],
  [
    'a type of SELinux that newer releases allow',
    { securityContext: { seLinuxOptions: { type: 'container_engine_t' } }, containers: one() },
  ],
  ['a capability', { containers: one({ securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }) }],
  ['a pod of Windows', { os: { name: 'windows' }, containers: one() }],
  [
    'two containers and an init container',
    {
      securityContext: { runAsNonRoot: true },
      initContainers: [{ name: 'i', image: 'x:1', securityContext: SAFE }],
      containers: [
        ...one({ securityContext: { privileged: true } }),
        { name: 'd', image: 'x:1', securityContext: { privileged: true } },
      ],
    },
  ],
];

describe('Pod Security Admission, here and on a real kube-apiserver', {
  skip: missingPeer('etcd') ?? missingPeer('kube-apiserver') ?? false,
}, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'tenon-podsecurity-'));
  let etcd: Peer;
  let peer: ApiServerPeer;
  let tenon: RunningTenon;
  const servers: Http2Transport[] = [];

  const post = async (to: Http2Transport, path: string, body: object): Promise<readonly [number, string]> => {
    const answer = await to.send({ method: 'POST', path, contentType: 'application/json', body: JSON.stringify(body) });
    return [answer.status, (JSON.parse(answer.text) as { message?: string }).message ?? ''];
  };

  before(async () => {
    etcd = await startEtcd();
    peer = await startApiServer(etcd.url, ['--allow-privileged=true']);
    tenon = await startTenon(root, join(scratch, 'state'), ['--layers', 'api']);
    const text = readFileSync(tenon.kubeconfig, 'utf8');
    servers.push(
      new Http2Transport(parseKubeconfig(tenon.kubeconfig, text, path => readFileSync(path, 'utf8'))),
      new Http2Transport(peer.target),
    );
    for (const server of servers) {
      const spaces: [string, Record<string, string>][] = LEVELS.flatMap(level =>
        VERSIONS.map((version): [string, Record<string, string>] => [
          nameOf(level, version),
          { [ENFORCE]: level, [`${ENFORCE}-version`]: version },
        ]),
      );
      for (const [name, labels] of [...spaces, ['standing', {}] as const]) {
        await post(server, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
        await post(server, `/api/v1/namespaces/${name}/serviceaccounts`, {
          apiVersion: 'v1',
          kind: 'ServiceAccount',
          metadata: { name: 'default' },
        });
      }
    }
  });
  after(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]();
    await tenon?.[Symbol.asyncDispose]();
    await peer?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
    rmSync(scratch, { recursive: true, force: true });
  });

  for (const [name, spec] of SPECS) {
    test(`${name}: the same verdict in the same words at every level and release`, async () => {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: { ...spec, automountServiceAccountToken: false },
      };
      for (const space of LEVELS.flatMap(level => VERSIONS.map(version => nameOf(level, version)))) {
        const [ours, theirs] = await Promise.all(
          servers.map(server => post(server, `/api/v1/namespaces/${space}/pods?dryRun=All`, pod)),
        );
        assert.deepEqual(ours, theirs, space);
      }
    });
  }

  /** Status, message and warnings of a change of a namespace's labels, tried only. */
  const relabel = async (url: string, headers: Record<string, string>, labels: object): Promise<unknown> => {
    const body = JSON.stringify({ metadata: { labels } });
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(`${url}/api/v1/namespaces/standing?dryRun=All`, {
        method: 'PATCH',
        rejectUnauthorized: false,
        headers: { ...headers, 'content-type': 'application/merge-patch+json' },
        ...(url === peer.url ? {} : credentials()),
      });
      sent.on('response', resolve).on('error', reject).end(body);
    });
    let text = '';
    for await (const chunk of answer) text += String(chunk);
    const { message } = JSON.parse(text) as { message?: string };
    return { status: answer.statusCode, message, warnings: answer.headers.warning };
  };
  const credentials = () => {
    const { certificate, key } = parseKubeconfig(tenon.kubeconfig, readFileSync(tenon.kubeconfig, 'utf8'), path =>
      readFileSync(path, 'utf8'),
    );
    return { cert: certificate, key };
  };

  test('a namespace that asks for more is warned of the pods that are there; labels that are none are refused', async () => {
    const pods: readonly (readonly [string, object])[] = [
      ['a1', { containers: one() }],
      ['a2', { containers: one() }],
      ['a3', { containers: one() }],
      ['h1', { hostNetwork: true, containers: one() }],
      ['h2', { hostNetwork: true, containers: one() }],
      ['p', { containers: one({ securityContext: { privileged: true } }) }],
    ];
    for (const server of servers)
      for (const [name, spec] of pods) {
        const body = {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name },
          spec: { ...spec, automountServiceAccountToken: false },
        };
        const [status, message] = await post(server, '/api/v1/namespaces/standing/pods', body);
        assert.equal(status, 201, message);
      }
    const { server } = parseKubeconfig(tenon.kubeconfig, readFileSync(tenon.kubeconfig, 'utf8'), path =>
      readFileSync(path, 'utf8'),
    );
    for (const labels of [
      { [ENFORCE]: 'baseline' },
      { [ENFORCE]: 'restricted' },
      { [ENFORCE]: 'restricted', [`${ENFORCE}-version`]: 'v1.20' },
      { [ENFORCE]: 'privileged' },
      { [ENFORCE.replace('enforce', 'warn')]: 'restricted' },
      { [ENFORCE]: 'strict', [`${ENFORCE}-version`]: 'v2' },
      { [ENFORCE.replace('enforce', 'audit-version')]: '1.2' },
      { [`${ENFORCE}-version`]: 'v1.99' },
    ]) {
      const ours = await relabel(server, {}, labels);
      const theirs = await relabel(peer.url, { authorization: `Bearer ${PEER_TOKEN}` }, labels);
      assert.deepEqual(ours, theirs, JSON.stringify(labels));
    }
  });
});
