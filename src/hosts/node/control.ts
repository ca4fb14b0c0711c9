import { createServer, request } from 'node:http';
import { chmodSync, rmSync } from 'node:fs';
import { type FaultReport, type Language, languageNamed, targetUrl } from '../../base/index.ts';
import { type FlowSource, serveFlows } from './control-flows.ts';
import { hostFaults } from './faults.ts';

/** `tenon status -o json` (CONTRACTS, "State"). */
export interface PlatformStatus {
  readonly ready: boolean;
  readonly api: string;
  readonly console: string;
  readonly ingress: string;
  readonly pid: number;
  readonly nodes: { readonly total: number; readonly ready: number };
  readonly pods: { readonly total: number; readonly ready: number };
  readonly layers: Readonly<Record<string, { readonly ready: boolean; readonly faults: readonly FaultReport[] }>>;
  readonly sources: readonly {
    readonly name: string;
    readonly phase: string;
    readonly revision: string;
    readonly applied: number;
    readonly wanted: number;
  }[];
}

/** Answers `GET /status?language=`, and what serveFlows does, on a unix socket of the state folder: only who may read the folder may ask. */
export async function serveControl(
  socket: string,
  status: (language: Language) => Promise<PlatformStatus>,
  backup?: (file: string) => Promise<void>,
  /** Asked each time: the network starts after this does. */
  flows: () => FlowSource | undefined = () => undefined,
): Promise<AsyncDisposable> {
  rmSync(socket, { force: true });
  const server = createServer((incoming, reply) => {
    const asked = targetUrl(incoming.url);
    if (incoming.method === 'POST' && asked.pathname === '/backup' && backup) {
      backup(asked.searchParams.get('file') ?? '').then(
        () => reply.writeHead(200).end(),
        (error: Error) => reply.writeHead(500).end(error.message),
      );
      return;
    }
    if (incoming.method === 'GET' && serveFlows(asked.pathname, flows(), reply)) return;
    if (incoming.method !== 'GET' || asked.pathname !== '/status') {
      reply.writeHead(404).end();
      return;
    }
    status(languageNamed(asked.searchParams.get('language'))).then(
      value => reply.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value)),
      (error: Error) => reply.writeHead(500).end(error.message),
    );
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve));
  chmodSync(socket, 0o600);
  server.unref();
  return {
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.closeAllConnections();
        server.close(() => resolve());
        rmSync(socket, { force: true });
      }),
  };
}

/** Asks a running Tenon; undefined when nobody answers. */
export function askControl(
  socket: string,
  language: Language = 'en',
  timeout_ms = 5_000,
): Promise<PlatformStatus | undefined> {
  return new Promise(resolve => {
    const asked = request({ socketPath: socket, path: `/status?language=${language}`, timeout: timeout_ms }, reply => {
      let text = '';
      reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      reply.on('end', () => resolve(reply.statusCode === 200 ? (JSON.parse(text) as PlatformStatus) : undefined));
    });
    asked.on('error', () => resolve(undefined));
    asked.on('timeout', () => asked.destroy());
    asked.end();
  });
}

/** Has a running Tenon write its store to a file. Faults: it could not. */
export function askBackup(socket: string, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: string): void => reject(hostFaults.error('backup-failed', { file, cause }, file));
    const path = `/backup?file=${encodeURIComponent(file)}`;
    const asked = request({ socketPath: socket, path, method: 'POST' }, reply => {
      let text = '';
      reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      reply.on('end', () =>
        reply.statusCode === 200 ? resolve() : fail(text || 'this Tenon keeps its objects elsewhere (--store)'),
      );
    });
    asked.on('error', error => fail(error.message));
    asked.end();
  });
}
