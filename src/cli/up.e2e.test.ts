import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { kubectl, kubectlPath, type RunningTenon, startTenon } from '../../bench/tenon.ts';
import { stateId } from '../hosts/node/state.ts';
import { until } from './testing.ts';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
const hasKubectl = existsSync(kubectlPath());
const skip = hasKubectl ? false : 'kubectl is absent: tools/get-kubectl.sh fetches it';
const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-up-'));

interface Failure {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tenon` to its end; a non-zero exit is an answer like any other. */
async function tenonCommand(...args: string[]): Promise<Failure> {
  return run(join(root, 'tenon'), args, { cwd: root, timeout: 60_000 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Failure) => error,
  );
}

before(async () => {
  // Builds the bundle, so that no test measures or waits for it.
  await tenonCommand('--help');
});
after(() => rmSync(scratch, { recursive: true, force: true }));

test('an empty platform answers kubectl, tells its status and leaves nothing behind', { skip }, async () => {
  const state = join(scratch, 'empty');
  const tenon = await startTenon(root, state);
  try {
    assert.match(await kubectl(tenon, ['get', 'ns', '-o', 'name']), /namespace\/default/);
    assert.match(await kubectl(tenon, ['get', 'ns', '-o', 'name'], '1.34'), /namespace\/kube-system/);
    const status = (await tenon.status()) as {
      ready: boolean;
      pid: number;
      nodes: { ready: number };
      layers: Record<string, unknown>;
    };
    assert.equal(status.ready, true);
    assert.equal(status.pid, tenon.pid);
    await until(
      'a ready node',
      () => tenon.status() as Promise<typeof status>,
      value => value.nodes.ready === 1,
    );
  } finally {
    await tenon[Symbol.asyncDispose]();
  }
  const id = stateId(state);
  const left = [
    ...(existsSync('/run/netns') ? readdirSync('/run/netns').filter(name => name.includes(id)) : []),
    ...execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
      .split('\n')
      .filter(line => line.includes(state)),
    ...(existsSync('/sys/fs/cgroup/memory')
      ? readdirSync('/sys/fs/cgroup/memory').filter(name => name.includes(id))
      : []),
  ];
  assert.deepEqual(left, []);
  assert.equal(existsSync(join(state, 'tenon.pid')), false);
});

test('one bad manifest is told with its place and harms no other', { skip }, async () => {
  const folder = join(scratch, 'bad');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'a-good.yaml'),
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\ndata: {a: "1"}\n',
  );
  writeFileSync(join(folder, 'b-syntax.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x\n');
  writeFileSync(join(folder, 'c-kind.yaml'), 'apiVersion: apps/v1\nkind: Deploymnt\nmetadata: {name: x}\n');
  writeFileSync(
    join(folder, 'd-field.yaml'),
    '# first line\napiVersion: v1\nkind: Service\nmetadata: {name: svc}\nspec: {ports: [{port: 99999}]}\n',
  );
  writeFileSync(
    join(folder, 'e-image.yaml'),
    'apiVersion: v1\nkind: Pod\nmetadata: {name: pod}\nspec: {containers: [{name: c, image: "127.0.0.1:1/none:1"}]}\n',
  );
  await using tenon = await startTenon(root, join(scratch, 'bad-state'), [folder]);
  assert.equal((await kubectl(tenon, ['get', 'cm', 'good', '-o', 'jsonpath={.data.a}'])).trim(), '1');
  const told = tenon.lines.join('\n');
  assert.match(told, /b-syntax\.yaml:\d+:\d+/);
  assert.match(told, /c-kind\.yaml:1:1: No kind "Deploymnt" in "apps\/v1"/);
  assert.match(told, /d-field\.yaml:5:23: .*99999/);
  await until(
    'an image Event',
    () => kubectl(tenon, ['get', 'events', '-o', 'jsonpath={.items[*].message}']),
    text => text.includes('127.0.0.1:1/none:1'),
  );
  const events = await kubectl(tenon, ['get', 'events', '-o', 'jsonpath={.items[*].reason}']);
  assert.match(events, /UnknownKind/);
  // Correcting the file is enough.
  writeFileSync(join(folder, 'c-kind.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mended}\n');
  await until(
    'the mended object',
    () => kubectl(tenon, ['get', 'cm', '-o', 'name']),
    text => text.includes('configmap/mended'),
  );
  // A file that goes away takes its object along once every document can be read again.
  for (const name of ['b-syntax.yaml', 'c-kind.yaml']) rmSync(join(folder, name));
  await until(
    'pruning',
    () => kubectl(tenon, ['get', 'cm', '-o', 'name']),
    text => !text.includes('configmap/mended'),
  );
  // Drift is undone.
  await kubectl(tenon, ['patch', 'cm', 'good', '--type=merge', '-p', '{"data":{"a":"2"}}']);
  await until(
    'drift correction',
    () => kubectl(tenon, ['get', 'cm', 'good', '-o', 'jsonpath={.data.a}']),
    text => text.trim() === '1',
  );
});

test('mistakes on the command line are faults with a remedy and exit code 2', async () => {
  const taken = createServer();
  await new Promise<void>(done => taken.listen(0, '127.0.0.1', done));
  const { port } = taken.address() as { port: number };
  const nowhere = 'https://127.0.0.1:1';
  const token = `abcdef.0123456789abcdef.${'0'.repeat(64)}`;
  const rows: [string[], RegExp][] = [
    [['up', '--state', join(scratch, 'p'), '--api-port', String(port)], /Port \d+ for the API is in use/],
    [['up', '/no/such/folder', '--state', join(scratch, 'q'), '--api-port', '0'], /no\/such\/folder/],

    [['status', '--state', join(scratch, 'nothing')], /No Tenon is running/],
    [['up', '--api-port', 'seven'], /takes a port/],
    [
      ['up', '--state', join(scratch, 'r'), '--api-port', '0', '--api-host', '203.0.113.7'],
      /no address "203\.0\.113\.7"/,
    ],
    [['agent'], /needs --server URL/],
    [['agent', '--server', 'http://one'], /takes an https URL/],
    [
      ['agent', '--server', nowhere, '--token', 'abc', '--state', join(scratch, 's')],
      /not of the form id\.secret\.hash/,
    ],
    [['agent', '--server', nowhere, '--token', token, '--state', join(scratch, 's')], /Cannot reach the API/],
    [['agent', 'token', '--state', join(scratch, 'nothing')], /No Tenon is running/],
    [['nonsense'], /No command "nonsense"/],
  ];
  for (const [args, expected] of rows) {
    const { code, stderr } = await tenonCommand(...args);
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, expected);
  }
  taken.close();
  const { code, stdout } = await tenonCommand('status', '--state', join(scratch, 'nothing'), '-o', 'json');
  assert.equal(code, 2);
  const [fault] = (JSON.parse(stdout) as { faults: { code: string; remedy: string }[] }).faults;
  assert.equal(fault!.code, 'cli/not-running');
  assert.ok(fault!.remedy);
});

test('--detach returns when ready, down ends it and keeps the state, --purge removes it', { skip }, async () => {
  const state = join(scratch, 'detached');
  const up = await tenonCommand('up', '--detach', '--state', state, '--api-port', '0', '--console-port', '0');
  assert.equal(up.code, 0, up.stderr);
  assert.match(up.stdout, /ready in \d+ ms/);
  const tenon = { kubeconfig: join(state, 'kubeconfig') } as RunningTenon;
  await kubectl(tenon, ['create', 'configmap', 'kept', '--from-literal=a=b']);
  assert.equal((await tenonCommand('down', '--state', state)).code, 0);
  await using again = await startTenon(root, state);
  assert.equal(await kubectl(again, ['get', 'cm', 'kept', '-o', 'jsonpath={.data.a}']), 'b');
  await again[Symbol.asyncDispose]();
  assert.equal((await tenonCommand('down', '--purge', '--state', state)).code, 0);
  assert.equal(existsSync(state), false);
});

/** Sends one request line as it is and resolves with what came back. */
function asked(port: number, target: string): Promise<string> {
  return new Promise(resolve => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`),
    );
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on('data', chunk => (text += chunk.toString('latin1'))).on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

test('a request that is no proper one is answered, and ends nothing', async () => {
  await using tenon = await startTenon(root, join(scratch, 'targets'));
  const found = await until(
    'the link of the console',
    () => Promise.resolve(/console: (http:\S+)/.exec(tenon.lines.join('\n'))?.[1] ?? ''),
    link => link !== '',
  );
  const { port } = new URL(found);
  for (const target of ['//', '//?x', '/%zz', '/data/%', 'http://[', '*', '/..//..%2f..%2fetc/passwd'])
    assert.match(await asked(Number(port), target), /^HTTP\/1\.1 4\d\d /, target);
  assert.equal(((await tenon.status()) as { pid: number }).pid, tenon.pid);
});

test('who may come in and what is written down of it are read from files', { skip }, async () => {
  const folder = join(scratch, 'access');
  mkdirSync(folder);
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const tokens = file('tokens.csv', 'secret-of-ann,ann,7,"system:masters"\n');
  const closed =
    'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\nanonymous:\n  enabled: false\n';
  const authentication = file('authentication.yaml', closed);
  const policy = file(
    'audit.yaml',
    'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n  - level: Metadata\n    users: [ann]\n',
  );
  const events = join(folder, 'audit.jsonl');
  const words = ['--token-file', tokens, '--audit-policy', policy, '--audit-log', events];
  {
    await using tenon = await startTenon(root, join(folder, 'state'), [
      ...words,
      '--layers',
      'api',
      '--authentication-config',
      authentication,
    ]);
    const { server } = (
      JSON.parse(await kubectl(tenon, ['config', 'view', '-o', 'json', '--raw'])) as {
        clusters: { cluster: { server: string } }[];
      }
    ).clusters[0]!.cluster;
    const { stdout } = await run(kubectlPath(), [
      '--kubeconfig=/dev/null',
      `--server=${server}`,
      '--insecure-skip-tls-verify',
      '--token=secret-of-ann',
      'auth',
      'whoami',
      '-o',
      'jsonpath={.status.userInfo.username}',
    ]);
    assert.equal(stdout, 'ann');
    const asked = await run('curl', ['-sk', '-o', '/dev/null', '-w', '%{http_code}', `${server}/version`]);
    assert.equal(asked.stdout, '401');
  }
  const written = readFileSync(events, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { user: { username: string }; verb: string });
  assert.ok(written.some(({ verb }) => verb === 'create'));
  assert.deepEqual(new Set(written.map(({ user }) => user.username)), new Set(['ann']));
  const half = await tenonCommand('up', '--state', join(folder, 'other'), '--audit-policy', policy);
  assert.equal(half.code, 2);
  assert.match(half.stderr, /needs --audit-log too/);
  const nowhere = ['--audit-policy', policy, '--audit-log', folder];
  const unwritten = await tenonCommand('up', '--state', join(folder, 'other'), ...nowhere);
  assert.equal(unwritten.code, 2);
  assert.match(unwritten.stderr, /--audit-log: EISDIR/);
  const unread = file('unread.csv', 'one,ann,7\nhalf a line\n');
  const untold = await tenonCommand('up', '--state', join(folder, 'other'), '--token-file', unread);
  assert.equal(untold.code, 2);
  assert.match(untold.stderr, /line 2: expected token,user,uid/);
  const broken = file('broken.yaml', closed.replace('anonymous:', 'anonymus:'));
  const refused = await tenonCommand('up', '--state', join(folder, 'other'), '--authentication-config', broken);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /anonymus: unknown field/);
});
