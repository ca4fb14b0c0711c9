/** How long one pod takes to answer what arrives in a stretch of time: a fluid queue before its servers. */
import type { Random } from '../../../base/index.ts';
import { binomial, draw, ln, mean } from './draw.ts';
import type { Behaviour } from './models.ts';

/** Alike requests of one stretch, told as one. */
export interface Sample {
  readonly latency_ms: number;
  readonly outcome: string;
  readonly count: number;
}

/** At most this many different latencies are drawn of one stretch at one pod. */
const SAMPLES_MAX = 8;

/** What a pod can do: its servers, its CPU limit, and what is waiting before it. */
export class PodServer {
  /** Requests that wait, in whole and parts of them. */
  backlog = 0;
  /** Requests a second that arrived lately. */
  rate = 0;
  /** Requests being served or waiting, on average over the last stretch. */
  inFlight = 0;
  /** CPU in use by requests over the last stretch, cores. */
  cores = 0;
  #at_ms = 0;
  /** Requests that could be served at once. */
  #credit = Number.POSITIVE_INFINITY;
  #arrived = 0;
  #served_ms = Number.NEGATIVE_INFINITY;
  #stretch_ms = 0;

  /** Requests this pod can end in a second; Infinity where nothing holds it. */
  capacity(behaviour: Behaviour, limit_cores: number): number {
    const { latency, cpu } = behaviour;
    const perRequest = cpu ? mean(cpu.perRequest) : 0;
    const byCpu = perRequest > 0 ? limit_cores / perRequest : Number.POSITIVE_INFINITY;
    const service_ms = latency?.kind === 'queue' ? mean(latency.service) : 0;
    const byServers =
      latency?.kind === 'queue' && service_ms > 0
        ? (latency.concurrency * 1000) / service_ms
        : Number.POSITIVE_INFINITY;
    return Math.min(byCpu, byServers);
  }

  /** Takes `count` requests that arrive over the `stretch_ms` before `now_ms`. */
  serve(
    count: number,
    now_ms: number,
    stretch_ms: number,
    behaviour: Behaviour,
    limits: { readonly cores: number; readonly slowness: number },
    random: Random,
  ): Sample[] {
    const { latency, fails = 0, cpu } = behaviour;
    const capacity = this.capacity(behaviour, limits.cores) / limits.slowness;
    const seconds = Math.max(stretch_ms, 1) / 1000;
    if (now_ms !== this.#served_ms) this.#arrived = 0;
    this.#accrue(now_ms, capacity, stretch_ms);
    this.#served_ms = now_ms;
    this.#stretch_ms = stretch_ms;
    this.#arrived += count;
    const arriving = Math.max(this.#arrived / seconds, 0);
    const before = this.backlog;
    const room = latency?.kind === 'queue' && latency.queue !== undefined ? latency.queue : Number.POSITIVE_INFINITY;
    const atOnce = capacity === Number.POSITIVE_INFINITY ? count : Math.min(count, this.#credit);
    if (capacity !== Number.POSITIVE_INFINITY) this.#credit -= atOnce;
    const refused = Math.max(0, Math.min(count, Math.round(before + count - atOnce - room)));
    const waiting = Math.min(before + count - atOnce, room);
    this.backlog = waiting;
    const taken = count - refused;
    const utilisation = capacity === Number.POSITIVE_INFINITY ? 0 : Math.min(arriving / capacity, 0.999);
    const servers = latency?.kind === 'queue' ? latency.concurrency : 1;
    const backlogWait_ms =
      capacity > 0 && capacity !== Number.POSITIVE_INFINITY ? (((before + waiting) / 2) * 1000) / capacity : 0;
    const samples: Sample[] = refused > 0 ? [{ latency_ms: 0, outcome: 'refused', count: refused }] : [];
    const kinds = Math.min(taken, SAMPLES_MAX);
    for (let at = 0; at < kinds; at++) {
      const share = Math.floor((taken * (at + 1)) / kinds) - Math.floor((taken * at) / kinds);
      const service_ms = serviceTime(behaviour, random) * limits.slowness;
      const wait_ms = waitTime(utilisation, servers, service_ms, random) + backlogWait_ms;
      const failed = fails > 0 ? binomial(share, fails, random) : 0;
      const latency_ms = service_ms + wait_ms;
      if (share > failed) samples.push({ latency_ms, outcome: 'ok', count: share - failed });
      if (failed > 0) samples.push({ latency_ms, outcome: 'error', count: failed });
    }
    this.rate = arriving;
    const perRequest = cpu ? mean(cpu.perRequest) : 0;
    this.cores = Math.min(arriving * perRequest, limits.cores);
    this.inFlight = waiting + Math.min(servers, arriving * (mean(serviceOf(behaviour)) / 1000));
    return samples;
  }

  /** What the pod looks like when nothing has arrived for a while. */
  idle(now_ms: number, behaviour: Behaviour, limit_cores: number): void {
    this.#accrue(now_ms, this.capacity(behaviour, limit_cores), this.#stretch_ms);
    // The next stretch of a steady load may be twice as long as the one before.
    if (now_ms <= this.#served_ms + 2 * this.#stretch_ms) return;
    this.rate = 0;
    this.cores = 0;
    this.inFlight = this.backlog;
  }

  /** Time brings capacity, up to a stretch's worth in store; what waits takes of it first. */
  #accrue(now_ms: number, capacity: number, stretch_ms: number): void {
    if (capacity === Number.POSITIVE_INFINITY) {
      this.backlog = 0;
      return;
    }
    const most = (capacity * Math.max(stretch_ms, 1)) / 1000;
    const fresh = now_ms === this.#at_ms ? 0 : (capacity * (now_ms - this.#at_ms)) / 1000;
    this.#credit = Math.min(this.#credit + fresh, most);
    const taken = Math.min(this.backlog, this.#credit);
    this.backlog -= taken;
    this.#credit -= taken;
    this.#at_ms = now_ms;
  }
}

const NONE = { kind: 'fixed', value: 0 } as const;

function serviceOf({ latency }: Behaviour): Parameters<typeof mean>[0] {
  if (!latency) return NONE;
  return latency.kind === 'queue' ? latency.service : latency.time;
}

const serviceTime = (behaviour: Behaviour, random: Random): number => draw(serviceOf(behaviour), random);

/** Waiting before `servers` servers at a utilisation: none with the probability of a free one, else exponential (M/M/c, Sakasegawa). */
function waitTime(utilisation: number, servers: number, service_ms: number, random: Random): number {
  if (utilisation <= 0) return 0;
  // Share that has to wait, as the square-root rule of many servers has it.
  const exponent = Math.sqrt(2 * (servers + 1)) - 1;
  let busy = 1;
  for (let step = 0; step < Math.floor(exponent); step++) busy *= utilisation;
  busy *= 1 - (exponent - Math.floor(exponent)) * (1 - utilisation);
  if (random.next() >= busy) return 0;
  return (-ln(1 - random.next()) * service_ms) / (servers * (1 - utilisation));
}
