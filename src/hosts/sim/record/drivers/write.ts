import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ScenarioFolder } from '../recording.ts';

/** Writes a recorded scenario below a folder, which is made where it is not there. */
export function writeFolder(folder: string, files: ScenarioFolder): void {
  for (const [path, text] of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
