import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { command } from '../opa.ts';
import { packBundle, signFiles } from '../opa-bundle.ts';

type Json = { readonly [name: string]: unknown };

const KEY = { algorithm: 'HS256', key: 'secret' };
const folder = mkdtempSync(join(tmpdir(), 'tenon-opa-serve-'));

/** A control plane: bundles with etags, and what is sent to it. */
const control = {
  bundles: new Map<string, { readonly etag: string; readonly archive: Buffer }>(),
  asked: [] as { readonly path: string; readonly etag: string | undefined; readonly status: number }[],
  events: [] as Json[],
  states: [] as { readonly bundles?: Record<string, Json> }[],
};
let server: Server;

before(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url!;
      if (path === '/logs') control.events.push(...(JSON.parse(String(gunzipSync(Buffer.concat(chunks)))) as Json[]));
      if (path === '/status') control.states.push(JSON.parse(String(Buffer.concat(chunks))) as Json);
      if (request.method === 'POST') return void response.end();
      const found = control.bundles.get(path);
      const etag = request.headers['if-none-match'];
      const status = !found ? 404 : etag === found.etag ? 304 : 200;
      control.asked.push({ path, etag, status });
      response.writeHead(status, found ? { etag: found.etag } : {}).end(status === 200 ? found!.archive : undefined);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
});
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function archive(revision: string, roots: readonly string[], files: Readonly<Record<string, string>>, key = KEY) {
  const all = [
    ...Object.entries(files).map(([name, text]) => [name, Buffer.from(text)] as const),
    ['.manifest', Buffer.from(JSON.stringify({ revision, roots }))] as const,
  ];
  const packed = packBundle([...all, ['.signatures.json', Buffer.from(signFiles(all, key, {}))]]);
  return { etag: `"${revision}"`, archive: packed };
}

async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  throw new Error(`${what}: not seen in a minute`);
}

interface Running {
  ask(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: Json }>;
  stop(): Promise<void>;
}

async function run(configuration: string): Promise<Running> {
  const file = join(mkdtempSync(join(folder, 'run-')), 'config.yaml');
  writeFileSync(file, configuration);
  const stop = new AbortController();
  let [address, lines] = ['', ''];
  const ended = command.run({
    positionals: ['run', '--server', '--addr', '127.0.0.1:0', '-c', file],
    options: {},
    output: 'text',
    terminal: {
      language: 'en',
      color: false,
      out: () => {},
      err: line => {
        lines += `${line}\n`;
        if (line.includes('Initializing server')) address = /127\.0\.0\.1:\d+/.exec(line)?.[0] ?? '';
      },
    },
    signal: stop.signal,
    root: folder,
    environment: { TOKEN: 'told' },
  });
  await until(`the server listens: ${lines}`, () => address !== '' || undefined);
  return {
    async ask(method, path, body) {
      const response = await fetch(`http://${address}${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'x-request': 'r1' } }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Json) };
    },
    async stop() {
      stop.abort();
      assert.equal(await ended, 0, lines);
    },
  };
}

const servicesAt = (): string => `
services:
  - name: control
    url: http://127.0.0.1:${(server.address() as AddressInfo).port}
    credentials: { bearer: { token: "\${TOKEN}" } }
`;

const POLICY = 'package app\nallow if input.user == "alice"\nquiet := 1\nlimit := data.app.most\n';
const LOG = `package system.log
mask contains "/input/password"
mask contains {"op": "upsert", "path": "/input/user", "value": "***"} if input.input.user
mask contains "/input/list/0"
drop if input.path == "app/quiet"
`;

const filesOf = (most: number): Record<string, string> => ({
  'app/policy.rego': POLICY,
  'app/data.json': JSON.stringify({ most }),
  'system/log.rego': LOG,
});

test('a signed bundle is followed by its etag, kept on disk, and owns what is below its roots', async () => {
  const path = '/bundles/app.tar.gz';
  control.bundles.set(path, archive('one', ['app', 'system'], filesOf(1)));
  const configuration = `${servicesAt()}
keys: { own: { algorithm: HS256, key: secret } }
persistence_directory: ${join(folder, 'kept')}
bundles:
  app:
    resource: bundles/app.tar.gz
    persist: true
    signing: { keyid: own }
    polling: { min_delay_seconds: 0, max_delay_seconds: 1 }
status: {}
`;
  let opa = await run(configuration);
  const limit = async (): Promise<unknown> => (await opa.ask('GET', '/v1/data/app/limit')).body.result;
  await until(
    'the bundle is active',
    async () => (await opa.ask('GET', '/health?bundles')).status === 200 || undefined,
  );
  assert.equal(await limit(), 1);
  assert.equal((await opa.ask('PUT', '/v1/data/app/most', 7)).status, 400);
  assert.equal((await opa.ask('PATCH', '/v1/data', [{ op: 'add', path: '/app/most', value: 7 }])).status, 400);
  assert.equal((await opa.ask('PUT', '/v1/data', {})).status, 400);
  assert.equal((await opa.ask('PUT', '/v1/data/own', { a: 1 })).status, 204);
  await until('an etag is sent back', () =>
    control.asked.find(({ etag, status }) => etag === '"one"' && status === 304),
  );

  control.bundles.set(path, archive('two', ['app', 'system'], filesOf(2)));
  await until('the new revision is active', async () => (await limit()) === 2 || undefined);
  const told = (await opa.ask('GET', '/v1/data/app/limit?provenance')).body.provenance as Json;
  assert.deepEqual(told.bundles, { app: { revision: 'two' } });

  // Signed by another, it changes nothing and is told.
  control.bundles.set(path, archive('three', ['app', 'system'], filesOf(3), { algorithm: 'HS256', key: 'other' }));
  const fault = await until('the fault is told', () => control.states.find(({ bundles }) => bundles?.app?.code));
  assert.equal(fault.bundles!.app!.code, 'bundle_error');
  assert.equal(fault.bundles!.app!.active_revision, 'two');
  assert.equal(await limit(), 2);
  await opa.stop();

  // The source is away: what was kept is taken.
  control.bundles.delete(path);
  assert.ok(existsSync(join(folder, 'kept', 'bundles', 'app', 'bundle.tar.gz')));
  opa = await run(configuration);
  await until('the kept bundle is active', async () => (await limit()) === 2 || undefined);
  await until('the status of the answer is told', () =>
    control.states.find(({ bundles }) => bundles?.app?.http_code === 404),
  );
  await opa.stop();
});

test('decisions are logged masked, dropped where the policy says so, and sent when the server ends', async () => {
  control.bundles.set('/bundles/log', archive('one', ['app', 'system'], filesOf(1)));
  const opa = await run(`${servicesAt()}
labels: { region: here }
bundles: { log: { polling: { min_delay_seconds: 1, max_delay_seconds: 1 } } }
decision_logs:
  reporting: { min_delay_seconds: 1, max_delay_seconds: 1 }
  request_context: { http: { headers: [X-Request] } }
`);
  await until(
    'the bundle is active',
    async () => (await opa.ask('GET', '/health?bundles')).status === 200 || undefined,
  );
  const input = { user: 'alice', password: 'hidden', list: [1, 2] };
  const { body } = await opa.ask('POST', '/v1/data/app/allow', { input });
  assert.equal(body.result, true);
  assert.equal((await opa.ask('POST', '/v1/data/app/quiet', { input: {} })).body.result, 1);
  await opa.ask('POST', '/v1/data/app/limit', { input: {} });
  await until('events arrive', () => control.events.find(({ path }) => path === 'app/limit'));
  await opa.ask('POST', '/v1/data/app/last', { input: {} });
  await opa.stop();
  const event = control.events.find(({ path }) => path === 'app/allow')!;
  assert.equal(event.decision_id, body.decision_id);
  assert.deepEqual(event.input, { user: '***', list: [2] });
  assert.deepEqual([...(event.erased as string[])].sort(), ['/input/list/0', '/input/password']);
  assert.deepEqual(event.masked, ['/input/user']);
  assert.deepEqual(event.request_context, { http: { headers: { 'X-Request': ['r1'] } } });
  assert.deepEqual(event.bundles, { log: { revision: 'one' } });
  assert.equal((event.labels as Json).region, 'here');
  assert.ok(!control.events.some(({ path }) => path === 'app/quiet'));
  assert.ok(control.events.some(({ path }) => path === 'app/last'));
});

test('discovery leads to the configuration, and to the next one', async () => {
  const discovery = (resource: string): Record<string, string> => ({
    'policy.rego': `package found\nbundles := {"app": {"service": "control", "resource": "${resource}", "polling": {"min_delay_seconds": 0, "max_delay_seconds": 1}}}\n`,
  });
  control.bundles.set('/a', archive('a', ['app'], { 'app/data.json': '{"at": "a"}' }));
  control.bundles.set('/b', archive('b', ['app'], { 'app/data.json': '{"at": "b"}' }));
  control.bundles.set('/bundles/discovery', archive('one', ['found'], discovery('a')));
  const opa = await run(`${servicesAt()}
discovery: { decision: found, polling: { min_delay_seconds: 0, max_delay_seconds: 1 } }
`);
  const at = async (): Promise<unknown> => (await opa.ask('GET', '/v1/data/app/at')).body.result;
  await until('the first bundle is active', async () => (await at()) === 'a' || undefined);
  control.bundles.set('/bundles/discovery', archive('two', ['found'], discovery('b')));
  await until('the second bundle is active', async () => (await at()) === 'b' || undefined);
  control.bundles.set(
    '/bundles/discovery',
    archive('none', ['found'], { 'policy.rego': 'package found\nlabels := {}\n' }),
  );
  await until('its data goes with the bundle', async () => (await at()) === undefined || undefined);
  assert.equal((await opa.ask('PUT', '/v1/data/app/at', 'own')).status, 204);
  await opa.stop();
});

test('a configuration that cannot be used is refused with the field', async () => {
  const file = join(folder, 'bad.yaml');
  mkdirSync(folder, { recursive: true });
  const cases: readonly (readonly [string, RegExp])[] = [
    ['services: [\n', /bad\.yaml: .* at line 2/],
    ['services: { a: { url: "ftp://x" } }', /services\.a\.url/],
    ['bundles: { a: { service: none } }', /bundles\.a\.service/],
    [`${servicesAt()}bundles: { a: { signing: { keyid: none } } }`, /bundles\.a\.signing\.keyid/],
    [`${servicesAt()}bundles: { a: { polling: { min_delay_seconds: 9, max_delay_seconds: 1 } } }`, /max_delay_seconds/],
    ['services: { a: { url: "http://x", credentials: { s3_signing: {} } } }', /s3_signing/],
  ];
  for (const [text, told] of cases) {
    writeFileSync(file, text);
    let err = '';
    const code = await command.run({
      positionals: ['run', '--server', '--addr', '127.0.0.1:0', '-c', file],
      options: {},
      output: 'text',
      terminal: { language: 'en', color: false, out: () => {}, err: line => void (err += line) },
      signal: AbortSignal.timeout(30_000),
      root: folder,
      environment: {},
    });
    assert.equal(code, 1, text);
    assert.match(err, told);
  }
});
