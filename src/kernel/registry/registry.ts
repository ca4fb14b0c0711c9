import type {
  ApplyOptions,
  DeleteOptions,
  GetOptions,
  ListOptions,
  Patch,
  UserInfo,
  WatchOptions,
  WriteOptions,
} from '../client.ts';
import type { KubeObject, ObjectKey, ResourceRef } from '../object.ts';

/** An object as the store holds it: its JSON text always, its parsed form when first asked for. Both are immutable. */
export interface StoredObject {
  readonly key: ObjectKey;
  readonly resourceVersion: number;
  /** UTF-8 JSON text with metadata.resourceVersion filled in, in the version that was asked for. */
  readonly json: string;
  /** The same text as bytes, without a copy where the store holds it. */
  readonly bytes: Uint8Array;
  /** Bytes of the text. */
  readonly size: number;
  /** Puts the text into a buffer with room for it. */
  copyTo(target: Buffer, at: number): void;
  readonly object: KubeObject;
}

/** A page of a consistent snapshot. */
export interface StoredList {
  readonly items: readonly StoredObject[];
  readonly resourceVersion: number;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** What a watcher gets; `object` of a BOOKMARK carries only a version, `initialEventsEnd` marks the WatchList one. */
export type StoredEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly stored: StoredObject }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: number; readonly initialEventsEnd?: boolean }
  | { readonly type: 'ERROR'; readonly code: 410; readonly message: string };

/** Pushes events without a promise per event; `close` is idempotent. Overrun watchers get a 410 ERROR and are closed. */
export interface StoredWatch {
  close(): void;
}

/**
 * Fields a body names more than once, as its reader found them before the registry saw the object. `lines` are those of a YAML
 * body (`line 3: key "a" already set in map`), `paths` those of a JSON one, in the order they occur.
 */
export interface Duplicates {
  readonly lines?: readonly string[];
  readonly paths?: readonly { readonly path: string; readonly offset: number }[];
  /** Where a field first stands in a JSON body; orders duplicates among unknown fields. */
  readonly offsetOf?: (path: string) => number;
  /** `json patch ` before the paths of a JSON patch. */
  readonly prefix?: string;
}

/** One request as the chain sees it. `warnings` collects texts for `Warning: 299` headers. */
export interface RequestContext {
  readonly user: UserInfo;
  readonly warnings: string[];
  /** Fields the body names more than once; set by whoever read it, told with the unknown ones. */
  duplicates?: Duplicates;
  readonly signal?: AbortSignal;
}

/** What a delete left behind: the object with a deletion timestamp, or the last state of the removed one. */
export interface Deletion {
  readonly removed: boolean;
  readonly stored: StoredObject;
}

/**
 * Everything the API can do to objects, after authentication and authorization: decoding is done, admission, defaulting,
 * validation, optimistic concurrency, finalizers and the store are behind it. The HTTP server and the embedded Client are
 * its only callers. A promise resolves after the write is durable. Refusals are StatusErrors.
 */
export interface Registry {
  get(context: RequestContext, ref: ResourceRef, key: ObjectKey, options?: GetOptions): Promise<StoredObject>;
  list(context: RequestContext, ref: ResourceRef, options: ListOptions): Promise<StoredList>;
  watch(
    context: RequestContext,
    ref: ResourceRef,
    options: WatchOptions,
    deliver: (events: readonly StoredEvent[]) => void,
    ended: () => void,
  ): Promise<StoredWatch>;
  create(
    context: RequestContext,
    ref: ResourceRef,
    object: KubeObject,
    options: WriteOptions & { namespace?: string; name?: string },
  ): Promise<StoredObject>;
  update(
    context: RequestContext,
    ref: ResourceRef,
    key: ObjectKey,
    object: KubeObject,
    options: WriteOptions,
  ): Promise<{ stored: StoredObject; created: boolean }>;
  patch(
    context: RequestContext,
    ref: ResourceRef,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions,
  ): Promise<StoredObject>;
  apply(
    context: RequestContext,
    ref: ResourceRef,
    key: ObjectKey,
    object: KubeObject,
    options: ApplyOptions,
  ): Promise<{ stored: StoredObject; created: boolean }>;
  delete(context: RequestContext, ref: ResourceRef, key: ObjectKey, options: DeleteOptions): Promise<Deletion>;
  deleteCollection(
    context: RequestContext,
    ref: ResourceRef,
    options: ListOptions & DeleteOptions,
  ): Promise<StoredList>;
  /** Admission of a connection to a subresource (exec, proxy …); `options` is of the connection's own kind. */
  connect(
    context: RequestContext,
    ref: ResourceRef,
    key: ObjectKey,
    subresource: string,
    options: KubeObject,
  ): Promise<void>;
}
