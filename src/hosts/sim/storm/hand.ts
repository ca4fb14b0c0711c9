/** Calls of a person with a command line: tried again where the API does not answer, given up where it says no. */
import { sleep } from '../../../base/index.ts';
import { type Client, type KubeObject, type ResourceRef, StatusError } from '../../../kernel/index.ts';
import type { ProcessParts } from '../model.ts';
import type { PodObject } from './pods.ts';
import * as refs from './refs.ts';
import { Draw, NAMESPACE } from './workload.ts';

const TRIES = 12;
/** Pause before the next try. */
export const AGAIN_MS = 1_500;

export const at = (name: string, namespace = NAMESPACE): { namespace: string; name: string } => ({ namespace, name });

export type HandParts = Pick<ProcessParts, 'client' | 'clock' | 'random'>;

export class Hand {
  readonly draw: Draw;
  readonly #parts: HandParts;

  constructor(parts: HandParts) {
    this.#parts = parts;
    this.draw = new Draw(parts.random);
  }

  get client(): Client {
    return this.#parts.client;
  }

  wait(ms: number): Promise<void> {
    return sleep(this.#parts.clock, ms);
  }

  /** Undefined when it is refused for good, or nobody answered however often. */
  async try<T>(act: () => Promise<T>, patient = true): Promise<T | undefined> {
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        const { code } = error;
        const passing = code >= 500 || code === 409 || (code === 429 && patient);
        if (!passing) return undefined;
        await this.wait(AGAIN_MS);
      }
    }
    return undefined;
  }

  async create(ref: ResourceRef, object: KubeObject): Promise<void> {
    const { namespace } = object.metadata;
    await this.try(async () => {
      try {
        await this.client.create(ref, object, namespace ? { namespace } : {});
      } catch (error) {
        if (!(error instanceof StatusError && error.reason === 'AlreadyExists')) throw error;
      }
    });
  }

  async patch(ref: ResourceRef, name: string, patch: object, type: 'merge' | 'strategic' = 'merge'): Promise<void> {
    await this.try(() => this.client.patch(ref, at(name), { type, patch: patch as never }));
  }

  async remove(ref: ResourceRef, name: string, options: object = {}): Promise<void> {
    await this.try(() => this.client.delete(ref, at(name), options));
  }

  async podsOf(app: string): Promise<PodObject[]> {
    const found = await this.try(() =>
      this.client.list<PodObject>(refs.PODS, { namespace: NAMESPACE, labelSelector: `app=${app}` }),
    );
    return found?.items ?? [];
  }
}
