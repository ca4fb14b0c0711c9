import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { Client, credentials } from '@grpc/grpc-js';
import type { Message } from '../../network/dialects/hubble/messages.ts';
import { OBSERVER } from '../../network/drivers/flowserver.ts';
import { kubectlPath } from '../../../bench/tenon.ts';
import { runningOn } from './state.ts';

const root = resolve(import.meta.dirname, '../../..');
const skip =
  process.getuid?.() !== 0
    ? 'two machines are two network namespaces here: needs root'
    : existsSync(kubectlPath())
      ? false
      : 'kubectl is absent: tools/get-kubectl.sh fetches it';
const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-agent-'));
const machines = { one: `tna${process.pid}`, two: `tnb${process.pid}` } as const;
const ADDRESS = { one: '192.0.2.1', two: '192.0.2.2' } as const;
type Machine = keyof typeof machines;

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

/** Runs a program on one of the two machines: only its network is its own. */
const inside = (machine: Machine, command: readonly string[], timeout_ms = 60_000): string =>
  execFileSync('nsenter', [`--net=/run/netns/${machines[machine]}`, ...command], {
    cwd: root,
    encoding: 'utf8',
    timeout: timeout_ms,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const kubectl = (...args: string[]): string =>
  inside('one', [kubectlPath(), '--kubeconfig', join(scratch, 'one', 'kubeconfig'), ...args]);

/** Starts `tenon` on a machine; resolves when it prints `line`. */
function start(machine: Machine, args: readonly string[], line: RegExp): Promise<ChildProcess> {
  const words = [`--net=/run/netns/${machines[machine]}`, join(root, 'tenon'), ...args];
  const child = spawn('nsenter', [...words, '--state', join(scratch, machine)], { cwd: root });
  let text = '';
  return new Promise((done, fail) => {
    const limit = setTimeout(() => fail(new Error(`no ${line} in:\n${text}`)), 60_000);
    const take = (chunk: Buffer): void => {
      text += String(chunk);
      if (!line.test(text)) return;
      clearTimeout(limit);
      done(child);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('exit', code => fail(new Error(`ended with ${code}:\n${text}`)));
  });
}

async function stop(child: ChildProcess | undefined, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise(done => child.once('exit', done));
  child.kill(signal);
  await ended;
}

async function until(what: string, read: () => string, wanted: RegExp, limit_ms = 30_000): Promise<string> {
  for (const end = performance.now() + limit_ms; ; await new Promise(done => setTimeout(done, 300))) {
    const value = read();
    if (wanted.test(value)) return value;
    assert.ok(performance.now() < end, `${what} did not come about: ${value}`);
  }
}

const pod = (machine: Machine, node: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: machine, labels: { app: machine } },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 1,
    tolerations: [{ operator: 'Exists' }],
    containers: [
      {
        name: 'server',
        image: 'agent-test:1',
        imagePullPolicy: 'IfNotPresent',
        args: [
          '-e',
          `console.log('started on ${machine}');require('http').createServer((q,r)=>r.end('page of ${machine}')).listen(8080)`,
        ],
        readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
      },
    ],
  },
});

/** Reads the pod's own namespace from the API, as client libraries in a cluster do. */
const ASK_API = `
const fs = require('fs'), dir = '/var/run/secrets/kubernetes.io/serviceaccount/';
const namespace = fs.readFileSync(dir + 'namespace', 'utf8');
require('https').get({ host: process.env.KUBERNETES_SERVICE_HOST, port: process.env.KUBERNETES_SERVICE_PORT,
  path: '/api/v1/namespaces/' + namespace, ca: fs.readFileSync(dir + 'ca.crt'),
  headers: { authorization: 'Bearer ' + fs.readFileSync(dir + 'token', 'utf8') } },
  answer => { let text = ''; answer.on('data', part => (text += part)); answer.on('end', () => console.log(answer.statusCode, JSON.parse(text).metadata.name)); });`;

const children: ChildProcess[] = [];

before(() => {
  if (skip) return;
  for (const name of Object.values(machines)) ip('netns', 'add', name);
  ip('link', 'add', 'veth0', 'netns', machines.one, 'type', 'veth', 'peer', 'name', 'veth0', 'netns', machines.two);
  for (const machine of ['one', 'two'] as const) {
    ip('-n', machines[machine], 'address', 'add', `${ADDRESS[machine]}/24`, 'dev', 'veth0');
    for (const device of ['lo', 'veth0']) ip('-n', machines[machine], 'link', 'set', device, 'up');
  }
  const image = join(scratch, 'image');
  mkdirSync(image);
  writeFileSync(join(image, 'Dockerfile'), 'FROM host-node\nENTRYPOINT ["node"]\n');
  const tenon = (...args: string[]): unknown => execFileSync(join(root, 'tenon'), args, { cwd: root });
  const archive = join(scratch, 'image.tar');
  tenon('image', 'build', image, '-t', 'agent-test:1', '--compression', 'none', '--state', join(scratch, 'one'));
  tenon('image', 'save', 'agent-test:1', '--output-file', archive, '--state', join(scratch, 'one'));
  tenon('image', 'load', archive, '--state', join(scratch, 'two'));
});

after(async () => {
  for (const child of children.reverse()) await stop(child);
  if (!skip) for (const name of Object.values(machines)) ip('netns', 'delete', name);
  rmSync(scratch, { recursive: true, force: true });
});

/** Asks the first machine's observer. */
function observer(): { list(name: 'GetFlows' | 'GetNodes' | 'ServerStatus'): Promise<Message[]>; close(): void } {
  const client = new Client(`unix:${join(scratch, 'one', 'flows.sock')}`, credentials.createInsecure());
  return {
    list: name =>
      new Promise((done, fail) => {
        const { path, requestSerialize, responseDeserialize } = OBSERVER[name];
        const found: Message[] = [];
        const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {});
        call.on('data', (answer: Message) => found.push(answer));
        call.on('end', () => done(found)).on('error', fail);
      }),
    close: () => client.close(),
  };
}

/** Each side of what goes from one machine to the other is told by its own machine, and all of it at the first. */
async function flowsOfBoth(first: string): Promise<void> {
  const flows = observer();
  const sides = async (from: string, to: string): Promise<string> => {
    const seen = new Set<string>();
    for (const { flow } of await flows.list('GetFlows')) {
      const { source, destination, node_name, traffic_direction, verdict } = flow as Record<string, never> & {
        source: Message;
        destination: Message;
      };
      if (source.pod_name === from && destination.pod_name === to)
        seen.add(`${String(node_name)}:${String(traffic_direction)}:${String(verdict)}`);
    }
    return [...seen].sort().join(' ');
  };
  const reached = async (from: string, to: string, wanted: readonly string[]): Promise<void> => {
    for (const limit = performance.now() + 20_000; ; await new Promise(done => setTimeout(done, 300))) {
      const seen = await sides(from, to);
      if (seen === [...wanted].sort().join(' ')) return;
      assert.ok(performance.now() < limit, `flows from ${from} to ${to}: ${seen}`);
    }
  };
  await reached('one', 'two', [`${first}:2:1`, 'second:1:1']);
  await reached('two', 'one', ['second:2:1', `${first}:1:1`]);
  const spec = { podSelector: { matchLabels: { app: 'two' } }, policyTypes: ['Ingress'], ingress: [] };
  const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'closed' }, spec };
  const file = join(scratch, 'policy.json');
  writeFileSync(file, JSON.stringify(policy));
  kubectl('apply', '-f', file);
  const address = kubectl('get', 'pod', 'two', '-o', 'jsonpath={.status.podIP}');
  const ask = `fetch('http://${address}:8080',{signal:AbortSignal.timeout(500)}).then(a=>a.text(),e=>e.name).then(console.log)`;
  await until('a refusal', () => kubectl('exec', 'one', '--', 'node', '-e', ask), /TimeoutError/);
  await reached('one', 'two', [`${first}:2:1`, 'second:1:1', 'second:1:2']);
  kubectl('delete', '-f', file);
  const [nodes] = (await flows.list('GetNodes')) as [{ nodes: Message[] }];
  assert.deepEqual(
    nodes.nodes.map(node => `${String(node.name)} ${String(node.state)}`).sort(),
    [`${first} 1`, 'second 1'].sort(),
  );
  const [status] = (await flows.list('ServerStatus')) as [{ num_connected_nodes: { value: number } }];
  assert.equal(status.num_connected_nodes.value, 2);
  flows.close();
}

test('a second machine joins with a token, runs pods, is lost and comes back', { skip, timeout: 240_000 }, async () => {
  const ports = ['--api-port', '0', '--console-port', '0', '--ingress-port', '0'];
  children.push(await start('one', ['up', ...ports, '--api-host', ADDRESS.one, '--offline'], /agent token/));
  const printed = inside('one', [join(root, 'tenon'), 'agent', 'token', '-o', 'json', '--state', join(scratch, 'one')]);
  const { server, token } = JSON.parse(printed) as { server: string; token: string };
  assert.match(server, /^https:\/\/192\.0\.2\.1:\d+$/);

  const wrong = `${token.slice(0, 24)}${'0'.repeat(64)}`;
  const join1 = ['agent', '--server', server, '--node-name', 'second', '--token'];
  await assert.rejects(start('two', [...join1, wrong], /joined/), /is not the one this token is for/);
  const agent = await start('two', [...join1, token], /node second joined/);
  children.push(agent);
  const first = kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}')
    .split(' ')
    .find(name => name !== 'second')!;
  await until('a ready node', () => kubectl('get', 'node', 'second'), /second +Ready/);
  const ranges = kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].spec.podCIDR}').split(' ');
  assert.equal(new Set(ranges).size, 2, ranges.join(' '));

  const manifests = join(scratch, 'pods.json');
  const items = [pod('one', first), pod('two', 'second')];
  writeFileSync(manifests, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  kubectl('create', 'clusterrolebinding', 'view', '--clusterrole=view', '--serviceaccount=default:default');
  kubectl('apply', '-f', manifests);
  kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=30s');
  assert.equal(kubectl('logs', 'two').trim(), 'started on two');
  for (const [from, to] of [
    ['one', 'two'],
    ['two', 'one'],
  ] as const) {
    const address = kubectl('get', 'pod', to, '-o', 'jsonpath={.status.podIP}');
    const ask = `fetch('http://${address}:8080').then(answer => answer.text()).then(console.log)`;
    assert.equal(kubectl('exec', from, '--', 'node', '-e', ask).trim(), `page of ${to}`);
    assert.equal(kubectl('exec', from, '--', 'node', '-e', ASK_API).trim(), '200 default');
  }

  await flowsOfBoth(first);
  await stop(agent, 'SIGTERM');
  assert.equal(runningOn(join(scratch, 'two')), undefined);
  await until('a lost node', () => kubectl('get', 'node', 'second'), /NotReady/, 90_000);
  // Known by its certificate: no token is needed any more.
  children.push(await start('two', ['agent', '--server', server, '--node-name', 'second'], /node second joined/));
  await until('the node again', () => kubectl('get', 'node', 'second'), /second +Ready/);
  await until('its pod again', () => kubectl('get', 'pod', 'two', '--no-headers'), /1\/1 +Running/);
  const kept = JSON.parse(readFileSync(join(scratch, 'two', 'pki', 'node.json'), 'utf8')) as { nodeName: string };
  assert.equal(kept.nodeName, 'second');
});
