import { serveAccess, serveLocalAccess, serveRules, serveSelfAccess } from '../reviews/access.ts';
import { serveSelf, serveTokenReview } from '../reviews/identity.ts';
import { serveTokenRequest } from '../reviews/token.ts';
import type { Handler } from './resources.ts';

/** Handlers of what is computed, not stored, by `group/resource/subresource`. */
export const REVIEWS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['authorization.k8s.io/selfsubjectaccessreviews/', serveSelfAccess],
  ['authorization.k8s.io/subjectaccessreviews/', serveAccess],
  ['authorization.k8s.io/localsubjectaccessreviews/', serveLocalAccess],
  ['authorization.k8s.io/selfsubjectrulesreviews/', serveRules],
  ['authentication.k8s.io/selfsubjectreviews/', serveSelf],
  ['authentication.k8s.io/tokenreviews/', serveTokenReview],
  ['/serviceaccounts/token', serveTokenRequest],
]);
