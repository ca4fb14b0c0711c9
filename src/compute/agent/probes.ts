import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, isIPv6 } from 'node:net';
import type { kinds } from '../../kernel/index.ts';
import type { ContainerRuntime } from '../ports.ts';
import { grpcHealth } from './grpc-health.ts';
import { collector, NO_STREAMS } from './streams.ts';

/** How much of an answer becomes the output of a probe (kubelet's limit). */
const OUTPUT_BYTES_MAX = 10 * 1024;

export interface ProbeResult {
  readonly success: boolean;
  readonly output: string;
}

export interface ProbeTarget {
  readonly ip: string;
  readonly container: kinds.Container;
  readonly containerId: string;
  readonly runtime: ContainerRuntime;
}

type Handler = Pick<kinds.Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'>;

/** Runs one probe to its end or time limit. Never rejects. */
export async function runProbe(target: ProbeTarget, probe: kinds.Probe): Promise<ProbeResult> {
  const timeout_ms = (probe.timeoutSeconds ?? 1) * 1000;
  try {
    return await runHandler(target, probe, timeout_ms);
  } catch (error) {
    return { success: false, output: (error as Error).message };
  }
}

/** The port a probe or hook names: a number or one of the container's ports. */
export function portOf(container: kinds.Container, port: string | number | undefined): number {
  if (typeof port === 'number') return port;
  const named = container.ports?.find(({ name }) => name === port);
  const number = named?.containerPort ?? Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65535) throw new Error(`couldn't find port ${port} by name`);
  return number;
}

function runHandler(target: ProbeTarget, handler: Handler, timeout_ms: number): Promise<ProbeResult> {
  const { ip, container } = target;
  if (handler.exec) return execute(target, handler.exec.command ?? [], timeout_ms);
  if (handler.httpGet) return httpGet(ip, container, handler.httpGet, timeout_ms, 'kube-probe/1.35');
  if (handler.tcpSocket)
    return tcp(handler.tcpSocket.host || ip, portOf(container, handler.tcpSocket.port), timeout_ms);
  if (handler.grpc) return grpcHealth(ip, handler.grpc.port, handler.grpc.service ?? '', timeout_ms);
  return Promise.resolve({ success: true, output: '' });
}

async function execute(
  { runtime, containerId }: ProbeTarget,
  command: readonly string[],
  timeout_ms: number,
): Promise<ProbeResult> {
  const output = collector(OUTPUT_BYTES_MAX);
  const streams = { ...NO_STREAMS, stdout: output.sink, stderr: output.sink, signal: new AbortController().signal };
  const exit = await runtime.exec(containerId, { command, tty: false, timeout_ms }, streams);
  if (exit.exitCode === 124 && output.text() === '')
    return {
      success: false,
      output: `command timed out: "${command.join(' ')}" timed out after ${timeout_ms / 1000}s`,
    };
  return { success: exit.exitCode === 0, output: output.text() };
}

/** An HTTP GET as kubelet does it; also serves lifecycle hooks. */
export function httpGet(
  ip: string,
  container: kinds.Container,
  action: kinds.HTTPGetAction,
  timeout_ms: number,
  agent: string,
): Promise<ProbeResult> {
  const secure = (action.scheme ?? 'HTTP').toUpperCase() === 'HTTPS';
  const host = action.host || ip;
  const port = portOf(container, action.port);
  const path = action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`;
  const shown = `${secure ? 'https' : 'http'}://${isIPv6(host) ? `[${host}]` : host}:${port}${path}`;
  const headers: Record<string, string> = { 'User-Agent': agent, Accept: '*/*', Connection: 'close' };
  for (const header of action.httpHeaders ?? []) headers[header.name] = header.value;
  return new Promise(resolve => {
    const options = { host, port, path, headers, agent: false as const, timeout: timeout_ms };
    const request = secure ? httpsRequest({ ...options, rejectUnauthorized: false }) : httpRequest(options);
    const deadline = setTimeout(
      () => request.destroy(new Error('context deadline exceeded (Client.Timeout exceeded while awaiting headers)')),
      timeout_ms,
    );
    request.on('response', response => {
      clearTimeout(deadline);
      const status = response.statusCode ?? 0;
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= OUTPUT_BYTES_MAX) chunks.push(chunk);
        else response.destroy();
      });
      const success = status >= 200 && status < 400;
      const done = (): void =>
        resolve({
          success,
          output: success ? Buffer.concat(chunks).toString() : `HTTP probe failed with statuscode: ${status}`,
        });
      response.on('end', done);
      response.on('close', done);
      response.on('error', done);
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(deadline);
      const words =
        error.code === 'ECONNREFUSED' ? `dial tcp ${host}:${port}: connect: connection refused` : error.message;
      resolve({ success: false, output: `Get "${shown}": ${words}` });
    });
    request.end();
  });
}

function tcp(host: string, port: number, timeout_ms: number): Promise<ProbeResult> {
  return new Promise(resolve => {
    const socket = connect({ host, port });
    const end = (success: boolean, output: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ success, output });
    };
    const timer = setTimeout(() => end(false, `dial tcp ${host}:${port}: i/o timeout`), timeout_ms);
    socket.once('connect', () => end(true, ''));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      end(
        false,
        `dial tcp ${host}:${port}: ${error.code === 'ECONNREFUSED' ? 'connect: connection refused' : error.message}`,
      ),
    );
  });
}
