/** Everything a WASI 0.2 component may import, each with only what its pod grants. */
import { getRandomValues } from 'node:crypto';
import { Fields } from './wasm-world-fields.ts';
import * as http from './wasm-world-http.ts';
import { type ByteOutlet, InputStream, IoError, ioWorld, nothing, OutputStream, Pollable } from './wasm-world-io.ts';
import { type Ask, configWorld, keyvalueWorld } from './wasm-world-keyvalue.ts';
import { outgoingHandler } from './wasm-world-outgoing.ts';
import type { SocketGrants } from './wasm-world-addresses.ts';
import { socketsWorld } from './wasm-world-sockets.ts';

export interface WorldGrants {
  readonly args: readonly string[];
  readonly environment: readonly (readonly [string, string])[];
  /** Hosts that may be asked (`*`, `host`, `*.suffix`, with `:port`). */
  readonly outgoing: readonly string[];
  readonly sockets: SocketGrants;
  readonly output: (stream: 1 | 2, bytes: Uint8Array) => void;
  /** What it keeps by wasi:keyvalue. */
  readonly ask: Ask;
}

/** Thrown by wasi:cli/exit; ends the command. */
export class Exited extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

const RANDOM_BYTES_MAX = 64 * 1024;
const OUTPUT_ROOM_BYTES = 64 * 1024;

function randomBytes(count: bigint): Uint8Array {
  const bytes = new Uint8Array(Math.min(Number(count), RANDOM_BYTES_MAX * 256));
  for (let at = 0; at < bytes.length; at += RANDOM_BYTES_MAX)
    getRandomValues(bytes.subarray(at, at + RANDOM_BYTES_MAX));
  return bytes;
}

const randomNumber = (): bigint => new DataView(randomBytes(8n).buffer).getBigUint64(0);

function wallNow(): { seconds: bigint; nanoseconds: number } {
  const now_ms = Date.now();
  return { seconds: BigInt(Math.floor(now_ms / 1000)), nanoseconds: (now_ms % 1000) * 1_000_000 };
}

function after(delay_ns: bigint): Pollable {
  const end_ns = process.hrtime.bigint() + delay_ns;
  const left_ms = (): number => Number((end_ns - process.hrtime.bigint()) / 1_000_000n) + 1;
  return new Pollable(
    () => process.hrtime.bigint() >= end_ns,
    () => new Promise(resolve => setTimeout(resolve, Math.min(Math.max(left_ms(), 0), 2 ** 31 - 1))),
  );
}

const clockWorld = {
  'wasi:clocks/monotonic-clock': {
    now: () => process.hrtime.bigint(),
    resolution: () => 1n,
    subscribeInstant: (when: bigint) => after(when - process.hrtime.bigint()),
    subscribeDuration: (duration: bigint) => after(duration),
  },
  'wasi:clocks/wall-clock': { now: wallNow, resolution: () => ({ seconds: 0n, nanoseconds: 1_000_000 }) },
};

const randomWorld = {
  'wasi:random/random': { getRandomBytes: randomBytes, getRandomU64: randomNumber },
  'wasi:random/insecure': { getInsecureRandomBytes: randomBytes, getInsecureRandomU64: randomNumber },
  'wasi:random/insecure-seed': { insecureSeed: () => [randomNumber(), randomNumber()] },
};

/** Resources that exist in the interfaces and are never given out here. */
class Descriptor {}
class DirectoryEntryStream {}
class TerminalInput {}
class TerminalOutput {}

/** No file is granted to components. */
const deniedWorld = {
  'wasi:filesystem/preopens': { getDirectories: () => [] },
  'wasi:filesystem/types': { Descriptor, DirectoryEntryStream, filesystemErrorCode: () => undefined },
};

function cliWorld(grants: WorldGrants): object {
  const outlet = (stream: 1 | 2): ByteOutlet => ({
    room: () => OUTPUT_ROOM_BYTES,
    give: bytes => grants.output(stream, bytes),
    wait: () => Promise.resolve(),
  });
  const exit = (exitCode: number): never => {
    throw new Exited(exitCode);
  };
  return {
    'wasi:cli/environment': {
      getEnvironment: () => grants.environment.map(([name, value]) => [name, value]),
      getArguments: () => [...grants.args],
      initialCwd: () => undefined,
    },
    'wasi:cli/exit': {
      exit: (status: { tag: string }) => exit(status.tag === 'ok' ? 0 : 1),
      exitWithCode: (exitCode: number) => exit(exitCode),
    },
    'wasi:cli/stdin': { getStdin: () => new InputStream(nothing) },
    'wasi:cli/stdout': { getStdout: () => new OutputStream(outlet(1)) },
    'wasi:cli/stderr': { getStderr: () => new OutputStream(outlet(2)) },
    'wasi:cli/terminal-input': { TerminalInput },
    'wasi:cli/terminal-output': { TerminalOutput },
    'wasi:cli/terminal-stdin': { getTerminalStdin: () => undefined },
    'wasi:cli/terminal-stdout': { getTerminalStdout: () => undefined },
    'wasi:cli/terminal-stderr': { getTerminalStderr: () => undefined },
  };
}

/** The imports object for jco's `instantiate`, keyed by interface without its version. */
export function worldOf(grants: WorldGrants): object {
  const {
    FutureIncomingResponse,
    FutureTrailers,
    IncomingBody,
    IncomingRequest,
    IncomingResponse,
    OutgoingBody,
    OutgoingRequest,
    OutgoingResponse,
    RequestOptions,
    ResponseOutparam,
  } = http;
  return {
    ...ioWorld,
    ...clockWorld,
    ...randomWorld,
    ...deniedWorld,
    ...cliWorld(grants),
    ...socketsWorld(grants.sockets),
    ...keyvalueWorld(grants.ask),
    ...configWorld(grants.environment),
    'wasi:http/outgoing-handler': outgoingHandler(grants.outgoing, grants.sockets),
    'wasi:http/types': {
      Fields,
      FutureIncomingResponse,
      FutureTrailers,
      IncomingBody,
      IncomingRequest,
      IncomingResponse,
      OutgoingBody,
      OutgoingRequest,
      OutgoingResponse,
      RequestOptions,
      ResponseOutparam,
      httpErrorCode: (error: IoError) => ({ tag: 'internal-error', val: error.message }),
    },
  };
}
