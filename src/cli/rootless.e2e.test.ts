import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { kubectl, kubectlPath } from '../../bench/tenon.ts';
import { until } from './testing.ts';

const root = resolve(import.meta.dirname, '../..');
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
const skip = existsSync(kubectlPath())
  ? isRoot && spawnSync('setpriv', ['--version']).status !== 0
    ? 'setpriv is absent: apt-get install util-linux'
    : false
  : 'kubectl is absent: tools/get-kubectl.sh fetches it';
const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-rootless-'));
const home = join(scratch, 'home');
const state = join(home, 'state');

/** The words that make a command one of an ordinary user. */
const asNobody = (words: readonly string[]): string[] =>
  isRoot ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...words] : [...words];
const environment = (): Record<string, string> => ({
  HOME: home,
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  LANG: 'C',
  TENON_NODE: join(scratch, 'node'),
});
const run = (...words: string[]): string => {
  const [file = '', ...args] = asNobody(words);
  return execFileSync(file, args, { cwd: root, env: environment(), encoding: 'utf8', timeout: 60_000 });
};
const namespaces = (): boolean => {
  const [file = '', ...args] = asNobody(['unshare', '--user', '--map-root-user', '--net', 'true']);
  return spawnSync(file, args, { timeout: 5_000 }).status === 0;
};

/** A module that exports memory and a `_start` that does nothing: the smallest WASI command. */
const NOTHING = Buffer.from(
  '0061736d01000000010401600000030201000503010001071302066d656d6f72790200065f737461727400000a040102000b',
  'hex',
);

const tenon: { process?: ChildProcess; lines: string } = { lines: '' };
const kubeconfig = { kubeconfig: join(state, 'kubeconfig') };

before(async () => {
  if (skip) return;
  mkdirSync(home, { recursive: true });
  // The program of this run may lie where only its owner may look.
  copyFileSync(process.execPath, join(scratch, 'node'));
  chmodSync(join(scratch, 'node'), 0o755);
  chmodSync(scratch, 0o755);
  if (isRoot) chownSync(home, NOBODY, NOBODY);
  execFileSync(join(root, 'tenon'), ['--help'], { cwd: root });
  for (const [name, files] of [
    ['process', { Dockerfile: 'FROM host-node\nENTRYPOINT ["node"]\n' }],
    ['wasm', { 'image.yaml': 'name: wasm:1\nwasm: m.wasm\n', 'm.wasm': NOTHING }],
  ] as const) {
    const folder = join(scratch, name);
    mkdirSync(folder);
    for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
    run(join(root, 'tenon'), 'image', 'build', folder, '-t', `${name}:1`, '--state', state);
  }
  const ports = ['--api-port', '0', '--console-port', '0', '--ingress-port', '0', '--offline'];
  const [file = '', ...args] = asNobody([join(root, 'tenon'), 'up', '--state', state, ...ports]);
  tenon.process = spawn(file, args, { cwd: root, env: environment() });
  for (const stream of [tenon.process.stdout!, tenon.process.stderr!])
    stream.on('data', (chunk: Buffer) => (tenon.lines += String(chunk)));
  await until(
    'a start',
    async () => tenon.lines,
    text => text.includes('ready in'),
  );
});
after(async () => {
  if (tenon.process?.exitCode === null) {
    const ended = new Promise(done => tenon.process!.once('exit', done));
    tenon.process.kill('SIGTERM');
    await ended;
  }
  rmSync(scratch, { recursive: true, force: true });
});

const apply = async (name: string, spec: object): Promise<void> => {
  const manifest = join(scratch, `${name}.json`);
  writeFileSync(manifest, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }));
  await kubectl(kubeconfig, ['apply', '-f', manifest]);
};

test('without root the API, controllers and Wasm pods run; what is missing is said', { skip }, async () => {
  assert.match(tenon.lines, /Without root pods have loopback addresses only/);
  await kubectl(kubeconfig, ['create', 'deployment', 'made', '--image=none:1', '--replicas=2']);
  const pods = (): Promise<string> => kubectl(kubeconfig, ['get', 'pods', '-l', 'app=made', '-o', 'name']);
  await until('pods of a Deployment', pods, text => text.trim().split('\n').length === 2);
  const containers = [{ name: 'c', image: 'wasm:1', imagePullPolicy: 'IfNotPresent' }];
  await apply('wasm', { runtimeClassName: 'wasm', restartPolicy: 'Never', containers });
  const phase = (): Promise<string> => kubectl(kubeconfig, ['get', 'pod', 'wasm', '-o', 'jsonpath={.status.phase}']);
  await until('a finished Wasm pod', phase, text => text === 'Succeeded');
});

test('without root process pods run in user namespaces, each with an address of its own', {
  skip: skip || (namespaces() ? false : 'user namespaces are refused here'),
}, async () => {
  const script = `require('http').createServer((q,r)=>r.end('page of '+process.argv[1])).listen(8080)`;
  for (const name of ['one', 'two'])
    await apply(name, {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'c',
          image: 'process:1',
          imagePullPolicy: 'IfNotPresent',
          ports: [{ containerPort: 8080 }],
          args: ['-e', script, name],
          readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
        },
      ],
    });
  await kubectl(kubeconfig, ['wait', '--for=condition=Ready', 'pod/one', 'pod/two', '--timeout=20s']);
  for (const name of ['one', 'two']) {
    const address = await kubectl(kubeconfig, ['get', 'pod', name, '-o', 'jsonpath={.status.podIP}']);
    const answer = await fetch(`http://${address}:8080/`);
    assert.equal(await answer.text(), `page of ${name}`);
  }
});
