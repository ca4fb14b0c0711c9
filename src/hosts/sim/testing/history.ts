import type { KubeObject } from '../../../kernel/index.ts';
import { standardInvariants } from '../invariants/index.ts';
import type { Invariant } from '../invariants/report.ts';
import type { Call, Observer, Violation } from '../model.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** A history written by hand: commits, calls and events in order. */
export class History {
  readonly violations: Violation[] = [];
  readonly observers: (Observer & Partial<Invariant>)[];
  readonly #objects = new Map<string, KubeObject>();
  revision = 0;
  t = 200_000;

  constructor() {
    this.observers = standardInvariants({
      quiet_ms: 100_000,
      start_ms: 0,
      always: true,
      violated: violation => void this.violations.push(violation),
    });
  }

  /** Writes an object; `undefined` removes it. Times move on a second a write. */
  put(collection: string, path: string, fields: Fields | undefined, step_ms = 1_000): this {
    this.t += step_ms;
    const key = `${collection}/${path}`;
    const before = this.#objects.get(key);
    const revision = ++this.revision;
    const [namespace, name] = path.includes('/') ? path.split('/') : [undefined, path];
    const { metadata, ...rest } = (fields ?? {}) as { metadata?: object };
    const object = fields && {
      ...rest,
      metadata: {
        uid: key,
        generation: 1,
        name,
        ...(namespace ? { namespace } : {}),
        ...metadata,
        resourceVersion: String(revision),
      },
    };
    if (object) this.#objects.set(key, object as unknown as KubeObject);
    else this.#objects.delete(key);
    const commit = {
      t: this.t,
      revision,
      collection,
      path,
      object: object as unknown as KubeObject | undefined,
      before,
    };
    for (const observer of this.observers) observer.commit?.(commit);
    return this;
  }

  call(call: Partial<Call>): this {
    const whole = { t: this.t, by: 'controller-manager', verb: 'get', collection: 'pods', path: '', ...call } as Call;
    for (const observer of this.observers) observer.call?.(whole);
    return this;
  }

  watch(after: number, events: readonly (readonly [type: string, path: string, revision: number])[]): this {
    const watching = { t: this.t, by: 'p', watch: 1, collection: 'pods', after, revision: this.revision };
    for (const observer of this.observers) observer.watching?.(watching);
    for (const [type, path, revision] of events) {
      const object = { apiVersion: 'v1', kind: 'Pod', metadata: {} };
      const delivery = {
        t: this.t,
        by: 'p',
        watch: 1,
        collection: 'pods',
        type: type as 'ADDED',
        path,
        revision,
        object,
      };
      for (const observer of this.observers) observer.deliver?.(delivery);
    }
    return this;
  }

  ran(path: string, uid: string, running: boolean): this {
    for (const observer of this.observers) observer.ran?.({ t: this.t, node: `n-${uid}`, path, uid, running });
    return this;
  }

  traffic(outcome: string): this {
    this.t += 1_000;
    const one = { from: 's/client', to: 's/web:80', latency_ms: 1, count: 1 };
    for (const observer of this.observers) observer.traffic?.({ t: this.t, outcome, ...one });
    return this;
  }

  demand(pods: number): this {
    for (const observer of this.observers) observer.demand?.({ t: this.t, target: 's/web', pods, measured: true });
    return this;
  }

  /** Time passes. */
  later(ms: number): this {
    this.t += ms;
    for (const observer of this.observers) observer.instant?.(this.t);
    return this;
  }

  end(): this {
    for (const observer of this.observers) observer.end?.(this.t);
    return this;
  }
}
