import type { RequestContext, ResourceDefinition, SubresourceDefinition, UserInfo } from '../../kernel/index.ts';
import type { Accepted } from '../media/accept.ts';
import type { RequestTarget } from '../request/target.ts';
import type { Exchange } from './exchange.ts';

/** One request on its way through: who asks, for what, and how the answer is to look. */
export interface ApiRequest {
  readonly exchange: Exchange;
  readonly target: RequestTarget;
  readonly params: URLSearchParams;
  readonly verb: string;
  readonly user: UserInfo;
  readonly context: RequestContext & { readonly warnings: string[] };
  /** Unique an answer: the `Audit-Id` header. */
  readonly auditId: string;
  /** Filled by handlers for the audit log, only when a policy asks for it. */
  audit?: AuditNotes;
}

/** What the audit log learns while a request is served. */
export interface AuditNotes {
  readonly wantsRequest: boolean;
  readonly wantsResponse: boolean;
  requestText?: string;
  responseText?: string;
  code?: number;
}

/** A request about a known collection. */
export interface ResourceRequest extends ApiRequest {
  readonly definition: ResourceDefinition;
  readonly subresource: SubresourceDefinition | undefined;
  readonly accepted: Accepted;
}
