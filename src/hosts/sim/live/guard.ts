/** The webhooks of a scenario's world as a server on this machine: the same answers over real TLS. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WebhookModel } from '../scenario/model.ts';
import { type Review, WebhookAnswers } from '../world/webhook-answers.ts';

const HOST = '127.0.0.1';

/** A server that answers; the models are given once they can be read, which takes its port. */
export interface Guard extends AsyncDisposable {
  readonly port: number;
  /** PEM, in base64, as `caBundle` holds it. */
  readonly caBundle: string;
  serve(models: readonly WebhookModel[]): void;
}

/** A key and a certificate of its own for 127.0.0.1, made by openssl(1). */
function identity(): { readonly key: string; readonly cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-guard-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert];
  try {
    const named = ['-subj', '/CN=guard', '-addext', `subjectAltName=IP:${HOST}`];
    execFileSync('openssl', ['req', '-x509', '-days', '2', ...made, ...named], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Listens on a free port. */
export async function startGuard(): Promise<Guard> {
  const { key, cert } = identity();
  let answers = new WebhookAnswers([]);
  const server = createServer({ key, cert }, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { pathname } = new URL(request.url ?? '/', `https://${HOST}`);
      const { status, body } = answers.to(HOST, pathname, JSON.parse(Buffer.concat(parts).toString()) as Review);
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  });
  await new Promise<void>(ready => server.listen(0, HOST, ready));
  return {
    port: (server.address() as AddressInfo).port,
    caBundle: Buffer.from(cert).toString('base64'),
    serve: models => {
      answers = new WebhookAnswers(models);
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(closed => server.close(closed));
    },
  };
}
