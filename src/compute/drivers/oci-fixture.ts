import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyboxImages, realClock } from '../agent/testhost.ts';
import type { OciDialect } from '../dialects/oci.ts';
import type { ContainerSpec, SandboxSpec, Security } from '../model.ts';
import type { ImageStore } from '../ports.ts';
import { type Cgroups, openCgroups } from './cgroup.ts';
import { type Keeper, openKeeper } from './keeper-client.ts';
import type { KeptRuntime } from './kept-runtime.ts';
import { openOciRuntime } from './runtime-oci.ts';

/** What containers of the fixture hold. */
export const SECURITY: Security = {
  privileged: false,
  readOnlyRootfs: false,
  noNewPrivileges: false,
  capabilities: { add: [], drop: [] },
  seccomp: 'default',
  procMount: 'default',
};

/** Why tests of gVisor are skipped: Debian 12's runsc makes no pods on kernels from 6.x, and knows no point of memory mappings either. */
export function noGvisor(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  const known = spawnSync('runsc', ['trace', 'metadata'], { encoding: 'utf8' }).stdout ?? '';
  return known.includes('sentry/mmap') ? false : 'needs a current runsc (bench/peers.sh runsc)';
}

/** An OCI runtime without a node, an API or images around it: pods of busybox in a network namespace with nothing but loopback. */
export class RuntimeFixture implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'tenon-oci-'));
  readonly #name = `tenon-oci-${process.pid}-${this.folder.slice(-6)}`;
  readonly #images: ImageStore = busyboxImages(this.folder);
  readonly cgroups: Cgroups = openCgroups(this.#name);
  keeper!: Keeper;
  runtime!: KeptRuntime;
  #made = 0;

  static async open(dialect: OciDialect): Promise<RuntimeFixture> {
    const fixture = new RuntimeFixture();
    execFileSync('ip', ['netns', 'add', fixture.#name]);
    execFileSync('ip', ['-n', fixture.#name, 'link', 'set', 'lo', 'up']);
    await fixture.take(dialect);
    return fixture;
  }

  /** As a Tenon that starts: also takes up what an earlier one left. */
  async take(dialect: OciDialect): Promise<void> {
    this.keeper = await openKeeper({ folder: join(this.folder, 'keeper') });
    const { keeper, cgroups, folder } = this;
    this.runtime = await openOciRuntime(dialect, {
      keeper,
      cgroups,
      clock: realClock,
      folder: join(folder, 'runtime'),
    });
  }

  async sandbox(change: Partial<SandboxSpec> = {}): Promise<string> {
    const id = `s${++this.#made}`;
    const spec: SandboxSpec = {
      id,
      pod: { namespace: 'default', name: id, uid: id },
      attempt: 0,
      hostname: id,
      hostNetwork: false,
      hostPid: false,
      hostIpc: false,
      sharedPid: false,
      netnsPath: `/run/netns/${this.#name}`,
      sysctls: {},
      logFolder: this.folder,
      cgroup: `pods/${id}`,
      labels: {},
      annotations: {},
      createdAt_ms: 0,
    };
    await this.runtime.runSandbox({ ...spec, ...change });
    return id;
  }

  async start(sandboxId: string, script: string, change: Partial<ContainerSpec> = {}): Promise<string> {
    const id = `c${++this.#made}`;
    const spec: ContainerSpec = {
      id,
      sandboxId,
      name: 'c',
      attempt: 0,
      image: 'busybox:1',
      imageId: 'busybox',
      rootfs: await this.#images.prepareRootfs('busybox', id),
      args: ['sh', '-c', script],
      environment: [['PATH', '/bin']],
      workingFolder: '/',
      account: { uid: 0, gid: 0, groups: [] },
      mounts: [],
      devices: [],
      security: SECURITY,
      resources: {},
      tty: false,
      stdin: false,
      stdinOnce: false,
      stopSignal: 'SIGTERM',
      logPath: join(this.folder, `${id}.log`),
      labels: {},
      annotations: {},
      createdAt_ms: 0,
    };
    await this.runtime.createContainer({ ...spec, ...change });
    await this.runtime.startContainer(id);
    return id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { spec } of await this.runtime.listSandboxes()) await this.runtime.removeSandbox(spec.id);
    this.runtime.dispose();
    await this.keeper.shutdown();
    await this.cgroups.remove('');
    spawnSync('ip', ['netns', 'delete', this.#name]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
