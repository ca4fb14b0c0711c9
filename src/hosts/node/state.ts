import {
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { makeFolder } from '../../kernel/index.ts';
import { hostFaults } from './faults.ts';

/** The format this program writes. A change of layout raises it and adds a line to MIGRATIONS. */
export const STATE_FORMAT = 1;

/** Format N -> what turns a folder of format N into N + 1. */
const MIGRATIONS: Readonly<Record<number, (folder: string) => void>> = {};

/** Everything one Tenon keeps, under one folder (CONTRACTS, "State"). */
export interface StateFolder extends AsyncDisposable {
  readonly path: string;
  /** Eight hexadecimal digits of the path: names what must be named outside of the folder (netns, interfaces, cgroups). */
  readonly id: string;
  file(...names: string[]): string;
}

/** `--state`, else TENON_STATE, else the XDG state folder. */
export function stateFolderPath(
  option: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  return resolve(
    option ?? environment.TENON_STATE ?? join(environment.XDG_STATE_HOME ?? join(homedir(), '.local/state'), 'tenon'),
  );
}

/** FNV-1a over the path: short, stable, not secret. */
export function stateId(path: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(path)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

/** Whether a process lives and is the one that wrote the lock (same start time: ids are used again). */
function isAlive(lock: { pid: number; started?: string }): boolean {
  try {
    process.kill(lock.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return lock.started === undefined || startOf(lock.pid) === lock.started;
}

/** Start time of a process in clock ticks since boot (proc(5), stat field 22); undefined where /proc is absent. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** The process that keeps a folder, if one runs. */
export function runningOn(folder: string): number | undefined {
  try {
    const lock = JSON.parse(readFileSync(join(folder, 'tenon.pid'), 'utf8')) as { pid: number; started?: string };
    return isAlive(lock) ? lock.pid : undefined;
  } catch {
    return undefined;
  }
}

function writeLock(path: string, file: string): void {
  const text = JSON.stringify({ pid: process.pid, started: startOf(process.pid) });
  for (let attempt = 0; ; attempt++) {
    try {
      const fd = openSync(file, 'wx', 0o600);
      writeSync(fd, text);
      closeSync(fd);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const pid = runningOn(path);
      if (pid !== undefined || attempt > 0) throw hostFaults.error('state-locked', { state: path, pid: pid ?? '?' });
      rmSync(file, { force: true });
    }
  }
}

/** Older formats are copied aside, then migrated step by step; newer ones are refused. */
export function migrateState(path: string): void {
  const file = join(path, 'format');
  if (!existsSync(file)) {
    writeFileSync(file, `${STATE_FORMAT}\n`);
    return;
  }
  const found = Number(readFileSync(file, 'utf8').trim());
  if (!(found <= STATE_FORMAT)) throw hostFaults.error('state-newer', { state: path, found, known: STATE_FORMAT });
  if (found === STATE_FORMAT) return;
  cpSync(path, join(dirname(path), `${path.split('/').at(-1)}.format-${found}.bak`), { recursive: true });
  for (let format = found; format < STATE_FORMAT; format++) MIGRATIONS[format]?.(path);
  writeFileSync(`${file}.new`, `${STATE_FORMAT}\n`);
  renameSync(`${file}.new`, file);
}

/** Runs what makes or writes a state folder; what the disk refuses is a Fault. */
function writing(path: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw hostFaults.error('state-unwritable', { state: path, reason: message }, undefined, { cause: error });
  }
}

/** Makes a state folder if there is none. Passable, not readable: hosts of containers run as users of their own. */
export const makeStateFolder = (path: string): void => writing(path, () => makeFolder(path, 0o711));

/** Opens a state folder for one running Tenon. Faults: in use, not writable, of a newer format. */
export function openState(path: string): StateFolder {
  makeStateFolder(path);
  writing(path, () => writeLock(path, join(path, 'tenon.pid')));
  try {
    writing(path, () => migrateState(path));
  } catch (error) {
    rmSync(join(path, 'tenon.pid'), { force: true });
    throw error;
  }
  return {
    path,
    id: stateId(path),
    file: (...names) => join(path, ...names),
    async [Symbol.asyncDispose]() {
      rmSync(join(path, 'tenon.pid'), { force: true });
    },
  };
}
