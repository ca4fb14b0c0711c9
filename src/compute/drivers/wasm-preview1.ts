/** WASI preview 1 over granted folders (snapshot-01 witx). Everything a module may ask of us is in this object. */
import { getRandomValues } from 'node:crypto';
import { type Descriptor, Descriptors } from './wasm-descriptors.ts';
import { ERRNO, errnoOf, openGrant, WasiError } from './wasm-files.ts';
import { fileCalls } from './wasm-preview1-files.ts';
import { pathCalls } from './wasm-preview1-paths.ts';
import { Exited } from './wasm-world.ts';
import type { WasmMemory } from './webassembly.ts';

export interface Preview1Grants {
  readonly args: readonly string[];
  readonly environment: readonly (readonly [string, string])[];
  readonly folders: readonly { readonly name: string; readonly path: string; readonly readOnly: boolean }[];
  readonly output: (stream: 1 | 2, bytes: Uint8Array) => void;
}

/** What the calls share: the module's memory, seen afresh at each call because it may have grown. */
export interface Program {
  readonly descriptors: Descriptors;
  readonly output: Preview1Grants['output'];
  view(): DataView;
  bytes(at: number, size: number): Uint8Array<ArrayBuffer>;
  text(at: number, size: number): string;
}

/** A call: its arguments as the module gives them; numbers of 64 bits are bigints. Returns an errno, or throws. */
export type Calls = Readonly<Record<string, (...args: never[]) => number | void>>;

const RANDOM_BYTES_MAX = 65_536;
const CLOCK_REALTIME = 0;
const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
/** Set in a clock subscription's flags: the time is absolute. */
const ABSTIME = 1;

const now = (clock: number): bigint => {
  if (clock > 3) throw new WasiError(ERRNO.INVAL);
  return clock === CLOCK_REALTIME ? BigInt(Date.now()) * 1_000_000n : process.hrtime.bigint();
};

/** Strings as C has them: a list of pointers, and the bytes they point to. */
function strings(
  program: Program,
  list: readonly string[],
): { sizes: (count: number, size: number) => void; get: (pointers: number, at: number) => void } {
  const encoded = list.map(text => Buffer.from(`${text}\0`));
  return {
    sizes: (count, size) => {
      program.view().setUint32(count, encoded.length, true);
      program.view().setUint32(
        size,
        encoded.reduce((sum, bytes) => sum + bytes.length, 0),
        true,
      );
    },
    get: (pointers, at) => {
      encoded.forEach((bytes, index) => {
        program.view().setUint32(pointers + index * 4, at, true);
        program.bytes(at, bytes.length).set(bytes);
        at += bytes.length;
      });
    },
  };
}

/** Blocks the thread: a worker has nothing else to do. */
const sleep = (delay_ns: bigint): void => {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  if (delay_ns > 0n) Atomics.wait(cell, 0, 0, Number(delay_ns) / 1e6);
};

/** Files and streams are always ready; only a list of nothing but clocks waits. */
function poll(program: Program, input: number, output: number, count: number, made: number): void {
  if (count === 0) throw new WasiError(ERRNO.INVAL);
  const view = program.view();
  const clocks: { index: number; end: bigint }[] = [];
  const ready: number[] = [];
  for (let index = 0; index < count; index++) {
    const at = input + index * SUBSCRIPTION_BYTES;
    if (view.getUint8(at + 8) !== 0) {
      ready.push(index);
      continue;
    }
    const clock = view.getUint32(at + 16, true);
    const time = view.getBigUint64(at + 24, true);
    const isAbsolute = (view.getUint16(at + 40, true) & ABSTIME) !== 0;
    clocks.push({ index, end: process.hrtime.bigint() + (isAbsolute ? time - now(clock) : time) });
  }
  if (ready.length === 0) {
    const first = clocks.reduce((least, clock) => (clock.end < least.end ? clock : least));
    sleep(first.end - process.hrtime.bigint());
  }
  const time = process.hrtime.bigint();
  ready.push(...clocks.filter(({ end }) => end <= time).map(({ index }) => index));
  ready.forEach((index, place) => {
    const at = output + place * EVENT_BYTES;
    program.bytes(at, EVENT_BYTES).fill(0);
    const from = input + index * SUBSCRIPTION_BYTES;
    view.setBigUint64(at, view.getBigUint64(from, true), true);
    const type = view.getUint8(from + 8);
    view.setUint8(at + 10, type);
    if (type !== 0) view.setBigUint64(at + 16, 1n, true);
  });
  view.setUint32(made, ready.length, true);
}

function ownCalls(program: Program, grants: Preview1Grants): Calls {
  const args = strings(program, grants.args);
  const environment = strings(
    program,
    grants.environment.map(([name, value]) => `${name}=${value}`),
  );
  const noSocket = (fd: number): number => {
    program.descriptors.get(fd);
    return ERRNO.NOTSOCK;
  };
  return {
    args_get: args.get,
    args_sizes_get: args.sizes,
    environ_get: environment.get,
    environ_sizes_get: environment.sizes,
    clock_res_get: (clock: number, at: number) => {
      now(clock);
      program.view().setBigUint64(at, clock === CLOCK_REALTIME ? 1_000_000n : 1n, true);
    },
    clock_time_get: (clock: number, _precision: bigint, at: number) =>
      program.view().setBigUint64(at, now(clock), true),
    poll_oneoff: (input: number, output: number, count: number, made: number) =>
      poll(program, input, output, count, made),
    proc_exit: (code: number) => {
      throw new Exited(code >>> 0);
    },
    proc_raise: () => ERRNO.NOTSUP,
    sched_yield: () => {},
    random_get: (at: number, size: number) => {
      const bytes = program.bytes(at, size);
      for (let done = 0; done < size; done += RANDOM_BYTES_MAX)
        getRandomValues(bytes.subarray(done, done + RANDOM_BYTES_MAX));
    },
    sock_accept: noSocket,
    sock_recv: noSocket,
    sock_send: noSocket,
    sock_shutdown: noSocket,
  };
}

const stream = (kind: 'input' | 'output'): Descriptor => ({
  kind,
  readOnly: false,
  readable: kind === 'input',
  writable: kind === 'output',
  position: 0n,
  append: true,
  flags: 0,
});

/** Standard streams are 0 to 2, granted folders follow; one that cannot be opened is told and left out. */
function openDescriptors(grants: Preview1Grants): Descriptors {
  const descriptors = new Descriptors();
  for (const kind of ['input', 'output', 'output'] as const) descriptors.add(stream(kind));
  for (const { name, path, readOnly } of grants.folders) {
    try {
      const rights = { readable: true, writable: false, position: 0n, append: false, flags: 0 };
      descriptors.add({ kind: 'folder', fd: openGrant(path), grant: name, readOnly, ...rights });
    } catch (error) {
      // Files (hosts, resolv.conf) are no grant: preview 1 knows folders alone.
      if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') continue;
      grants.output(2, Buffer.from(`volume at ${name}: ${(error as Error).message}\n`));
    }
  }
  return descriptors;
}

/** The module's `wasi_snapshot_preview1`. */
export function preview1(grants: Preview1Grants, memory: () => WasmMemory): Record<string, unknown> {
  const descriptors = openDescriptors(grants);
  const program: Program = {
    descriptors,
    output: grants.output,
    view: () => new DataView(memory().buffer),
    bytes: (at, size) => new Uint8Array(memory().buffer, at >>> 0, size >>> 0),
    text: (at, size) =>
      new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(memory().buffer, at >>> 0, size >>> 0).slice()),
  };
  const calls: Calls = { ...ownCalls(program, grants), ...fileCalls(program), ...pathCalls(program) };
  const guarded = Object.entries(calls).map(([name, call]) => [
    name,
    (...args: never[]): number => {
      try {
        return call(...args) ?? ERRNO.SUCCESS;
      } catch (error) {
        if (error instanceof Exited) throw error;
        return errnoOf(error);
      }
    },
  ]);
  return Object.fromEntries(guarded) as Record<string, unknown>;
}
