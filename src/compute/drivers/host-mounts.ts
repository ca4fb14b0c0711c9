import { chmodSync } from 'node:fs';
import { detachMount, mount } from './libc.ts';

const MS_NOSUID_NODEV = 2 | 4;

/** Memory file systems of pods, where this process may mount; empty without root. */
export function hostMounts(): {
  mountMemory?: (path: string, size_bytes: number | undefined) => Promise<void>;
  unmount?: (path: string) => void;
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
  };
}
