/** What the autoscaled workload of a storm is asked for, and what a metrics server would have measured of it. */
import type { VirtualClock } from '../../../base/index.ts';
import type { KubeObject } from '../../../kernel/index.ts';
import { isLiving, isReady, phaseOf } from '../invariants/view.ts';
import type { Commit, Observer } from '../model.ts';
import type { Scraped } from '../scaling.ts';
import { ELASTIC, NAMESPACE } from './workload.ts';

const APP = 'elastic';
const SCRAPE_MS = 15_000;
/** What a pod uses before it is ready: start-up is not load. */
const STARTING_M = 90;

type Samples = ReturnType<Scraped['samples']>;
type Sample = Samples extends ReadonlyMap<string, infer One> ? One : never;

/** Load in thousandths of a core, spread over the pods that are ready; scraped every fifteen seconds. */
export class Elastic implements Scraped, Observer {
  #load_m = 100;
  /** Gaps by what they hide. */
  readonly #gaps: string[] = [];
  readonly #pods = new Map<string, KubeObject>();
  readonly #told: readonly Observer[];
  #samples: Samples = new Map();
  #clock: VirtualClock | undefined;

  constructor(told: readonly Observer[]) {
    this.#told = told;
  }

  start(clock: VirtualClock): void {
    this.#clock = clock;
    this.#scrape(clock);
  }

  commit({ collection, path, object }: Commit): void {
    if (collection !== 'pods' || !path.startsWith(`${NAMESPACE}/${APP}-`)) return;
    if (object) this.#pods.set(path, object);
    else this.#pods.delete(path);
  }

  set load_m(value: number) {
    this.#load_m = value;
    this.#tell();
  }

  /** `*` hides all pods, `half` every other one. */
  gap(target: string): Disposable {
    this.#gaps.push(target);
    return { [Symbol.dispose]: () => void this.#gaps.splice(this.#gaps.indexOf(target), 1) };
  }

  samples(): Samples {
    return this.#samples;
  }

  labels(_: string, name: string): Readonly<Record<string, string>> | undefined {
    return name.startsWith(`${APP}-`) ? { app: APP } : undefined;
  }

  #scrape(clock: VirtualClock): void {
    const running = [...this.#pods.values()].filter(pod => isLiving(pod) && phaseOf(pod) === 'Running');
    const ready = running.filter(isReady).length;
    const samples = new Map<string, Sample>();
    for (const [index, pod] of running.entries()) {
      if (this.#gaps.includes('*') || (this.#gaps.includes('half') && index % 2 === 0)) continue;
      const { uid = '', name = '' } = pod.metadata;
      const cores = (isReady(pod) ? this.#load_m / ready : STARTING_M) / 1_000;
      samples.set(uid, {
        namespace: NAMESPACE,
        name,
        uid,
        at_ms: clock.now(),
        window_ms: SCRAPE_MS,
        containers: [{ name: 'c', cores, bytes: 0 }],
      });
    }
    this.#samples = samples;
    this.#tell();
    clock.after(SCRAPE_MS, () => this.#scrape(clock));
  }

  #tell(): void {
    const t = this.#clock?.monotonic() ?? 0;
    const target_m = (ELASTIC.request_m * ELASTIC.utilization) / 100;
    const demand = {
      t,
      target: `${NAMESPACE}/${APP}`,
      pods: this.#load_m / target_m,
      measured: this.#gaps.length === 0,
    };
    for (const observer of this.#told) observer.demand?.(demand);
  }
}
