import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceNode } from '../dialects/runc/spec.ts';
import type { ContainerSpec } from '../model.ts';

const DEPTH_MAX = 3;
/** Made by the runtime itself inside every container. */
const OWN = new Set([
  '/dev/pts',
  '/dev/shm',
  '/dev/mqueue',
  '/dev/console',
  '/dev/fd',
  '/dev/.lxc',
  '/dev/.lxd-mounts',
]);
const S_IFMT = 0o170000;
const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;

/** A device node of the machine; undefined for anything else. */
function lookUp(source: string, path: string, permissions: string): DeviceNode | undefined {
  try {
    const { mode, rdev, uid, gid } = statSync(source);
    const kind = mode & S_IFMT;
    if (kind !== S_IFCHR && kind !== S_IFBLK) return undefined;
    // Linux's 32-bit encoding of a 12-bit major and a 20-bit minor number.
    const major = (rdev >>> 8) & 0xfff;
    const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
    const type = kind === S_IFCHR ? 'c' : 'b';
    return { path, type, major, minor, mode: mode & 0o7777, uid, gid, permissions };
  } catch {
    return undefined;
  }
}

function below(folder: string, depth: number): string[] {
  if (depth > DEPTH_MAX) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    if (OWN.has(path) || entry.isSymbolicLink()) return [];
    return entry.isDirectory() ? below(path, depth + 1) : [path];
  });
}

/** The devices a container asks for; all of the machine's for a privileged one. */
export function deviceNodes(spec: ContainerSpec): DeviceNode[] {
  const asked = spec.devices.flatMap(({ source, target, permissions }) => lookUp(source, target, permissions) ?? []);
  if (!spec.security.privileged) return asked;
  const named = new Set(asked.map(node => node.path));
  const others = below('/dev', 0).filter(path => !named.has(path));
  return [...asked, ...others.flatMap(path => lookUp(path, path, 'rwm') ?? [])];
}
