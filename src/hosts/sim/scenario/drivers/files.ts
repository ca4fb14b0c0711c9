import { createHash, type Hash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Span } from '../../../../base/index.ts';
import { FaultError } from '../../../../base/index.ts';
import { readFolder } from '../../../../delivery/index.ts';
import { loadFolder } from '../../../node/documents.ts';
import { scenarioFaults } from '../faults.ts';
import type { ScenarioFiles } from '../files.ts';
import type { Placed } from '../model.ts';

const CHUNK_BYTES = 1 << 20;
const LINE_CHARACTERS_MAX = 1 << 16;
const TRACE_MB_MAX = 512;
export const SCENARIO_MB_MAX = 3;

const below = (path: string, root: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);

function* linesOf(path: string, hash: Hash): Generator<string> {
  const file = openSync(path, 'r');
  try {
    const decoder = new StringDecoder('utf8');
    const buffer = Buffer.alloc(CHUNK_BYTES);
    let rest = '';
    for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer)) {
      const chunk = buffer.subarray(0, count);
      hash.update(chunk);
      const parts = (rest + decoder.write(chunk)).split('\n');
      rest = parts.pop()!;
      if (rest.length > LINE_CHARACTERS_MAX) rest = rest.slice(0, LINE_CHARACTERS_MAX);
      yield* parts;
    }
    rest += decoder.end();
    if (rest !== '') yield rest;
  } finally {
    closeSync(file);
  }
}

/** Folders a scenario may read from, and what it has read so far. */
export class FolderFiles implements ScenarioFiles {
  readonly #folder: string;
  readonly #roots: readonly string[];
  readonly #hash = createHash('sha256');

  /** `file` is the scenario's, or would be where it is written by a program; `root` widens what may be read beside its own folder and the working folder. */
  constructor(file: string, root?: string) {
    const path = resolve(file);
    this.#folder = existsSync(path) ? dirname(realpathSync(path)) : realpathSync(dirname(path));
    const working = realpathSync(process.cwd());
    const roots = [this.#folder, ...(below(this.#folder, working) ? [working] : [])];
    this.#roots = root === undefined ? roots : [...roots, realpathSync(resolve(root))];
  }

  /** SHA-256 over the scenario's text and all that was read for it. */
  digest(text: string): string {
    return this.#hash.copy().update(text).digest('hex');
  }

  #find(path: string, where: Span): string {
    const wanted = resolve(this.#folder, path);
    let real: string;
    try {
      real = realpathSync(wanted);
    } catch (error) {
      // Whether a place outside exists is nobody's business.
      if (!this.#roots.some(root => below(wanted, root))) throw this.#outside(path, where);
      const reason =
        (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or folder' : (error as Error).message;
      throw scenarioFaults.error('file-missing', { path, reason }, where);
    }
    if (!this.#roots.some(root => below(real, root))) throw this.#outside(path, where);
    return real;
  }

  #outside(path: string, where: Span): FaultError {
    return scenarioFaults.error('file-outside', { path, root: this.#shown(this.#roots.at(-1)!) || '.' }, where);
  }

  #shown(path: string): string {
    return relative(process.cwd(), path) || '.';
  }

  manifests(path: string, where: Span): readonly Placed[] {
    const real = this.#find(path, where);
    const { objects, faults, originOf } = loadFolder(real);
    if (faults.length > 0) throw new FaultError({ ...faults[0]!, causes: faults.slice(1) });
    const folder = statSync(real).isDirectory() ? real : dirname(real);
    return objects.map((object): Placed => {
      const span = originOf(object)?.span;
      const place = span ? { ...span, file: this.#shown(join(folder, span.file)) } : where;
      this.#hash.update(JSON.stringify(object));
      return { object, where: place };
    });
  }

  texts(path: string, where: Span): ReadonlyMap<string, string> {
    const { files } = readFolder(this.#find(path, where));
    this.#hash.update(JSON.stringify([...files]));
    return files;
  }

  lines(path: string, where: Span): { name: string; lines: Iterable<string> } {
    const real = this.#find(path, where);
    const stat = statSync(real);
    if (!stat.isFile()) throw scenarioFaults.error('file-missing', { path, reason: 'it is no file' }, where);
    if (stat.size > TRACE_MB_MAX << 20) throw scenarioFaults.error('file-large', { path, limit: TRACE_MB_MAX }, where);
    return { name: this.#shown(real), lines: linesOf(real, this.#hash) };
  }
}

/** The text of a scenario file. Fault: missing or too large. */
export function readScenarioText(file: string): string {
  const where = { file, line: 1, column: 1 };
  try {
    if (statSync(file).size > SCENARIO_MB_MAX << 20)
      throw scenarioFaults.error('file-large', { path: basename(file), limit: SCENARIO_MB_MAX }, where);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof FaultError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'it is a folder' : message;
    throw scenarioFaults.error('file-missing', { path: file, reason }, where);
  }
}
