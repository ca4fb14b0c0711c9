import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '../../kernel/index.ts';
import type { OpenNetwork } from '../../compute/agent/node-torture.ts';
import { startNetwork } from '../../network/index.ts';
import { inNetns } from '../../ebpf/drivers/system.ts';
import { addressPlan, firstRanges } from './addresses.ts';
import { systemClock, systemRandom } from './ports.ts';
import { stateId } from './state.ts';

const NETNS = '/run/netns';

/** Devices of pods in the router's namespace: each is `v` and 14 digits. */
function podDevices(router: string): string[] {
  if (!existsSync(router)) return [];
  const table = inNetns(router, () => readFileSync('/proc/thread-self/net/dev', 'utf8'));
  return table.split('\n').flatMap(line => /^\s*(v[0-9a-f]{14}):/.exec(line)?.[1] ?? []);
}

/** The real network of a node that is opened again and again on one folder, and taken off the machine at the end. */
export class TorturedNetwork implements AsyncDisposable {
  readonly #id = stateId(`torture${randomBytes(4).toString('hex')}`);
  readonly #folder = mkdtempSync(join(tmpdir(), 'tenon-torture-network-'));
  #remove: (() => Promise<void>) | undefined;

  readonly open = async (client: Client): Promise<OpenNetwork> => {
    const plan = addressPlan(this.#id);
    const network = await startNetwork({
      client,
      clock: systemClock,
      random: systemRandom(),
      nodeName: 'n1',
      stateId: this.#id,
      folder: this.#folder,
      podCidrs: firstRanges(plan),
      serviceCidrs: plan.serviceCidrs,
      dnsAddresses: plan.dns,
    });
    this.#remove = () => network.remove();
    return {
      podNetwork: network.podNetwork,
      left: () => this.#left(),
      [Symbol.asyncDispose]: () => network[Symbol.asyncDispose](),
    };
  };

  #left(): string[] {
    const own = `tenon-${this.#id}`;
    const spaces = existsSync(NETNS) ? readdirSync(NETNS).filter(name => name.startsWith(`${own}-`)) : [];
    return [...spaces, ...podDevices(join(NETNS, own)), ...readdirSync(join(this.#folder, 'pods'))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#remove?.();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
