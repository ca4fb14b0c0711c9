import { chmodSync, readFileSync } from 'node:fs';
import { detachMount, mount } from './libc.ts';

const MS_RDONLY = 1;
const MS_NOEXEC = 8;
const MS_NOSUID_NODEV = 2 | 4;
/** What mount(2) takes of options: a page with its NUL. */
const OPTIONS_BYTES_MAX = 4095;

/** Memory file systems of pods, where this process may mount; empty without root. */
export function hostMounts(): {
  mountMemory?: (path: string, size_bytes: number | undefined) => Promise<void>;
  mountLayers?: (path: string, layers: readonly string[]) => Promise<void>;
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
    mountLayers: (path, layers) => Promise.resolve(mountLayers(path, layers)),
    unmount: path => void detachMount(path),
    unmountBelow,
  };
}

/** Folders over each other, the topmost first, read-only; nothing in them is run (KEP-4639). */
function mountLayers(path: string, layers: readonly string[]): void {
  const escaped = layers.map(layer => layer.replace(/[\\:,]/g, '\\$&'));
  const options = `lowerdir=${escaped.join(':')}`;
  if (Buffer.byteLength(options) > OPTIONS_BYTES_MAX)
    throw Object.assign(new Error(`mount ${path}: ${layers.length} layers are more than mount(2) takes`), {
      errno: 22,
    });
  mount('overlay', path, 'overlay', MS_RDONLY | MS_NOSUID_NODEV | MS_NOEXEC, options);
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
