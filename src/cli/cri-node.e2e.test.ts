import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { kubectl, kubectlPath, type RunningTenon, startTenon } from '../../bench/tenon.ts';
import { type Containerd, noContainerd, startContainerd } from '../compute/cri/testing/containerd.ts';
import { BUSYBOX, makeImages, noImages } from '../compute/cri/testing/images.ts';
import { CriClient } from '../compute/index.ts';
import { until } from './testing.ts';

const root = resolve(import.meta.dirname, '../..');
const skip =
  noContainerd() ??
  noImages() ??
  (existsSync(kubectlPath()) ? false : 'kubectl is absent: tools/get-kubectl.sh fetches it');
const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-cri-'));
const state = join(scratch, 'state');
let containerd: Containerd;
let tenon: RunningTenon;

const up = (): Promise<RunningTenon> => startTenon(root, state, ['--cri', containerd.endpoint, '--offline']);
const ask = (...args: string[]): Promise<string> => kubectl(tenon, args);
const field = (name: string, path: string): Promise<string> => ask('get', 'pod', name, '-o', `jsonpath={${path}}`);

before(async () => {
  if (skip) return;
  const archives = await makeImages(join(scratch, 'build'), join(scratch, 'images'));
  containerd = await startContainerd(join(scratch, 'containerd'), archives, '10.251.13.0/24');
  tenon = await up();
});
after(async () => {
  await tenon?.[Symbol.asyncDispose]();
  await containerd?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const SERVER = 'printf "from $HOSTNAME" > /srv/index.html; exec httpd -f -p 8080 -h /srv';

async function apply(name: string, container: object, more: object = {}): Promise<void> {
  const file = join(scratch, `${name}.json`);
  const metadata = { name, labels: { app: name } };
  const containers = [{ name: 'c', image: BUSYBOX, imagePullPolicy: 'IfNotPresent', ...container }];
  const spec = { terminationGracePeriodSeconds: 1, containers, ...more };
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec }));
  await ask('apply', '-f', file);
}

test('the node tells what runs its pods', { skip }, async () => {
  const version = await ask('get', 'nodes', '-o', 'jsonpath={.items[0].status.nodeInfo.containerRuntimeVersion}');
  assert.match(version, /^containerd:\/\/\d/);
});

test('a pod runs in the CRI runtime, with logs, exec, attach and files of the API', { skip }, async () => {
  await ask('create', 'configmap', 'words', '--from-literal=greeting=hello');
  await apply(
    'one',
    {
      command: ['sh', '-c', `cat /words/greeting; echo; ${SERVER}`],
      volumeMounts: [{ name: 'words', mountPath: '/words' }],
      readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
      resources: { limits: { memory: '64Mi' } },
    },
    { volumes: [{ name: 'words', configMap: { name: 'words' } }] },
  );
  await ask('wait', '--for=condition=Ready', 'pod/one', '--timeout=40s');
  assert.equal(await ask('logs', 'one'), 'hello\n');
  assert.equal(await ask('exec', 'one', '--', 'hostname'), 'one\n');
  const piped = spawnSync(kubectlPath(), ['--kubeconfig', tenon.kubeconfig, 'exec', '-i', 'one', '--', 'cat'], {
    input: 'through',
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(piped.stdout, 'through');
  assert.match(await field('one', '.status.podIP'), /^10\.251\.13\./);
  using client = new CriClient(containerd.endpoint);
  const { items } = await client.call('ListPodSandbox', {});
  assert.deepEqual(
    items.map(({ metadata }) => metadata?.name),
    ['one'],
  );
});

test('port-forward reaches it, and so does a Service', { skip }, async () => {
  const child = spawn(kubectlPath(), ['--kubeconfig', tenon.kubeconfig, 'port-forward', 'pod/one', ':8080']);
  let told = '';
  child.stdout.on('data', (chunk: Buffer) => (told += String(chunk)));
  try {
    await until(
      'a forwarded port',
      async () => told,
      text => /:(\d+) ->/.test(text),
    );
    const port = Number(/:(\d+) ->/.exec(told)![1]);
    await until(
      'an answer through the forwarded port',
      () => raw('127.0.0.1', port),
      text => text.endsWith('from one'),
    );
  } finally {
    child.kill();
  }
  await ask('expose', 'pod', 'one', '--port=80', '--target-port=8080');
  const address = await ask('get', 'service', 'one', '-o', 'jsonpath={.spec.clusterIP}');
  await apply('two', { command: ['sleep', '1000'] });
  await ask('wait', '--for=condition=Ready', 'pod/two', '--timeout=40s');
  const inside = (command: string): Promise<string> => ask('exec', 'two', '--', 'sh', '-c', command).catch(String);
  const fetched = `printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' | nc ${address} 80`;
  await until(
    'an answer',
    () => inside(fetched),
    text => text.endsWith('from one'),
  );
  const found = await inside('busybox nslookup one.default.svc.cluster.local');
  assert.ok(found.includes(address), found);
});

test('a RuntimeClass names a handler of the runtime', { skip }, async () => {
  assert.match(await ask('get', 'runtimeclasses', '-o', 'name'), /runtimeclass.node.k8s.io\/runc/);
  await apply('classed', { command: ['true'] }, { runtimeClassName: 'runc', restartPolicy: 'Never' });
  await until(
    'an end',
    () => field('classed', '.status.phase'),
    phase => phase === 'Succeeded',
  );
});

test('a container that ends is started again', { skip }, async () => {
  await apply('ends', { command: ['sh', '-c', 'sleep 1; exit 3'] });
  await until(
    'a restart',
    () => field('ends', '.status.containerStatuses[0].restartCount'),
    text => Number(text) >= 1,
  );
  assert.equal(await field('ends', '.status.containerStatuses[0].lastState.terminated.exitCode'), '3');
  await ask('delete', 'pod', 'ends', '--wait=true');
});

test('a killed Tenon takes up its pods again, and ends them when told', { skip }, async () => {
  const started = await field('one', '.status.containerStatuses[0].state.running.startedAt');
  const ended = new Promise(done => tenon.process.once('exit', done));
  process.kill(tenon.pid, 'SIGKILL');
  await ended;
  tenon = await up();
  await until(
    'status',
    () => ask('exec', 'one', '--', 'hostname').catch(String),
    text => text === 'one\n',
  );
  assert.equal(await field('one', '.status.containerStatuses[0].state.running.startedAt'), started);
  assert.equal(await field('one', '.status.containerStatuses[0].restartCount'), '0');
  assert.equal(await ask('logs', 'one'), 'hello\n');
  await ask('delete', 'pod', 'one', 'two', 'classed', '--wait=true');
  using client = new CriClient(containerd.endpoint);
  await until(
    'nothing left in the runtime',
    async () => (await client.call('ListPodSandbox', {})).items.length,
    count => count === 0,
  );
});

test('pods of others in the same runtime are left alone', { skip }, async () => {
  using client = new CriClient(containerd.endpoint);
  const config = { metadata: { name: 'other', namespace: 'else', uid: 'u', attempt: 0 } };
  const { podSandboxId } = await client.call('RunPodSandbox', { config });
  await tenon[Symbol.asyncDispose]();
  tenon = await up();
  await wait(500);
  const { items } = await client.call('ListPodSandbox', {});
  assert.deepEqual(
    items.map(({ id, state: now }) => [id, now]),
    [[podSandboxId, 0]],
  );
  await client.call('RemovePodSandbox', { podSandboxId });
});

test('a socket where nobody answers is named', { skip }, async () => {
  const args = ['up', '--state', join(scratch, 'none'), '--cri', 'unix:///nowhere.sock', '--layers', 'node'];
  const child = spawn(join(root, 'tenon'), [...args, '--api-port', '0'], { cwd: root });
  let told = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (told += String(chunk)));
  await until(
    'words',
    async () => told,
    text => /No CRI v1 runtime answers at "unix:\/\/\/nowhere.sock"/.test(text),
  );
  const ended = new Promise(done => child.once('exit', done));
  child.kill('SIGTERM');
  await ended;
  const bad = spawnSync(join(root, 'tenon'), ['up', '--cri', 'tcp://x'], { cwd: root, encoding: 'utf8' });
  assert.equal(bad.status, 2);
  assert.match(bad.stderr, /--cri takes unix:\/\/\/PATH/);
  assert.ok(execFileSync(join(root, 'tenon'), ['agent', '--help'], { cwd: root, encoding: 'utf8' }).includes('--cri'));
});

/** What a server answers to one request, whole. */
function raw(host: string, port: number): Promise<string> {
  return new Promise((done, fail) => {
    const socket = connect(port, host, () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    let text = '';
    socket.setTimeout(5000, () => socket.destroy(new Error('no answer')));
    socket.on('data', chunk => (text += String(chunk)));
    socket.on('error', fail);
    socket.on('close', () => done(text));
  });
}
