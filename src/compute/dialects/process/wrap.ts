import type { Rootfs } from '../../model.ts';
import { capture, mountRoot, place } from './filesystem.ts';
import { Program } from './program.ts';
import { begin, type Surroundings } from './steps.ts';
import { MS, NEW, SYS } from './syscalls.ts';

const MNT_DETACH = 2;

/** What to execute inside the private mount namespace. */
export interface Wrapped {
  readonly errorFile: string;
  readonly rootfs: Rootfs;
  readonly rootFolder: string;
  readonly unmount: readonly string[];
  readonly path: string;
  readonly args: readonly string[];
  readonly environment: readonly string[];
  readonly shared: boolean;
  /** Mounts that stay peers of the machine's: each is shown at a folder of ours, which the runtime takes as the source. */
  readonly peers: readonly { readonly source: string; readonly folder: string }[];
  /** Entered before the runtime is executed, where it makes no group of its own. */
  readonly cgroup?: Surroundings['cgroup'];
}

/**
 * Mounts a container's root where only the OCI runtime started next (and the container made by it) can see it: when the
 * last of them is gone so is the mount, whatever happened to us.
 */
export function lowerWrapped(wrapped: Wrapped): Program {
  const program = new Program();
  begin(program, { errorFile: wrapped.errorFile, cgroup: wrapped.cgroup ?? { steps: [], procs: [] } });
  program.may(SYS.umask, 0o22);
  program.must('unshare mounts', SYS.unshare, NEW.mount);
  const peers = wrapped.peers.map(({ source }) => capture(program, source, source));
  const flags = MS.recursive | (wrapped.shared ? MS.slave : MS.private);
  program.must('make mounts private', SYS.mount, program.text('none'), program.text('/'), 0, flags, 0);
  mountRoot(program, wrapped.rootfs, wrapped.rootFolder, false);
  for (const [index, { folder }] of wrapped.peers.entries()) place(program, peers[index]!, folder, true, true);
  for (const path of wrapped.unmount) program.may(SYS.umount2, program.text(path), MNT_DETACH);
  const argv = program.pointers(wrapped.args.map(argument => program.text(argument)));
  const envp = program.pointers(wrapped.environment.map(entry => program.text(entry)));
  program.must(`exec: "${wrapped.path}"`, SYS.execve, program.text(wrapped.path), argv, envp);
  return program;
}
