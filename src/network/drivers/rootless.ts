import { type ChildProcess, fork, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { networkFaults } from '../faults.ts';
import type { Attachment, AttachRequest, PodConnection, PodNetwork } from '../ports.ts';
import { connectionOf, dialInside } from './dial.ts';
import { AddressPool } from './ipam.ts';

export interface RootlessOptions {
  readonly stateId: string;
  /** Folder of the node's records. */
  readonly folder: string;
  /** Loopback prefix pods get addresses of; one of 127.64.0.0/10 by state by default. */
  readonly cidr?: string;
  readonly nameservers: readonly string[];
}

interface Record {
  readonly attachment: Attachment;
  /** Process that keeps the namespaces, and what its network namespace is called. */
  readonly holder?: { readonly pid: number; readonly netns: string };
  readonly ports: readonly number[];
}

const HELPER = fileURLToPath(new URL('./rootless-helper.ts', import.meta.url));
const CONNECT_MS = 5000;

/** Every state has 254 addresses of loopback to itself, so that two of them do not meet. */
export function loopbackPrefix(stateId: string): string {
  const hash = createHash('sha256').update(stateId).digest();
  return `127.${64 + (hash[0]! & 63)}.${hash[1]}.0/24`;
}

/** What a network namespace is called, while a process holds it. */
function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

/** Starts a process in user and network namespaces of its own, with loopback up; it keeps them until it is killed. */
async function startHolder(): Promise<{ pid: number; netns: string }> {
  const script = 'ip link set lo up && echo ready && exec sleep infinity';
  const child = spawn('unshare', ['--user', '--map-root-user', '--net', 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  child.stderr.on('data', chunk => (said += String(chunk)));
  const ready = await new Promise<boolean>(resolve => {
    child.once('error', error => {
      said = error.message;
      resolve(false);
    });
    child.once('exit', () => resolve(false));
    child.stdout.once('data', () => resolve(true));
  });
  const netns = ready && child.pid !== undefined ? namespaceOf(child.pid) : undefined;
  if (netns === undefined) throw networkFaults.error('netns-refused', { detail: said.trim() || 'unshare ended' });
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
  return { pid: child.pid!, netns };
}

/** A process inside a pod's namespaces that connects there and hands the sockets out. */
class Inside {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (socket: Socket | undefined, detail: string) => void>();
  #next = 1;

  constructor(pid: number) {
    // Namespaces are entered before Node starts: a process of several threads may not change its user namespace.
    this.#child = fork(HELPER, [], {
      execPath: 'nsenter',
      execArgv: ['--target', String(pid), '--user', '--net', '--preserve-credentials', process.execPath],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child.on('message', (message: { id: number; error?: string }, handle) => {
      const done = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      done?.(handle instanceof Socket ? handle : undefined, message.error ?? 'no socket');
    });
    this.#child.on('error', () => this.#abandon());
    this.#child.on('exit', () => this.#abandon());
  }

  #abandon(): void {
    for (const done of this.#waiting.values()) done(undefined, 'the helper ended');
    this.#waiting.clear();
  }

  connect(port: number): Promise<Socket> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (socket, detail) => (socket ? resolve(socket) : reject(new Error(detail))));
      this.#child.send({ id, port, timeout_ms: CONNECT_MS }, error => {
        if (error) this.#waiting.get(id)?.(undefined, error.message);
      });
    });
  }

  close(): void {
    this.#child.kill();
  }
}

/**
 * Pods without root: an address of loopback each. Kernel containers get user and network namespaces of their own, so two
 * pods may listen on one port; connections to a pod's address and declared ports are accepted here and handed in.
 * What such a pod opens outwards stays inside: it has no route.
 */
export class RootlessPodNetwork implements PodNetwork {
  readonly #options: RootlessOptions;
  readonly #pool: AddressPool;
  readonly #records = new Map<string, Record>();
  readonly #servers = new Map<string, Server[]>();
  readonly #inside = new Map<string, Inside>();

  constructor(options: RootlessOptions) {
    this.#options = options;
    this.#pool = new AddressPool(options.cidr ?? loopbackPrefix(options.stateId));
  }

  /** Adopts pods whose namespaces are still held; forgets the others. */
  async open(): Promise<void> {
    mkdirSync(this.#options.folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(this.#options.folder)) {
      if (!name.endsWith('.json')) continue;
      const record = JSON.parse(readFileSync(join(this.#options.folder, name), 'utf8')) as Record;
      const { holder, attachment } = record;
      if (holder && namespaceOf(holder.pid) !== holder.netns) {
        rmSync(join(this.#options.folder, name));
        continue;
      }
      this.#records.set(attachment.sandboxId, record);
      for (const ip of attachment.ips) this.#pool.take(ip);
      await this.#serve(record);
    }
  }

  async attach(request: AttachRequest): Promise<Attachment> {
    const known = this.#records.get(request.sandboxId);
    if (known) return known.attachment;
    const { pod, sandboxId } = request;
    const nameservers = this.#options.nameservers;
    if (request.hostNetwork)
      return this.#keep({ attachment: { pod, sandboxId, ips: ['127.0.0.1'], nameservers }, ports: [] });
    const ip = this.#pool.allocate();
    if (request.isolation === 'address')
      return this.#keep({ attachment: { pod, sandboxId, ips: [ip], nameservers }, ports: [] });
    try {
      const holder = await startHolder();
      const folder = `/proc/${holder.pid}/ns`;
      const attachment = {
        pod,
        sandboxId,
        ips: [ip],
        netnsPath: `${folder}/net`,
        usernsPath: `${folder}/user`,
        nameservers,
      };
      const ports = request.ports.filter(port => port.protocol === 'TCP').map(port => port.containerPort);
      const record: Record = { attachment, holder, ports };
      await this.#serve(record);
      return this.#keep(record);
    } catch (error) {
      this.#pool.free(ip);
      throw error;
    }
  }

  #keep(record: Record): Attachment {
    const { sandboxId } = record.attachment;
    const file = join(this.#options.folder, `${sandboxId}.json`);
    writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    this.#records.set(sandboxId, record);
    return record.attachment;
  }

  async #serve({ attachment, holder, ports }: Record): Promise<void> {
    if (!holder) return;
    const servers = ports.map(port => {
      const server = createServer(outer => this.#pass(attachment.sandboxId, holder.pid, port, outer));
      server.listen(port, attachment.ips[0]);
      return server;
    });
    this.#servers.set(attachment.sandboxId, servers);
    await Promise.all(
      servers.map(
        server =>
          new Promise<void>((resolve, reject) => {
            server.once('listening', resolve);
            server.once('error', reject);
          }),
      ),
    );
  }

  #helper(sandboxId: string, pid: number): Inside {
    let inside = this.#inside.get(sandboxId);
    if (!inside) this.#inside.set(sandboxId, (inside = new Inside(pid)));
    return inside;
  }

  #pass(sandboxId: string, pid: number, port: number, outer: Socket): void {
    outer.on('error', () => outer.destroy());
    this.#helper(sandboxId, pid)
      .connect(port)
      .then(
        inner => {
          inner.on('error', () => outer.destroy());
          outer.on('close', () => inner.destroy());
          inner.on('close', () => outer.destroy());
          outer.pipe(inner).pipe(outer);
        },
        () => outer.resetAndDestroy(),
      );
  }

  async detach(sandboxId: string): Promise<void> {
    const record = this.#records.get(sandboxId);
    if (!record) return;
    this.#release(sandboxId);
    const { holder, attachment } = record;
    if (holder && namespaceOf(holder.pid) === holder.netns) process.kill(holder.pid, 'SIGKILL');
    for (const ip of attachment.ips) this.#pool.free(ip);
    this.#records.delete(sandboxId);
    rmSync(join(this.#options.folder, `${sandboxId}.json`), { force: true });
    await Promise.resolve();
  }

  #release(sandboxId: string): void {
    for (const server of this.#servers.get(sandboxId) ?? []) server.close();
    this.#servers.delete(sandboxId);
    this.#inside.get(sandboxId)?.close();
    this.#inside.delete(sandboxId);
  }

  list(): Promise<readonly Attachment[]> {
    return Promise.resolve([...this.#records.values()].map(record => record.attachment));
  }

  async dial(sandboxId: string, port: number, signal: AbortSignal): Promise<PodConnection> {
    const record = this.#records.get(sandboxId);
    if (!record) throw networkFaults.error('sandbox-unknown', { sandbox: sandboxId });
    const { attachment, holder } = record;
    try {
      const socket = holder
        ? await this.#helper(sandboxId, holder.pid).connect(port)
        : await dialInside(undefined, attachment.ips[0]!, port, signal);
      return connectionOf(socket);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      const params = { port, pod: `${attachment.pod.namespace}/${attachment.pod.name}`, detail };
      throw networkFaults.error('dial-failed', params, undefined, { cause: error });
    }
  }

  /** Stops passing connections on; pods and their namespaces stay. */
  close(): void {
    for (const sandboxId of this.#records.keys()) this.#release(sandboxId);
  }

  /** Ends every pod's namespaces and forgets them. */
  async remove(): Promise<void> {
    for (const sandboxId of this.#records.keys()) await this.detach(sandboxId);
    if (existsSync(this.#options.folder)) rmSync(this.#options.folder, { recursive: true });
  }
}
