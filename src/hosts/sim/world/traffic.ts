/** Loads and request graphs: what is asked of whom in each stretch of time, and what comes back. */
import type { Random, Timer, VirtualClock } from '../../../base/index.ts';
import type { Links } from '../links.ts';
import type { Traffic } from '../model.ts';
import type { CallModel, Load, NetworkModel, RequestTarget } from '../scenario/model.ts';
import { nextChange, rateAt } from '../scenario/rate.ts';
import { binomial, poisson } from './draw.ts';
import type { Machine, PodRecord } from './machine.ts';
import { workloadOf } from './models.ts';
import type { Reach, RequestHead, RequestSource } from './reach-port.ts';
import { PodServer, type Sample } from './server.ts';
import { wayBetween } from './way.ts';

/** Stretches begin this long and grow while nothing changes. */
const STRETCH_MS = 1_000;
const STRETCH_MS_MAX = 15_000;
/** Calls go this deep; a graph that goes round ends there. */
const DEPTH_MAX = 16;
/** A caller without a time-out of its own gives up after this (connect(2) on Linux: about two minutes). */
const UNANSWERED_MS = 127_000;
/** How many different results one call gives its caller. */
const RESULTS_MAX = 8;

/** A pod that can be asked: found by its address. */
export interface Askable {
  readonly machine: Machine;
  readonly record: PodRecord;
}

export interface TrafficParts {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly links: Links;
  /** Between places no link speaks of. */
  readonly network: NetworkModel;
  readonly reach: Reach;
  readonly pod: (address: string) => Askable | undefined;
  readonly told: (traffic: Traffic) => void;
  /** Milliseconds until a lookup of the name has failed; undefined where it is answered. */
  readonly nameFailure: (to: RequestTarget) => number | undefined;
}

interface Running {
  readonly load: Load;
  readonly began_ms: number;
  timer?: Timer;
  stretch_ms: number;
  seen: number;
  rate: number;
  /** Parts of a request that are still owed. */
  owed: number;
  arrivals: number;
}

interface Asker {
  readonly name: string;
  readonly source: RequestSource;
  readonly place: string;
}

export class TrafficEngine {
  readonly #parts: TrafficParts;
  readonly #loads = new Map<string, Running>();
  readonly #servers = new Map<string, PodServer>();
  #turn = 0;

  constructor(parts: TrafficParts) {
    this.#parts = parts;
  }

  send(load: Load): void {
    this.stop(load.name);
    const { clock } = this.#parts;
    const running: Running = {
      load,
      began_ms: clock.monotonic(),
      stretch_ms: STRETCH_MS,
      seen: -1,
      rate: 0,
      owed: 0,
      arrivals: 0,
    };
    this.#loads.set(load.name, running);
    this.#plan(running);
  }

  stop(name: string): void {
    this.#loads.get(name)?.timer?.cancel();
    this.#loads.delete(name);
  }

  /** What a pod is busy with; undefined where it was never asked. */
  server(uid: string): PodServer | undefined {
    return this.#servers.get(uid);
  }

  forget(uid: string): void {
    this.#servers.delete(uid);
  }

  #plan(running: Running): void {
    const { clock } = this.#parts;
    const { load } = running;
    const t = clock.monotonic() - running.began_ms;
    const end = load.for_ms ?? Number.POSITIVE_INFINITY;
    if (t >= end) {
      this.#loads.delete(load.name);
      return;
    }
    const change = nextChange(load.rate, t);
    const stretch_ms = Math.max(1, Math.min(running.stretch_ms, change - t, end - t));
    running.timer = clock.after(stretch_ms, () => {
      this.#stretch(running, t, stretch_ms);
      this.#plan(running);
    });
  }

  #stretch(running: Running, from_ms: number, stretch_ms: number): void {
    const { load } = running;
    const { reach, clock } = this.#parts;
    const count = this.#count(running, from_ms, stretch_ms);
    const rate = (count * 1000) / stretch_ms;
    const steady =
      reach.version === running.seen && Math.abs(rate - running.rate) <= 0.2 * Math.max(rate, running.rate, 1);
    running.seen = reach.version;
    running.rate = rate;
    running.stretch_ms = steady ? Math.min(running.stretch_ms * 2, STRETCH_MS_MAX) : STRETCH_MS;
    if (count === 0) return;
    const asker = askerOf(load);
    const head = { method: load.method, headers: load.headers };
    const results = this.#ask(asker, load.to, head, count, stretch_ms, 0, {
      timeout_ms: load.timeout_ms,
      retries: load.retries,
    });
    this.#tell(load.name, load.to, results, clock.monotonic());
  }

  #count(running: Running, from_ms: number, stretch_ms: number): number {
    const { load } = running;
    const { rate } = load;
    if (rate.kind === 'arrivals') return arrivalsIn(running, rate, from_ms, from_ms + stretch_ms);
    const expected = (rateAt(rate, from_ms + stretch_ms / 2) * stretch_ms) / 1000;
    if (load.spacing === 'poisson') return poisson(expected, this.#parts.random);
    running.owed += expected;
    const whole = Math.floor(running.owed + 1e-9);
    running.owed -= whole;
    return whole;
  }

  /** Asks `count` times and gives what came back; failures are asked again as often as the caller retries. */
  #ask(
    asker: Asker,
    to: RequestTarget,
    head: RequestHead,
    count: number,
    stretch_ms: number,
    depth: number,
    { timeout_ms, retries }: { timeout_ms?: number; retries: number },
  ): Sample[] {
    const limit_ms = timeout_ms ?? UNANSWERED_MS;
    let again = count;
    let spent_ms = 0;
    const results: Sample[] = [];
    for (let attempt = 0; again > 0; attempt++) {
      const answers = this.#once(asker, to, head, again, stretch_ms, depth).map(answer =>
        answer.latency_ms > limit_ms
          ? { ...answer, latency_ms: limit_ms, outcome: answer.outcome === 'ok' ? 'timeout' : answer.outcome }
          : answer,
      );
      again = 0;
      for (const answer of answers) {
        const told = spent_ms > 0 ? { ...answer, latency_ms: answer.latency_ms + spent_ms } : answer;
        if (answer.outcome === 'ok' || attempt >= retries) results.push(told);
        else again += answer.count;
      }
      spent_ms =
        Math.max(0, ...answers.filter(({ outcome }) => outcome !== 'ok').map(({ latency_ms }) => latency_ms)) +
        spent_ms;
    }
    return results;
  }

  #once(
    asker: Asker,
    to: RequestTarget,
    head: RequestHead,
    count: number,
    stretch_ms: number,
    depth: number,
  ): Sample[] {
    const { reach, nameFailure, random } = this.#parts;
    if (depth > DEPTH_MAX) return [{ latency_ms: 0, outcome: 'loop', count }];
    const unnamed_ms = nameFailure(to);
    if (unnamed_ms !== undefined) return [{ latency_ms: unnamed_ms, outcome: 'dns', count }];
    const route = reach.route(asker.source, to, head);
    if (route.outcome === 'deny') return [{ latency_ms: Number.MAX_SAFE_INTEGER, outcome: 'denied', count }];
    if (route.outcome !== 'allow' || route.pods.length === 0)
      return [{ latency_ms: 0, outcome: route.outcome === 'allow' ? 'no-endpoint' : route.outcome, count }];
    const { pods, refusing } = route;
    const results: Sample[] = [];
    if (refusing) {
      // A Service chooses without asking policy: connections to these get no answer.
      const lost = Math.round((count * refusing.length) / (refusing.length + pods.length));
      if (lost > 0) results.push({ latency_ms: Number.MAX_SAFE_INTEGER, outcome: 'denied', count: lost });
      count -= lost;
    }
    const each = Math.floor(count / pods.length);
    const rest = count - each * pods.length;
    const first = rest > 0 ? (this.#turn + Math.floor(random.next() * pods.length)) % pods.length : 0;
    this.#turn++;
    for (let at = 0; at < pods.length; at++) {
      const share = each + ((at - first + pods.length) % pods.length < rest ? 1 : 0);
      if (share > 0) results.push(...this.#atPod(asker, pods[at]!, share, stretch_ms, depth));
    }
    return results;
  }

  #atPod(asker: Asker, address: string, count: number, stretch_ms: number, depth: number): Sample[] {
    const { pod, links, random } = this.#parts;
    const found = pod(address);
    // An address nobody has any more: nothing answers.
    if (!found?.machine.on) return [{ latency_ms: Number.MAX_SAFE_INTEGER, outcome: 'timeout', count }];
    const { machine } = found;
    const way = wayBetween(links, this.#parts.network, asker.place, `kubelet/${machine.name}`, random);
    if (!way) return [{ latency_ms: Number.MAX_SAFE_INTEGER, outcome: 'timeout', count }];
    const lost = binomial(count, way.loss, random);
    const gone: Sample[] = lost > 0 ? [{ latency_ms: Number.MAX_SAFE_INTEGER, outcome: 'timeout', count: lost }] : [];
    if (lost === count) return gone;
    return [...gone, ...this.#atAnswering(found, way.latency_ms, count - lost, stretch_ms, depth)];
  }

  #atAnswering(found: Askable, way_ms: number, count: number, stretch_ms: number, depth: number): Sample[] {
    const { random, clock } = this.#parts;
    const { machine, record } = found;
    if (!machine.answers(record)) {
      const outcome = record.hung ? 'timeout' : 'refused';
      return [{ latency_ms: record.hung ? Number.MAX_SAFE_INTEGER : way_ms, outcome, count }];
    }
    let server = this.#servers.get(record.uid);
    if (!server) this.#servers.set(record.uid, (server = new PodServer()));
    const limits = { cores: coresOf(machine, record), slowness: machine.slowness };
    const own = server.serve(count, clock.monotonic(), stretch_ms, record.behaviour, limits, random);
    const calls = record.behaviour.calls ?? [];
    const served = calls.length === 0 ? own : this.#withCalls(found, own, calls, stretch_ms, depth);
    return way_ms === 0 ? served : served.map(sample => ({ ...sample, latency_ms: sample.latency_ms + way_ms }));
  }

  /** Adds what the pod asks of others before it answers. */
  #withCalls(
    { machine, record }: Askable,
    own: Sample[],
    calls: readonly CallModel[],
    stretch_ms: number,
    depth: number,
  ): Sample[] {
    const good = own.filter(({ outcome }) => outcome === 'ok');
    const total = good.reduce((sum, { count }) => sum + count, 0);
    if (total === 0) return own;
    const { pod } = record.state;
    const { namespace = '', name = '' } = pod.metadata;
    const asker: Asker = {
      name: `${namespace}/${workloadOf(pod)}`,
      source: { kind: 'pod', namespace, name },
      place: `kubelet/${machine.name}`,
    };
    const { random, clock } = this.#parts;
    let samples = good;
    for (const call of calls) {
      const times = total * call.count * call.probability;
      const count = call.probability === 1 ? Math.round(times) : poisson(times, random);
      if (count === 0) continue;
      const head = { method: call.method, headers: call.headers };
      const { timeout_ms, retries } = call;
      const limits = timeout_ms === undefined ? { retries } : { timeout_ms, retries };
      const results = this.#ask(asker, call.to, head, count, stretch_ms, depth + 1, limits);
      this.#tell(asker.name, call.to, results, clock.monotonic());
      samples = combine(samples, results, call, total, random);
    }
    return [...own.filter(({ outcome }) => outcome !== 'ok'), ...samples];
  }

  #tell(from: string, to: RequestTarget, results: readonly Sample[], t: number): void {
    const name = to.kind === 'service' ? `${to.namespace}/${to.name}` : to.host;
    for (const { latency_ms, outcome, count } of results)
      this.#parts.told({
        t,
        from,
        to: to.port === undefined ? name : `${name}:${to.port}`,
        latency_ms,
        outcome,
        count,
      });
  }
}

/** Each caller's sample meets results of the call by chance; a failed call fails it unless it can go on without. */
function combine(
  samples: readonly Sample[],
  results: readonly Sample[],
  call: CallModel,
  total: number,
  random: Random,
): Sample[] {
  const made: Sample[] = [];
  const all = results.reduce((sum, { count }) => sum + count, 0);
  const share = Math.min(1, all / total);
  const pick = (): Sample => {
    let at = random.next() * all;
    for (const result of results) if ((at -= result.count) < 0) return result;
    return results.at(-1)!;
  };
  for (const sample of samples) {
    const pieces = Math.min(sample.count, Math.max(1, Math.round(RESULTS_MAX / samples.length)));
    for (let piece = 0; piece < pieces; piece++) {
      const count = Math.floor((sample.count * (piece + 1)) / pieces) - Math.floor((sample.count * piece) / pieces);
      if (call.probability < 1 && random.next() >= share) {
        made.push({ ...sample, count });
        continue;
      }
      let latency_ms = sample.latency_ms;
      let { outcome } = sample;
      for (let time = 0; time < Math.min(call.count, RESULTS_MAX); time++) {
        const result = pick();
        latency_ms = call.parallel ? Math.max(latency_ms, result.latency_ms) : latency_ms + result.latency_ms;
        if (result.outcome !== 'ok' && !call.optional) {
          outcome = 'error';
          break;
        }
      }
      made.push({ latency_ms, outcome, count });
    }
  }
  return made;
}

function arrivalsIn(
  running: Running,
  rate: Extract<Load['rate'], { kind: 'arrivals' }>,
  from_ms: number,
  to_ms: number,
): number {
  const { times_ms, weights, repeat, length_ms } = rate;
  let count = 0;
  for (;;) {
    const lap = Math.floor(running.arrivals / times_ms.length);
    const at = running.arrivals % times_ms.length;
    if (times_ms.length === 0 || (lap > 0 && !repeat)) return count;
    const t = lap * length_ms + times_ms[at]!;
    if (t >= to_ms) return count;
    if (t >= from_ms) count += weights?.[at] ?? 1;
    running.arrivals++;
  }
}

function askerOf({ name, from }: Load): Asker {
  switch (from.kind) {
    case 'internet':
      return { name, source: { kind: 'outside' }, place: 'internet' };
    case 'zone':
      return { name, source: { kind: 'outside', zone: from.zone }, place: from.zone };
    case 'workload':
      return { name, source: { kind: 'pod', namespace: from.namespace, name: from.name }, place: 'internet' };
  }
}

/** CPU a pod may use: the sum of its limits, the whole node where one has none. */
export function coresOf(machine: Machine, record: PodRecord): number {
  let sum = 0;
  for (const { resources } of record.state.pod.spec?.containers ?? []) {
    const limit = resources?.limits?.cpu;
    if (limit === undefined) return machine.cores;
    sum += cpuOf(String(limit));
  }
  return sum;
}

/** `250m` and `1.5` in cores. */
export const cpuOf = (text: string): number => (text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text));
