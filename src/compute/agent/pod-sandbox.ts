import { join } from 'node:path';
import type { kinds } from '../../kernel/index.ts';
import { handlerOf } from '../dialects/handlers.ts';
import { computeFaults } from '../faults.ts';
import { podCgroup, podLimits } from '../engine/resources.ts';
import type { SandboxSpec } from '../model.ts';
import { freeRange, type UserRange } from '../engine/user-ranges.ts';
import type { PodAttachment, PodPort } from '../ports.ts';
import { hostnameOf, writePodFiles } from './pod-files.ts';
import type { PodWorker } from './pod-worker.ts';

/** A pod's sandbox: its address, its namespaces, and the runtime its class names. */
export class PodSandbox {
  readonly #worker: PodWorker;
  readonly logFolder: string;
  spec: SandboxSpec | undefined;
  files: ReadonlyMap<string, string> = new Map();

  constructor(worker: PodWorker) {
    this.#worker = worker;
    const { namespace, name } = worker.pod.metadata;
    this.logFolder = join(worker.node.stateFolder, 'logs', `${namespace}_${name}_${worker.uid}`);
  }

  async run(attempt: number): Promise<{ id: string; ips: readonly string[] }> {
    const { node, pod, uid } = this.#worker;
    const handler = await node.handlerOf(pod.spec?.runtimeClassName);
    const runtime = handler === undefined ? undefined : node.runtimes.get(handler);
    const known = handlerOf(handler ?? '');
    if (!runtime && known?.binary && known.install)
      throw computeFaults.error('runtime-missing', {
        handler: known.handler,
        binary: known.binary,
        install: known.install,
      });
    if (!runtime)
      throw computeFaults.error('runtime-unknown', {
        handler: handler ?? pod.spec?.runtimeClassName ?? '',
        known: [...node.runtimes.keys()].filter(Boolean).join(', '),
      });
    if (pod.spec?.hostUsers === false && !runtime.userNamespaces)
      throw computeFaults.error('user-namespaces', {
        handler: runtime.handler,
        known: [...node.runtimes].flatMap(([name, other]) => (name && other.userNamespaces ? [name] : [])).join(', '),
      });
    const users = pod.spec?.hostUsers === false ? await this.#users() : undefined;
    this.#worker.runtime = runtime;
    if (attempt > 0 && this.spec) await this.stop();
    const id = Buffer.from(node.random.bytes(16)).toString('hex');
    const { namespace = '', name = '', labels = {}, annotations = {} } = pod.metadata;
    const identity = { namespace, name, uid };
    const hostNetwork = pod.spec?.hostNetwork ?? false;
    const attachment = await node.network.attach({
      pod: identity,
      sandboxId: id,
      hostNetwork,
      isolation: runtime.handler === 'wasm' ? 'address' : 'namespace',
      ports: portsOf(this.#worker),
      labels,
      annotations,
      cgroup: this.#cgroup,
    });
    try {
      const spec = this.#spec(id, attempt, attachment, users);
      await runtime.runSandbox(spec);
      this.spec = spec;
      const settled = (await node.network.attached?.(id)) ?? attachment;
      await this.takeUp(spec, settled);
      return { id, ips: settled.ips };
    } catch (error) {
      await node.network.detach(id);
      throw error;
    }
  }

  /** Uses a sandbox that is there: writes the files that depend on its addresses. */
  async takeUp(spec: SandboxSpec, attachment: PodAttachment): Promise<void> {
    this.spec = spec;
    const { node, pod } = this.#worker;
    const ips = pod.spec?.hostNetwork ? node.addresses : attachment.ips;
    this.files = await writePodFiles(node, pod, ips, attachment.nameservers);
  }

  /** Accounts that no other pod of this node has; this one's as long as it is there. */
  async #users(): Promise<UserRange> {
    const { node, uid } = this.#worker;
    const runtimes = [...new Set(node.runtimes.values())].filter(({ userNamespaces }) => userNamespaces);
    const listed = await Promise.all(runtimes.map(runtime => runtime.listSandboxes()));
    const running = listed.flat().flatMap(({ spec }) => (spec.users ? [spec.users] : []));
    const range = node.userRanges.get(uid) ?? freeRange([...running, ...node.userRanges.values()]);
    if (!range) throw computeFaults.error('user-ranges-exhausted', {});
    node.userRanges.set(uid, range);
    return range;
  }

  get #cgroup(): string {
    const { pod, uid } = this.#worker;
    return podCgroup(uid, pod.status?.qosClass ?? 'BestEffort');
  }

  #spec(id: string, attempt: number, attachment: PodAttachment, users: UserRange | undefined): SandboxSpec {
    const { node, pod, uid } = this.#worker;
    const { namespace = '', name = '', labels = {}, annotations = {} } = pod.metadata;
    const { hostNetwork = false, hostPID = false, hostIPC = false, shareProcessNamespace = false } = pod.spec ?? {};
    const sysctls = Object.fromEntries(
      (pod.spec?.securityContext?.sysctls ?? []).map(entry => [entry.name, entry.value]),
    );
    return {
      id,
      pod: { namespace, name, uid },
      attempt,
      hostname: hostNetwork ? node.nodeName : hostnameOf(pod),
      hostNetwork,
      hostPid: hostPID,
      hostIpc: hostIPC,
      sharedPid: shareProcessNamespace,
      solitary: isSolitary(pod.spec),
      ...(attachment.netnsPath === undefined ? {} : { netnsPath: attachment.netnsPath }),
      ...(attachment.usernsPath === undefined ? {} : { usernsPath: attachment.usernsPath }),
      ...(attachment.ips[0] === undefined ? {} : { address: attachment.ips[0] }),
      ...(users === undefined ? {} : { users }),
      sysctls,
      logFolder: this.logFolder,
      cgroup: this.#cgroup,
      resources: podLimits(pod),
      labels,
      annotations,
      createdAt_ms: node.clock.now(),
    };
  }

  /** Whether the runtime says that a sandbox is no longer there to start containers in. */
  async ended(id: string): Promise<boolean> {
    const known = await this.#worker.runtime?.listSandboxes().catch(() => undefined);
    return known?.some(({ spec, state }) => spec.id === id && state === 'notready') ?? false;
  }

  /** Ends the pod's processes and gives its address back; logs and records stay until the pod goes. */
  async stop(): Promise<void> {
    const { node, runtime } = this.#worker;
    if (!this.spec || !runtime) return;
    await runtime.stopSandbox(this.spec.id);
    await node.network.detach(this.spec.id);
  }

  /** Removes every trace of the pod from its runtime, the network and the image store. */
  async removeAll(): Promise<void> {
    const { node, runtime, uid } = this.#worker;
    if (!runtime) return;
    const containers = (await runtime.listContainers()).filter(
      ({ spec }) => spec.labels['io.kubernetes.pod.uid'] === uid,
    );
    for (const { spec } of (await runtime.listSandboxes()).filter(sandbox => sandbox.spec.pod.uid === uid)) {
      await runtime.removeSandbox(spec.id);
      await node.network.detach(spec.id);
    }
    node.userRanges.delete(uid);
    for (const { spec } of containers) {
      await runtime.removeContainer(spec.id);
      await node.images.release(spec.id);
    }
  }
}

/** Sidecars run beside the others; what somebody debugs it with is not foreseen. */
function isSolitary(spec: kinds.Pod['spec']): boolean {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return (spec?.containers.length ?? 0) + sidecars.length <= 1;
}

function portsOf({ pod }: PodWorker): PodPort[] {
  return [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].flatMap(container =>
    (container.ports ?? []).map(port => ({
      containerPort: port.containerPort,
      ...(port.hostPort === undefined ? {} : { hostPort: port.hostPort }),
      ...(port.hostIP === undefined ? {} : { hostIp: port.hostIP }),
      protocol: (port.protocol ?? 'TCP') as PodPort['protocol'],
    })),
  );
}
