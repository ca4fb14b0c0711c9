import type { Clock, Timer } from '../../base/index.ts';
import { type HealthPort, type HostPortRule, hostTable, routerTable, type ServicePort } from '../engine/services.ts';
import type { PodInterface } from '../ports.ts';
import { HealthPorts } from './healthports.ts';
import { applyNft, withoutTable } from './nft.ts';
import { familyOf, GATEWAY, nodeAddress, type Router } from './router.ts';

/** Changes that come together are written together. */
const GATHER_MS = 5;
const RETRY_MS = 1000;

export interface ServiceSyncOptions {
  readonly clock: Clock;
  readonly router: Router;
  readonly table: string;
  readonly podCidrs: readonly string[];
  readonly serviceCidrs: () => readonly string[];
  /** The wanted state, read when it is written. */
  readonly services: () => readonly ServicePort[];
  /** Ports load balancers ask on, read likewise. */
  readonly healthPorts: () => readonly HealthPort[];
  readonly interfaces: () => readonly PodInterface[];
  readonly report: (error: unknown) => void;
}

/** Keeps the router's and the host's tables as Services and host ports ask, each write one transaction. */
export class ServiceSync {
  readonly #options: ServiceSyncOptions;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  #written = { router: '', host: '' };
  readonly #health: HealthPorts;

  constructor(options: ServiceSyncOptions) {
    this.#options = options;
    this.#health = new HealthPorts(options.report);
  }

  /** Something changed; soon the tables will say so. */
  touch(delay_ms = GATHER_MS): void {
    if (this.#stopped || this.#timer) return;
    this.#timer = this.#options.clock.after(delay_ms, () => {
      this.#timer = undefined;
      this.#running = this.#running.then(() => this.#write());
    });
  }

  /** Resolves when everything touched so far is in the kernel. */
  async settled(): Promise<void> {
    while (this.#timer) {
      this.#timer.cancel();
      this.#timer = undefined;
      this.#running = this.#running.then(() => this.#write());
    }
    await this.#running;
  }

  async #write(): Promise<void> {
    const { router, table, podCidrs } = this.#options;
    try {
      const services = this.#options.services();
      const serviceCidrs = this.#options.serviceCidrs();
      const nodeAddresses = Object.fromEntries(podCidrs.map(cidr => [familyOf(cidr), nodeAddress(cidr)]));
      const inner = routerTable({ table, services, serviceCidrs, nodeAddresses, nodePortAddress: GATEWAY[4] });
      const outer = hostTable({
        table,
        device: router.device,
        podCidrs,
        nodePortAddress: GATEWAY[4],
        nodePorts: nodePortsOf(services),
        hostPorts: this.#options.interfaces().flatMap(hostPortsOf),
      });
      const texts = { router: JSON.stringify(inner), host: JSON.stringify(outer) };
      if (texts.router !== this.#written.router) await applyNft(inner, router.path);
      if (texts.host !== this.#written.host) await applyNft(outer);
      this.#written = texts;
      await this.#health.set(this.#options.healthPorts());
    } catch (error) {
      this.#options.report(error);
      this.touch(RETRY_MS);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
    await this.#health[Symbol.asyncDispose]();
  }

  /** Takes the host's table away; the router's goes with its namespace. */
  async remove(): Promise<void> {
    await this.stop();
    await applyNft(withoutTable(this.#options.table));
  }
}

function nodePortsOf(services: readonly ServicePort[]): { protocol: string; port: number }[] {
  const found = new Map<string, { protocol: string; port: number }>();
  for (const { nodePort, protocol, family } of services) {
    if (nodePort !== undefined && family === 4) found.set(`${protocol}/${nodePort}`, { protocol, port: nodePort });
  }
  return [...found.values()];
}

function hostPortsOf({ attachment, hostPorts }: PodInterface): HostPortRule[] {
  return hostPorts.flatMap(({ protocol, hostPort, hostIp, containerPort }) => {
    if (hostPort === undefined) return [];
    const everywhere = !hostIp || hostIp === '0.0.0.0' || hostIp === '::';
    const ips = attachment.ips.filter(ip => everywhere || ip.includes(':') === hostIp.includes(':'));
    const at = everywhere ? {} : { hostIp };
    return ips.map(address => ({ protocol, hostPort, ...at, address, port: containerPort }));
  });
}
