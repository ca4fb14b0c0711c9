import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { kubectl, kubectlPath, startTenon } from '../../bench/tenon.ts';
import { until } from './testing.ts';

const root = resolve(import.meta.dirname, '../..');
const hasKubectl = existsSync(kubectlPath());
const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-places-'));
const mounted: string[] = [];
after(() => {
  for (const folder of mounted) spawnSync('umount', [folder]);
  rmSync(scratch, { recursive: true, force: true });
});

/** A small file system in memory; what it refuses is what a disk refuses. */
function memoryDisk(name: string, options: string): string {
  const folder = join(scratch, name);
  mkdirSync(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  mounted.push(folder);
  return folder;
}

const mayMount = ((): boolean => {
  if (process.getuid?.() !== 0) return false;
  const probe = join(scratch, 'probe');
  mkdirSync(probe);
  const made = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', probe]).status === 0;
  if (made) spawnSync('umount', [probe]);
  return made;
})();
const skipMount = mayMount ? false : 'mounting a small disk needs root';

function fill(file: string): void {
  const opened = openSync(file, 'w');
  try {
    for (;;) writeSync(opened, Buffer.alloc(64 * 1024, 1));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    closeSync(opened);
  }
}

test('a read-only state folder is a fault and exit code 2', { skip: skipMount }, () => {
  const state = memoryDisk('fixed', 'ro');
  const { status, stderr } = spawnSync(join(root, 'tenon'), ['up', '--state', state, '--api-port', '0'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(status, 2, stderr);
  assert.match(stderr, /Cannot write state folder ".*": .*read-only.*\[host\/state-unwritable\]/i);
  assert.match(stderr, /--state DIR/);
});

test('a state folder where none can be made is a fault at once', () => {
  const { status, stderr } = spawnSync(join(root, 'tenon'), ['up', '--state', '/proc/tenon', '--api-port', '0'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(status, 2, stderr);
  assert.match(stderr, /Cannot write state folder "\/proc\/tenon": .*\[host\/state-unwritable\]/);
});

test('a disk that is full before the start is a fault, not a defect', { skip: skipMount }, () => {
  for (const [name, size] of [
    ['tiny', '16k'],
    ['little', '200k'],
  ] as const) {
    const state = join(memoryDisk(name, `size=${size}`), 'state');
    for (const how of [[], ['--detach']]) {
      const args = ['up', '--state', state, '--api-port', '0', '--console-port', '0', ...how];
      const { status, stderr } = spawnSync(join(root, 'tenon'), args, { cwd: root, encoding: 'utf8', timeout: 60_000 });
      assert.equal(status, 2, stderr);
      assert.match(stderr, /full|no space/i);
      assert.doesNotMatch(stderr, /defect/);
    }
  }
});

test('a full disk refuses writes and says so; the rest runs, and writes go on when there is room', {
  skip: skipMount || (hasKubectl ? false : 'kubectl is absent: tools/get-kubectl.sh fetches it'),
}, async () => {
  const disk = memoryDisk('small', 'size=32m');
  await using tenon = await startTenon(root, join(disk, 'state'));
  await kubectl(tenon, ['create', 'configmap', 'before', '--from-literal=a=b']);
  // kubectl itself keeps its cache elsewhere; its configuration must be readable either way.
  const kubeconfig = join(scratch, 'kubeconfig');
  copyFileSync(tenon.kubeconfig, kubeconfig);
  const filler = join(disk, 'filler');
  fill(filler);
  const large = ['create', 'configmap', 'large', '--from-file=program=/bin/ls'];
  await assert.rejects(kubectl({ kubeconfig }, large), /full/);
  assert.match(await kubectl({ kubeconfig }, ['get', 'configmap', 'before', '-o', 'name']), /before/);
  const told = async (): Promise<string> => JSON.stringify(await tenon.status());
  await until('the fault in status', told, text => text.includes('host/disk-full'));
  assert.match(tenon.lines.join('\n'), /The disk of state folder ".*" is full/);
  rmSync(filler);
  await until('the end of the fault', told, text => !text.includes('host/disk-full'));
  await kubectl({ kubeconfig }, ['create', 'configmap', 'afterwards', '--from-literal=a=b']);
  assert.equal(((await tenon.status()) as { ready: boolean }).ready, true);
});

test('a console or ingress port in use is a fault of that layer; the rest runs', {
  skip: hasKubectl ? false : 'kubectl is absent: tools/get-kubectl.sh fetches it',
}, async () => {
  const taken = createServer();
  await new Promise<void>(done => taken.listen(0, '127.0.0.1', done));
  taken.unref();
  const port = String((taken.address() as { port: number }).port);
  await using tenon = await startTenon(root, join(scratch, 'ports'), ['--console-port', port, '--ingress-port', port]);
  assert.match(tenon.lines.join('\n'), new RegExp(`Port ${port} for the console is in use`));
  await kubectl(tenon, ['create', 'ingress', 'one', '--rule=one.localhost/*=none:80']);
  const told = async (): Promise<string> => JSON.stringify(await tenon.status());
  await until('the fault in status', told, text => text.includes(`Port ${port} for the ingress is in use`));
  assert.match(await kubectl(tenon, ['get', 'ns', '-o', 'name']), /namespace\/default/);
  taken.close();
  await until('the ingress, once the port is free', told, text =>
    text.includes(`"ingress":"http://127.0.0.1:${port}"`),
  );
});

test('faults of a running Tenon are told in the language of who asks', async () => {
  const folder = join(scratch, 'faulty');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'twice.yaml'),
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b, a: c}\n',
  );
  await using tenon = await startTenon(root, join(scratch, 'spoken'), [folder]);
  const ask = (language: string): string =>
    spawnSync(join(root, 'tenon'), ['status', '--state', tenon.state], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: language },
    }).stdout;
  await until(
    'the fault in Chinese',
    () => Promise.resolve(ask('zh_CN.UTF-8')),
    text => /twice\.yaml:4:\d+: 映射中重复的键 "a"/.test(text),
  );
  assert.match(ask('zh_CN.UTF-8'), /来源 .*有故障/);
  assert.match(ask('C'), /twice\.yaml:4:\d+: Key "a" already set in map/);
});
