import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import {
  type Client,
  customCatalog,
  customSchemaPort,
  type KubeObject,
  memoryLog,
  openKernel,
  type ResourceRef,
} from '../kernel/index.ts';
import { realClock as clock, realRandom as random, until } from '../network/testing/clock.ts';
import { GATEWAY_REFS } from './gateway.ts';
import { REFS } from './drivers/backends.ts';
import { startMesh } from './controller.ts';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

function ask(
  port: number,
  path: string,
  headers: Record<string, string>,
  address = '127.0.0.1',
  tls = false,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = tls ? httpsRequest : httpRequest;
    const host = headers.host ?? 'localhost';
    const options = {
      host: address,
      port,
      path,
      headers,
      agent: false,
      ...(tls ? { rejectUnauthorized: false, servername: host } : {}),
    };
    send(options, answer => {
      let body = '';
      answer.on('data', chunk => (body += String(chunk)));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body, headers: answer.headers }));
    })
      .on('error', reject)
      .end();
  });
}

async function backend(client: Client, name: string): Promise<{ close(): void }> {
  const server = createServer((request, response) => {
    response.setHeader('x-backend', name);
    response.end(JSON.stringify({ name, url: request.url, headers: request.headers }));
  });
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const create = (ref: ResourceRef, object: KubeObject) => client.create(ref, object, { namespace: 'default' });
  await create(REFS.services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  });
  await create(REFS.slices, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
  });
  return server;
}

function selfSigned(host: string): { cert: string; key: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-mesh-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  try {
    const options = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    execFileSync(
      'openssl',
      [...options, '-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`, '-keyout', key, '-out', cert],
      { stdio: 'ignore' },
    );
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const path = (value: string, service: string, pathType = 'Prefix'): object => ({
  path: value,
  pathType,
  backend: { service: { name: service, port: { number: 80 } } },
});

test('Ingress: hosts, paths, TLS by Secret, upgrades and status', async t => {
  await using kernel = await openKernel({ log: memoryLog(), clock, random });
  const client = kernel.client();
  const servers = [await backend(client, 'one'), await backend(client, 'two')];
  const pair = selfSigned('secure.example.com');
  if (pair) {
    const data = {
      'tls.crt': Buffer.from(pair.cert).toString('base64'),
      'tls.key': Buffer.from(pair.key).toString('base64'),
    };
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'tls', namespace: 'default' },
      type: 'kubernetes.io/tls',
      data,
    };
    await client.create(REFS.secrets, secret, { namespace: 'default' });
  }
  const ingress: KubeObject = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'shop', namespace: 'default' },
    spec: {
      ...(pair ? { tls: [{ hosts: ['secure.example.com'], secretName: 'tls' }] } : {}),
      rules: [
        {
          host: 'shop.example.com',
          http: { paths: [path('/', 'one'), path('/api', 'two'), path('/absent', 'nobody')] },
        },
        { host: 'secure.example.com', http: { paths: [path('/', 'two')] } },
      ],
    },
  };
  await client.create(REFS.ingresses, ingress, { namespace: 'default' });
  await using mesh = await startMesh({
    client,
    clock,
    random,
    ingress: { address: '127.0.0.1', httpPort: 0, httpsPort: 0 },
  });
  await until('Ingress is served', () => mesh.ports.has('ingress/http'));
  const port = mesh.ports.get('ingress/http')!;
  const shop = { host: 'shop.example.com' };
  const named = async (where: string): Promise<string> =>
    (JSON.parse((await ask(port, where, shop)).body) as { name: string }).name;
  assert.equal(await named('/'), 'one');
  assert.equal(await named('/api/items?x=1'), 'two');
  assert.equal(await named('/apiary'), 'one');
  assert.equal((await ask(port, '/absent', shop)).status, 503);
  assert.equal((await ask(port, '/', { host: 'other.example.com' })).status, 404);
  const seen = JSON.parse(
    (await ask(port, '/api?x=1', { ...shop, connection: 'close, x-secret', 'x-secret': '1' })).body,
  ) as { url: string; headers: Record<string, string> };
  assert.equal(seen.url, '/api?x=1');
  assert.equal(seen.headers.host, 'shop.example.com');
  assert.equal(seen.headers['x-forwarded-for'], '127.0.0.1');
  assert.equal(seen.headers['x-secret'], undefined, 'headers of the connection stay on it');
  if (pair) {
    const secure = await ask(mesh.ports.get('ingress/https')!, '/', { host: 'secure.example.com' }, '127.0.0.1', true);
    assert.equal(secure.headers['x-backend'], 'two');
  } else t.diagnostic('no openssl: TLS was not tried');
  const echoed = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nhost: shop.example.com\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n'),
    );
    socket.on('error', reject).on('data', chunk => {
      if (String(chunk).startsWith('HTTP/1.1 101')) socket.write('ping');
      if (!String(chunk).endsWith('ping')) return;
      socket.destroy();
      resolve('ping');
    });
  });
  assert.equal(echoed, 'ping');
  await until('status says where', async () => {
    const object = await client.get<KubeObject>(REFS.ingresses, { namespace: 'default', name: 'shop' });
    return JSON.stringify(object.status).includes('127.0.0.1');
  });
  for (const server of servers) server.close();
});

/** The Gateway API's CRDs of the shared suites; undefined where they are not. */
function gatewayDefinitions(): KubeObject[] | undefined {
  const folder = join(
    process.env.TENON_SUITES ?? join(import.meta.dirname, '../../../shared/suites'),
    'mesh/gateway-api-crds',
  );
  if (!existsSync(folder)) return undefined;
  const wanted = ['gatewayclasses', 'gateways', 'httproutes', 'referencegrants'].map(
    name => `${name}.gateway.networking.k8s.io`,
  );
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.yaml') && !name.includes('experimental'))
    .flatMap(name =>
      parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map(document => document.toJS() as KubeObject | null),
    )
    .filter(
      (object): object is KubeObject =>
        object?.kind === 'CustomResourceDefinition' && wanted.includes(object.metadata.name ?? ''),
    );
}

test('HTTPRoute: weights, filters, header matches, redirects and status', async t => {
  const definitions = gatewayDefinitions();
  if (!definitions?.length) return t.skip('the Gateway API CRDs are not in the suites folder');
  const catalog = customCatalog();
  for (const definition of definitions) {
    // As the API server does once a definition is established.
    const names = definition.spec as { names: object };
    catalog.set({
      ...definition,
      status: {
        acceptedNames: names.names,
        conditions: [
          { type: 'Established', status: 'True' },
          { type: 'NamesAccepted', status: 'True' },
        ],
      },
    } as never);
  }
  await using kernel = await openKernel({
    log: memoryLog(),
    clock,
    random,
    catalog,
    schema: customSchemaPort(catalog),
  });
  const client = kernel.client();
  for (const definition of definitions) await client.create(REFS.definitions, definition);
  const servers = [await backend(client, 'one'), await backend(client, 'two')];
  const api = 'gateway.networking.k8s.io/v1';
  await client.create(GATEWAY_REFS.classes, {
    apiVersion: api,
    kind: 'GatewayClass',
    metadata: { name: 'tenon' },
    spec: { controllerName: 'tenon.dev/gateway-controller' },
  });
  const listener = { name: 'http', port: 18080, protocol: 'HTTP', hostname: '*.example.com' };
  await client.create(
    GATEWAY_REFS.gateways,
    {
      apiVersion: api,
      kind: 'Gateway',
      metadata: { name: 'edge', namespace: 'default' },
      spec: { gatewayClassName: 'tenon', listeners: [listener] },
    },
    { namespace: 'default' },
  );
  const match = (value: string, more: object = {}): object => ({ path: { type: 'PathPrefix', value }, ...more });
  const rules = [
    { matches: [match('/')], backendRefs: [{ name: 'one', port: 80 }] },
    {
      matches: [match('/', { headers: [{ name: 'X-Canary', value: 'yes' }] })],
      backendRefs: [{ name: 'two', port: 80 }],
    },
    {
      matches: [match('/split')],
      backendRefs: [
        { name: 'one', port: 80, weight: 1 },
        { name: 'two', port: 80, weight: 1 },
      ],
    },
    {
      matches: [match('/old')],
      filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 301 } }],
    },
    {
      matches: [match('/strip')],
      filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } }],
      backendRefs: [{ name: 'one', port: 80 }],
    },
    { matches: [match('/broken')], backendRefs: [{ name: 'nobody', port: 80 }] },
  ];
  const spec = { parentRefs: [{ name: 'edge' }], hostnames: ['shop.example.com'], rules };
  await client.create(
    GATEWAY_REFS.routes,
    { apiVersion: api, kind: 'HTTPRoute', metadata: { name: 'shop', namespace: 'default' }, spec },
    { namespace: 'default' },
  );
  const address = '127.77.77.77';
  const problems: unknown[] = [];
  await using mesh = await startMesh({
    client,
    clock,
    random,
    ingress: { address: '127.0.0.1', httpPort: 0, httpsPort: 0 },
    gatewayAddress: () => address,
    report: error => problems.push(error),
  });
  await until('the Gateway is served', () => mesh.ports.has('default/edge/http')).catch(error => {
    throw new Error(String(problems[0] ?? error));
  });
  const shop = { host: 'shop.example.com' };
  const get = (where: string, headers: Record<string, string> = shop): Promise<Answer> =>
    ask(18080, where, headers, address);
  assert.equal((await get('/')).headers['x-backend'], 'one');
  assert.equal((await get('/', { ...shop, 'x-canary': 'yes' })).headers['x-backend'], 'two');
  assert.equal((await get('/old?a=b')).headers.location, 'https://shop.example.com/old?a=b');
  assert.equal((JSON.parse((await get('/strip/x')).body) as { url: string }).url, '/x');
  assert.equal((await get('/broken')).status, 500);
  assert.equal((await get('/', { host: 'other.org' })).status, 404);
  const split = new Set<unknown>();
  for (let i = 0; i < 30; i++) split.add((await get('/split')).headers['x-backend']);
  assert.equal(split.size, 2);
  await until('status is written', async () => {
    const [gateway, route] = await Promise.all([
      client.get<KubeObject>(GATEWAY_REFS.gateways, { namespace: 'default', name: 'edge' }),
      client.get<KubeObject>(GATEWAY_REFS.routes, { namespace: 'default', name: 'shop' }),
    ]);
    const text = JSON.stringify([gateway.status, route.status]);
    return text.includes('"attachedRoutes":1') && text.includes('BackendNotFound') && text.includes('"Programmed"');
  });
  for (const server of servers) server.close();
});
