import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { kubectl, kubectlPath, type RunningTenon, startTenon } from '../../bench/tenon.ts';
import { stateId } from '../hosts/node/state.ts';
import { until } from './testing.ts';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-hostfirewall-'));
const state = join(scratch, 'state');
const hasGroups = /^\S+ \S+ cgroup2 /m.test(readFileSync('/proc/self/mounts', 'utf8'));
const skip =
  process.getuid?.() !== 0
    ? 'needs root'
    : !existsSync(kubectlPath())
      ? 'kubectl is absent: tools/get-kubectl.sh fetches it'
      : hasGroups
        ? false
        : 'needs cgroup2';
after(() => rmSync(scratch, { recursive: true, force: true }));

const DEFINITION = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'ciliumclusterwidenetworkpolicies.cilium.io' },
  spec: {
    group: 'cilium.io',
    scope: 'Cluster',
    names: {
      plural: 'ciliumclusterwidenetworkpolicies',
      singular: 'ciliumclusterwidenetworkpolicy',
      kind: 'CiliumClusterwideNetworkPolicy',
      listKind: 'CiliumClusterwideNetworkPolicyList',
    },
    versions: [
      {
        name: 'v2',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};
/** One pod on the node's network for each runtime that is here. */
const RUNTIMES = [
  ['process', 18_991],
  ...(['crun', 'runc'] as const).flatMap(name =>
    existsSync(`/usr/bin/${name}`) || existsSync(`/usr/sbin/${name}`)
      ? [[name, name === 'crun' ? 18_992 : 18_993]]
      : [],
  ),
] as readonly (readonly [string, number])[];

const SERVE = (port: number): string => `require('http').createServer((q, r) => r.end('page')).listen(${port})`;
const IDLE = 'setInterval(() => {}, 1000)';
const pod = (name: string, code: string, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image: 'hostfirewall-test:1', imagePullPolicy: 'IfNotPresent', args: ['-e', code] }],
    ...spec,
  },
});
const policy = (spec: object): object => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumClusterwideNetworkPolicy',
  metadata: { name: 'host' },
  spec: { nodeSelector: {}, ...spec },
});

async function apply(tenon: RunningTenon, ...items: object[]): Promise<void> {
  const file = join(scratch, 'objects.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await kubectl(tenon, ['apply', '-f', file]);
}

/** Whether a page is had from inside a pod, by a process that is started there now. */
async function reaches(tenon: RunningTenon, from: string, url: string): Promise<boolean> {
  const code = `fetch('${url}', { signal: AbortSignal.timeout(1000) }).then(r => r.text()).then(console.log, () => console.log('none')).finally(() => process.exit())`;
  return (await kubectl(tenon, ['exec', from, '--', 'node', '-e', code])).includes('page');
}

test('a platform started so holds policies for nodes for its pods on the network of the node, by every runtime', {
  skip,
}, async () => {
  const image = join(scratch, 'image');
  mkdirSync(image);
  writeFileSync(join(image, 'Dockerfile'), 'FROM host-node\nENTRYPOINT ["node"]\n');
  const build = ['image', 'build', image, '-t', 'hostfirewall-test:1', '--compression', 'none', '--state', state];
  execFileSync(join(root, 'tenon'), build, { cwd: root });
  const outside = createServer((_, response) => response.end('page')).listen(0, '0.0.0.0');
  try {
    await using tenon = await startTenon(root, state, ['--host-firewall']);
    const [node] = (JSON.parse(await kubectl(tenon, ['get', 'nodes', '-o', 'json'])) as { items: KubeNode[] }).items;
    assert.equal(node!.metadata.annotations['network.tenon.dev/host-firewall'], 'pods');
    const address = node!.status.addresses.find(({ type }) => type === 'InternalIP')!.address;
    const onHost = RUNTIMES.map(([name, port]) =>
      pod(name, SERVE(port), { hostNetwork: true, ...(name === 'process' ? {} : { runtimeClassName: name }) }),
    );
    await apply(tenon, DEFINITION, pod('friend', SERVE(80)), pod('stranger', IDLE), ...onHost);
    const names = ['friend', 'stranger', ...RUNTIMES.map(([name]) => name)];
    const ready = ['wait', '--for=condition=Ready', '--timeout=60s', ...names.map(name => `pod/${name}`)];
    await kubectl(tenon, ready);
    const friend = (await kubectl(tenon, ['get', 'pod', 'friend', '-o', 'jsonpath={.status.podIP}'])).trim();
    const own = `http://${address}:${(outside.address() as AddressInfo).port}/`;
    const seen = async (): Promise<Record<string, string>> => {
      const found: Record<string, string> = {};
      for (const [name, port] of RUNTIMES) {
        const url = `http://${address}:${port}/`;
        const asked = [
          reaches(tenon, 'friend', url),
          reaches(tenon, 'stranger', url),
          reaches(tenon, name, `http://${friend}/`),
        ];
        found[name] = (await Promise.all(asked)).map(answered => (answered ? '+' : '-')).join('');
        assert.equal(await (await fetch(url)).text(), 'page', 'the node reaches its own pods');
      }
      assert.equal(await reaches(tenon, 'stranger', own), true, 'another process of the machine is not asked about');
      return found;
    };
    const everywhere = (text: string): Record<string, string> =>
      Object.fromEntries(RUNTIMES.map(([name]) => [name, text]));
    assert.deepEqual(await seen(), everywhere('+++'));
    await apply(tenon, policy({ ingress: [{ fromEndpoints: [{ matchLabels: { app: 'friend' } }] }] }));
    await until('the policy is held', seen, found => Object.values(found).every(each => each === '+-+'));
    // A process that is started in a running container is held too.
    await apply(tenon, policy({ egress: [{ toEntities: ['world'] }] }));
    await until('the other policy is held', seen, found => Object.values(found).every(each => each === '++-'));
    const why = ['why', `default/process`, 'to', 'default/friend:80', '--live', '--state', state];
    const { stdout } = await run(join(root, 'tenon'), why, { cwd: root }).catch((error: { stdout: string }) => error);
    assert.match(stdout, /^DENIED/);
    assert.match(stdout, /Held for pods on the network of this node/);
  } finally {
    outside.close();
  }
  const id = stateId(state);
  const groups = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/self/mounts', 'utf8'))![1]!;
  assert.deepEqual(
    readdirSync(groups).filter(name => name.includes(id)),
    [],
  );
});

interface KubeNode {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly status: { readonly addresses: readonly { readonly type: string; readonly address: string }[] };
}
