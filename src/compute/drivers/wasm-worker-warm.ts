import { Script } from 'node:vm';
import { Fields, flatten, received } from './wasm-world-fields.ts';
import { IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam } from './wasm-world-http.ts';
import { ByteQueue } from './wasm-world-io.ts';
import { worldOf } from './wasm-world.ts';
import type { webAssembly as Interface } from './webassembly.ts';

interface Stacks {
  readonly Suspending: new (call: () => Promise<void>) => object;
  promising(call: unknown): (...numbers: number[]) => Promise<void>;
}
const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: typeof Interface & Stacks };

/** `(module (import "a" "b" (func (param i32))) (func (export "c") (param i32 i32) (call 0 (local.get 0))))` */
const SMALL = new Uint8Array(
  Buffer.from(
    '0061736d01000000010a0260017f0060027f7f0002070101610162000003020101070501016300010a08010600200010000b',
    'hex',
  ),
);

/**
 * Runs what every server runs, once, with nothing of any container: a spare worker has then compiled the code that the
 * first request of a cold start would wait for.
 */
export async function warm(): Promise<void> {
  new Script('(function () { return 1; })()').runInThisContext();
  const sockets = { address: '127.0.0.1', destinations: [], dns: { servers: [], searches: [], ndots: 1 } };
  worldOf({ args: [], environment: [], outgoing: [], sockets, output: () => {}, ask: () => Promise.resolve({}) });
  const b = new WebAssembly.Suspending(() => Promise.resolve());
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(SMALL), { a: { b } });
  await WebAssembly.promising(exports.c)(0, 0);
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
