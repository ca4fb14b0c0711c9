/** Admission webhooks of a run: pods behind Services, or hosts outside, that answer as the scenario says. */
import { type Clock, type Random, sleep } from '../../../base/index.ts';
import type { JsonObject, WebhookTarget } from '../../../kernel/index.ts';
import { placeOf } from '../../../kernel/drivers/webhook-http.ts';
import { endpointResolver } from '../../node/webhooks.ts';
import type { ApiServer } from '../apiserver.ts';
import type { Links } from '../links.ts';
import type { Reviewed } from '../model.ts';
import { CONTROL } from '../process-client.ts';
import type { NetworkModel, WebhookModel } from '../scenario/model.ts';
import { draw } from './draw.ts';
import type { Askable } from './traffic.ts';
import { wayBetween } from './way.ts';
import { type Review, WebhookAnswers } from './webhook-answers.ts';

const INTERNET = 'internet';

export interface WebhookParts {
  readonly models: readonly WebhookModel[];
  readonly clock: Clock;
  readonly random: Random;
  readonly links: Links;
  readonly network: NetworkModel;
  readonly api: ApiServer;
  readonly pod: (address: string) => Askable | undefined;
  /** Whether a disruption keeps this Service or host from answering; whether its serving certificate has expired. */
  readonly silent: (holder: string) => boolean;
  readonly expired: (holder: string) => boolean;
  /** Milliseconds until a lookup of the host has failed; undefined where it is answered. */
  readonly unnamed: (host: string) => number | undefined;
  readonly reviewed: (webhook: string, outcome: Reviewed['outcome']) => void;
}

type Place = Awaited<ReturnType<typeof placeOf>>;

/** Why a call got no answer, and after how long. */
class NoAnswer extends Error {}

export class WebhookServers {
  readonly #parts: WebhookParts;
  readonly #answers: WebhookAnswers;

  constructor(parts: WebhookParts) {
    this.#parts = parts;
    this.#answers = new WebhookAnswers(parts.models);
  }

  /** Services and hosts that answer. */
  holders(): readonly string[] {
    return this.#answers.holders();
  }

  /** As WebhookPort.call: the AdmissionReview that answers, in virtual time. */
  async call(target: WebhookTarget, review: unknown, timeout_ms: number): Promise<unknown> {
    const { reviewed, api } = this.#parts;
    const { service } = target;
    const resolve = endpointResolver(() => api.kernel!.client());
    const place = await placeOf(target, resolve).catch((error: unknown) => {
      if (service) reviewed(`${service.namespace}/${service.name}`, 'failed');
      throw error;
    });
    const holder = service ? `${service.namespace}/${service.name}` : place.url.hostname;
    const post = `failed to call webhook: Post "${place.url.href}?timeout=${timeout_ms / 1_000}s"`;
    try {
      const answer = await this.#asked(holder, place, review as Review, timeout_ms);
      reviewed(holder, (answer.response as JsonObject).allowed ? 'allowed' : 'denied');
      return answer;
    } catch (error) {
      reviewed(holder, 'failed');
      if (error instanceof NoAnswer) throw new Error(`${post}: ${error.message}`, { cause: error });
      throw error;
    }
  }

  async #asked(holder: string, place: Place, review: Review, timeout_ms: number): Promise<JsonObject> {
    const { clock, random, silent, expired } = this.#parts;
    const late = async (): Promise<never> => {
      await sleep(clock, timeout_ms);
      throw new NoAnswer('context deadline exceeded');
    };
    const way_ms = await this.#reach(holder, place, late);
    if (silent(holder)) return late();
    if (expired(holder)) {
      await sleep(clock, way_ms);
      const now = new Date(clock.now()).toISOString().replace(/\.\d{3}Z$/, 'Z');
      throw new NoAnswer(
        `tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time ${now} is after its end`,
      );
    }
    const model = this.#answers.model(holder, place.url.pathname);
    const took_ms = way_ms + (model ? draw(model.latency, random) * this.#slowness(place) : 0);
    if (took_ms > timeout_ms) return late();
    await sleep(clock, took_ms);
    const { status, body } = this.#answers.to(holder, place.url.pathname, review);
    if (status !== 200) throw new NoAnswer(`the server answered ${status}: ${body}`);
    return JSON.parse(body) as JsonObject;
  }

  /** Milliseconds there and back; rejects where nobody can be reached. */
  async #reach(holder: string, { host, port }: Place, late: () => Promise<never>): Promise<number> {
    const { links, network, random, pod, unnamed, clock } = this.#parts;
    const outside = !holder.includes('/');
    const found = outside ? undefined : pod(host);
    if (!outside && !found?.machine.on) return late();
    if (found && !found.machine.answers(found.record))
      throw new NoAnswer(`dial tcp ${host}:${port}: connect: connection refused`);
    if (outside) {
      const unnamed_ms = unnamed(host);
      if (unnamed_ms !== undefined) {
        await sleep(clock, unnamed_ms);
        throw new NoAnswer(`dial tcp: lookup ${host}: no such host`);
      }
    }
    const way = wayBetween(links, network, CONTROL, found ? `kubelet/${found.machine.name}` : INTERNET, random);
    if (!way || (way.loss > 0 && random.next() < way.loss)) return late();
    return way.latency_ms;
  }

  #slowness({ host }: Place): number {
    return this.#parts.pod(host)?.machine.slowness ?? 1;
  }
}
