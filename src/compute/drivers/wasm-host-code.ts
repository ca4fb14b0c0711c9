/** The worker's code and the programs of containers, as the wasm host keeps them in memory. */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { Script } from 'node:vm';
import { limitMemory } from '../engine/wasm-memory.ts';
import { type WasmModule, webAssembly } from './webassembly.ts';

const PROGRAMS_BYTES_MAX = 512 * 1024 * 1024;
const COMPILED_MAX = 256;
const MEMORY_BYTES_MAX = 4 * 1024 * 1024 * 1024;
const IMPORT = /(\bfrom\s*|\bimport\s*)(["'])(\.{1,2}\/[^"']+)\2/g;

/**
 * A file with everything it imports as one data URL: after the change of user the files may be out of reach.
 * Imports of Node's own modules stay.
 */
export function inlined(file: URL, known = new Map<string, string>()): string {
  const present = known.get(file.href);
  if (present !== undefined) return present;
  const text = readFileSync(file, 'utf8');
  const code = file.pathname.endsWith('.ts') ? stripTypeScriptTypes(text) : text;
  // A data URL is no place to require from; where the file was is.
  const whole = code
    .replaceAll('import.meta.url', JSON.stringify(file.href))
    .replace(
      IMPORT,
      (_all, before: string, _quote: string, path: string) => `${before}"${inlined(new URL(path, file), known)}"`,
    );
  const url = `data:text/javascript;base64,${Buffer.from(whole).toString('base64')}`;
  known.set(file.href, url);
  return url;
}

/**
 * jco's module as a script, so that V8's code cache serves it: an expression that gives `instantiate`. What it must not
 * reach is shadowed.
 */
export function scriptOf(text: string): string {
  const body = text
    .replace(/^export function instantiate\(/m, 'function instantiate(')
    .replace(/^export const _util\b/m, 'const _util')
    .replaceAll('import.meta.url', 'undefined');
  const script = `(function (process, require, fetch) {${body}\nreturn instantiate;})()`;
  // Says now, in one place, that the text has a form this does not know.
  new Script(script, { filename: 'component.js' });
  return script;
}

interface Program {
  readonly parts: ReadonlyMap<string, Buffer>;
  readonly size: number;
}

interface Component {
  readonly script: string;
  cached: Uint8Array | undefined;
  readonly modules: readonly (readonly [string, WasmModule])[];
}

/** Programs by digest, and what was compiled of them by digest and memory limit. */
export class Programs {
  readonly #programs = new Map<string, Program>();
  readonly #compiled = new Map<string, Promise<WasmModule | Component>>();
  #size = 0;

  has(digest: string): boolean {
    return this.#programs.has(digest);
  }

  load(digest: string, parts: ReadonlyMap<string, Buffer>): void {
    const size = [...parts.values()].reduce((sum, bytes) => sum + bytes.length, 0);
    for (const [known, program] of this.#programs) {
      if (this.#size + size <= PROGRAMS_BYTES_MAX) break;
      this.#programs.delete(known);
      this.#size -= program.size;
    }
    this.#programs.set(digest, { parts, size });
    this.#size += size;
  }

  module(digest: string, limit_bytes: number | undefined): Promise<WasmModule> {
    return this.#once(`${digest}/${limit_bytes ?? ''}`, () =>
      compile(this.#part(digest, 'module.wasm'), limit_bytes),
    ) as Promise<WasmModule>;
  }

  async component(digest: string, limit_bytes: number | undefined): Promise<Component> {
    const link = async (): Promise<Component> => {
      const script = scriptOf(this.#part(digest, 'component.js').toString('utf8'));
      const parts = [...this.#programs.get(digest)!.parts].filter(([name]) => name.endsWith('.wasm'));
      const modules = parts.map(async ([name, bytes]) => [name, await compile(bytes, limit_bytes)] as const);
      return { script, cached: undefined, modules: await Promise.all(modules) };
    };
    return (await this.#once(`${digest}/${limit_bytes ?? ''}`, link)) as Component;
  }

  #part(digest: string, name: string): Buffer {
    const bytes = this.#programs.get(digest)?.parts.get(name);
    if (!bytes) throw new Error(`the program "${digest}" has no ${name}`);
    return bytes;
  }

  #once(key: string, make: () => Promise<WasmModule | Component>): Promise<WasmModule | Component> {
    const known = this.#compiled.get(key);
    if (known) return known;
    if (this.#compiled.size >= COMPILED_MAX) this.#compiled.delete(this.#compiled.keys().next().value as string);
    const made = make();
    this.#compiled.set(key, made);
    made.catch(() => this.#compiled.delete(key));
    return made;
  }
}

async function compile(bytes: Buffer, limit_bytes: number | undefined): Promise<WasmModule> {
  const limited = limit_bytes === undefined ? bytes : limitMemory(bytes, Math.min(limit_bytes, MEMORY_BYTES_MAX));
  if (!limited) throw new Error(`the module needs more memory than its limit of ${limit_bytes} bytes`);
  return await webAssembly.compile(limited);
}
