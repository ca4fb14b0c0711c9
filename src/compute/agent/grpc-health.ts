import { connect, constants } from 'node:http2';
import { isIPv6 } from 'node:net';
import type { ProbeResult } from './probes.ts';

const SERVING = 1;

/** grpc.health.v1.Health/Check over plain HTTP/2: one string field out, one enum field in. */
export function grpcHealth(ip: string, port: number, service: string, timeout_ms: number): Promise<ProbeResult> {
  return new Promise(resolve => {
    const session = connect(`http://${isIPv6(ip) ? `[${ip}]` : ip}:${port}`);
    const end = (success: boolean, output: string): void => {
      clearTimeout(timer);
      session.destroy();
      resolve({ success, output });
    };
    const timer = setTimeout(
      () => end(false, `timeout: failed to connect service "${ip}:${port}" within ${timeout_ms / 1000}s`),
      timeout_ms,
    );
    session.on('error', error => end(false, `error: health rpc failed: ${error.message}`));
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'kube-probe/1.35',
    });
    const name = Buffer.from(service);
    const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(message.length, 1);
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    let code = '0';
    const note = (headers: Record<string, unknown>): void => {
      if (headers['grpc-status'] !== undefined) code = String(headers['grpc-status']);
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', error => end(false, `error: health rpc failed: ${error.message}`));
    stream.on('end', () => {
      const body = Buffer.concat(chunks).subarray(5);
      const status = body.length >= 2 && body[0] === 0x08 ? body[1]! : 0;
      if (code !== '0')
        end(
          false,
          code === '12'
            ? 'error: this server does not implement the grpc health protocol'
            : `error: health rpc failed with code ${code}`,
        );
      else
        end(
          status === SERVING,
          status === SERVING ? '' : `service unhealthy (responded with "${status === 2 ? 'NOT_SERVING' : 'UNKNOWN'}")`,
        );
    });
    stream.end(Buffer.concat([frame, message]));
  });
}
