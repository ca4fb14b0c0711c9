import { relative, resolve, sep } from 'node:path';
import { createHash } from 'node:crypto';
import { readFolder, watchFolder } from '../delivery/index.ts';
import { systemClock } from '../hosts/node/ports.ts';

/** What the texts of a folder are, without those that the run itself writes; undefined where it cannot be read now. */
function revisionOf(folder: string, written: ReadonlySet<string>): string | undefined {
  try {
    const hash = createHash('sha256');
    for (const [name, text] of readFolder(folder).files)
      if (!written.has(name)) hash.update(`${name.length} ${name} ${text.length} ${text}`);
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}

/**
 * Runs once, and again whenever a text of the folder is another one, until the signal. Changes while a run goes on are
 * taken up after it by one more run, however many they are. `written` are files that the run itself writes.
 */
export async function runOnChanges(
  folder: string,
  written: readonly string[],
  run: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const own = new Set(written.map(file => relative(resolve(folder), resolve(file)).split(sep).join('/')));
  let last: string | undefined;
  let running: Promise<void> | undefined;
  let isAsked = false;
  const runs = async (): Promise<void> => {
    while (isAsked && !signal.aborted) {
      isAsked = false;
      const revision = revisionOf(folder, own);
      if (revision !== undefined && revision === last) continue;
      last = revision;
      await run();
    }
  };
  let failed: (error: unknown) => void;
  const broken = new Promise<never>((_, reject) => (failed = reject));
  const ask = (): void => {
    isAsked = true;
    running ??= runs()
      .catch((error: unknown) => failed(error))
      .finally(() => (running = undefined));
  };
  using _ = watchFolder(folder, systemClock, ask);
  ask();
  // The watcher alone keeps no process alive.
  const awake = setInterval(() => undefined, 60_000);
  try {
    const stopped = new Promise<void>(resolve => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([stopped, broken]);
    await running;
  } finally {
    clearInterval(awake);
  }
}
