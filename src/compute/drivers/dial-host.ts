import { connect } from 'node:net';
import type { ByteDuplex } from '../ports.ts';

/** A connection on the machine's own network. */
export function dialHost(host: string, port: number, signal: AbortSignal): Promise<ByteDuplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.once('error', reject);
    socket.once('connect', () => {
      resolve({
        source: socket,
        sink: {
          write: chunk => new Promise((done, failed) => socket.write(chunk, error => (error ? failed(error) : done()))),
          end: () => new Promise(done => socket.end(() => done())),
        },
        close: () => void socket.destroy(),
      });
    });
  });
}
