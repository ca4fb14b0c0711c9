import { statusError, type StatusError, type UserInfo } from '../../kernel/index.ts';
import type { RequestTarget } from '../request/target.ts';
import type { Attributes } from './services.ts';

/** What authorization asks about a request. */
export const attributesOf = (user: UserInfo, verb: string, target: RequestTarget): Attributes => ({
  user,
  verb,
  isResource: target.isResource,
  group: target.group,
  version: target.version,
  resource: target.resource,
  subresource: target.subresource,
  namespace: target.namespace,
  name: target.name,
  path: target.path,
});

/** 403 in the API server's words. */
export function denied(attributes: Attributes, reason: string): StatusError {
  const { user, verb, isResource, group, resource, subresource, namespace, name, path } = attributes;
  const why = reason === '' ? '' : `: ${reason}`;
  if (!isResource)
    return statusError(403, 'Forbidden', `forbidden: User "${user.name}" cannot ${verb} path "${path}"${why}`, {});
  const what = subresource ? `${resource}/${subresource}` : resource;
  const where = namespace ? ` in the namespace "${namespace}"` : ' at the cluster scope';
  const text = `User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}"${where}${why}`;
  const subject = group ? `${resource}.${group}` : resource;
  return statusError(403, 'Forbidden', `${name ? `${subject} "${name}"` : subject} is forbidden: ${text}`, {
    ...(name ? { name } : {}),
    ...(group ? { group } : {}),
    kind: resource,
  });
}

export const unauthorized = (): StatusError => statusError(401, 'Unauthorized', 'Unauthorized');
