import type { Readable } from 'node:stream';
import { badRequest, statusError, type StatusError } from '../../kernel/index.ts';

const EMPTY = Buffer.alloc(0);

const tooLarge = (bytes_max: number): StatusError =>
  statusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${bytes_max}`);

/** Reads a whole body, refusing early when its declared or real length passes the limit. */
export function readBody(stream: Readable, declared: string | undefined, bytes_max: number): Promise<Buffer> {
  if (declared !== undefined && Number(declared) > bytes_max) {
    stream.resume();
    return Promise.reject(tooLarge(bytes_max));
  }
  return new Promise((resolve, reject) => {
    let only: Buffer | undefined;
    let many: Buffer[] | undefined;
    let length = 0;
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > bytes_max) {
        stream.removeAllListeners('data');
        stream.resume();
        reject(tooLarge(bytes_max));
        return;
      }
      if (only === undefined) only = chunk;
      else (many ??= [only]).push(chunk);
    });
    stream.on('end', () => resolve(many ? Buffer.concat(many, length) : (only ?? EMPTY)));
    stream.on('error', reject);
    stream.on('aborted', () => reject(badRequest('the request body was cut short')));
  });
}
