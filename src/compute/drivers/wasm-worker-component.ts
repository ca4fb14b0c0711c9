/** WASI 0.2 components in a worker: commands (wasi:cli/run) and servers (wasi:http/incoming-handler). */
import { Script } from 'node:vm';
import { parentPort } from 'node:worker_threads';
import type {
  AnswerPiece,
  CallHead,
  ComponentCode,
  ComponentScript,
  ServerMessage,
  WorkerMessage,
  WorkerTask,
} from './wasm-protocol.ts';
import { flatten, received } from './wasm-world-fields.ts';
import {
  type BodyTaker,
  IncomingRequest,
  type OutgoingResponse,
  ResponseOutparam,
  type Settled,
} from './wasm-world-http.ts';
import { Bell, ByteQueue, nothing } from './wasm-world-io.ts';
import { asker } from './wasm-world-keyvalue.ts';
import { worldOf } from './wasm-world.ts';
import type { WasmInstance, WasmMemory, WasmModule, webAssembly as Interface } from './webassembly.ts';

const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: typeof Interface };

/** Instances of one server that work at the same time; each handles one request after another. */
const INSTANCES_MAX = 16;
/** An instance that answered this many requests makes room for a fresh one: what it leaked goes with it. */
const REQUESTS_PER_INSTANCE_MAX = 10_000;
/** Bytes of an answer that the host has not passed on yet. */
const UNSENT_BYTES_MAX = 256 * 1024;

type ComponentTask = WorkerTask & { readonly kind: 'command' | 'server' };
type Instantiate = (
  load: (name: string) => WasmModule,
  imports: object,
  make: (module: WasmModule, imports: object) => Promise<WasmInstance>,
) => Promise<Readonly<Record<string, unknown>>>;

const tell = (message: WorkerMessage): void => parentPort!.postMessage(message);

const scripts = new Map<string, Script>();

const compiled = ({ script, cached }: ComponentScript): Script =>
  new Script(script, { filename: 'component.js', ...(cached ? { cachedData: Buffer.from(cached) } : {}) });

/** Compiles what this worker may be asked to run; nothing of it runs before the worker is given that one component. */
export function prepare(sources: readonly ComponentScript[]): void {
  for (const source of sources) scripts.set(source.key, compiled(source));
}

/** Links instances of one component. */
class Linker {
  readonly #instantiate: Instantiate;
  readonly #modules: ReadonlyMap<string, WasmModule>;
  readonly #world: object;
  readonly #script: Script;
  readonly #memories = new Set<WeakRef<WasmMemory>>();

  constructor(task: ComponentTask) {
    const { key, source, modules }: ComponentCode = task.code;
    this.#modules = new Map(modules);
    this.#script = scripts.get(key) ?? compiled(source!);
    scripts.clear();
    this.#instantiate = this.#script.runInThisContext() as Instantiate;
    this.#world = worldOf({
      args: task.args,
      environment: task.environment,
      outgoing: task.outgoing,
      sockets: task.sockets,
      output: (stream, bytes) => tell({ kind: 'output', stream, bytes: bytes.slice() }),
      ask: asker(port => parentPort!.postMessage({ kind: 'store', port } satisfies WorkerMessage, [port])),
    });
  }

  link(): Promise<Readonly<Record<string, unknown>>> {
    return Promise.resolve(
      this.#instantiate(
        name => this.#modules.get(name)!,
        this.#world,
        async (module, imports) => {
          const instance = await WebAssembly.instantiate(module, imports);
          const memory = instance.exports.memory as WasmMemory | undefined;
          if (memory?.buffer) this.#memories.add(new WeakRef(memory));
          return instance;
        },
      ),
    );
  }

  memory_bytes(): number {
    let sum = 0;
    for (const reference of this.#memories) {
      const memory = reference.deref();
      if (memory) sum += memory.buffer.byteLength;
      else this.#memories.delete(reference);
    }
    return sum;
  }

  /** V8's code cache, with the functions that were compiled by running. */
  cache(): Uint8Array {
    return new Uint8Array(this.#script.createCachedData());
  }
}

/** An export by interface, whatever its version. */
function exported(instance: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> {
  const key = Object.keys(instance).find(known => known === name || known.startsWith(`${name}@`));
  if (key === undefined) throw new Error(`the component exports no ${name}`);
  return instance[key] as Readonly<Record<string, unknown>>;
}

export async function runCommand(task: ComponentTask): Promise<void> {
  const { run } = exported(await new Linker(task).link(), 'wasi:cli/run') as { run(): Promise<unknown> };
  const failed = await Promise.resolve(run()).then(
    () => false,
    (error: { payload?: unknown }) => {
      if (error instanceof Error && !Object.hasOwn(error, 'payload')) throw error;
      return true;
    },
  );
  tell({ kind: 'exit', exitCode: failed ? 1 : 0 });
}

interface Handler {
  handle(request: IncomingRequest, out: ResponseOutparam): Promise<void>;
}

/** One request inside the worker. */
class Call implements BodyTaker {
  readonly head: CallHead;
  readonly body: ByteQueue | undefined;
  readonly #say: (piece: AnswerPiece) => void;
  readonly #bell = new Bell();
  #unsent = 0;
  #gone = false;
  #answered = false;

  constructor(head: CallHead, say: (piece: AnswerPiece) => void) {
    this.head = head;
    this.#say = say;
    if (head.open) this.body = new ByteQueue(count => tell({ kind: 'read', id: head.id, count }));
  }

  answer(answer: Settled<OutgoingResponse>): void {
    this.#answered = true;
    const { id } = this.head;
    if (answer.tag === 'err') {
      this.#say({ id, broken: answer.val.tag });
      return;
    }
    const { taken } = answer.val;
    this.#say({
      id,
      status: answer.val.statusCode(),
      headers: flatten(answer.val.headers()),
      ...(taken ? {} : { end: true }),
    });
    taken?.connect(this);
  }

  /** The handler returned: a component that said nothing by now never will. */
  close(): void {
    if (!this.#answered) this.#say({ id: this.head.id, broken: 'the component gave no answer' });
  }

  room(): number | undefined {
    return this.#gone ? undefined : Math.max(0, UNSENT_BYTES_MAX - this.#unsent);
  }

  give(bytes: Uint8Array): void {
    this.#unsent += bytes.length;
    // A copy of its own: the component reuses its memory at once.
    this.#say({ id: this.head.id, bytes: bytes.slice() });
  }

  wait(): Promise<void> {
    return this.#bell.wait();
  }

  finish(): void {
    this.#say({ id: this.head.id, end: true });
  }

  abandon(): void {
    this.#say({ id: this.head.id, broken: 'the component gave its answer up' });
  }

  sent(count: number): void {
    this.#unsent -= count;
    this.#bell.ring();
  }

  gone(): void {
    this.#gone = true;
    this.body?.end('the client went away');
    this.#bell.ring();
  }
}

/** Pieces of answers leave together, once what runs now has run. */
function outbox(): (piece: AnswerPiece) => void {
  let pieces: AnswerPiece[] = [];
  return piece => {
    if (pieces.length === 0)
      setImmediate(() => {
        tell({ kind: 'answers', pieces });
        pieces = [];
      });
    pieces.push(piece);
  };
}

/** Serves requests until the worker is ended; `failed` hears of a trap. */
export function serveComponent(task: ComponentTask, failed: (error: unknown) => void): Promise<void> {
  const linker = new Linker(task);
  const say = outbox();
  const calls = new Map<number, Call>();
  const waiting: Call[] = [];
  const free: { handler: Handler; served: number }[] = [];
  let instances = 0;
  let answered = 0;

  const work = async (call: Call): Promise<void> => {
    const instance = free.pop() ?? {
      handler: exported(await linker.link(), 'wasi:http/incoming-handler') as unknown as Handler,
      served: 0,
    };
    const request = new IncomingRequest(call.head, received(call.head.headers), call.body ?? nothing);
    await instance.handler.handle(request, new ResponseOutparam(answer => call.answer(answer)));
    call.close();
    calls.delete(call.head.id);
    instance.served++;
    answered++;
    if (instance.served < REQUESTS_PER_INSTANCE_MAX) free.push(instance);
    if (answered === 1 && !task.code.isCached) setImmediate(() => tell({ kind: 'cache', bytes: linker.cache() }));
    if (answered % 64 === 1) tell({ kind: 'memory', bytes: linker.memory_bytes() });
  };
  const employ = async (call: Call): Promise<void> => {
    try {
      await work(call);
    } catch (error) {
      failed(error);
    }
    instances--;
    next();
  };
  const next = (): void => {
    while (instances < INSTANCES_MAX) {
      const call = waiting.shift();
      if (!call) return;
      instances++;
      void employ(call);
    }
  };
  parentPort!.on('message', (message: ServerMessage) => {
    if (message.kind === 'calls') {
      for (const head of message.calls) {
        const call = new Call(head, say);
        calls.set(head.id, call);
        waiting.push(call);
      }
      next();
      return;
    }
    const call = calls.get(message.id);
    if (message.kind === 'body') call?.body?.push(message.bytes);
    else if (message.kind === 'body-end') call?.body?.end(message.failure);
    else if (message.kind === 'sent') call?.sent(message.count);
    else call?.gone();
  });
  return Promise.resolve();
}
