import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inNetns, removeNetns, SystemCallError } from '../../ebpf/drivers/system.ts';
import { parseAddress } from '../engine/addresses.ts';
import { networkFaults } from '../faults.ts';
import type { Attachment, AttachRequest, HostPort, PodConnection, PodInterface, PodNetwork } from '../ports.ts';
import { connectionOf, dialInside } from './dial.ts';
import { AddressPool } from './ipam.ts';
import { withNetlink } from './netlink.ts';
import {
  familyOf,
  GATEWAY,
  GATEWAY_MAC,
  isNetns,
  makeNetns,
  NETNS_FOLDER,
  nodeAddress,
  Router,
  type RouterOptions,
} from './router.ts';

export interface PodNetworkOptions extends RouterOptions {
  /** Folder of the node's records: one file an attachment. */
  readonly folder: string;
  readonly nameservers: readonly string[];
  /** What a pod may send at once: what fits the tunnel to other nodes, so that no packet has to be refused on the way. */
  readonly podMtu?: number;
  /** Told after pods came or went. */
  readonly changed?: (interfaces: readonly PodInterface[]) => void;
}

interface Record {
  readonly attachment: Attachment;
  readonly isolation: 'namespace' | 'address' | 'host';
  readonly hostPorts: readonly HostPort[];
  readonly cgroup?: string;
}

/** Every namespace's first device (LOOPBACK_IFINDEX of the kernel). */
const LOOPBACK_INDEX = 1;

/** Device names are 15 bytes at most; sandbox ids may be 64. */
export function deviceOf(sandboxId: string): string {
  return `v${createHash('sha256').update(sandboxId).digest('hex').slice(0, 14)}`;
}

/** `0a:54` and the last four bytes of the address: no two pods of a node share one. */
function podMac(address: string): string {
  const value = (parseAddress(address)?.value ?? 0n) & 0xffffffffn;
  return `0a:54:${value.toString(16).padStart(8, '0').match(/../g)!.join(':')}`;
}

/**
 * A network namespace and addresses a pod, joined to the node's router by a veth pair with routes and permanent
 * neighbours only (no bridge, no ARP). Needs root. Records are files, so that a restart adopts what is there.
 */
export class RoutedPodNetwork implements PodNetwork {
  readonly router: Router;
  readonly #options: PodNetworkOptions;
  readonly #pools: readonly AddressPool[];
  readonly #records = new Map<string, Record>();

  constructor(options: PodNetworkOptions) {
    this.#options = options;
    this.router = new Router(options);
    this.#pools = options.podCidrs.map(cidr => new AddressPool(cidr));
  }

  /** Makes the router and adopts attachments whose namespaces still exist; the others' addresses are free again. */
  open(): void {
    mkdirSync(this.#options.folder, { recursive: true, mode: 0o700 });
    this.router.ensure();
    for (const name of readdirSync(this.#options.folder)) {
      if (!name.endsWith('.json')) continue;
      const record = JSON.parse(readFileSync(join(this.#options.folder, name), 'utf8')) as Record;
      const { netnsPath } = record.attachment;
      if (netnsPath !== undefined && !isNetns(netnsPath)) {
        rmSync(join(this.#options.folder, name));
        continue;
      }
      this.#records.set(record.attachment.sandboxId, record);
      for (const ip of record.attachment.ips) for (const pool of this.#pools) pool.take(ip);
    }
    this.#announce();
  }

  attach(request: AttachRequest): Promise<Attachment> {
    // Everything below is a handful of system calls; an exception becomes a rejection.
    return Promise.try(() => this.#attach(request));
  }

  #attach(request: AttachRequest): Attachment {
    const known = this.#records.get(request.sandboxId);
    if (known) return known.attachment;
    this.#refuseTakenPorts(request);
    const hostPorts = request.ports.filter(port => port.hostPort !== undefined);
    const { pod, sandboxId } = request;
    const nameservers = this.#options.nameservers;
    if (request.hostNetwork) {
      const ips = this.#options.podCidrs.map(nodeAddress);
      return this.#addOnHost({
        attachment: { pod, sandboxId, ips, nameservers },
        isolation: 'host',
        hostPorts: [],
        ...(request.cgroup === undefined ? {} : { cgroup: request.cgroup }),
      });
    }
    const ips: string[] = [];
    try {
      for (const pool of this.#pools) ips.push(pool.allocate());
      if (request.isolation === 'address') {
        this.#addToHost(ips);
        return this.#keep({ attachment: { pod, sandboxId, ips, nameservers }, isolation: 'address', hostPorts });
      }
      const netnsPath = `${NETNS_FOLDER}/tenon-${this.#options.stateId}-${sandboxId}`;
      this.#addPod(netnsPath, deviceOf(sandboxId), ips);
      return this.#keep({
        attachment: { pod, sandboxId, ips, netnsPath, nameservers },
        isolation: 'namespace',
        hostPorts,
      });
    } catch (error) {
      for (const ip of ips) for (const pool of this.#pools) pool.free(ip);
      throw error;
    }
  }

  #refuseTakenPorts(request: AttachRequest): void {
    for (const wanted of request.ports) {
      if (wanted.hostPort === undefined) continue;
      for (const { attachment, hostPorts } of this.#records.values()) {
        const clash = hostPorts.some(
          port =>
            port.hostPort === wanted.hostPort &&
            port.protocol === wanted.protocol &&
            (!port.hostIp || !wanted.hostIp || port.hostIp === wanted.hostIp),
        );
        if (!clash) continue;
        const { namespace, name } = attachment.pod;
        const params = { port: wanted.hostPort, protocol: wanted.protocol, pod: `${namespace}/${name}` };
        throw networkFaults.error('host-port-taken', params);
      }
    }
  }

  #addPod(netnsPath: string, device: string, ips: readonly string[]): void {
    // Left by an attach that never got as far as its record.
    removeNetns(netnsPath);
    makeNetns(netnsPath);
    const netns = openSync(netnsPath, 'r');
    const mac = podMac(ips[0]!);
    try {
      this.router.inside(() =>
        withNetlink(router => {
          router.addVeth(device, GATEWAY_MAC, 'eth0', mac, netns, this.#options.podMtu ?? this.#options.mtu);
          const index = router.index(device);
          router.up(index);
          for (const ip of ips) {
            router.route(ip, { device: index });
            router.neighbour(index, ip, mac);
          }
        }),
      );
      inNetns(netnsPath, () =>
        withNetlink(pod => {
          pod.up(LOOPBACK_INDEX);
          const index = pod.index('eth0');
          for (const ip of ips) pod.addAddress(index, `${ip}/${familyOf(ip) === 4 ? 32 : 128}`);
          pod.up(index);
          for (const ip of ips) {
            const gateway = GATEWAY[familyOf(ip)];
            pod.neighbour(index, gateway, GATEWAY_MAC);
            pod.route(familyOf(ip) === 4 ? '0.0.0.0/0' : '::/0', { device: index, gateway, onLink: true });
          }
        }),
      );
    } catch (error) {
      removeNetns(netnsPath);
      const detail = error instanceof Error ? error.message : String(error);
      throw networkFaults.error('command-failed', { command: 'rtnetlink', detail }, undefined, { cause: error });
    } finally {
      closeSync(netns);
    }
  }

  /** A server without a namespace of its own binds to a pod address that the host holds. */
  #addToHost(ips: readonly string[]): void {
    withNetlink(host => {
      const index = host.index(this.router.device);
      for (const ip of ips) host.addAddress(index, `${ip}/${familyOf(ip) === 4 ? 32 : 128}`);
    });
    this.router.routeToHostEnd(ips);
  }

  /** A pod on the node's network: whoever is told may refuse it. */
  #addOnHost(record: Record): Attachment {
    try {
      return this.#keep(record);
    } catch (error) {
      this.#forget(record.attachment.sandboxId);
      throw error;
    }
  }

  #keep(record: Record): Attachment {
    const { sandboxId } = record.attachment;
    const file = join(this.#options.folder, `${sandboxId}.json`);
    // Namespaces do not outlive the machine, so neither must the record: a rename is enough, no fsync.
    writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    this.#records.set(sandboxId, record);
    this.#announce();
    return record.attachment;
  }

  detach(sandboxId: string): Promise<void> {
    return Promise.try(() => {
      const record = this.#records.get(sandboxId);
      if (!record) return;
      const { netnsPath, ips } = record.attachment;
      if (netnsPath) {
        // The kernel takes the pair of devices away with the namespace, without anyone waiting for it.
        removeNetns(netnsPath);
      }
      if (record.isolation === 'address') this.#removeFromHost(ips);
      if (record.isolation !== 'host') for (const ip of ips) for (const pool of this.#pools) pool.free(ip);
      this.#forget(sandboxId);
      this.#announce();
    });
  }

  #forget(sandboxId: string): void {
    this.#records.delete(sandboxId);
    rmSync(join(this.#options.folder, `${sandboxId}.json`), { force: true });
  }

  #removeFromHost(ips: readonly string[]): void {
    withNetlink(host => {
      const index = host.index(this.router.device);
      for (const ip of ips) {
        try {
          host.removeAddress(index, `${ip}/${familyOf(ip) === 4 ? 32 : 128}`);
        } catch (error) {
          if (!(error instanceof SystemCallError)) throw error;
        }
      }
    });
  }

  list(): Promise<readonly Attachment[]> {
    return Promise.resolve([...this.#records.values()].map(record => record.attachment));
  }

  /** Every pod with its device, for policy and host ports. */
  interfaces(): PodInterface[] {
    return [...this.#records.values()].map(({ attachment, hostPorts, isolation, cgroup }) => ({
      attachment,
      device: isolation === 'namespace' ? deviceOf(attachment.sandboxId) : '',
      hostPorts,
      ...(isolation === 'host' ? { host: cgroup === undefined ? {} : { group: cgroup } } : {}),
    }));
  }

  async dial(sandboxId: string, port: number, signal: AbortSignal): Promise<PodConnection> {
    const attachment = this.#records.get(sandboxId)?.attachment;
    if (!attachment) throw networkFaults.error('sandbox-unknown', { sandbox: sandboxId });
    const { netnsPath, ips, pod } = attachment;
    try {
      return connectionOf(await dialInside(netnsPath, netnsPath ? '127.0.0.1' : ips[0]!, port, signal));
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      const params = { port, pod: `${pod.namespace}/${pod.name}`, detail };
      throw networkFaults.error('dial-failed', params, undefined, { cause: error });
    }
  }

  #announce(): void {
    this.#options.changed?.(this.interfaces());
  }

  /** Removes every pod's namespace, the router and the records: nothing of this state stays on the machine. */
  remove(): void {
    for (const name of this.#namespaces()) removeNetns(join(NETNS_FOLDER, name));
    this.router.remove();
    this.#records.clear();
    rmSync(this.#options.folder, { recursive: true, force: true });
  }

  #namespaces(): string[] {
    try {
      return readdirSync(NETNS_FOLDER).filter(name => name.startsWith(`tenon-${this.#options.stateId}-`));
    } catch {
      return [];
    }
  }
}
