import { badRequest, type UserInfo } from '../../kernel/index.ts';
import type { ResourceRequest } from '../serve/request.ts';
import { sendBody } from '../serve/respond.ts';
import type { Services } from '../serve/services.ts';
import { readUnstored } from '../serve/write.ts';

const userJson = (user: UserInfo): object => ({
  ...(user.name ? { username: user.name } : {}),
  ...(user.uid ? { uid: user.uid } : {}),
  ...(user.groups.length > 0 ? { groups: [...user.groups] } : {}),
  ...(user.extra && Object.keys(user.extra).length > 0 ? { extra: user.extra } : {}),
});

/** SelfSubjectReview: who am I? */
export async function serveSelf(services: Services, request: ResourceRequest): Promise<void> {
  const review = await readUnstored(services, request);
  review.status = { userInfo: userJson(request.user) };
  sendBody(services, request, 201, review);
}

/** TokenReview: who is this? */
export async function serveTokenReview(services: Services, request: ResourceRequest): Promise<void> {
  const review = await readUnstored(services, request);
  const spec = (review.spec ?? {}) as { token?: string; audiences?: string[] };
  if (!spec.token) throw badRequest('token is required for TokenReview in authentication');
  const found = await services.authenticator.token(spec.token, spec.audiences ?? []);
  review.status = found
    ? {
        authenticated: true,
        user: userJson(found.user),
        ...(found.audiences.length > 0 ? { audiences: [...found.audiences] } : {}),
      }
    : { user: {}, error: 'invalid bearer token' };
  sendBody(services, request, 201, review);
}
