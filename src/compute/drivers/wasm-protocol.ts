import type { MessagePort } from 'node:worker_threads';
import type { ContainerSpec } from '../model.ts';
import type { SocketGrants } from './wasm-world-addresses.ts';
import type { WasmModule } from './webassembly.ts';

/** One file of a program: the module of a command, or `component.js` and the core modules it links. */
export interface WasmPart {
  readonly name: string;
  readonly size: number;
}

/** Where a server listens, and what its pod grants it. */
export interface WasmPlace {
  readonly address?: string;
  readonly port?: number;
  readonly outgoing: readonly string[];
  readonly sockets: SocketGrants;
}

/** Messages to the wasm host; a `load` is followed by its parts' bytes in data frames. */
export type WasmRequest =
  | { readonly op: 'hello' }
  | { readonly op: 'list' }
  | { readonly op: 'has'; readonly digest: string }
  | { readonly op: 'load'; readonly digest: string; readonly parts: readonly WasmPart[] }
  | { readonly op: 'start'; readonly spec: ContainerSpec; readonly digest: string; readonly place: WasmPlace }
  | { readonly op: 'kill'; readonly id: string; readonly exitCode: number; readonly grace_ms: number }
  | { readonly op: 'forget'; readonly id: string }
  | { readonly op: 'stats' };

export interface WasmExit {
  readonly exitCode: number;
  readonly at_ms: number;
  readonly message?: string;
}

/** What the host knows of one container. */
export interface WasmContainer {
  readonly spec: ContainerSpec;
  readonly startedAt_ms: number;
  readonly exit?: WasmExit;
}

export interface WasmUse {
  readonly id: string;
  readonly cpu_ns: number;
  readonly memory_bytes: number;
}

/** Messages from the wasm host that answer nothing. */
export type WasmEvent =
  | { readonly event: 'output'; readonly id: string; readonly stream: 1 | 2; readonly data: string }
  | { readonly event: 'exit'; readonly id: string; readonly exit: WasmExit };

/** A component's script (it evaluates to jco's `instantiate`), which a worker may have compiled before it is given the component. */
export interface ComponentScript {
  /** Names the program and its limits. */
  readonly key: string;
  readonly script: string;
  /** V8's code cache of the script. */
  readonly cached?: Uint8Array;
}

/** Told to a worker that waits for a container: scripts to compile, none of which is run. */
export interface WorkerPreparation {
  readonly kind: 'prepare';
  readonly scripts: readonly ComponentScript[];
}

export interface ComponentCode {
  readonly key: string;
  /** Absent where the worker has it compiled. */
  readonly source?: ComponentScript;
  /** Whether the script's code cache is known already. */
  readonly isCached: boolean;
  readonly modules: readonly (readonly [string, WasmModule])[];
}

interface TaskBase {
  readonly args: readonly string[];
  readonly environment: readonly (readonly [string, string])[];
}

/** What a fresh worker is told first; it serves one container and no other. */
export type WorkerTask =
  | (TaskBase & {
      readonly kind: 'module';
      readonly module: WasmModule;
      readonly folders: readonly { readonly name: string; readonly path: string; readonly readOnly: boolean }[];
    })
  | (TaskBase & {
      readonly kind: 'command' | 'server';
      readonly code: ComponentCode;
      readonly outgoing: readonly string[];
      readonly sockets: SocketGrants;
    });

/** A request on its way to a server's worker; `open` when its body follows in `body` messages. */
export interface CallHead {
  readonly id: number;
  readonly method: string;
  readonly path: string;
  readonly authority: string | undefined;
  readonly headers: readonly string[];
  readonly open: boolean;
}

export type ServerMessage =
  | { readonly kind: 'calls'; readonly calls: readonly CallHead[] }
  | { readonly kind: 'body'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'body-end'; readonly id: number; readonly failure?: string }
  | { readonly kind: 'sent'; readonly id: number; readonly count: number }
  | { readonly kind: 'gone'; readonly id: number };

/** A piece of an answer; `end` says whole, `broken` says it never will be. */
export interface AnswerPiece {
  readonly id: number;
  readonly status?: number;
  readonly headers?: readonly string[];
  readonly bytes?: Uint8Array;
  readonly end?: boolean;
  readonly broken?: string;
}

export type WorkerMessage =
  | { readonly kind: 'output'; readonly stream: 1 | 2; readonly bytes: Uint8Array }
  | { readonly kind: 'exit'; readonly exitCode: number; readonly message?: string }
  | { readonly kind: 'answers'; readonly pieces: readonly AnswerPiece[] }
  | { readonly kind: 'read'; readonly id: number; readonly count: number }
  | { readonly kind: 'cache'; readonly bytes: Uint8Array }
  | { readonly kind: 'memory'; readonly bytes: number }
  /** The other end of a port over which the component asks for what its pod keeps. */
  | { readonly kind: 'store'; readonly port: MessagePort };
