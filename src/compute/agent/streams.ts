import type { ByteSink, ProcessStreams } from '../ports.ts';

/** Streams of a command nobody listens to. */
export const NO_STREAMS: ProcessStreams = { signal: new AbortController().signal };

/** A sink that keeps the first bytes it gets. */
export function collector(bytes_max: number): { readonly sink: ByteSink; text(): string } {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    sink: {
      write: chunk => {
        const room = bytes_max - size;
        if (room > 0) chunks.push(Buffer.from(chunk.subarray(0, room)));
        size += chunk.length;
        return Promise.resolve();
      },
      end: () => Promise.resolve(),
    },
    text: () => Buffer.concat(chunks).toString(),
  };
}
