/** kill -9 leaves policy in force; a restart adopts it; flipping policies opens no hole. Run by network.test.ts. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type KubeObject, memoryLog, openKernel } from '../../kernel/index.ts';
import { startNetwork } from '../controller.ts';
import { removeNetwork } from '../drivers/clean.ts';
import { withNetlink } from '../drivers/netlink.ts';
import { REFS } from '../policies.ts';
import { realClock as clock, realRandom as random, until } from './clock.ts';
import { greet, serveInside } from './traffic.ts';

const [role = 'judge', folder = mkdtempSync(join(tmpdir(), 'tenon-killed-'))] = process.argv.slice(2);
const NAMES = ['server', 'friend', 'stranger'];
const label = (name: string): object => ({ podSelector: { matchLabels: { name } } });
const policy = (port: number): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'guard', namespace: 'default' },
  spec: {
    podSelector: { matchLabels: { name: 'server' } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [label('friend')], ports: [{ port: 80 }, { port }] }],
  },
});

async function start() {
  const kernel = await openKernel({ log: memoryLog(), clock, random });
  const client = kernel.client();
  for (const name of NAMES) {
    const metadata = { name, namespace: 'default', labels: { name } };
    const spec = { nodeName: 'n1', containers: [{ name: 'main', image: 'none' }] };
    await client.create(REFS.pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec }, { namespace: 'default' });
  }
  await client.create(REFS.policies, policy(81), { namespace: 'default' });
  const network = await startNetwork({
    client,
    clock,
    random,
    nodeName: 'n1',
    stateId: 'nettest3',
    folder,
    podCidrs: ['10.244.9.0/24'],
    serviceCidrs: ['10.96.0.0/16'],
    dnsAddresses: ['10.96.0.10'],
    upstreams: [],
  });
  for (const name of NAMES) {
    await network.podNetwork.attach({
      pod: { namespace: 'default', name, uid: name },
      sandboxId: name,
      hostNetwork: false,
      isolation: 'namespace',
      ports: [],
      labels: {},
      annotations: {},
    });
  }
  return { network, client };
}

if (role === 'victim') {
  await start();
  writeFileSync(join(folder, 'ready'), '');
  setInterval(() => undefined, 1000);
} else {
  withNetlink(netlink => netlink.up(netlink.index('lo')));
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'victim', folder], { stdio: 'inherit' });
  await until('the first run is ready', () => readdirSync(folder).includes('ready'), 20_000);
  child.kill('SIGKILL');
  await new Promise(resolve => child.once('exit', resolve));

  const path = (name: string): string => `/run/netns/tenon-nettest3-${name}`;
  const record = JSON.parse(readFileSync(join(folder, 'pods', 'server.json'), 'utf8')) as {
    attachment: { ips: string[] };
  };
  const address = record.attachment.ips[0]!;
  await serveInside(path('server'), 80, 'server');
  const answers = async (name: string): Promise<boolean> =>
    (await greet(path(name), address, 80, 300)).startsWith('server');
  assert.equal(await answers('friend'), true, 'allowed after kill -9');
  assert.equal(await answers('stranger'), false, 'still refused after kill -9');

  const { network, client } = await start();
  assert.equal(await answers('friend'), true, 'allowed after the restart');
  assert.equal(await answers('stranger'), false, 'refused after the restart');
  assert.deepEqual(readdirSync(join(folder, 'bpf', 'programs')).sort(), ['answer_pod', 'answer_trunk', 'policy']);

  // Forty flips under traffic that no version allows, and traffic that every version allows.
  let passed = 0;
  let tried = 0;
  let refused = 0;
  let flipping = true;
  const pressure = async (): Promise<void> => {
    while (flipping) {
      tried++;
      if ((await greet(path('stranger'), address, 80, 15)).startsWith('server')) passed++;
    }
  };
  const steady = async (): Promise<void> => {
    while (flipping) if (!(await answers('friend'))) refused++;
  };
  const workers = [...Array.from({ length: 8 }, pressure), steady()];
  for (let flip = 0; flip < 40; flip++) {
    const current = await client.get(REFS.policies, { namespace: 'default', name: 'guard' });
    const next = { ...policy(82 + flip), metadata: current.metadata };
    await client.update(REFS.policies, next);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  flipping = false;
  await Promise.all(workers);
  assert.equal(passed, 0, 'no packet passed while policies changed');
  assert.equal(refused, 0, 'no allowed connection was refused while policies changed');
  assert.ok(tried > 100, `only ${tried} attempts`);

  await network[Symbol.asyncDispose]();
  await removeNetwork({ stateId: 'nettest3', folder });
  await removeNetwork({ stateId: 'nettest3', folder });
  assert.deepEqual(
    readdirSync('/run/netns').filter(name => name.includes('nettest3')),
    [],
  );
  assert.equal(
    withNetlink(netlink => netlink.has('tnnettest3')),
    false,
  );
  assert.deepEqual(readdirSync(folder), ['ready']);
  rmSync(folder, { recursive: true, force: true });
  console.log(`tried=${tried}`);
  process.exit(0);
}
