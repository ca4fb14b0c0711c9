/** What a WebAssembly binary is (spec "Binary Format", component-model Binary.md "preamble"). */
export type WasmForm = 'module' | 'component';

/** Tells modules from components by the layer half-word after the version; undefined when it is no Wasm at all. */
export function wasmForm(head: Uint8Array): WasmForm | undefined {
  if (head[0] !== 0 || head[1] !== 0x61 || head[2] !== 0x73 || head[3] !== 0x6d) return undefined;
  return head[6] === 1 && head[7] === 0 ? 'component' : 'module';
}

/** Reads an unsigned LEB128 number of at most 32 bits. */
function leb(bytes: Uint8Array, at: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if ((byte & 0x80) === 0) return { value, next: at + i + 1 };
  }
  return undefined;
}

const COMPONENT_EXPORTS = 11;

/**
 * The world a component is for: `http` when its export section names wasi:http's incoming handler, else `command`.
 * Modules are always commands.
 */
export function wasmWorld(binary: Uint8Array): 'command' | 'http' {
  if (wasmForm(binary) !== 'component') return 'command';
  let at = 8;
  while (at < binary.length) {
    const id = binary[at]!;
    const size = leb(binary, at + 1);
    if (!size) return 'command';
    if (id === COMPONENT_EXPORTS) {
      const section = Buffer.from(
        binary.buffer,
        binary.byteOffset + size.next,
        Math.min(size.value, binary.length - size.next),
      );
      if (section.includes('wasi:http/incoming-handler@') || section.includes('wasi:http/handler@')) return 'http';
    }
    at = size.next + size.value;
  }
  return 'command';
}
