import { chmodSync, readFileSync } from 'node:fs';
import { detachMount, mount } from './libc.ts';

const MS_NOSUID_NODEV = 2 | 4;

/** Memory file systems of pods, where this process may mount; empty without root. */
export function hostMounts(): {
  mountMemory?: (path: string, size_bytes: number | undefined) => Promise<void>;
  unmount?: (path: string) => void;
  unmountBelow?: (folder: string) => void;
} {
  if (process.getuid?.() !== 0) return {};
  return {
    mountMemory: (path, size_bytes) => {
      mount(
        'tmpfs',
        path,
        'tmpfs',
        MS_NOSUID_NODEV,
        size_bytes === undefined ? 'mode=0777' : `mode=0777,size=${size_bytes}`,
      );
      chmodSync(path, 0o777);
      return Promise.resolve();
    },
    unmount: path => void detachMount(path),
    unmountBelow,
  };
}

/** Takes away every mount inside a folder, innermost first: also those an earlier process made. */
export function unmountBelow(folder: string): void {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map(line =>
      (line.split(' ')[1] ?? '').replace(/\\([0-7]{3})/g, (_, code: string) =>
        String.fromCharCode(Number.parseInt(code, 8)),
      ),
    );
  for (const point of points.filter(each => each.startsWith(`${folder}/`)).toReversed()) detachMount(point);
}
