import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { RANGE_LENGTH, type UserRange } from '../engine/user-ranges.ts';
import type { SandboxSpec } from '../model.ts';
import type { PodAttachment, PodNetworkRequest, PodPort } from '../ports.ts';
import type { CriContext, Methods } from './context.ts';
import { invalid, wrongState } from './errors.ts';
import {
  type DNSConfig,
  NamespaceMode,
  type PodSandboxConfig,
  type PodSandboxMetadata,
  type UserNamespace,
} from './generated/api.ts';
import { releaseImages, unmountImages } from './image-mounts.ts';
import type { SandboxEntry } from './records.ts';
import { aliveSandboxes, containerStatus, labelsMatch, lowerResources, nanoseconds, podSandbox } from './status.ts';
import { podSandboxStatus, sandboxState, tell } from './status.ts';

/** Annotation of a sandbox that never has two containers at a time: each may have a kernel of its own, and be checkpointed. */
const SOLITARY = 'tenon.dev/solitary';
const SHM_BYTES = 64 * 1024 * 1024;
const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;

const nameOf = ({ name, namespace, uid, attempt }: PodSandboxMetadata): string =>
  `${name}_${namespace}_${uid}_${attempt}`;

/** One range for users and groups alike, from 0 on, as kubelet asks for it (KEP-127); others could not be kept apart by file owners. */
function usersOf({ uids, gids }: UserNamespace): UserRange {
  const [user, group] = [uids[0], gids[0]];
  const same = user?.hostId === group?.hostId && user?.length === group?.length;
  const begins = user?.containerId === 0 && group?.containerId === 0;
  if (!user || uids.length !== 1 || gids.length !== 1 || !same || !begins)
    throw invalid('a user namespace needs one range of users, and the same of groups, that begin at 0 inside');
  const { hostId: start, length } = user;
  if (start === 0 || length < RANGE_LENGTH || start + length > 2 ** 32 - 1)
    throw invalid(`a user namespace needs ${RANGE_LENGTH} accounts or more that are not the machine's own`);
  return { start, length };
}

/** The files every container of a pod sees, below its folder. */
export const SANDBOX_FILES = ['hosts', 'resolv.conf', 'hostname'] as const;

function resolver({ servers, searches, options }: DNSConfig): string {
  return [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}`] : []),
    ...servers.map(server => `nameserver ${server}`),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    '',
  ].join('\n');
}

function isHostNetwork(config: PodSandboxConfig): boolean {
  return config.linux?.securityContext?.namespaceOptions?.network === NamespaceMode.NODE;
}

function hostsFile(name: string, ips: readonly string[]): string {
  const own = ['127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback'];
  return [...own, ...ips.map(ip => `${ip}\t${name}`), ''].join('\n');
}

/** Sandboxes: namespaces, network, files and cgroup of a pod. */
export class SandboxMethods {
  readonly #context: CriContext;

  constructor(context: CriContext) {
    this.#context = context;
  }

  methods(): Methods<
    | 'RunPodSandbox'
    | 'StopPodSandbox'
    | 'RemovePodSandbox'
    | 'PodSandboxStatus'
    | 'ListPodSandbox'
    | 'UpdatePodSandboxResources'
  > {
    const { sandboxes } = this.#context;
    return {
      RunPodSandbox: ({ config, runtimeHandler }) => this.#run(config, runtimeHandler),
      StopPodSandbox: async ({ podSandboxId }) => {
        const entry = sandboxes.find(podSandboxId);
        if (entry) await this.#stop(entry);
        return {};
      },
      RemovePodSandbox: async ({ podSandboxId }) => {
        const entry = sandboxes.find(podSandboxId);
        if (entry) await this.#remove(entry);
        return {};
      },
      PodSandboxStatus: ({ podSandboxId, verbose }) => this.#status(sandboxes.get(podSandboxId), verbose),
      ListPodSandbox: async ({ filter }) => {
        const alive = await aliveSandboxes(this.#context);
        const items = sandboxes.all().filter(entry => {
          if (filter?.id && sandboxes.find(filter.id) !== entry) return false;
          if (filter?.state && filter.state.state !== sandboxState(entry, alive)) return false;
          return labelsMatch(filter?.labelSelector, entry.config.labels);
        });
        return { items: items.map(entry => podSandbox(entry, alive)) };
      },
      UpdatePodSandboxResources: ({ podSandboxId, resources }) => {
        const { cgroup } = sandboxes.get(podSandboxId);
        this.#context.options.cgroups.update(cgroup, lowerResources(resources));
        return Promise.resolve({});
      },
    };
  }

  #run(config: PodSandboxConfig | undefined, handler: string): Promise<{ podSandboxId: string }> {
    const { metadata } = config ?? {};
    if (!config || !metadata?.name || !metadata.uid || !metadata.namespace)
      throw invalid('sandbox config must have metadata with name, namespace and uid');
    const runtime = this.#context.runtime(handler);
    const options = config.linux?.securityContext?.namespaceOptions;
    // Asked for with or without mappings: a pod is never run without the user namespace it wants.
    if (options?.usernsOptions?.mode === NamespaceMode.POD && runtime.userNamespaces !== true)
      throw invalid(`runtime handler "${handler}" does not support user namespaces`);
    const name = nameOf(metadata);
    const taken = (): boolean =>
      this.#context.sandboxes.all().some(({ config: { metadata: other } }) => other && nameOf(other) === name);
    return this.#context.reserve(name, taken, () => this.#make(config, metadata, handler, runtime.handler));
  }

  async #make(config: PodSandboxConfig, metadata: PodSandboxMetadata, handler: string, kind: string) {
    const { options } = this.#context;
    const id = this.#context.newId();
    const hostNetwork = isHostNetwork(config);
    const attachment = await options.network.attach(networkRequest(config, metadata, id, hostNetwork, kind));
    const spec = this.#lower(id, config, metadata, attachment);
    try {
      await this.#writeFiles(spec, config, attachment);
      await this.#context.runtime(handler).runSandbox(spec);
    } catch (error) {
      await this.#context.runtime(handler).removeSandbox(id).catch(options.report);
      await this.#dropFiles(id);
      await options.network.detach(id);
      throw error;
    }
    const { createdAt_ms, cgroup } = spec;
    const entry: SandboxEntry = { id, handler, config, createdAt_ms, attachment, cgroup, stopped: false };
    this.#context.sandboxes.save(entry);
    await tell(this.#context, 'CONTAINER_CREATED_EVENT', id, entry);
    await tell(this.#context, 'CONTAINER_STARTED_EVENT', id, entry);
    return { podSandboxId: id };
  }

  #lower(id: string, config: PodSandboxConfig, metadata: PodSandboxMetadata, attachment: PodAttachment): SandboxSpec {
    const { options } = this.#context;
    const namespaces = config.linux?.securityContext?.namespaceOptions;
    const hostNetwork = isHostNetwork(config);
    const parent = (config.linux?.cgroupParent || options.cgroupParent).replace(/^\/+|\/+$/g, '');
    if (parent.split('/').includes('..')) throw invalid(`cgroup parent "${parent}" leads out of the hierarchy`);
    const { name, namespace, uid, attempt } = metadata;
    return {
      id,
      pod: { name, namespace, uid },
      attempt,
      hostname: hostNetwork ? hostname() : config.hostname || hostname(),
      hostNetwork,
      hostPid: namespaces?.pid === NamespaceMode.NODE,
      hostIpc: namespaces?.ipc === NamespaceMode.NODE,
      // Each container says for itself whether it is in the pod's process namespace (POD, the default) or has its own.
      solitary: config.annotations[SOLITARY] === 'true',
      ...(namespaces?.usernsOptions?.mode === NamespaceMode.POD ? { users: usersOf(namespaces.usernsOptions) } : {}),
      sharedPid: namespaces?.pid !== NamespaceMode.NODE,
      ...(attachment.netnsPath === undefined ? {} : { netnsPath: attachment.netnsPath }),
      ...(attachment.ips[0] === undefined ? {} : { address: attachment.ips[0] }),
      sysctls: config.linux?.sysctls ?? {},
      logFolder: config.logDirectory,
      cgroup: `${parent}/${id}`,
      resources: lowerResources(config.linux?.resources),
      labels: config.labels,
      annotations: config.annotations,
      createdAt_ms: options.clock.now(),
    };
  }

  async #writeFiles(spec: SandboxSpec, config: PodSandboxConfig, attachment: PodAttachment): Promise<void> {
    const folder = this.#context.folderOf(spec.id);
    await mkdir(folder, { recursive: true, mode: 0o711 });
    const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text, { mode: 0o644 });
    const { dnsConfig } = config;
    await write('hostname', `${spec.hostname}\n`);
    if (spec.hostNetwork) await copyFile('/etc/hosts', join(folder, 'hosts'));
    else await write('hosts', hostsFile(spec.hostname, attachment.ips));
    const said = dnsConfig && [dnsConfig.servers, dnsConfig.searches, dnsConfig.options].some(list => list.length > 0);
    if (said) await write('resolv.conf', resolver(dnsConfig));
    else await copyFile('/etc/resolv.conf', join(folder, 'resolv.conf')).catch(() => write('resolv.conf', ''));
    if (spec.hostIpc) return;
    const shm = join(folder, 'shm');
    await mkdir(shm, { recursive: true });
    await this.#context.options.mountMemory(shm, SHM_BYTES);
    await chmod(shm, 0o1777);
  }

  async #dropFiles(id: string): Promise<void> {
    const folder = this.#context.folderOf(id);
    await this.#context.options.unmount(join(folder, 'shm')).catch(() => {});
    await unmountImages(this.#context, id);
    await rm(folder, { recursive: true, force: true });
  }

  async #stop(entry: SandboxEntry): Promise<void> {
    const { options, sandboxes } = this.#context;
    await this.#context.runtime(entry.handler).stopSandbox(entry.id);
    await options.network.detach(entry.id);
    if (entry.stopped) return;
    entry.stopped = true;
    sandboxes.save(entry);
    await tell(this.#context, 'CONTAINER_STOPPED_EVENT', entry.id, entry);
  }

  async #remove(entry: SandboxEntry): Promise<void> {
    const { sandboxes, containers } = this.#context;
    await this.#stop(entry);
    const inside = this.#context.containersOf(entry.id);
    const runtime = this.#context.runtime(entry.handler);
    for (const container of inside) {
      await runtime.removeContainer(container.id);
      await releaseImages(this.#context, entry.id, container.id, container.volumes);
      containers.remove(container.id);
      await tell(this.#context, 'CONTAINER_DELETED_EVENT', container.id, entry);
    }
    await runtime.removeSandbox(entry.id);
    await this.#dropFiles(entry.id);
    sandboxes.remove(entry.id);
    await tell(this.#context, 'CONTAINER_DELETED_EVENT', entry.id, entry);
  }

  async #status(entry: SandboxEntry, verbose: boolean) {
    const alive = await aliveSandboxes(this.#context);
    const statuses = this.#context
      .containersOf(entry.id)
      .map(async container => containerStatus(container, await this.#context.statusOf(container)));
    const spec = alive.find(sandbox => sandbox.spec.id === entry.id)?.spec;
    const info = { handler: entry.handler, config: entry.config, attachment: entry.attachment, runtimeSpec: spec };
    return {
      status: podSandboxStatus(entry, alive),
      info: verbose ? { info: JSON.stringify(info) } : {},
      containersStatuses: await Promise.all(statuses),
      timestamp: nanoseconds(this.#context.options.clock.now()),
    };
  }
}

function networkRequest(
  config: PodSandboxConfig,
  { name, namespace, uid }: PodSandboxMetadata,
  sandboxId: string,
  hostNetwork: boolean,
  kind: string,
): PodNetworkRequest {
  const ports = config.portMappings.map(
    (port): PodPort => ({
      containerPort: port.containerPort,
      ...(port.hostPort === 0 ? {} : { hostPort: port.hostPort }),
      ...(port.hostIp ? { hostIp: port.hostIp } : {}),
      protocol: PROTOCOLS[port.protocol] ?? 'TCP',
    }),
  );
  const { labels, annotations } = config;
  const isolation = kind === 'wasm' ? 'address' : 'namespace';
  return { pod: { name, namespace, uid }, sandboxId, hostNetwork, isolation, ports, labels, annotations };
}

/** A sandbox that can take containers. */
export async function readySandbox(context: CriContext, id: string): Promise<SandboxEntry> {
  const entry = context.sandboxes.get(id);
  const alive = await context.runtime(entry.handler).listSandboxes();
  if (sandboxState(entry, alive) !== 0) throw wrongState(`sandbox "${id}" is not ready`);
  return entry;
}
