import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { rego } from '../policy/index.ts';

const START_MS = 30_000;
const LOOK_MS = 50;
/** A program that takes `opa` longer than this is let go. */
const ANSWER_MS = 20_000;

/** What two engines say of one module; equal texts are one verdict. */
export interface PeerOutcome {
  readonly module: string;
  readonly ours: string;
  readonly theirs: string;
}

/** A running `opa run --server` to hold our engine against. */
export interface OpaPeer extends AsyncDisposable {
  judge(seed: number): Promise<PeerOutcome>;
}

/** Where the real `opa` is: `TENON_OPA`, else where `bench/peers.sh opa` puts it. Undefined when it is not there. */
export function opaPath(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const path =
    environment.TENON_OPA ?? join(environment.TENON_PEERS ?? join(homedir(), '.cache/tenon-peers'), 'bin/opa');
  return existsSync(path) ? path : undefined;
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

interface Answer {
  readonly status: number;
  readonly text: string;
}

function ask(port: number, method: string, path: string, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, method, path, timeout: ANSWER_MS }, response => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    call.on('timeout', () => call.destroy(new Error('opa did not answer')));
    call.on('error', reject);
    call.end(body);
  });
}

const codeOf = (text: string): string =>
  /"code":\s*"(rego_\w+|eval_\w+)"/.exec(text)?.[1] ?? /(?:eval|rego)_\w+/.exec(text)?.[0] ?? text;

async function judged(port: number, seed: number): Promise<PeerOutcome> {
  const { module, compiled } = rego.runTwins(seed);
  const put = await ask(port, 'PUT', '/v1/policies/p', module);
  if (put.status !== 200) return { module, ours: compiled, theirs: codeOf(put.text) };
  const found = await ask(port, 'POST', '/v1/data/p', `{"input":${rego.twinInput}}`);
  if (found.status !== 200) return { module, ours: compiled, theirs: codeOf(found.text) };
  const value = (rego.fromJsonText(found.text) as { readonly result?: rego.Value }).result;
  return { module, ours: compiled, theirs: value === undefined ? 'undefined' : rego.jsonText(value) };
}

/** Starts `opa` on a port of its own. */
export async function startOpa(path: string, signal: AbortSignal): Promise<OpaPeer> {
  const port = await freePort();
  const child: ChildProcess = spawn(path, ['run', '--server', '--log-level', 'error', '--addr', `127.0.0.1:${port}`], {
    stdio: 'ignore',
  });
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()).once('error', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  const until = performance.now() + START_MS;
  for (;;) {
    const ready = await ask(port, 'GET', '/health', '').catch(() => undefined);
    if (ready?.status === 200) break;
    if (performance.now() > until || signal.aborted || child.exitCode !== null) {
      await stop();
      throw new Error(`${path} did not start`);
    }
    await new Promise(resolve => setTimeout(resolve, LOOK_MS));
  }
  return { judge: seed => judged(port, seed), [Symbol.asyncDispose]: stop };
}
