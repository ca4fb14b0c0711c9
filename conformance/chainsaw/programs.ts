import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Virtual milliseconds that pass while a program runs for one real one: scripts wait with `sleep`, policies by the clock. */
export const PACE = 20;
const FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin'];

/** Programs that steps run: where they are started, and what stands in for the real ones. */
export interface Programs extends Disposable {
  /** A fresh copy of a test's folder; steps may write into it. */
  folderOf(file: string): string;
  readonly path: string;
  readonly home: string;
}

/** True where the machine has kubectl, which nearly every script calls. */
export const hasKubectl = (): boolean => FOLDERS.some(folder => existsSync(join(folder, 'kubectl')));

/** Makes a folder for programs: their home, and a `sleep` at the pace of the cluster's clock. */
export function openPrograms(kyverno: string): Programs {
  const root = mkdtempSync(join(tmpdir(), 'tenon-chainsaw-'));
  const own = join(root, 'bin');
  mkdirSync(own);
  mkdirSync(join(root, 'home'));
  const write = (name: string, text: string): void => {
    writeFileSync(join(own, name), text);
    chmodSync(join(own, name), 0o755);
  };
  write('sleep', `#!/bin/sh\nexec /bin/sleep "$(echo "$1" | awk '{ sub(/s$/, ""); print $1 / ${PACE} }')"\n`);
  write(
    'kyverno',
    `#!/bin/sh\nTENON_NODE="${process.execPath}" exec "${kyverno}" kyverno "$@" --kubeconfig "$KUBECONFIG"\n`,
  );
  let count = 0;
  const copies = new Map<string, string>();
  return {
    path: [own, ...FOLDERS].join(':'),
    home: join(root, 'home'),
    folderOf: file => {
      const known = copies.get(file);
      if (known !== undefined) return known;
      const folder = join(root, `case-${++count}`);
      cpSync(dirname(file), folder, { recursive: true });
      copies.set(file, folder);
      return folder;
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}
