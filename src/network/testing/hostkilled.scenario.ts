/** kill -9 leaves policies for nodes in force, a restart adopts them, without the setting they end. Run by hostfirewall.test.ts. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeNetwork } from '../drivers/clean.ts';
import { REFS } from '../policies.ts';
import { until } from './clock.ts';
import { HostPod, testGroups } from './hostpod.ts';
import { anyDefinition, type OneNode, startNode } from './onenode.ts';
import { greet } from './traffic.ts';

const [role = 'judge', folder = mkdtempSync(join(tmpdir(), 'tenon-hostkilled-')), group = ''] = process.argv.slice(2);
const clusterwide = { group: 'cilium.io', version: 'v2', resource: 'ciliumclusterwidenetworkpolicies' };
const policy = (port: number) => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumClusterwideNetworkPolicy',
  metadata: { name: 'host' },
  spec: {
    nodeSelector: {},
    ingress: [{ fromEntities: ['all'], toPorts: [{ ports: ['8080', String(port)].map(each => ({ port: each })) }] }],
  },
});

async function start(hostFirewall?: { readonly groupFolder: (path: string) => string }): Promise<OneNode> {
  const definition = anyDefinition('cilium.io', 'v2', clusterwide.resource, 'CiliumClusterwideNetworkPolicy');
  return startNode({ folder, ...(hostFirewall ? { hostFirewall } : {}) }, [definition], async client => {
    await client.create(REFS.nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } });
    await client.create(clusterwide, policy(9000));
  });
}

const attach = (node: OneNode, name: string) =>
  node.network.podNetwork.attach({
    pod: { namespace: 'x', name, uid: name },
    sandboxId: name,
    hostNetwork: true,
    isolation: 'namespace',
    ports: [],
    cgroup: name,
    labels: {},
    annotations: {},
  });

if (role === 'victim') {
  const node = await start({ groupFolder: path => join(group, path) });
  await attach(node, 'agent');
  await attach(node, 'gone');
  writeFileSync(join(folder, 'ready'), '');
  setInterval(() => undefined, 1000);
} else {
  const groups = testGroups('hostkilled');
  execFileSync('ip', ['netns', 'add', 'outside']);
  execFileSync('ip', ['link', 'add', 'wire', 'type', 'veth', 'peer', 'name', 'wire', 'netns', 'outside']);
  execFileSync('ip', ['addr', 'add', '198.51.100.7/24', 'dev', 'wire']);
  execFileSync('ip', ['link', 'set', 'wire', 'up']);
  execFileSync('ip', ['-n', 'outside', 'addr', 'add', '198.51.100.1/24', 'dev', 'wire']);
  execFileSync('ip', ['-n', 'outside', 'link', 'set', 'wire', 'up']);
  const script = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [script, 'victim', folder, groups.folder('')], { stdio: 'inherit' });
  await until('the first run is ready', () => existsSync(join(folder, 'ready')), 20_000);
  const pod = await HostPod.start(groups.folder('agent'));
  for (const port of [8080, 8081]) await pod.ask({ serve: port });
  const answers = async (): Promise<string> => {
    const found = await Promise.all(
      [8080, 8081].map(port => greet('/run/netns/outside', '198.51.100.7', port, 300).then(text => text.includes(' '))),
    );
    return found.map(answered => (answered ? '+' : '-')).join('');
  };
  const pins = (name: string): string[] => readdirSync(join(folder, 'bpf', name)).sort();
  assert.equal(await answers(), '+-', 'held by the first run');
  child.kill('SIGKILL');
  await new Promise(resolve => child.once('exit', resolve));
  assert.equal(await answers(), '+-', 'held after kill -9');
  assert.deepEqual(pins('groups'), ['agent-egress', 'agent-ingress', 'gone-egress', 'gone-ingress']);

  // Groups end with their last process: a link to one that is gone is made anew.
  groups.remove('gone');
  let passed = 0;
  let tried = 0;
  let refused = 0;
  let restarting = true;
  const pressure = async (): Promise<void> => {
    while (restarting) {
      tried++;
      if ((await greet('/run/netns/outside', '198.51.100.7', 8081, 15)).includes(' ')) passed++;
    }
  };
  const steady = async (): Promise<void> => {
    while (restarting) if (!(await greet('/run/netns/outside', '198.51.100.7', 8080, 700)).includes(' ')) refused++;
  };
  const workers = [pressure(), pressure(), steady()];
  const adopted = await start({ groupFolder: groups.folder });
  assert.deepEqual(adopted.problems, []);
  for (let flip = 0; flip < 20; flip++) {
    const before = tried;
    await adopted.apply(clusterwide, policy(9001 + flip));
    await until('it is tried', () => tried > before + 2);
  }
  restarting = false;
  await Promise.all(workers);
  assert.deepEqual([passed, refused], [0, 0], 'nothing passed that may not, and the other way round');
  assert.ok(tried > 50, `only ${tried} attempts`);
  assert.deepEqual(pins('groups'), ['agent-egress', 'agent-ingress', 'gone-egress', 'gone-ingress']);
  await adopted.network.podNetwork.detach('gone');
  assert.deepEqual(pins('groups'), ['agent-egress', 'agent-ingress']);
  await adopted.apply(clusterwide, policy(8081));
  assert.equal(await answers(), '++', 'the new run decides');
  await adopted.apply(clusterwide, policy(9000));
  assert.equal(await answers(), '+-');
  await adopted.network[Symbol.asyncDispose]();
  assert.equal(await answers(), '+-', 'held after the end');

  const without = await start();
  assert.equal(await answers(), '++', 'a run without the setting lets go of what was held');
  assert.equal((without.problems[0] as { code: string }).code, 'network/host-policy-open');
  await without.network[Symbol.asyncDispose]();
  const again = await start({ groupFolder: groups.folder });
  assert.equal(await answers(), '+-', 'and one with it holds it again');
  await again.network[Symbol.asyncDispose]();
  await removeNetwork({ stateId: 'nettest9', folder });
  assert.equal(await answers(), '++', 'taken off the machine');
  assert.equal(existsSync(join(folder, 'bpf')), false);
  await pod.stop();
  groups.remove();
  rmSync(folder, { recursive: true, force: true });
  console.log(`tried=${tried}`);
  process.exit(0);
}
