const HEADER_BYTES = 8;
const MEMORY_SECTION = 5;
const PAGE_BYTES = 65_536;

interface Reader {
  at: number;
}

function readNumber(bytes: Uint8Array, reader: Reader): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[reader.at++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if ((byte & 0x80) === 0) return value;
  }
  return value;
}

function writeNumber(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

/**
 * The same WebAssembly module with its own memories' maximum lowered to a limit, so that the engine itself refuses to
 * grow past it (core specification, "Memory section"). Undefined when a memory starts above the limit.
 */
export function limitMemory(module: Uint8Array, limit_bytes: number): Uint8Array | undefined {
  const pages_max = Math.floor(limit_bytes / PAGE_BYTES);
  const reader = { at: HEADER_BYTES };
  while (reader.at < module.length) {
    const start = reader.at;
    const id = module[reader.at++];
    const size = readNumber(module, reader);
    const end = reader.at + size;
    if (id !== MEMORY_SECTION) {
      reader.at = end;
      continue;
    }
    const count = readNumber(module, reader);
    const body = writeNumber(count);
    for (let index = 0; index < count; index++) {
      const flags = module[reader.at++] ?? 0;
      const least = readNumber(module, reader);
      const most = (flags & 1) === 1 ? readNumber(module, reader) : pages_max;
      if (least > pages_max) return undefined;
      body.push(flags | 1, ...writeNumber(least), ...writeNumber(Math.min(most, pages_max)));
    }
    const section = [MEMORY_SECTION, ...writeNumber(body.length), ...body];
    const result = new Uint8Array(start + section.length + (module.length - end));
    result.set(module.subarray(0, start));
    result.set(section, start);
    result.set(module.subarray(end), start + section.length);
    return result;
  }
  return module;
}
