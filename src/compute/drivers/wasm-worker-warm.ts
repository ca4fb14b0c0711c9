import { Script } from 'node:vm';
import { Fields, flatten, received } from './wasm-world-fields.ts';
import { IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam } from './wasm-world-http.ts';
import { ByteQueue } from './wasm-world-io.ts';
import { worldOf } from './wasm-world.ts';
import type { webAssembly as Interface } from './webassembly.ts';

interface Stacks {
  readonly Suspending: new (call: () => Promise<void>) => object;
  promising(call: unknown): () => Promise<void>;
}
const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: typeof Interface & Stacks };

/** `(module (import "a" "b" (func)) (func (export "c") (call 0)))` */
const SMALL = new Uint8Array(
  Buffer.from('0061736d0100000001040160000002070101610162000003020100070501016300010a0601040010000b', 'hex'),
);

/**
 * Runs what every server runs, once, with nothing of any container: a spare worker has then compiled the code that the
 * first request of a cold start would wait for.
 */
export async function warm(): Promise<void> {
  new Script('(function () { return 1; })()').runInThisContext();
  const sockets = { address: undefined, destinations: [], dns: { servers: [], searches: [], ndots: 1 } };
  worldOf({ args: [], environment: [], outgoing: [], sockets, output: () => {}, ask: () => Promise.resolve({}) });
  const b = new WebAssembly.Suspending(() => Promise.resolve());
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(SMALL), { a: { b } });
  await WebAssembly.promising(exports.c)();
  const queue = new ByteQueue();
  const line = { method: 'GET', path: '/', authority: 'warm' };
  const request = new IncomingRequest(line, received(['Host', 'warm', 'Accept', '*/*']), queue);
  const bytes = new Uint8Array(16);
  const taken: Uint8Array[] = [];
  const out = new ResponseOutparam(answer => {
    if (answer.tag !== 'ok') return;
    flatten(answer.val.headers());
    answer.val.taken?.connect({
      room: () => bytes.length,
      give: piece => void taken.push(piece),
      wait: () => Promise.resolve(),
      finish: () => {},
      abandon: () => {},
    });
  });
  const fields = new Fields();
  fields.append('content-type', bytes.fill(65));
  const response = new OutgoingResponse(fields);
  response.setStatusCode(200);
  const body = response.body();
  ResponseOutparam.set(out, { tag: 'ok', val: response });
  request.method();
  request.pathWithQuery();
  const incoming = request.consume().stream();
  queue.push(bytes);
  queue.end();
  await body.write().blockingWriteAndFlush(await incoming.blockingRead(16n));
  OutgoingBody.finish(body, undefined);
}
