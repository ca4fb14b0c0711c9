import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Client, decodeDocuments, type KubeObject, remoteClient, type ResourceRef } from '../kernel/index.ts';
import { Http2Transport } from '../kernel/remote/drivers/http2Transport.ts';
import { type ApiServerPeer, missingPeer, type Peer, startApiServer, startEtcd } from '../kernel/testing/peers.ts';
import { main } from './main.ts';

/**
 * Every form of `tenon why` against a real API server, asked by people of different rights: who may list less gets the
 * same verdict where the missing kinds bear on nothing asked, an unknown one or a Fault where they do, and never another.
 */
const POD = 'spec: {containers: [{name: c, image: x, ports: [{name: http, containerPort: 8080}]}], nodeName: n1}';
const SHOP = `apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
${POD}
---
apiVersion: v1
kind: Pod
metadata: {name: audit, namespace: shop, labels: {app: audit}}
${POD}
---
apiVersion: v1
kind: Pod
metadata: {name: pay, namespace: shop, labels: {app: pay}}
${POD}
---
apiVersion: v1
kind: Pod
metadata: {name: waits, namespace: shop, labels: {app: waits}}
spec:
  containers: [{name: c, image: x}]
  volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Service
metadata: {name: pay, namespace: shop}
spec: {selector: {app: pay}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: pay, namespace: shop}
spec: {podSelector: {matchLabels: {app: pay}}, ingress: [{from: [{podSelector: {matchLabels: {app: audit}}}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: cart}}
  template: {metadata: {labels: {app: cart}}, spec: {containers: [{name: c, image: x}]}}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: few, namespace: shop}
spec: {hard: {pods: "9"}}
`;
const DEFINITION = (plural: string, group: string, kind: string): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${plural}.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {plural: ${plural}, singular: ${kind.toLowerCase()}, kind: ${kind}}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`;
const grant = (user: string, role: string): string => `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ${user}-${role}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${role}}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ${user}}]
`;
const READS = (name: string, resources: string, groups: string): string => `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: ${name}}
rules: [{apiGroups: [${groups}], resources: [${resources}], verbs: [get, list, watch]}]
`;
const WORKLOADS = 'pods, services, namespaces, configmaps, endpoints, replicationcontrollers';
const APPS = 'deployments, replicasets, statefulsets, daemonsets, jobs, cronjobs, endpointslices';
/** `viewer` has what the built-in role `view` gathers (its gathering needs a controller), `blind` all but network policies, `half` pods alone, `nobody` nothing. */
const RIGHTS = [
  grant('viewer', 'system:aggregate-to-view'),
  READS('core', `${WORKLOADS}, nodes`, '""'),
  READS('apps', APPS, 'apps, batch, discovery.k8s.io'),
  READS('pods', 'pods', '""'),
  grant('blind', 'core'),
  grant('blind', 'apps'),
  grant('half', 'pods'),
].join('');
const REFS: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networkpolicies',
  ResourceQuota: 'resourcequotas',
};
const USERS = ['admin', 'viewer', 'blind', 'half', 'nobody'] as const;
type User = (typeof USERS)[number];

function refOf({ apiVersion, kind }: KubeObject): ResourceRef {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return { group, version, resource: REFS[kind] ?? `${kind.toLowerCase()}s` };
}

describe('questions by people of different rights', {
  skip: missingPeer('etcd') ?? missingPeer('kube-apiserver') ?? false,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-rights-'));
  const log = join(folder, 'audit.log');
  const source = join(folder, 'source');
  let etcd: Peer;
  let api: ApiServerPeer;
  let client: Client;
  let transport: Http2Transport;

  async function create(text: string): Promise<void> {
    for (const { value } of decodeDocuments(text, { file: 'm' }).value) {
      const object = value as unknown as KubeObject;
      const { namespace } = object.metadata;
      await client.create(refOf(object), object, namespace ? { namespace } : {});
    }
  }

  async function ask(user: User | 'stranger', ...words: string[]): Promise<{ code: number; out: string }> {
    const lines: string[] = [];
    const print = (text: string): void => void lines.push(text);
    const terminal = { language: 'en', color: false, out: print, err: print } as const;
    return { code: await main([...words, '--kubeconfig', join(folder, user)], terminal), out: lines.join('\n') };
  }

  before(async () => {
    const policy = join(folder, 'audit.yaml');
    const tokens = join(folder, 'tokens.csv');
    writeFileSync(policy, 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n');
    writeFileSync(
      tokens,
      USERS.map(
        user =>
          `${user === 'admin' ? 'peer-administrator' : `token-${user}`},${user},${user}${user === 'admin' ? ',system:masters' : ''}\n`,
      ).join(''),
    );
    mkdirSync(source);
    writeFileSync(join(source, 'all.yaml'), SHOP);
    etcd = await startEtcd();
    const options = [`--audit-policy-file=${policy}`, `--audit-log-path=${log}`, `--token-auth-file=${tokens}`];
    api = await startApiServer(etcd.url, options);
    for (const user of [...USERS, 'stranger']) {
      const token = user === 'admin' ? 'peer-administrator' : `token-${user}`;
      const cluster = { server: api.url, 'insecure-skip-tls-verify': true };
      const config = {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'u', user: { token } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      };
      writeFileSync(join(folder, user), JSON.stringify(config));
    }
    transport = new Http2Transport(api.target);
    client = remoteClient(transport);
    await create(SHOP);
    const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    for (const name of ['web', 'audit', 'pay'])
      await client.patch(
        { group: '', version: 'v1', resource: 'pods' },
        { namespace: 'shop', name },
        { type: 'merge', patch: { status: ready } },
        { subresource: 'status' },
      );
    await create(RIGHTS);
  });
  after(async () => {
    await transport?.[Symbol.asyncDispose]();
    await api?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const FORMS: readonly (readonly [words: string, ...codes: readonly [User, number][]])[] = [
    ['shop/web to shop/pay:80', ['admin', 1], ['viewer', 1], ['blind', 3], ['half', 3], ['nobody', 2]],
    ['shop/audit to shop/pay:80', ['admin', 0], ['viewer', 0], ['blind', 3], ['half', 3], ['nobody', 2]],
    ['shop/audit to shop/web:8080', ['admin', 0], ['viewer', 0], ['blind', 3], ['half', 3], ['nobody', 2]],
    ['shop/web to shop/pay:80 --as-cni flannel', ['admin', 0], ['viewer', 0], ['blind', 3], ['half', 3]],
    ['shop/web to 192.0.2.1:443', ['admin', 0], ['viewer', 3], ['blind', 3]],
    ['pod shop/waits pending', ['admin', 3], ['viewer', 3], ['blind', 3], ['half', 3], ['nobody', 2]],
    ['pod shop/web not-ready', ['admin', 0], ['viewer', 0], ['blind', 0], ['half', 3], ['nobody', 2]],
    ['pod shop/waits not-ready', ['admin', 1], ['viewer', 1], ['blind', 1], ['half', 1], ['nobody', 2]],
    ['pod shop/web evicted', ['admin', 0], ['viewer', 3], ['blind', 0], ['half', 3], ['nobody', 2]],
    ['pod shop/web denied', ['admin', 0], ['viewer', 0], ['blind', 0], ['half', 3], ['nobody', 2]],
    ['deploy shop/cart replicas=1', ['admin', 0], ['viewer', 3], ['blind', 3], ['half', 2], ['nobody', 2]],
  ];
  for (const [words, ...codes] of FORMS)
    test(words, async () => {
      for (const [user, code] of codes) {
        const answer = await ask(user, 'why', ...words.split(' '), ...(words.includes(' to ') ? ['--live'] : []));
        assert.equal(answer.code, code, `${user}: ${answer.out}`);
        if (code === 3 && user !== 'admin') assert.match(answer.out, /Not allowed to list /, user);
        if (code === 2) assert.match(answer.out, /cannot be seen: .* may not be listed/, user);
      }
    });

  test('places come from a source, and drift is told only of what may be read', async () => {
    const placed = await ask('viewer', 'why', 'shop/web', 'to', 'shop/pay:80', '--source', source);
    assert.match(placed.out, /NetworkPolicy shop\/pay .*all\.yaml:\d+:\d+/);
    const same = await ask('viewer', 'why', 'app', 'shop', 'out-of-sync', '--source', source);
    assert.equal(same.code, 0, same.out);
    const hidden = await ask('blind', 'why', 'app', 'shop', 'out-of-sync', '--source', source);
    assert.equal(hidden.code, 3, hidden.out);
    assert.doesNotMatch(hidden.out, /It is not in the cluster/);
  });

  test('more replicas than the quota has pods for are refused', async () => {
    const many = await ask('admin', 'why', 'deploy', 'shop/cart', 'replicas=7');
    assert.equal(many.code, 1, many.out);
    assert.match(many.out, /exceeded quota: few/);
  });

  test('a plan tells what it could not see', async () => {
    const planned = await ask('blind', 'plan', source);
    assert.match(planned.out, /Not exact because of\n(.*\n)*.*Not allowed to list networkpolicies/);
  });

  /** A new kind is served some moments after its definition; until then it cannot be listed, and verdicts are unknown. */
  async function until(user: User, code: number): Promise<void> {
    const limit = performance.now() + 20_000;
    for (;;) {
      const answer = await ask(user, 'why', 'shop/audit', 'to', 'shop/web:8080');
      if (answer.code === code) return;
      assert.ok(performance.now() < limit, answer.out);
    }
  }

  test('kinds of extensions are found without their definitions, and kept ones make the verdict unknown', async () => {
    await create(DEFINITION('authorizationpolicies', 'security.istio.io', 'AuthorizationPolicy'));
    await create(DEFINITION('widgets', 'factory.example.test', 'Widget'));
    await until('viewer', 3);
    const kept = await ask('viewer', 'why', 'shop/audit', 'to', 'shop/web:8080');
    assert.match(kept.out, /Not allowed to list authorizationpolicies\.security\.istio\.io/);
    // Of what nobody decides by, nothing is missed.
    assert.doesNotMatch(kept.out, /widgets/);
    await until('admin', 0);
  });

  test('who is not known to the cluster gets a Fault, not a verdict', async () => {
    // The server ends the connection with its refusal: requests that it did not look at are sent again.
    for (let tries = 0; tries < 20; tries++) {
      const { code, out } = await ask('stranger', 'why', 'shop/web', 'to', 'shop/pay:80');
      assert.equal(code, 2);
      assert.match(out, /The cluster refused with 401/);
    }
  });

  test('nobody wrote anything, or read a Secret', () => {
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    const entries = lines.map(
      line => JSON.parse(line) as { verb: string; user: { username: string }; requestURI: string },
    );
    const asked = entries.filter(({ user }) => ['viewer', 'blind', 'half', 'nobody'].includes(user.username));
    assert.ok(asked.length > 500, `${asked.length} requests`);
    assert.deepEqual(
      asked.filter(({ verb }) => !['get', 'list', 'watch'].includes(verb)),
      [],
    );
    assert.ok(!asked.some(({ requestURI }) => requestURI.includes('/secrets')));
  });
});
