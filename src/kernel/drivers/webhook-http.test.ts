import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { WebhookTarget } from '../admission/webhooks/model.ts';
import { httpConversions } from './conversion-http.ts';
import { httpWebhooks } from './webhook-http.ts';

/** A server with a certificate of its own for the Service `hooks` in `infra`. */
async function serve(
  context: TestContext,
  answer: (body: string, url: string) => { status?: number; body: string } | undefined,
  names = 'DNS:hooks.infra.svc',
): Promise<{ port: number; caBundle: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-webhook-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=hooks.infra.svc', '-addext', `subjectAltName=${names}`, '-days', '1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', keyFile, '-out', certFile, ...subject], {
    stdio: 'ignore',
  });
  const [key, cert] = [readFileSync(keyFile, 'utf8'), readFileSync(certFile, 'utf8')];
  const server: Server = createServer({ key, cert }, (request, response) => {
    let body = '';
    request.on('data', part => (body += part));
    request.on('end', () => {
      const made = answer(body, request.url!);
      if (made) response.writeHead(made.status ?? 200, { 'content-type': 'application/json' }).end(made.body);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, caBundle: Buffer.from(cert).toString('base64') };
}

const skip =
  spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0
    ? false
    : 'openssl is not here: apt-get install openssl';

const service = { namespace: 'infra', name: 'hooks', path: '/validate' };

test('a Service is resolved, its certificate verified by the bundle, the review posted', { skip }, async context => {
  const seen: string[] = [];
  const { port, caBundle } = await serve(context, (body, url) => {
    seen.push(url, body);
    return { body: '{"answer":1}' };
  });
  const asked: object[] = [];
  const hooks = httpWebhooks(async to => {
    asked.push(to);
    return { host: '127.0.0.1', port };
  });
  assert.deepEqual(await hooks.call({ service, caBundle }, { question: true }, 3_000), { answer: 1 });
  assert.deepEqual(asked, [{ namespace: 'infra', name: 'hooks', port: 443 }]);
  assert.deepEqual(seen, ['/validate?timeout=3s', '{"question":true}']);
});

test('a URL may hold an address, which the certificate must hold, too', { skip }, async context => {
  const never = async (): Promise<never> => assert.fail('no Service was named');
  const called = async (names: string): Promise<unknown> => {
    const { port, caBundle } = await serve(context, () => ({ body: '{"answer":1}' }), names);
    return httpWebhooks(never).call({ url: `https://127.0.0.1:${port}/validate`, caBundle }, {}, 3_000);
  };
  assert.deepEqual(await called('IP:127.0.0.1'), { answer: 1 });
  await assert.rejects(called('IP:127.0.0.2'), /failed to call webhook: .*127\.0\.0\.1/);
});

test('other certificates, other answers and silence are failures with a reason', { skip }, async context => {
  const { port, caBundle } = await serve(context, body =>
    body === '"silence"'
      ? undefined
      : body === '"teapot"'
        ? { status: 418, body: 'short and stout' }
        : { body: 'no json' },
  );
  const other = await serve(context, () => ({ body: '{}' }));
  const hooks = httpWebhooks(async () => ({ host: '127.0.0.1', port }));
  const call = (target: WebhookTarget, body: string, timeout_ms = 2_000) => hooks.call(target, body, timeout_ms);
  await assert.rejects(
    call({ service, caBundle: other.caBundle }, 'x'),
    /failed to call webhook: Post "https:\/\/hooks\.infra\.svc\/validate\?timeout=2s": .*certificate/,
  );
  await assert.rejects(
    call({ service: { ...service, name: 'else' }, caBundle }, 'x'),
    /failed to call webhook.*(altnames|Hostname)/,
  );
  await assert.rejects(call({ service, caBundle }, 'teapot'), /the server answered 418: short and stout/);
  await assert.rejects(call({ service, caBundle }, 'x'), /the answer is not JSON/);
  await assert.rejects(call({ service, caBundle }, 'silence', 200), /context deadline exceeded/);
  await assert.rejects(call({ url: 'http://127.0.0.1/' }, 'x'), /is not https/);
  await assert.rejects(call({}, 'x'), /neither a URL nor a Service/);
});

test('a conversion webhook is called and its answer checked', { skip }, async context => {
  const say = { uid: (asked: string) => asked, status: 'Success', version: 'example.org/v2' };
  const { port, caBundle } = await serve(context, body => {
    const { request } = JSON.parse(body) as { request: { uid: string; objects: object[] } };
    const convertedObjects = request.objects.map(object => ({ ...object, apiVersion: say.version }));
    const result = { status: say.status, message: 'no such field' };
    return { body: JSON.stringify({ response: { uid: say.uid(request.uid), convertedObjects, result } }) };
  });
  const conversions = httpConversions(async () => ({ host: '127.0.0.1', port }));
  const object = { apiVersion: 'example.org/v1', kind: 'Widget', metadata: { name: 'w' } };
  const call = (reviewVersions = ['v1']): Promise<readonly object[]> =>
    conversions.convert({
      definition: 'widgets.example.org',
      clientConfig: { service, caBundle },
      reviewVersions,
      desiredAPIVersion: 'example.org/v2',
      objects: [object],
    });
  assert.deepEqual(await call(), [{ ...object, apiVersion: 'example.org/v2' }]);
  await assert.rejects(call(['v1beta1']), /speaks none of the versions/);
  say.status = 'Failed';
  await assert.rejects(call(), /no such field/);
  say.status = 'Success';
  say.uid = () => 'other';
  await assert.rejects(call(), /the answer is to "other"/);
});
