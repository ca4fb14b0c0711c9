import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { kubectl, kubectlPath, startTenon } from '../../bench/tenon.ts';

const root = resolve(import.meta.dirname, '../..');
const skip =
  process.getuid?.() !== 0
    ? 'process pods with a network need root'
    : existsSync(kubectlPath())
      ? false
      : 'kubectl is absent: tools/get-kubectl.sh fetches it';
const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-offline-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const tenon = (...args: string[]): string => execFileSync(join(root, 'tenon'), args, { cwd: root, encoding: 'utf8' });

/** Builds an image in one folder and carries it to another as an archive. */
function carriedImage(name: string): string {
  const [made, state] = [join(scratch, `${name}-made`), join(scratch, `${name}-state`)];
  const folder = join(scratch, `${name}-image`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM host-node\nENTRYPOINT ["node"]\n');
  const archive = join(scratch, `${name}.tar`);
  tenon('image', 'build', folder, '-t', 'carried:1', '--state', made);
  tenon('image', 'save', 'carried:1', '--output-file', archive, '--state', made);
  rmSync(made, { recursive: true });
  tenon('image', 'load', archive, '--state', state);
  return state;
}

const podOf = (name: string, image: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        { name: 'c', image, imagePullPolicy: 'Always', args: ['-e', 'console.log("runs");setInterval(()=>{},1e9)'] },
      ],
    },
  });

test('an image that was carried over runs with --offline; one that is not here is a fault, and nobody is asked', {
  skip,
}, async () => {
  let asked = 0;
  const registry = createServer(socket => {
    asked++;
    socket.destroy();
  });
  await new Promise<void>(done => registry.listen(0, '127.0.0.1', done));
  registry.unref();
  const { port } = registry.address() as { port: number };
  const manifests = join(scratch, 'manifests');
  mkdirSync(manifests);
  writeFileSync(join(manifests, 'here.json'), podOf('here', 'carried:1'));
  writeFileSync(join(manifests, 'absent.json'), podOf('absent', `127.0.0.1:${port}/absent:1`));
  {
    await using running = await startTenon(root, carriedImage('carried'), [manifests, '--offline']);
    await kubectl(running, ['wait', '--for=condition=Ready', 'pod/here', '--timeout=20s']);
    assert.equal((await kubectl(running, ['logs', 'here'])).trim(), 'runs');
    const events = (): Promise<string> => kubectl(running, ['get', 'events', '-o', 'jsonpath={.items[*].message}']);
    for (const end = performance.now() + 10_000; !(await events()).includes('is not here'); )
      assert.ok(performance.now() < end, await events());
  }
  registry.close();
  assert.equal(asked, 0);
  // A repository nobody fetched before is a fault of its own; the platform runs all the same.
  await using running = await startTenon(root, join(scratch, 'git'), ['http://127.0.0.1:1/none.git', '--offline']);
  assert.match(running.lines.join('\n'), /was never fetched, and Tenon runs with --offline/);
  assert.match(await kubectl(running, ['get', 'ns', '-o', 'name']), /namespace\/default/);
});

test('up --runtime names the runtime of pods without a RuntimeClass', {
  skip: skip || (spawnSync('runc', ['--version']).status === 0 ? false : 'runc is absent: apt-get install runc'),
}, async () => {
  const manifest = join(scratch, 'runc.json');
  writeFileSync(manifest, podOf('here', 'carried:1'));
  const state = carriedImage('runc');
  {
    await using running = await startTenon(root, state, [manifest, '--offline', '--runtime', 'runc']);
    await kubectl(running, ['wait', '--for=condition=Ready', 'pod/here', '--timeout=20s']);
    const kept = (handler: string): string[] =>
      readdirSync(join(state, 'runtimes', handler), { recursive: true }).map(String);
    assert.ok(kept('runc').length > kept('process').length, kept('runc').join(' '));
  }
  await using running = await startTenon(root, state, [manifest, '--offline', '--runtime', 'nonesuch']);
  assert.match(running.lines.join('\n'), /No runtime "nonesuch" on this machine/);
});
