import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { test } from 'node:test';
import { issue, type KeyPair, makeAuthority } from '../../api/drivers/certificate.ts';
import type { Clock } from '../../base/index.ts';
import { VirtualClock } from '../../base/seeded.ts';
import { openEndpoint } from '../../compute/index.ts';
import { Http2Transport } from '../../kernel/index.ts';
import { systemClock, systemRandom } from './ports.ts';
import { keepRenewed, renewalTime } from './renewal.ts';

const random = systemRandom();
const testAuthority = (clock: Clock): KeyPair => makeAuthority('tenon', 10, clock, random);
const HOUR_MS = 3_600_000;
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve));
};

test('a certificate of an hour is renewed between 70 and 90 % of its life, again and again; a refusal is asked anew', async () => {
  const clock = new VirtualClock();
  const authority = testAuthority(clock);
  const make = (): string =>
    issue(authority, { commonName: 'system:node:two', usage: 'client', days: 1 / 24 }, clock, random).certificate;
  const first = make();
  const { validFrom, validTo } = new X509Certificate(first);
  const life_ms = Date.parse(validTo) - Date.parse(validFrom);
  const share = (at_ms: number): number => (at_ms - Date.parse(validFrom)) / life_ms;
  assert.ok(Math.abs(share(renewalTime(first, { ...random, next: () => 0 })) - 0.7) < 1e-6);
  assert.ok(Math.abs(share(renewalTime(first, { ...random, next: () => 1 })) - 0.9) < 1e-6);
  let refusals = 2;
  const made: number[] = [];
  const reports: unknown[] = [];
  using _ = keepRenewed({
    clock,
    random,
    certificate: first,
    renew: async () => {
      if (refusals-- > 0) throw new Error('not now');
      made.push(clock.now());
      return make();
    },
    report: error => reports.push(error),
  });
  const pass = async (until_ms: number): Promise<void> => {
    while (clock.now() < until_ms) {
      clock.advance(10_000);
      await settle();
    }
  };
  await pass(Date.parse(validFrom) + 0.69 * life_ms);
  assert.equal(made.length, 0);
  await pass(Date.parse(validFrom) + 0.93 * life_ms);
  assert.equal(made.length, 1);
  assert.equal(reports.length, 2);
  await pass(Date.parse(validFrom) + 20 * HOUR_MS);
  assert.ok(made.length > 15, `${made.length} in twenty hours`);
  const longest = Math.max(...made.slice(1).map((at, index) => at - made[index]!));
  assert.ok(longest < HOUR_MS, 'never without a valid one');
});

/** A connection to an endpoint: asks over it again and again; the serial number is that of the server's certificate. */
async function dial(
  port: number,
  who: KeyPair,
  ca: string,
): Promise<{ serial: string; ask(): Promise<string> } & Disposable> {
  const { certificate: cert, key } = who;
  const socket = connect({ port, host: '127.0.0.1', cert, key, ca, checkServerIdentity: () => undefined });
  await once(socket, 'secureConnect');
  return {
    serial: socket.getPeerCertificate().serialNumber,
    ask: async () => {
      socket.write('GET /healthz HTTP/1.1\r\nhost: node\r\n\r\n');
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return String(answer).slice(0, 'HTTP/1.1 503'.length);
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

test('an endpoint shows its new certificate to new connections and keeps the old ones', async () => {
  const authority = testAuthority(systemClock);
  const pair = (): KeyPair =>
    issue(
      authority,
      { commonName: 'system:node:two', usage: 'server', days: 1, addresses: ['127.0.0.1'] },
      systemClock,
      random,
    );
  const who = issue(
    authority,
    { commonName: 'api', organizations: ['system:masters'], usage: 'client', days: 1 },
    systemClock,
    random,
  );
  const [before, after] = [pair(), pair()];
  let renew: (pair: { key: string; cert: string }) => void = () => assert.fail();
  await using endpoint = await openEndpoint({
    host: '127.0.0.1',
    port: 0,
    key: before.key,
    cert: before.certificate,
    clientCa: authority.certificate,
    renewals: take => (renew = take),
  });
  using old = await dial(endpoint.port, who, authority.certificate);
  // No agent runs behind it.
  assert.equal(await old.ask(), 'HTTP/1.1 503');
  renew({ key: after.key, cert: after.certificate });
  using fresh = await dial(endpoint.port, who, authority.certificate);
  assert.deepEqual([await old.ask(), await fresh.ask()], ['HTTP/1.1 503', 'HTTP/1.1 503']);
  const serial = (one: KeyPair): string => new X509Certificate(one.certificate).serialNumber;
  assert.deepEqual([old.serial, fresh.serial], [serial(before), serial(after)]);
});

test('a client shows its new certificate in new requests; a watch that is open goes on', async () => {
  const authority = testAuthority(systemClock);
  const server = issue(
    authority,
    { commonName: 'api', usage: 'server', days: 1, addresses: ['127.0.0.1'] },
    systemClock,
    random,
  );
  const pair = (): KeyPair =>
    issue(authority, { commonName: 'system:node:two', usage: 'client', days: 1 }, systemClock, random);
  const [before, after] = [pair(), pair()];
  const ca = authority.certificate;
  const listener = createSecureServer({ key: server.key, cert: server.certificate, ca, requestCert: true });
  let watch: ServerHttp2Stream | undefined;
  listener.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.respond({ ':status': 200 });
    if (headers[':path'] === '/watch') (watch = stream).write('one');
    else stream.end((stream.session!.socket as TLSSocket).getPeerCertificate().serialNumber);
  });
  await new Promise<void>(resolve => void listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const { certificate, key } = before;
  const transport = new Http2Transport({
    namespace: 'default',
    server: `https://127.0.0.1:${port}`,
    authority: ca,
    certificate,
    key,
  });
  const stop = new AbortController();
  const parts = transport.stream('/watch', stop.signal);
  assert.equal((await parts.next()).value, 'one');
  const serial = async (): Promise<string> => (await transport.send({ method: 'GET', path: '/' })).text;
  assert.equal(await serial(), new X509Certificate(before.certificate).serialNumber);
  transport.renew(after.certificate, after.key);
  assert.equal(await serial(), new X509Certificate(after.certificate).serialNumber);
  watch!.write('two');
  assert.equal((await parts.next()).value, 'two');
  stop.abort();
  await parts.next();
  await transport[Symbol.asyncDispose]();
  listener.close();
});
