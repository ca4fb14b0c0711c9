/** What changed in a run since somebody looked last: what a console draws. */
import type { KubeObject } from '../../kernel/index.ts';
import type { Commit, Observer, Traffic } from './model.ts';

/** The newest state of an object; one that is gone has `gone`. */
export interface ChangedObject {
  /** `pods`, `deployments`: the resource without its group. */
  readonly collection: string;
  readonly gone: boolean;
  readonly object: KubeObject;
}

/** Requests from one name to another that passed, or did not. */
export interface SeenTraffic {
  /** `namespace/workload`, or a client's name. */
  readonly from: string;
  /** `namespace/service`. */
  readonly to: string;
  readonly verdict: 'forwarded' | 'dropped';
  readonly count: number;
}

export interface Changes {
  readonly objects: readonly ChangedObject[];
  readonly traffic: readonly SeenTraffic[];
}

/** Many changes of an object between two looks are one. */
export class ChangeCollector implements Observer {
  #objects = new Map<string, ChangedObject>();
  #traffic = new Map<string, SeenTraffic>();

  commit({ collection, path, object, before }: Commit): void {
    const shown = object ?? before;
    if (!shown) return;
    const name = collection.slice(collection.lastIndexOf('/') + 1);
    this.#objects.set(`${collection}/${path}`, { collection: name, gone: object === undefined, object: shown });
  }

  traffic({ from, to, outcome, count }: Traffic): void {
    const target = to.replace(/:.*$/, '');
    const verdict = outcome === 'ok' ? 'forwarded' : 'dropped';
    const key = `${from}>${target}>${verdict}`;
    const before = this.#traffic.get(key)?.count ?? 0;
    this.#traffic.set(key, { from, to: target, verdict, count: before + count });
  }

  take(): Changes {
    const changes = { objects: [...this.#objects.values()], traffic: [...this.#traffic.values()] };
    this.#objects = new Map();
    this.#traffic = new Map();
    return changes;
  }
}
