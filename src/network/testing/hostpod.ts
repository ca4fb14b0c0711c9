import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Order } from './hostpod.worker.ts';

/** The folder of the hierarchy of version 2; undefined where none is mounted. */
export function unifiedRoot(): string | undefined {
  const line = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .find(each => each.split(' ')[2] === 'cgroup2');
  return line?.split(' ')[1];
}

/** A subtree of control groups for one test; nothing outside of it is ever held. */
export function testGroups(name: string): { readonly folder: (path: string) => string; remove(path?: string): void } {
  const root = join(unifiedRoot()!, `tenon-${name}-${process.pid}`);
  const remove = (folder: string): void => {
    if (!existsSync(folder)) return;
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) remove(join(folder, entry.name));
    rmdirSync(folder);
  };
  return { folder: path => join(root, path), remove: path => remove(join(root, path ?? '')) };
}

/** A process in a control group that serves and dials from this network namespace. */
export class HostPod {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: string) => void>();
  #next = 1;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', ({ id, answer }: { id: number; answer: string }) => {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
  }

  /** Resolves when the process is in the group, which is made where it is not there. */
  static async start(group: string): Promise<HostPod> {
    mkdirSync(group, { recursive: true });
    const pod = new HostPod(fork(fileURLToPath(new URL('./hostpod.worker.ts', import.meta.url)), [group]));
    await new Promise<string>(resolve => pod.#waiting.set(0, resolve));
    return pod;
  }

  ask(order: Order): Promise<string> {
    const id = this.#next++;
    const answer = new Promise<string>(resolve => this.#waiting.set(id, resolve));
    this.#child.send({ id, order });
    return answer;
  }

  /** Whether a server at an address answers the process. */
  async reaches(address: string, port: number, limit_ms = 400): Promise<boolean> {
    return (await this.ask({ dial: { address, port, limit_ms } })).includes(' ');
  }

  async stop(): Promise<void> {
    const ended = new Promise(resolve => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}
