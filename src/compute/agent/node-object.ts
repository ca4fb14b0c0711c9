import { readFile } from 'node:fs/promises';
import { arch, hostname, release, totalmem, cpus } from 'node:os';
import { type Clock, type Timer } from '../../base/index.ts';
import { type Client, isAlreadyExists, isNotFound, type KubeObject, type kinds } from '../../kernel/index.ts';
import { isStatusDue, NODE_LOOK_MS, NODE_REPORT_MS, type OwnStatus } from '../engine/node-status.ts';
import { LEASES, NODES } from './refs.ts';

const LEASE_SECONDS = 40;
export const PODS_MAX = 110;

export interface NodeFacts {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly handlers: readonly { readonly name: string; readonly userNamespaces: boolean }[];
  readonly port: number;
  readonly version: string;
  readonly runtimeVersion: string;
  readonly podsMax?: number;
  /** Kept for the machine; none when absent. */
  readonly reserved_milliCpu?: number;
  readonly podCidrs?: readonly string[];
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  riscv64: 'riscv64',
  s390x: 's390x',
};

/** What the machine has, as a node offers it. */
export function machineCapacity(): { milliCpu: number; memory_bytes: number } {
  return { milliCpu: cpus().length * 1000, memory_bytes: totalmem() };
}

const text = (path: string): Promise<string> =>
  readFile(path, 'utf8').then(
    content => content.trim(),
    () => '',
  );

/** Registers a Node and keeps its lease and status fresh until disposed. */
export class NodeRegistration implements AsyncDisposable {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #facts: NodeFacts;
  readonly #report: (error: unknown, where: string) => void;
  #timer: Timer | undefined;
  /** By the clock that is never set. */
  #statusAt_ms = Number.NEGATIVE_INFINITY;
  #pressure: ReadonlySet<string> = new Set();
  #stopped = false;
  uid = '';

  constructor(client: Client, clock: Clock, facts: NodeFacts, report: (error: unknown, where: string) => void) {
    this.#client = client;
    this.#clock = clock;
    this.#facts = facts;
    this.#report = report;
  }

  async start(): Promise<void> {
    await this.#register();
    await this.#beat();
  }

  /** Conditions of what the node runs out of, told at once. */
  setPressure(conditions: ReadonlySet<string>): void {
    this.#pressure = conditions;
    this.#writeStatus().catch((error: unknown) => this.#report(error, 'node status'));
  }

  #time(): string {
    return new Date(this.#clock.now()).toISOString().replace(/\.\d{3}Z$/, 'Z');
  }

  async #register(): Promise<void> {
    const { name, labels } = this.#facts;
    const own = {
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': ARCHITECTURES[arch()] ?? arch(),
      'beta.kubernetes.io/os': 'linux',
      'beta.kubernetes.io/arch': ARCHITECTURES[arch()] ?? arch(),
      ...labels,
    };
    const object: KubeObject = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: own }, spec: {} };
    try {
      await this.#client.create(NODES, object);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      await this.#client.patch(NODES, { name }, { type: 'merge', patch: { metadata: { labels: own } } });
    }
    await this.#writeStatus();
  }

  /** Writes the status, or, asked so, only where the API has another one or has had none for long. */
  async #writeStatus(due = false): Promise<void> {
    const { name } = this.#facts;
    const node = await this.#client.get<kinds.Node>(NODES, { name });
    this.uid = node.metadata.uid ?? '';
    const status = await this.#status(node);
    if (due && !isStatusDue(node.status, status) && this.#clock.monotonic() - this.#statusAt_ms < NODE_REPORT_MS)
      return;
    await this.#client.patch(
      NODES,
      { name },
      { type: 'strategic', patch: { status: status as never } },
      { subresource: 'status' },
    );
    this.#statusAt_ms = this.#clock.monotonic();
  }

  async #status(node: kinds.Node): Promise<OwnStatus> {
    const {
      name,
      addresses,
      handlers,
      port,
      version,
      runtimeVersion,
      podsMax = PODS_MAX,
      reserved_milliCpu = 0,
    } = this.#facts;
    const { milliCpu, memory_bytes } = machineCapacity();
    const disk = await diskBytes();
    const amounts = {
      cpu: cpuAmount(milliCpu),
      memory: `${Math.floor(memory_bytes / 1024)}Ki`,
      pods: String(podsMax),
      'ephemeral-storage': `${Math.floor(disk / 1024)}Ki`,
      'hugepages-1Gi': '0',
      'hugepages-2Mi': '0',
    };
    return {
      capacity: amounts,
      allocatable: { ...amounts, cpu: cpuAmount(milliCpu - reserved_milliCpu) },
      conditions: this.#conditions(node),
      addresses: [...addresses.map(address => ({ type: 'InternalIP', address })), { type: 'Hostname', address: name }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
      nodeInfo: {
        machineID: await text('/etc/machine-id'),
        systemUUID: await text('/etc/machine-id'),
        bootID: await text('/proc/sys/kernel/random/boot_id'),
        kernelVersion: release(),
        osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(await text('/etc/os-release'))?.[1] ?? hostname(),
        containerRuntimeVersion: runtimeVersion,
        kubeletVersion: version,
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: ARCHITECTURES[arch()] ?? arch(),
      },
      runtimeHandlers: handlers.map(({ name: handler, userNamespaces }) => ({
        name: handler,
        features: { recursiveReadOnlyMounts: true, userNamespaces },
      })),
    };
  }

  #conditions(node: kinds.Node): kinds.NodeCondition[] {
    const now = this.#time();
    const pressure = (type: string, no: [string, string], yes: [string, string]): [string, string, string, string] =>
      this.#pressure.has(type) ? [type, 'True', ...yes] : [type, 'False', ...no];
    const rows: [string, string, string, string][] = [
      pressure(
        'MemoryPressure',
        ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
        ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
      ),
      pressure(
        'DiskPressure',
        ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
        ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
      ),
      pressure(
        'PIDPressure',
        ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
        ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
      ),
      ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
    ];
    return rows.map(([type, status, reason, message]) => {
      const known = node.status?.conditions?.find(condition => condition.type === type);
      const since = known?.status === status ? known.lastTransitionTime : undefined;
      return { type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime: since ?? now };
    });
  }

  async #beat(): Promise<void> {
    try {
      await this.#renew();
      await this.#writeStatus(true);
    } catch (error) {
      if (isNotFound(error)) await this.#register().catch(again => this.#report(again, 'node registration'));
      else this.#report(error, 'node heartbeat');
    }
    if (!this.#stopped) this.#timer = this.#clock.after(NODE_LOOK_MS, () => void this.#beat());
  }

  async #renew(): Promise<void> {
    const { name } = this.#facts;
    const key = { namespace: 'kube-node-lease', name };
    const renewTime = new Date(this.#clock.now()).toISOString().replace('Z', '000Z');
    const spec = { holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime };
    try {
      await this.#client.patch(LEASES, key, { type: 'merge', patch: { spec } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const owner = { apiVersion: 'v1', kind: 'Node', name, uid: this.uid };
      const lease: KubeObject = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { ...key, ownerReferences: [owner] },
        spec,
      };
      await this.#client.create(LEASES, lease, { namespace: key.namespace });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await Promise.resolve();
  }
}

async function diskBytes(): Promise<number> {
  const { statfs } = await import('node:fs/promises');
  const { bsize, blocks } = await statfs('/');
  return bsize * blocks;
}

/** As quantities are written. */
const cpuAmount = (milliCpu: number): string => (milliCpu % 1000 === 0 ? String(milliCpu / 1000) : `${milliCpu}m`);
