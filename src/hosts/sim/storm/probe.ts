/** Asks again and again for what a policy of the cluster denies: denied stays denied, whatever crashes in between. */
import type { VirtualClock } from '../../../base/index.ts';
import type { Client, KubeObject } from '../../../kernel/index.ts';
import type { Violation } from '../model.ts';
import * as refs from './refs.ts';
import { NAMESPACE, REFUSED } from './workload.ts';

export class Probe {
  readonly #client: Client;
  readonly #clock: VirtualClock;
  readonly #violated: (violation: Violation) => void;
  #number = 0;

  constructor(client: Client, clock: VirtualClock, violated: (violation: Violation) => void) {
    this.#client = client;
    this.#clock = clock;
    this.#violated = violated;
  }

  every(period_ms: number): void {
    void this.#ask();
    this.#clock.after(period_ms, () => this.every(period_ms));
  }

  async #ask(): Promise<void> {
    const name = `refused-${++this.#number}`;
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: NAMESPACE, labels: { [REFUSED]: 'yes' } },
      spec: { containers: [{ name: 'c', image: 'serve:refused' }] },
    } as unknown as KubeObject;
    const made = await this.#client.create(refs.PODS, pod, { namespace: NAMESPACE, dryRun: true }).then(
      () => true,
      () => false,
    );
    if (made)
      this.#violated({
        t: this.#clock.monotonic(),
        invariant: 'denied',
        about: `${NAMESPACE}/${name}`,
        message: 'was let in though a policy denies it before and after',
      });
  }
}
