import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PodAttachment } from '../ports.ts';
import { notFound } from './errors.ts';
import type { ContainerConfig, LinuxContainerUser, Mount, PodSandboxConfig } from './generated/api.ts';

/** What a caller asked for when it made a sandbox, and what became of it. */
export interface SandboxEntry {
  readonly id: string;
  readonly handler: string;
  readonly config: PodSandboxConfig;
  readonly createdAt_ms: number;
  readonly attachment: PodAttachment;
  readonly cgroup: string;
  /** Set by StopPodSandbox: its network is gone, also when its processes had ended before. */
  stopped: boolean;
}

/** A container's configuration as it was asked for; annotations must come back unaltered. */
export interface ContainerEntry {
  readonly id: string;
  readonly sandboxId: string;
  config: ContainerConfig;
  readonly imageId: string;
  readonly imageRef: string;
  readonly mounts: readonly Mount[];
  readonly user: LinuxContainerUser;
  readonly logPath: string;
  readonly createdAt_ms: number;
  readonly stopSignal: string;
  /** Images shown inside besides its own; released with it. */
  readonly volumes: readonly string[];
}

/** Values by id, mirrored one file each so that a restart finds them. */
export class Records<T extends { readonly id: string }> {
  readonly #kind: string;
  readonly #folder: string;
  readonly #entries = new Map<string, T>();

  constructor(kind: string, folder: string) {
    this.#kind = kind;
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder).filter(entry => entry.endsWith('.json'))) {
      try {
        const entry = JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
        this.#entries.set(entry.id, entry);
      } catch {
        // Half written when the machine went down: the runtime's own record goes with the next clean-up.
        rmSync(join(folder, name), { force: true });
      }
    }
  }

  all(): T[] {
    return [...this.#entries.values()];
  }

  /** By id or by a beginning that only one has. */
  find(id: string): T | undefined {
    const exact = this.#entries.get(id);
    if (exact || id === '') return exact;
    const matches = this.all().filter(entry => entry.id.startsWith(id));
    return matches.length === 1 ? matches[0] : undefined;
  }

  get(id: string): T {
    const found = this.find(id);
    if (!found) throw notFound(this.#kind, id);
    return found;
  }

  save(entry: T): void {
    this.#entries.set(entry.id, entry);
    const file = join(this.#folder, `${entry.id}.json`);
    writeFileSync(`${file}.new`, JSON.stringify(entry), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  remove(id: string): void {
    this.#entries.delete(id);
    rmSync(join(this.#folder, `${id}.json`), { force: true });
  }
}
