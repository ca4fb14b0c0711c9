/** The worker's code and the programs of containers, as the wasm host keeps them in memory. */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { Script } from 'node:vm';
import { limitMemory } from '../engine/wasm-memory.ts';
import { type WasmModule, webAssembly } from './webassembly.ts';

const PROGRAMS_BYTES_MAX = 512 * 1024 * 1024;
const COMPILED_MAX = 256;
const MEMORY_BYTES_MAX = 4 * 1024 * 1024 * 1024;
const IMPORT = /\b(?:from|import)\s*["'](\.{1,2}\/[^"']+)["']/g;

/** What a worker runs: `entry` loads `start` and what that imports out of `sources` (JavaScript by URL). */
export interface WorkerCode {
  readonly entry: URL;
  readonly start: string;
  readonly sources: ReadonlyMap<string, string>;
}

const ENTRY = `
import { registerHooks } from 'node:module';
import { workerData } from 'node:worker_threads';
const { start, sources } = workerData;
registerHooks({
  resolve(name, context, next) {
    const url = /^\\.{1,2}\\//.test(name) ? new URL(name, context.parentURL).href : name;
    return sources.has(url) ? { url, format: 'module', shortCircuit: true } : next(name, context);
  },
  load(url, context, next) {
    const source = sources.get(url);
    return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true };
  },
});
await import(start);
`;

/**
 * A file with everything it imports, each once, read now: after the change of user the files may be out of reach.
 * Imports of Node's own modules stay.
 */
export function gathered(file: URL): WorkerCode {
  const sources = new Map<string, string>();
  const gather = (one: URL): void => {
    if (sources.has(one.href)) return;
    const text = readFileSync(one, 'utf8');
    const code = one.pathname.endsWith('.ts') ? stripTypeScriptTypes(text) : text;
    sources.set(one.href, code);
    for (const [, path] of code.matchAll(IMPORT)) gather(new URL(path!, one));
  };
  gather(file);
  return { entry: new URL(`data:text/javascript,${encodeURIComponent(ENTRY)}`), start: file.href, sources };
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
