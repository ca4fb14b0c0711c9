import type { SandboxSpec } from '../../model.ts';
import type { Program } from './program.ts';
import { OPEN, SYS } from './syscalls.ts';

/** What the driver found out or made before: lowering itself looks at nothing. */
export interface Surroundings {
  readonly errorFile: string;
  readonly pidFile: string;
  /** Groups to make and to enter; empty where there are no cgroups to use. */
  readonly cgroup: {
    readonly steps: readonly ({ readonly folder: string } | { readonly file: string; readonly value: string })[];
    readonly procs: readonly string[];
  };
  /** Without root: the ids that become 0 inside a user namespace in which nobody else exists. */
  readonly rootless: { readonly uid: number; readonly gid: number } | undefined;
}

export interface ContainerSurroundings extends Surroundings {
  /** Process that holds the pod's namespaces. */
  readonly sandboxPid: number;
  readonly targetPid?: number;
  /** Empty folder on which the root is mounted. */
  readonly rootFolder: string;
  /** By mount index: whether the source is a folder. */
  readonly mountIsFolder: readonly boolean[];
  readonly sandbox: SandboxSpec;
  /** Control group file systems to show inside, as the container's own root. */
  readonly groupMounts: readonly GroupMount[];
}

/** One of the machine's control group file systems: its type, the folder below /sys/fs/cgroup and its options. */
export interface GroupMount {
  readonly type: 'cgroup' | 'cgroup2';
  readonly folder: string;
  readonly options: string;
}

/** open, write, close; optional where `what` is undefined. */
export function writeFile(program: Program, path: string, value: string, what?: string): void {
  const length = new TextEncoder().encode(value).length;
  const flags = OPEN.write | OPEN.closeOnExec;
  if (what === undefined) program.may(SYS.open, program.text(path), flags, 0);
  else program.must(what, SYS.open, program.text(path), flags, 0);
  const fd = { held: program.keep() };
  if (what === undefined) program.may(SYS.write, fd, program.text(value), length);
  else program.must(what, SYS.write, fd, program.text(value), length);
  program.may(SYS.close, fd);
}

/** Makes every part of an absolute path; inside the new root, where links lead nowhere else. */
export function makeFolders(program: Program, path: string): void {
  let made = '';
  for (const part of path.split('/').filter(Boolean)) {
    made += `/${part}`;
    program.may(SYS.mkdir, program.text(made), 0o755);
  }
}

/** Opens the failure report and enters the cgroup: what every program starts with. */
export function begin(program: Program, around: Pick<Surroundings, 'errorFile' | 'cgroup'>): void {
  program.may(SYS.umask, 0);
  const flags = OPEN.write | OPEN.create | OPEN.truncate | OPEN.closeOnExec;
  program.must('open the error file', SYS.open, program.text(around.errorFile), flags, 0o600);
  program.reportFailuresTo();
  for (const step of around.cgroup.steps) {
    if ('folder' in step) program.may(SYS.mkdir, program.text(step.folder), 0o755);
    else writeFile(program, step.file, step.value);
  }
  for (const path of around.cgroup.procs) writeFile(program, path, '0', 'enter the cgroup');
}
