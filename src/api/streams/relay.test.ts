import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { agentBackend, type Backend, echoBackend, seedNode } from '../testing/backend.ts';
import { type Wire, wire } from '../testing/client.ts';
import { type TestServer, testServer } from '../testing/server.ts';

let server: TestServer;
let admin: Wire;
let agent: Backend;
let pod: Backend;

const POD = '/api/v1/namespaces/default/pods/p';

async function logs(): Promise<void> {
  assert.equal((await admin.send('GET', `${POD}/log?tailLines=2`)).text, 'line 1\nline 2\n');
  assert.match(await admin.read(`${POD}/log?follow=true`, text => text.includes('followed')), /followed/);
  assert.equal((await admin.send('GET', `${POD}/log?container=nope`)).status, 400);
  assert.equal((await admin.send('GET', `${POD}/log?tailLines=-1`)).status, 422);
}

async function proxies(): Promise<void> {
  assert.equal((await admin.send('GET', `${POD}/proxy/a/b%2Fc?x=1`)).text, 'GET /a/b%2Fc?x=1');
  assert.equal((await admin.send('POST', `${POD}:${pod.port}/proxy/up`, 'body')).text, 'POST /up');
  for (const method of ['GET', 'HEAD']) assert.equal((await admin.send(method, `${POD}/proxy`)).status, 301);
  const page = await admin.send('GET', `${POD}/proxy/page`);
  assert.equal(page.text, `<a href="${POD}/proxy/there">x</a>`);
  assert.equal((await admin.send('GET', `${POD}/proxy/moved`)).headers.location, `${POD}/proxy/there`);
  for (const podIP of ['169.254.169.254', '0.0.0.0', 'fe80::1', '::', 'ff02::1']) {
    const metadata = { name: 'p', namespace: 'default' };
    await admin.send(
      'PATCH',
      `${POD}/status`,
      { metadata, status: { podIP, podIPs: [{ ip: podIP }] } },
      { 'content-type': 'application/merge-patch+json' },
    );
    assert.equal((await admin.send('GET', `${POD}/proxy/x`)).status, 400, podIP);
  }
  const client = server.kernel.client();
  await client.create(
    { group: '', version: 'v1', resource: 'services' },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', namespace: 'default' },
      spec: { ports: [{ name: 'web', port: 80 }] },
    },
  );
  await client.create(
    { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 's-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 's' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.0.0.1'] }],
      ports: [{ name: 'web', port: pod.port }],
    },
  );
  assert.equal((await admin.send('DELETE', '/api/v1/namespaces/default/services/s:web/proxy/x')).text, 'DELETE /x');
  assert.equal((await admin.send('GET', '/api/v1/namespaces/default/services/s:other/proxy/x')).status, 503);
  assert.equal((await admin.send('GET', '/api/v1/nodes/n/proxy/stats/summary')).json().path, '/stats/summary');
}

const socketTo = (path: string, certificate = true): WebSocket =>
  new WebSocket(`${server.api.url.replace('https', 'wss')}${path}`, ['v5.channel.k8s.io'], {
    ca: readFileSync(join(server.state, 'pki', 'ca.crt')),
    ...(certificate ? { cert: server.api.pki.admin.certificate, key: server.api.pki.admin.key } : {}),
  });

async function exec(): Promise<void> {
  const socket = socketTo(`${POD}/exec?command=cat&stdin=true&stdout=true`);
  const received: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => {
      socket.send(Buffer.concat([Buffer.of(0), Buffer.from('echo me')]));
      socket.send(Buffer.of(255, 0));
    });
    socket.on('message', (data: Buffer) => received.push(data));
    socket.on('close', () => resolve());
  });
  assert.equal(received[0]!.subarray(1).toString(), 'echo me');
  assert.ok(agent.asked.includes('GET /exec/default/p/c?input=1&output=1&command=cat'), agent.asked.join('\n'));
}

/** Messages of a socket until it ends; texts where it speaks base64. */
function messages(path: string, protocols: string[]): Promise<Buffer[]> {
  const socket = new WebSocket(`${server.api.url.replace('https', 'wss')}${path}`, protocols, {
    ca: readFileSync(join(server.state, 'pki', 'ca.crt')),
    cert: server.api.pki.admin.certificate,
    key: server.api.pki.admin.key,
  });
  const received: Buffer[] = [];
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data: Buffer) => received.push(data));
    socket.on('close', () => resolve(received));
  });
}

async function logMessages(): Promise<void> {
  const [first, ...rest] = await messages(`${POD}/log?tailLines=2`, ['binary.k8s.io']);
  assert.equal(first!.length, 0);
  assert.equal(Buffer.concat(rest).toString(), 'line 1\nline 2\n');
  const texts = (await messages(`${POD}/log?tailLines=2`, ['base64.binary.k8s.io'])).map(String);
  assert.equal(Buffer.from(texts.join(''), 'base64').toString(), 'line 1\nline 2\n');
  await assert.rejects(messages(`${POD}/log?container=nope`, ['binary.k8s.io']), /400/);
}

async function refusals(): Promise<void> {
  const codeOf = (socket: WebSocket): Promise<number> =>
    new Promise((resolve, reject) => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.on('open', () => reject(new Error('it was let in')));
      socket.on('error', () => {});
    });
  assert.equal(await codeOf(socketTo(`${POD}/exec?command=ls`, false)), 403);
  assert.equal(await codeOf(socketTo('/api/v1/namespaces/default/pods/none/exec?command=ls')), 404);
  assert.equal(await codeOf(socketTo('/api/v1/namespaces/default/configmaps/x/exec')), 404);
  assert.equal((await admin.send('POST', `${POD}/exec?command=ls`)).status, 400);
}

describe('streams through the API server', () => {
  before(async () => {
    server = await testServer();
    admin = wire(server);
    agent = await agentBackend(server);
    pod = await echoBackend();
    await seedNode(server, agent.port, pod.port);
  });
  after(async () => {
    admin[Symbol.dispose]();
    await agent[Symbol.asyncDispose]();
    await pod[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  test('logs, followed and not', logs);
  test('pods, services and nodes are proxied', proxies);
  test('exec over a WebSocket', exec);
  test('logs over a WebSocket', logMessages);
  test('streams are refused as requests are', refusals);
});
