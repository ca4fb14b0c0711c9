import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { lowerExec, lowerSandbox } from '../dialects/process/lower.ts';
import type { Program } from '../dialects/process/program.ts';
import { errnoText } from '../dialects/process/syscalls.ts';
import { computeFaults } from '../faults.ts';
import type { ContainerSpec, SandboxSpec } from '../model.ts';
import type { ExecOptions } from '../ports.ts';
import { type Cgroups, NO_CGROUP } from './cgroup.ts';
import { STAGE_X64 } from './generated/stage.ts';
import type { Launch } from './launcher.ts';

const START_MS_MAX = 30_000;

/** Ids that become 0 in the user namespace of a node without root. */
export type Rootless = { readonly uid: number; readonly gid: number } | undefined;

/** Undefined for root. */
export function rootlessIds(): Rootless {
  const uid = process.getuid?.() ?? 0;
  return uid === 0 ? undefined : { uid, gid: process.getgid?.() ?? 0 };
}

/** Writes stage into a folder (once) and gives its path; x86-64 Linux 5.12 or later. */
export function installStage(folder: string): string {
  if (arch() !== 'x64') throw computeFaults.error('architecture-unsupported', { found: arch() });
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const path = join(folder, 'stage');
  const image = Buffer.from(STAGE_X64, 'base64');
  if (!existsSync(path) || !readFileSync(path).equals(image)) {
    writeFileSync(`${path}.new`, image, { mode: 0o755 });
    chmodSync(`${path}.new`, 0o755);
    renameSync(`${path}.new`, path);
  }
  return path;
}

/** A launch that carries out `program`. */
export function stageLaunch(
  stage: string,
  program: Program,
  folder: string,
  errorFile: string,
  pidFile: string,
): Launch {
  const path = join(folder, 'program');
  writeFileSync(path, program.encode(), { mode: 0o600 });
  return {
    request: {
      path: stage,
      args: [path],
      environment: {},
      cwd: '/',
      terminal: 'none',
      pidFile,
      pidFormat: 'binary',
      timeout_ms: START_MS_MAX,
    },
    failure: () => failureOf(program, errorFile),
  };
}

/** The process that holds a pod's namespaces: one page of memory. */
export function stageSandbox(stage: string, spec: SandboxSpec, folder: string, cgroups: Cgroups): Launch {
  const errorFile = join(folder, 'error');
  const pidFile = join(folder, 'pid');
  const rootless = rootlessIds();
  // Unified groups with processes cannot have groups with controllers below: there the process has a leaf of its own.
  const own = cgroups.plan(spec.cgroup, spec.resources ?? {});
  const leaf = cgroups.plan(`${spec.cgroup}/pause`, {});
  const unified = { steps: [...leaf.steps, ...own.steps], procs: leaf.procs };
  const cgroup = rootless ? NO_CGROUP : cgroups.mode === 'v2' ? unified : own;
  return stageLaunch(stage, lowerSandbox(spec, { errorFile, pidFile, cgroup, rootless }), folder, errorFile, pidFile);
}

let execs = 0;

/** A further command in the namespaces, cgroup and account of a running container; `deviceController`: its group has one. */
export function stageExec(
  stage: string,
  spec: ContainerSpec,
  sandbox: SandboxSpec,
  pid: number,
  options: ExecOptions,
  folder: string,
  deviceController = false,
) {
  const name = `exec-${++execs}`;
  const errorFile = join(folder, `${name}.error`);
  const path = join(folder, name);
  const rootless = rootlessIds();
  const program = lowerExec(spec, options.command, options.tty, {
    errorFile,
    cgroup: rootless ? NO_CGROUP : { steps: [], procs: procsOf(pid) },
    rootless,
    containerPid: pid,
    sandbox,
    deviceController,
  });
  writeFileSync(path, program.encode(), { mode: 0o600 });
  return {
    run: { path: stage, args: [path], environment: {}, cwd: '/' },
    failure: () => {
      const words = failureOf(program, errorFile);
      rmSync(errorFile, { force: true });
      rmSync(path, { force: true });
      return words;
    },
  };
}

/** The groups a process is in, as files to enter them by. */
function procsOf(pid: number): string[] {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n').filter(Boolean);
  return lines.flatMap(line => {
    const [, controllers = '', ...path] = line.split(':');
    if (path.join(':') === '/') return [];
    // The second version's has no controllers; beside the first it is mounted in a folder of its own.
    const folders = controllers === '' ? ['', 'unified'] : [controllers.replace(/^name=/, '')];
    const files = folders.map(folder => join('/sys/fs/cgroup', folder, path.join(':'), 'cgroup.procs'));
    return files.filter(existsSync).slice(0, 1);
  });
}

/** What stage wrote about a step that failed. */
export function failureOf(program: Program, errorFile: string): string | undefined {
  let report: Buffer;
  try {
    report = readFileSync(errorFile);
  } catch {
    return undefined;
  }
  const failure = program.failure(report);
  if (!failure) return undefined;
  return failure.what.endsWith('$PATH') ? failure.what : `${failure.what}: ${errnoText(failure.errno)}`;
}
