import type { Clock, Random } from '../../base/index.ts';
import type { KindRef, KubeObject, Registry, ResourceCatalog, UserInfo } from '../../kernel/index.ts';
import type { TokenSigner } from '../authn/serviceAccount.ts';
import type { PolicyRule } from '../authz/rules.ts';
import type { Place } from '../streams/place.ts';
import type { Exchange, Headers } from './exchange.ts';
import type { ApiRequest } from './request.ts';
import type { Handler } from './resources.ts';
import type { WatchCount } from './watch.ts';

/** Turns protobuf bodies into objects and back (the envelope of `application/vnd.kubernetes.protobuf`). */
export interface ProtobufCodec {
  /** Reads an enveloped body; the object says its own apiVersion and kind. */
  decode(bytes: Uint8Array): KubeObject;
  /** Undefined for kinds that have no protobuf form. */
  encode(object: KubeObject): Uint8Array | undefined;
  handles(kind: KindRef): boolean;
}

/** What is asked of the authorizer (authorization/v1 SubjectAccessReviewSpec). */
export interface Attributes {
  readonly user: UserInfo;
  readonly verb: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
}

export interface Decision {
  readonly allowed: boolean;
  readonly denied?: boolean;
  readonly reason: string;
}

export interface Authorizer {
  authorize(attributes: Attributes): Decision;
}

/** Says who asks, or undefined for a request that shows nothing; throws 401 for a credential that is no good. */
export interface Authenticator {
  authenticate(
    exchange: Pick<Exchange, 'header' | 'connection' | 'url'>,
  ): UserInfo | undefined | Promise<UserInfo | undefined>;
  /** For TokenReview. */
  token(
    token: string,
    audiences: readonly string[],
  ): Promise<{ user: UserInfo; audiences: readonly string[] } | undefined>;
}

/** The API published as OpenAPI documents. */
export interface OpenApiDocuments {
  /** `/openapi/v3`: `{ paths: { 'api/v1': { serverRelativeURL } } }`. */
  index(): string;
  /** One group version, `apis/apps/v1`. */
  group(path: string): string | undefined;
  v2(): string;
  v2Protobuf?(): Uint8Array;
}

/** Bounded concurrency: a seat is taken before a request is served and given back after. */
export interface Flow {
  /** The way out, at once or after a wait; throws 429 when the queue is full. */
  enter(request: ApiRequest): (() => void) | undefined | Promise<() => void>;
}

/** Keeps the audit log. */
export interface Audit {
  received(request: ApiRequest): void;
  completed(request: ApiRequest): void;
}

export interface RequestMetrics {
  observe(request: ApiRequest, duration_ms: number): void;
  /** Prometheus text. */
  text(): string;
}

/** What `/openid/v1/jwks` and the discovery document of service-account tokens say. */
export interface TokenKeys {
  readonly issuer: string;
  readonly jwks: string;
}

/** Carries a request to where it is served, and its answer back as it comes. */
export interface Relay {
  request(exchange: Exchange, place: Place, headers: Headers): Promise<void>;
}

/** Undefined when well, else what is wrong. */
export type HealthCheck = () => string | undefined;

export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly [field: string]: unknown;
}

/** Everything request handlers share. */
export interface Services {
  readonly registry: Registry;
  readonly catalog: ResourceCatalog;
  readonly clock: Clock;
  readonly random: Random;
  readonly codec: ProtobufCodec;
  /** Handlers of what is not a stored object, by `group/resource/subresource`: reviews, tokens, logs, proxies. */
  readonly specials: ReadonlyMap<string, Handler>;
  /** Moves whenever a collection is added, changed or removed. */
  readonly catalogGeneration: () => number;
  /** `host:port` clients reach the server at. */
  readonly publicAddress: () => string;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** What must be waited for before a node's requests can be decided; undefined when nothing is missing. */
  readonly nodeReady: () => Promise<void> | undefined;
  readonly flow: Flow;
  readonly audit?: Audit;
  readonly metrics: RequestMetrics;
  readonly openapi?: OpenApiDocuments;
  readonly discovery: { serve(request: ApiRequest): void };
  readonly tokenKeys: () => TokenKeys;
  readonly signer: TokenSigner;
  /** Group versions that other servers serve. */
  readonly aggregation: { serve(request: ApiRequest): Promise<void> | undefined };
  readonly relay: Relay;
  /** Every rule a user has in a namespace. */
  rulesOf(user: UserInfo, namespace: string): readonly PolicyRule[];
  readonly health: ReadonlyMap<string, HealthCheck>;
  readonly nextAuditId: () => string;
  readonly log?: (entry: LogEntry) => void;
  readonly gzip?: (body: string | Uint8Array) => Promise<Uint8Array>;
  readonly watches: WatchCount;
  /** Called on shutdown: each ends one long answer. */
  readonly draining: Set<() => void>;
}
