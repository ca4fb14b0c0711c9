import type {
  ApplyOptions,
  Client,
  DeleteOptions,
  GetOptions,
  ListOptions,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../client.ts';
import type { JsonObject, KubeList, KubeObject, ObjectKey, ResourceRef } from '../object.ts';
import { type Status, StatusError, statusError } from '../status.ts';
import { deleteBody, listPath, pathOf, watchPath, writePath } from './paths.ts';

/** One request over some transport. */
export interface RemoteRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
}

export interface RemoteAnswer {
  readonly status: number;
  readonly text: string;
}

/** Carries requests to an API server. Rejects only when it could not be reached. */
export interface RemoteTransport extends AsyncDisposable {
  send(request: RemoteRequest): Promise<RemoteAnswer>;
  /** Chunks of a long answer as they come; a refusal is thrown as StatusError. Ends with the server or the signal. */
  stream(path: string, signal: AbortSignal): AsyncIterable<string>;
}

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

/** Bytes of one watch event that may come without a line end. */
const EVENT_CHARACTERS_MAX = 64 * 1024 * 1024;

/** Turns an answer that is no success into the StatusError it carries, or one made of its code. */
export function refusalOf(answer: RemoteAnswer): StatusError {
  try {
    const status = JSON.parse(answer.text) as Status;
    if (status.kind === 'Status') return new StatusError({ ...status, code: status.code || answer.status });
  } catch {
    // Not JSON: a proxy or another server answered.
  }
  const reasons: Readonly<Record<number, string>> = {
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    429: 'TooManyRequests',
  };
  return statusError(
    answer.status,
    reasons[answer.status] ?? 'InternalError',
    `the server answered ${answer.status}: ${answer.text.slice(0, 200)}`,
  );
}

async function* eventsOf<T extends KubeObject>(chunks: AsyncIterable<string>): AsyncGenerator<WatchEvent<T>> {
  let rest = '';
  for await (const chunk of chunks) {
    rest += chunk;
    if (rest.length > EVENT_CHARACTERS_MAX)
      throw statusError(500, 'InternalError', 'a watch event is larger than any object may be');
    let from = 0;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', from)) {
      const line = rest.slice(from, end);
      from = end + 1;
      if (line.trim() !== '') yield JSON.parse(line) as WatchEvent<T>;
    }
    rest = rest.slice(from);
  }
}

/** List items may come without apiVersion and kind (typed lists leave them out); callers always get them. */
function completeItems<T extends KubeObject>(list: KubeList<T>): KubeList<T> {
  const kind = list.kind.replace(/List$/, '');
  for (const item of list.items ?? []) {
    item.apiVersion ??= list.apiVersion;
    item.kind ??= kind;
  }
  list.items ??= [];
  return list;
}

/** Sends one request and reads its answer as JSON; refusals are thrown. */
type Ask = <T>(method: string, path: string, body?: unknown, contentType?: string) => Promise<T>;

function asker(transport: RemoteTransport): Ask {
  return async <T>(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<T> => {
    const answer = await transport.send({
      method,
      path,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body), contentType }),
    });
    if (answer.status < 200 || answer.status > 299) throw refusalOf(answer);
    return (answer.text === '' ? {} : JSON.parse(answer.text)) as T;
  };
}

const objectPath = (ref: ResourceRef, key: ObjectKey, subresource?: string): string =>
  pathOf(ref, key.namespace, key.name, subresource);

const keyOf = (object: KubeObject): ObjectKey => ({
  ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
  name: object.metadata.name ?? '',
});

type Reads = Pick<Client, 'get' | 'list' | 'watch'>;
type Writes = Omit<Client, keyof Reads>;

const readsOver = (transport: RemoteTransport, ask: Ask): Reads => ({
  get: <T extends KubeObject>(ref: ResourceRef, key: ObjectKey, options: GetOptions = {}) => {
    const path = objectPath(ref, key, options.subresource);
    const version = options.resourceVersion ? `?resourceVersion=${encodeURIComponent(options.resourceVersion)}` : '';
    return ask<T>('GET', path + version);
  },
  list: async <T extends KubeObject>(ref: ResourceRef, options: ListOptions = {}) =>
    completeItems(await ask<KubeList<T>>('GET', listPath(ref, options))),
  watch: <T extends KubeObject>(ref: ResourceRef, options: WatchOptions, signal: AbortSignal) =>
    eventsOf<T>(transport.stream(watchPath(ref, options), signal)),
});

const writesOver = (ask: Ask): Writes => ({
  create: <T extends KubeObject>(
    ref: ResourceRef,
    object: T,
    options: WriteOptions & { namespace?: string; name?: string } = {},
  ) => {
    const namespace = options.namespace ?? object.metadata?.namespace;
    const name = options.subresource ? (options.name ?? object.metadata.name) : undefined;
    return ask<T>('POST', writePath(pathOf(ref, namespace, name, options.subresource), options), object);
  },
  update: <T extends KubeObject>(ref: ResourceRef, object: T, options: WriteOptions = {}) =>
    ask<T>('PUT', writePath(objectPath(ref, keyOf(object), options.subresource), options), object),
  patch: <T extends KubeObject>(ref: ResourceRef, key: ObjectKey, patch: Patch, options: WriteOptions = {}) => {
    const body: unknown = patch.type === 'json' ? patch.operations : (patch.patch satisfies JsonObject);
    const path = writePath(objectPath(ref, key, options.subresource), options);
    return ask<T>('PATCH', path, body, PATCH_TYPES[patch.type]);
  },
  apply: <T extends KubeObject>(ref: ResourceRef, key: ObjectKey, object: KubeObject, options: ApplyOptions) => {
    const path = writePath(objectPath(ref, key, options.subresource), options);
    return ask<T>('PATCH', path, object, 'application/apply-patch+yaml');
  },
  delete: async (ref: ResourceRef, key: ObjectKey, options: DeleteOptions = {}) => {
    const left = await ask<KubeObject>('DELETE', objectPath(ref, key), deleteBody(options));
    return left?.metadata?.deletionTimestamp ? left : undefined;
  },
  deleteCollection: async (ref: ResourceRef, options: ListOptions & DeleteOptions = {}) => {
    await ask('DELETE', listPath(ref, options), deleteBody(options));
  },
});

/** The Client over any API server; whoever holds it cannot tell it from the embedded one. */
export function remoteClient(transport: RemoteTransport): Client {
  const ask = asker(transport);
  return { ...readsOver(transport, ask), ...writesOver(ask) };
}
