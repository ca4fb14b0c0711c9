/** The client interface over the simulated network: calls take time, get lost, meet a server that is away. */
import {
  type Client,
  type DeleteOptions,
  formatKey,
  isObject,
  type KubeObject,
  type ObjectKey,
  type Patch,
  type ResourceRef,
  statusError,
  StatusError,
  type WatchEvent,
  type WatchOptions,
} from '../../kernel/index.ts';
import { never } from './env.ts';
import type { Call, Delivery } from './model.ts';
import type { Life, Processes } from './processes.ts';

/** The API server's place. */
export const CONTROL = 'control';
/** A caller gives up after this long without an answer (client-go's default for connections that say nothing). */
const NO_ANSWER_MS = 30_000;
const MUTATING: ReadonlySet<Call['verb']> = new Set([
  'create',
  'update',
  'patch',
  'apply',
  'delete',
  'deletecollection',
]);

const collectionOf = (ref: ResourceRef): string => (ref.group ? `${ref.group}/${ref.resource}` : ref.resource);
const noAnswer = (): StatusError => statusError(504, 'Timeout', 'no answer from the server');
const refused = (): StatusError => statusError(503, 'ServiceUnavailable', 'connection refused');

/** What a client hears whose certificate, or whose server's, has expired; code 0: it broke off before asking. */
const expired = (whose: 'client' | 'server'): [error: StatusError, code: number] =>
  whose === 'client'
    ? [statusError(401, 'Unauthorized', 'Unauthorized'), 401]
    : [
        statusError(
          503,
          'ServiceUnavailable',
          'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
        ),
        0,
      ];

const REASONS: Readonly<Record<number, string>> = {
  409: 'Conflict',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};
const refusedWith = (code: number): StatusError =>
  statusError(code, REASONS[code] ?? 'InternalError', 'the server refused the call for no reason of yours');

type Told = { readonly revision?: number; readonly code?: number };
type Asked = Pick<Call, 'verb' | 'path' | 'expected' | 'uid'> & { readonly ref: ResourceRef };

/** Carries the calls of one life: out, to the server, and back. */
class Caller {
  readonly #life: Life;
  readonly #processes: Processes;

  constructor(life: Life, processes: Processes) {
    this.#life = life;
    this.#processes = processes;
  }

  async call<T>(
    asked: Asked,
    act: (client: Client) => Promise<T>,
    revisionOf: (answer: NoInfer<T>) => string | undefined,
  ): Promise<T> {
    const life = this.#life;
    const { links, api } = this.#processes;
    const about = `${collectionOf(asked.ref)} ${asked.path}`;
    if (this.#processes.await(life, about, MUTATING.has(asked.verb))) return never();
    if (!links.quiet && !(await this.#passes(life.place, CONTROL))) return this.#fail(asked, noAnswer(), 0);
    const { interference } = this.#processes;
    const untrusted = interference.untrusted(life.name);
    if (untrusted) return this.#fail(asked, ...expired(untrusted));
    const collection = collectionOf(asked.ref);
    const refusal = interference.refusal(life.name, asked.verb, collection);
    if (refusal !== undefined) return this.#fail(asked, refusedWith(refusal), refusal);
    let answer: T;
    try {
      answer = await api.call(act, life.name);
    } catch (error) {
      const code = error instanceof StatusError && !api.broke(error) ? error.code : 0;
      return this.#fail(asked, error as Error, code);
    }
    if (!links.quiet && !(await this.#passes(CONTROL, life.place))) return this.#fail(asked, noAnswer(), 0);
    if (MUTATING.has(asked.verb) && interference.losesAnswer(life.name, collection))
      return this.#fail(asked, noAnswer(), 0);
    if (!life.alive) return never();
    const revision = revisionOf(answer);
    this.#tell(asked, revision === undefined ? {} : { revision: Number(revision) });
    return answer;
  }

  /** Resolves when the message has arrived; false when it is lost, after the time it takes to notice. */
  async #passes(from: string, to: string): Promise<boolean> {
    const { open, latency_ms } = this.#processes.links.passage(from, to);
    if (!open) await this.#processes.wait(NO_ANSWER_MS);
    else if (latency_ms > 0) await this.#processes.wait(latency_ms);
    return open;
  }

  #fail(asked: Asked, error: Error, code: number): Promise<never> {
    if (!this.#life.alive) return never();
    this.#tell(asked, { code });
    return Promise.reject(error);
  }

  #tell({ ref, ...asked }: Asked, outcome: Told): void {
    const { observers, t } = this.#processes;
    for (const observer of observers)
      observer.call?.({ t, by: this.#life.name, collection: collectionOf(ref), ...asked, ...outcome });
  }
}

const versionOf = (object: KubeObject | undefined): string | undefined => object?.metadata?.resourceVersion;
const expectedOf = ({ metadata }: KubeObject): { expected?: string } =>
  metadata.resourceVersion === undefined ? {} : { expected: metadata.resourceVersion };
/** The uid a merge patch is bound to. */
function boundTo(written: Patch): { uid?: string } {
  const patch = written.type === 'json' ? undefined : written.patch;
  const metadata = isObject(patch) && isObject(patch.metadata) ? patch.metadata : {};
  return typeof metadata.uid === 'string' ? { uid: metadata.uid } : {};
}

const uidOf = (options: DeleteOptions | undefined): { uid?: string } =>
  options?.preconditions?.uid === undefined ? {} : { uid: options.preconditions.uid };
const noVersion = (): undefined => undefined;
const pathOf = (object: KubeObject, namespace = object.metadata.namespace): string =>
  formatKey({ ...(namespace ? { namespace } : {}), name: object.metadata.name ?? '*' });

/** One life's client. Calls of a life that is over never return. */
export function processClient(life: Life, processes: Processes): Client {
  const caller = new Caller(life, processes);
  const asked = (verb: Call['verb'], ref: ResourceRef, path: string): Asked => ({ verb, ref, path });
  return {
    get: (ref, key, options) =>
      caller.call(asked('get', ref, formatKey(key)), client => client.get<never>(ref, key, options), versionOf),
    list: (ref, options) =>
      caller.call(
        asked('list', ref, options?.namespace ?? ''),
        client => client.list<never>(ref, options),
        answer => answer.metadata.resourceVersion,
      ),
    watch: (ref, options, signal) => watch(life, processes, ref, options, signal),
    create: (ref, object, options) =>
      caller.call(
        asked('create', ref, pathOf(object, options?.namespace)),
        client => client.create(ref, object, options),
        versionOf,
      ),
    update: (ref, object, options) =>
      caller.call(
        { ...asked('update', ref, pathOf(object)), ...expectedOf(object) },
        client => client.update(ref, object, options),
        versionOf,
      ),
    patch: (ref, key, patch, options) =>
      caller.call(
        { ...asked('patch', ref, formatKey(key)), ...boundTo(patch) },
        client => client.patch<never>(ref, key, patch, options),
        versionOf,
      ),
    apply: (ref, key, object, options) =>
      caller.call(
        asked('apply', ref, formatKey(key)),
        client => client.apply<never>(ref, key, object, options),
        versionOf,
      ),
    delete: (ref: ResourceRef, key: ObjectKey, options) =>
      caller.call(
        { ...asked('delete', ref, formatKey(key)), ...uidOf(options) },
        client => client.delete(ref, key, options),
        noVersion,
      ),
    deleteCollection: (ref, options) =>
      caller.call(
        asked('deletecollection', ref, options?.namespace ?? ''),
        client => client.deleteCollection(ref, options),
        noVersion,
      ),
  };
}

/** A watch over the network: held up while the way back is cut, broken off when that lasts or the server goes. */
async function* watch<T extends KubeObject>(
  life: Life,
  processes: Processes,
  ref: ResourceRef,
  options: WatchOptions,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<T>> {
  if (processes.await(life, collectionOf(ref), false)) return never();
  const { links, api } = processes;
  const sent = links.passage(life.place, CONTROL);
  if (!sent.open) {
    await processes.wait(NO_ANSWER_MS);
    throw noAnswer();
  }
  if (sent.latency_ms > 0) await processes.wait(sent.latency_ms);
  const { interference } = processes;
  const untrusted = interference.untrusted(life.name);
  if (untrusted) throw expired(untrusted)[0];
  const collection = collectionOf(ref);
  const refusal = interference.refusal(life.name, 'watch', collection);
  if (refusal !== undefined) throw refusedWith(refusal);
  const number = processes.api.nextWatch();
  const { namespace, labelSelector, fieldSelector, resourceVersion } = options;
  const watching = {
    t: processes.t,
    by: life.name,
    watch: number,
    collection,
    revision: api.revision,
    ...(resourceVersion && resourceVersion !== '0' && !options.sendInitialEvents
      ? { after: Number(resourceVersion) }
      : {}),
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
  for (const observer of processes.observers) observer.watching?.(watching);
  const closed = new AbortController();
  using _open = interference.opened(life.name, collection, () => closed.abort());
  const events = api.watch<T>(ref, options, AbortSignal.any([signal, life.gone.signal, closed.signal]), life.name);
  const arriving = links.quiet ? events : delayed(events, life, processes);
  for await (const event of arriving) {
    if (!life.alive) return never();
    const hold_ms = interference.holds_ms(life.name, collection, processes.t);
    if (hold_ms > 0) await processes.wait(hold_ms);
    if (!links.quiet && !(await held(life, processes))) throw noAnswer();
    if (!life.alive) return never();
    for (const observer of processes.observers)
      observer.deliver?.(deliveryOf(processes.t, life.name, number, ref, event));
    yield event;
  }
  if (!life.alive) return never();
  // A server that went away breaks the connection off; one that closed the watch in order does not.
  if (!api.running && !signal.aborted) throw refused();
}

function deliveryOf(
  t: number,
  by: string,
  watchNumber: number,
  ref: ResourceRef,
  { type, object }: WatchEvent,
): Delivery {
  const { name = '', namespace, resourceVersion = '0' } = object.metadata ?? {};
  const path = namespace ? `${namespace}/${name}` : name;
  const revision = Number(resourceVersion);
  return { t, by, watch: watchNumber, collection: collectionOf(ref), type, path, revision, object };
}

/** Waits while nothing comes back from the server; false when that lasts too long. */
async function held(life: Life, processes: Processes): Promise<boolean> {
  const STEP_MS = 1_000;
  for (let waited = 0; !processes.links.reaches(CONTROL, life.place); waited += STEP_MS) {
    if (waited >= NO_ANSWER_MS) return false;
    await processes.wait(STEP_MS);
  }
  return true;
}

/** Gives events on after the latency of the way back, in order, however many are under way. */
async function* delayed<T extends KubeObject>(
  events: AsyncIterable<WatchEvent<T>>,
  life: Life,
  processes: Processes,
): AsyncGenerator<WatchEvent<T>> {
  const queue: { readonly event: WatchEvent<T>; readonly at: number }[] = [];
  let wake: (() => void) | undefined;
  let over = false;
  let failure: unknown;
  const pump = async (): Promise<void> => {
    let last = 0;
    try {
      for await (const event of events) {
        const { latency_ms } = processes.links.passage(CONTROL, life.place);
        last = Math.max(last, processes.t + latency_ms);
        queue.push({ event, at: last });
        wake?.();
      }
    } catch (error) {
      failure = error;
    }
    over = true;
    wake?.();
  };
  void pump();
  for (;;) {
    const next = queue.shift();
    if (next) {
      if (next.at > processes.t) await processes.wait(next.at - processes.t);
      yield next.event;
    } else if (over) {
      if (failure !== undefined) throw failure as Error;
      return;
    } else await new Promise<void>(resolve => (wake = resolve));
  }
}
