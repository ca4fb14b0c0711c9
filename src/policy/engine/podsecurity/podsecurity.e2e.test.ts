import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
  startApiServer,
  startEtcd,
} from '../../../kernel/testing/peers.ts';

const root = resolve(import.meta.dirname, '../../../..');
const LEVELS = ['privileged', 'baseline', 'restricted'] as const;

const SAFE = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const NON_ROOT = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
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
      for (const level of LEVELS) {
        const labels = { 'pod-security.kubernetes.io/enforce': level };
        await post(server, '/api/v1/namespaces', {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: level, labels },
        });
        await post(server, `/api/v1/namespaces/${level}/serviceaccounts`, {
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
    test(`${name}: the same verdict in the same words at every level`, async () => {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: { ...spec, automountServiceAccountToken: false },
      };
      for (const level of LEVELS) {
        const [ours, theirs] = await Promise.all(
          servers.map(server => post(server, `/api/v1/namespaces/${level}/pods?dryRun=All`, pod)),
        );
        assert.deepEqual(ours, theirs, level);
      }
    });
  }
});
