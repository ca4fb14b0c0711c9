import type { Answer, Fault, Text } from '../base/index.ts';
import type { KindRef, KubeObject, ResourceDefinition, Schema, UserInfo } from '../kernel/index.ts';
import type { AuthorizationRequest, Equivalents, PolicyNeed } from './need.ts';

/** One write as policies see it. Objects are shared: policies never change them. */
export interface PolicyRequest {
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly kind: KindRef;
  readonly namespaced: boolean;
  readonly name: string;
  readonly namespace: string;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly namespaceObject: KubeObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly options: Readonly<Record<string, unknown>>;
  /** The same write as other versions of its resource see it (matchPolicy Equivalent). */
  readonly equivalents?: Equivalents;
  /** The version the write came in, where this is an equivalent of it. */
  readonly requestVersion?: string;
}

/** What to do about a verdict: refuse, tell the requester, or note it. */
export type PolicyAction = 'deny' | 'warn' | 'audit';

/** The verdict of one rule on one request. `allow` carries no actions. */
export interface PolicyAnswer extends Answer {
  readonly actions: readonly PolicyAction[];
  readonly message: string;
  /** Reason and code of the refusal (meta/v1 Status). */
  readonly reason: string;
  readonly code: number;
  /** The text a refusal shows, in the words of the policy's own system. */
  readonly refusal: string;
  /** True where the refusal is the whole message, without what the API server says before it. */
  readonly verbatim?: boolean;
  /** The text a warning shows, where it is another than the refusal's. */
  readonly warning?: string;
}

/** Everything a policy says of a request. */
export interface PolicyOutcome {
  readonly answers: readonly PolicyAnswer[];
  /** Audit annotations by key. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** A change a policy makes: the object as it is to be. */
export interface PolicyMutation {
  readonly object: KubeObject;
  readonly faults: readonly PolicyAnswer[];
}

/** One policy, compiled: the same functions serve admission, audit, tests and explanations. Pure; others come by the world. */
export interface CompiledPolicy {
  readonly system: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly faults: readonly Fault[];
  /** True where it judges nothing but policy documents themselves: there is nothing to enforce yet. */
  readonly documents?: true;
  matches(request: PolicyRequest): boolean;
  /** Why a request is not this policy's, for near misses; undefined when it is, or when there is nothing to tell. */
  missed?(request: PolicyRequest): Text | undefined;
  decide?(request: PolicyRequest, world: PolicyWorld): PolicyOutcome;
  mutate?(request: PolicyRequest, world: PolicyWorld): PolicyMutation;
}

/** What decisions may look at besides the request, at once (hosts hold it in memory). */
export interface PolicyWorld {
  /** Objects that bindings name as parameters. */
  parameter(kind: KindRef, namespace: string | undefined, name: string): KubeObject | undefined;
  parameters(kind: KindRef, namespace: string | undefined): Iterable<KubeObject>;
  authorize(
    request: PolicyRequest,
    question: AuthorizationRequest,
  ): { allowed: boolean; reason?: string; error?: string };
  /** What somebody outside says; undefined is not known yet: the decision is made again then. Absent: nobody can be asked. */
  answer?(need: PolicyNeed): unknown;
}

/** What a dialect may ask of the cluster's types. */
export interface PolicyTypes {
  schemaOf(kind: KindRef): Schema | undefined;
  kindOf(group: string, version: string, resource: string): KindRef | undefined;
  /** Every kind that is served; absent where nobody knows. */
  kinds?(): Iterable<ResourceDefinition>;
}

/** A system of writing policies: which objects are its, and a set that keeps them compiled. */
export interface PolicyDialect {
  readonly system: string;
  readonly resources: readonly { readonly group: string; readonly resource: string }[];
  /** Groups all of whose kinds are policies, beside the resources: kinds that documents bring. */
  readonly groups?: readonly string[];
  /** Collections some of whose objects say how the policies are run, and which ones; the sets take those in like documents. */
  readonly settings?: {
    readonly resources: readonly { readonly group: string; readonly resource: string }[];
    isSetting(object: KubeObject): boolean;
  };
  /** The name of the compiled policy a document is a part of; undefined where it belongs to none or to all. */
  policyOf?(document: KubeObject): string | undefined;
  open(types: PolicyTypes): PolicySet;
}

/** The documents of one dialect as they stand; compiled again only where something changed. */
export interface PolicySet {
  /** Takes in a document; tells what is wrong with it. */
  set(object: KubeObject): readonly Fault[];
  remove(object: KubeObject): void;
  /** In the order they run. */
  policies(): readonly CompiledPolicy[];
  /** Kinds whose objects decisions take parameters from. */
  paramKinds(): readonly KindRef[];
  /** What the document's status ought to say; undefined where the dialect writes none. */
  status(object: KubeObject): Readonly<Record<string, unknown>> | undefined;
  affected?(): readonly KubeObject[]; // Documents whose status the last change of another one has changed.
  /** Objects that must be there for a document to work: the custom kinds it brings. */
  definitions?(object: KubeObject): readonly KubeObject[];
  /** Judges objects that are already there; tells the status its documents ought to have after it. */
  audit?(audit: PolicyAudit): readonly AuditedDocument[];
}

/** One look at everything that is there. */
export interface PolicyAudit {
  readonly objects: readonly KubeObject[];
  readonly world: PolicyWorld;
  /** RFC 3339. */
  readonly time: string;
}

/** A document and the status an audit gives it. */
export interface AuditedDocument {
  readonly object: KubeObject;
  readonly status: Readonly<Record<string, unknown>>;
}
