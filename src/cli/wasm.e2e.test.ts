import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { kubectl, kubectlPath, type RunningTenon, startTenon } from '../../bench/tenon.ts';
import { serverComponent } from '../compute/drivers/wasm-fixture.ts';
import { until } from './testing.ts';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
const skip = existsSync(kubectlPath()) ? false : 'kubectl is absent: tools/get-kubectl.sh fetches it';
const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-wasm-'));
const state = join(scratch, 'state');

const tenon = (...args: string[]) => run(join(root, 'tenon'), args, { cwd: root, timeout: 60_000 });

/** The two ways registries hold WebAssembly: an artifact with a Wasm layer, and a container image with an entrypoint. */
const LAYOUTS = {
  artifact: 'wasm: m.wasm\n',
  container: 'files: [{from: m.wasm, to: /m.wasm}]\nentrypoint: [/m.wasm]\n',
};

/** Prints its name and ends. */
const COMMAND = `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "a command ran\\n")
  (data (i32.const 0) "\\10\\00\\00\\00\\0e\\00\\00\\00")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))`;

const pod = (name: string, container: string, more = ''): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, labels: {app: ${name}}}\nspec:\n  runtimeClassName: wasm\n${more}  containers:\n  - ${container}\n---\n`;

const PROBED =
  'ports: [{name: http, containerPort: 8080}], readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 1}';

/** Writes one image, saves it as an archive and removes every trace of it, so that only the import can bring it. */
async function archive(name: string, binary: Uint8Array, recipe: string): Promise<string> {
  const folder = join(scratch, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'm.wasm'), binary);
  writeFileSync(join(folder, 'image.yaml'), `name: test/${name}:1\n${recipe}`);
  const file = join(scratch, `${name}.tar`);
  const other = join(scratch, 'other');
  await tenon('image', 'build', folder, '--state', other);
  await tenon('image', 'save', `test/${name}:1`, '--output-file', file, '--state', other);
  return file;
}

const ask = (url: string): Promise<{ status: number; body: string }> =>
  new Promise((done, fail) => {
    const sent = request(url, { agent: false, timeout: 3000 }, reply => {
      let body = '';
      reply.setEncoding('utf8').on('data', (text: string) => (body += text));
      reply.on('end', () => done({ status: reply.statusCode!, body }));
    });
    sent
      .on('timeout', () => sent.destroy(new Error('timed out')))
      .on('error', fail)
      .end();
  });

const field = (running: RunningTenon, kind: string, name: string, path: string): Promise<string> =>
  kubectl(running, ['get', kind, name, '-o', `jsonpath={${path}}`]);

before(async () => {
  await tenon('--help');
});
after(() => rmSync(scratch, { recursive: true, force: true }));

test('Wasm images of both layouts are imported and serve a Service; a trap is a restart', { skip }, async () => {
  const server = await serverComponent();
  await using running = await startTenon(root, state);
  for (const [layout, recipe] of Object.entries(LAYOUTS))
    await tenon('image', 'import', await archive(layout, server, recipe), '--state', state);
  await tenon('image', 'import', await archive('command', await parse(COMMAND), LAYOUTS.artifact), '--state', state);
  const file = join(scratch, 'pods.yaml');
  const pods = Object.keys(LAYOUTS).map(layout => pod(layout, `{name: c, image: "test/${layout}:1", ${PROBED}}`));
  const service =
    'apiVersion: v1\nkind: Service\nmetadata: {name: front}\nspec: {selector: {app: container}, ports: [{port: 80, targetPort: http}]}\n---\n';
  writeFileSync(
    file,
    [...pods, service, pod('command', '{name: c, image: "test/command:1"}', '  restartPolicy: Never\n')].join(''),
  );
  await kubectl(running, ['apply', '-f', file]);
  for (const layout of Object.keys(LAYOUTS)) {
    await kubectl(running, ['wait', '--for=condition=Ready', `pod/${layout}`, '--timeout=30s']);
    const address = await field(running, 'pod', layout, '.status.podIP');
    assert.deepEqual(await ask(`http://${address}:8080/`), { status: 200, body: 'hello from wasm\n' });
  }
  await until(
    'the command to end',
    () => field(running, 'pod', 'command', '.status.phase'),
    phase => phase === 'Succeeded',
  );
  assert.equal(await kubectl(running, ['logs', 'command']), 'a command ran\n');
  const front = await field(running, 'service', 'front', '.spec.clusterIP');
  // Service addresses are the kernel's only where there is root.
  if (process.getuid?.() === 0)
    assert.equal(
      (await until('the Service', () => ask(`http://${front}/`).catch(() => undefined), Boolean))?.body,
      'hello from wasm\n',
    );
  const address = await field(running, 'pod', 'artifact', '.status.podIP');
  assert.equal((await ask(`http://${address}:8080/trap`)).status, 502);
  await until(
    'a restart',
    () => field(running, 'pod', 'artifact', '.status.containerStatuses[0].restartCount'),
    count => count === '1',
  );
  const last = await field(running, 'pod', 'artifact', '.status.containerStatuses[0].lastState.terminated.message');
  assert.match(last, /unreachable/);
  await kubectl(running, ['wait', '--for=condition=Ready', 'pod/artifact', '--timeout=30s']);
  await assert.rejects(kubectl(running, ['exec', 'container', '--', 'sh']), /no command can be run in it/);
});
