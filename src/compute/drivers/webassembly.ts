/** The part of the WebAssembly JavaScript interface that is used here; the compiler's library has it only for browsers. */
export interface WasmModule {
  readonly [Symbol.toStringTag]?: string;
}

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

interface Interface {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  instantiate(module: WasmModule, imports: object): Promise<WasmInstance>;
}

export const webAssembly: Interface = (globalThis as unknown as { readonly WebAssembly: Interface }).WebAssembly;
