import type { Json, JsonObject, KindRef, KubeObject, Schema } from '../../../kernel/index.ts';
import type { JmesPorts } from '../../engine/jmespath/index.ts';

export type RuleStatus = 'pass' | 'fail' | 'warn' | 'error' | 'skip';
export type RuleType = 'Validation' | 'Mutation' | 'Generation' | 'ImageVerify' | 'Deletion';

/** The verdict of one rule on one resource. */
export interface RuleAnswer {
  readonly rule: string;
  readonly type: RuleType;
  readonly status: RuleStatus;
  readonly message: string;
  /** What generate rules made. */
  readonly generated?: readonly JsonObject[];
  /** What mutations of existing resources made of each target. */
  readonly targets?: readonly JsonObject[];
  /** True when an exception is why it was skipped. */
  readonly excepted?: boolean;
  /** Names of the exceptions that applied. */
  readonly exceptions?: readonly string[];
  /** True where the error is of a match condition: the API server itself speaks of those. */
  readonly unmet?: boolean;
  /** More that a report says of it. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Names a capability that answering needs and that is not at hand. */
  readonly needs?: string;
}

/** Everything one policy says of one resource. */
export interface PolicyResult {
  readonly answers: readonly RuleAnswer[];
  /** The resource after the policy's mutations. */
  readonly patched: JsonObject;
}

/** Who makes the request, as `request.userInfo` and match clauses see it. */
export interface Requester {
  readonly userInfo: JsonObject;
  readonly roles: readonly string[];
  readonly clusterRoles: readonly string[];
}

/** One review. `object` is undefined for deletions. */
export interface Review {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
  readonly kind: KindRef;
  readonly subresource: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Undefined in background scans: user matching does not narrow then. */
  readonly requester: Requester | undefined;
  /** Members beside the standard ones of `request`. */
  readonly request?: JsonObject;
}

/** Marks what cannot be answered without an image registry. */
export const NEEDS_REGISTRY = 'image data cannot be fetched here';

/** What policies may look at in the cluster and beyond. Every part answers at once; undefined means it is not there. */
export interface KyvernoWorld extends JmesPorts {
  get(apiVersion: string, resource: string, namespace: string, name: string): JsonObject | undefined;
  list(apiVersion: string, resource: string, namespace: string): readonly JsonObject[];
  /** An API server path, or the address of a service. */
  call(url: string, method: string, body: Json | undefined): Json | undefined;
  globalContext(name: string, projection: string): Json | undefined;
  image(reference: string): JsonObject | undefined;
  resourceOf(kind: KindRef): { readonly resource: string; readonly namespaced: boolean } | undefined;
  schemaOf(kind: KindRef): Schema | undefined;
  /** Values that tests give in place of what would be looked up. */
  readonly given?: (policy: string, rule: string, element: number | undefined) => JsonObject;
  /** True where lookups that have no answer end in an error, not in an unknown variable. */
  readonly connected: boolean;
  /** Unpacks gzip (RFC 1952), a few MiB at most; throws where it is none. */
  gunzip(bytes: Uint8Array): Uint8Array;
  /** Base64url without padding. */
  hmac(hash: 'sha256' | 'sha384' | 'sha512', key: string, text: string): string;
}

/** The resource a review is about. */
export const resourceOf = (review: Review): JsonObject => review.object ?? review.oldObject ?? {};

export const textAt = (object: unknown, ...path: readonly string[]): string => {
  let node = object;
  for (const step of path) {
    if (node === null || typeof node !== 'object' || !Object.hasOwn(node, step)) return '';
    node = (node as Readonly<Record<string, unknown>>)[step];
  }
  return typeof node === 'string' ? node : '';
};

export const asKube = (object: JsonObject): KubeObject => object as unknown as KubeObject;
