import type { JsonObject, KubeList, KubeObject, ObjectKey, ResourceRef } from './object.ts';

/** Who asks. Controllers act as `system:serviceaccount:kube-system:<name>` or as the loopback master. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface GetOptions {
  readonly resourceVersion?: string;
  /** `status`, `scale`; the object itself when absent. */
  readonly subresource?: string;
}

export interface ListOptions {
  readonly namespace?: string;
  /** Selector texts as kubectl writes them: `app in (a,b),!legacy`, `spec.nodeName=n1`. */
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

export interface WatchOptions extends Omit<ListOptions, 'limit' | 'continue'> {
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
}

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  readonly subresource?: string;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  readonly force?: boolean;
}

export interface DeleteOptions {
  readonly dryRun?: boolean;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** The four patch bodies; `apply` has its own verb. */
export type Patch =
  | { readonly type: 'json'; readonly operations: readonly JsonObject[] }
  | { readonly type: 'merge'; readonly patch: JsonObject }
  | { readonly type: 'strategic'; readonly patch: JsonObject };

export interface WatchEvent<T extends KubeObject = KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  /** For BOOKMARK only apiVersion, kind and metadata; for ERROR a Status. */
  readonly object: T;
}

/**
 * The narrow waist: every part of Tenon is a client of this interface and of nothing else. Behind it stand the embedded
 * store, the simulator or a real kube-apiserver; no caller may know which. Refusals are thrown as StatusError.
 * Returned objects are shared and frozen by contract: copy before changing.
 */
export interface Client {
  get<T extends KubeObject>(ref: ResourceRef, key: ObjectKey, options?: GetOptions): Promise<T>;
  list<T extends KubeObject>(ref: ResourceRef, options?: ListOptions): Promise<KubeList<T>>;
  /** Ends when the signal is aborted or the server closes; an expired version yields one ERROR event (410). */
  watch<T extends KubeObject>(
    ref: ResourceRef,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(
    ref: ResourceRef,
    object: T,
    options?: WriteOptions & { namespace?: string; name?: string },
  ): Promise<T>;
  update<T extends KubeObject>(ref: ResourceRef, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(ref: ResourceRef, key: ObjectKey, patch: Patch, options?: WriteOptions): Promise<T>;
  apply<T extends KubeObject>(ref: ResourceRef, key: ObjectKey, object: KubeObject, options: ApplyOptions): Promise<T>;
  /** Gives the object where it stays for now (grace, finalizers), as the deletion left it; undefined where it has gone. */
  delete(ref: ResourceRef, key: ObjectKey, options?: DeleteOptions): Promise<KubeObject | undefined>;
  deleteCollection(ref: ResourceRef, options?: ListOptions & DeleteOptions): Promise<void>;
}
