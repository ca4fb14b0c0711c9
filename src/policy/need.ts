import type { PolicyRequest } from './model.ts';

/** A question to somebody outside; its key names it, and its answer, among all of them. */
export interface PolicyNeed {
  readonly kind: string;
  readonly key: string;
}

/** One write in the other versions of its resource. */
export interface Equivalents {
  readonly versions: readonly string[];
  inVersion(version: string): PolicyRequest | undefined;
}

/** A question to the authorizer. */
export interface AuthorizationRequest {
  readonly verb: string;
  readonly path?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly user?: string;
}
