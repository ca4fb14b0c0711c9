import { redirectTable } from '../engine/redirects.ts';
import type { Request } from '../engine/requests.ts';
import { requestMatches } from '../engine/requests.ts';
import type { PolicyWatch } from '../policies.ts';
import type { PodInterface } from '../ports.ts';
import { applyNft, withoutTable } from './nft.ts';
import { type Connection, type Outcome, RequestProxy } from './requestproxy.ts';
import type { Router } from './router.ts';

export interface RequestSyncOptions {
  readonly router: Router;
  readonly table: string;
  readonly policy: PolicyWatch;
  readonly interfaces: () => readonly PodInterface[];
  readonly told: (outcome: Outcome) => void;
  readonly report: (problem: unknown) => void;
}

/** Leads connections of which only some requests are allowed through a proxy that reads them; without any it is not there. */
export class RequestSync implements AsyncDisposable {
  readonly #options: RequestSyncOptions;
  #proxy: RequestProxy | undefined;
  #written = '';
  #dirty = false;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: RequestSyncOptions) {
    this.#options = options;
  }

  /** Policies or pods changed. Until the table follows, what it does not lead here is refused by the policy program. */
  touch(): void {
    if (this.#dirty || this.#stopped) return;
    this.#dirty = true;
    this.#running = this.#running.then(() => this.#write()).catch(this.#options.report);
  }

  #needed(): boolean {
    if (this.#written !== '') return true;
    for (const { rules } of this.#options.policy.decisions.policies())
      if (rules.some(rule => rule.requests?.kind === 'http')) return true;
    return false;
  }

  async #write(): Promise<void> {
    this.#dirty = false;
    if (this.#stopped || !this.#needed()) return;
    const { router, policy, interfaces, told } = this.#options;
    const table = `${this.#options.table}-requests`;
    if (!this.#proxy) {
      router.ensureDiverted();
      const decide = (connection: Connection, request?: Request): boolean => this.#decide(connection, request);
      this.#proxy = new RequestProxy({ netnsPath: router.path, decide, told });
      await this.#proxy.start();
    }
    const local = interfaces().flatMap(({ attachment, device }) =>
      attachment.ips.map(address => ({ address, device })),
    );
    const { decisions, addresses } = policy;
    const made = redirectTable({ table, decisions, addresses, local, ports: this.#proxy.ports });
    const text = made ? JSON.stringify(made) : '';
    if (text === this.#written) return;
    await applyNft(made ?? withoutTable(table), router.path);
    this.#written = text;
  }

  /** Both sides must allow the connection, and each that reads requests the request. */
  #decide({ client, server, port }: Connection, request: Request | undefined): boolean {
    const { decisions, addresses } = this.#options.policy;
    const numberOf = (address: string): number => addresses.get(address) ?? decisions.addressIdentity(address);
    const [source, destination] = [numberOf(client), numberOf(server)];
    if (!decisions.decide(source, destination, 'TCP', port)) return false;
    if (!request) return true;
    const walks = [
      decisions.walkOf('egress', source, destination, 'TCP', port),
      decisions.walkOf('ingress', destination, source, 'TCP', port),
    ];
    return walks.every(walk => !walk?.requests || walk.requests.some(each => requestMatches(each, request)));
  }

  async settled(): Promise<void> {
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await this.#proxy?.[Symbol.asyncDispose]();
  }
}
