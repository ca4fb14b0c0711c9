import type { WasmModule } from './webassembly.ts';
import type { ContainerSpec } from '../model.ts';

/** Messages to the wasm host; a `start` is followed by the module's bytes in data frames. */
export type WasmRequest =
  | { readonly op: 'hello' }
  | { readonly op: 'list' }
  | { readonly op: 'start'; readonly spec: ContainerSpec; readonly digest: string; readonly size: number }
  | { readonly op: 'kill'; readonly id: string; readonly exitCode: number }
  | { readonly op: 'forget'; readonly id: string };

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

/** Messages from the wasm host that answer nothing. */
export type WasmEvent =
  | { readonly event: 'output'; readonly id: string; readonly stream: 1 | 2; readonly data: string }
  | { readonly event: 'exit'; readonly id: string; readonly exit: WasmExit };

/** What a worker is told, and tells. */
export interface WorkerTask {
  readonly module: WasmModule;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folders: Readonly<Record<string, string>>;
}

export type WorkerMessage =
  | { readonly kind: 'output'; readonly stream: 1 | 2; readonly bytes: Uint8Array }
  | { readonly kind: 'exit'; readonly exitCode: number; readonly message?: string };
