import { statusError, type UserInfo } from '../../kernel/index.ts';
import { denied } from '../serve/denied.ts';
import type { Exchange } from '../serve/exchange.ts';
import type { Attributes, Authorizer } from '../serve/services.ts';

type Source = Pick<Exchange, 'header' | 'headers'>;

const EXTRA_PREFIX = 'impersonate-extra-';

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? value.split(/,\s*/) : value;

function check(authorizer: Authorizer, user: UserInfo, target: Partial<Attributes>): void {
  const attributes: Attributes = {
    user,
    verb: 'impersonate',
    isResource: true,
    group: '',
    version: 'v1',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    path: '',
    ...target,
  };
  const decision = authorizer.authorize(attributes);
  if (!decision.allowed) throw denied(attributes, decision.reason);
}

const decodeKey = (text: string): string => {
  try {
    return decodeURIComponent(text).toLowerCase();
  } catch {
    return text.toLowerCase();
  }
};

/** `system:serviceaccount:NS:NAME` -> `[NS, NAME]`. */
export function serviceAccountOf(name: string): [string, string] | undefined {
  const parts = name.split(':');
  return parts.length === 4 && parts[0] === 'system' && parts[1] === 'serviceaccount'
    ? [parts[2]!, parts[3]!]
    : undefined;
}

/**
 * The user a request acts as (authentication reference, "User impersonation"). Each of user, uid, groups and extras needs
 * the `impersonate` verb of its own.
 */
export function impersonate(authorizer: Authorizer, user: UserInfo, source: Source): UserInfo {
  const headers = source.headers();
  const name = source.header('impersonate-user');
  const groups = listOf(headers['impersonate-group']);
  const uid = source.header('impersonate-uid');
  const extras = Object.keys(headers).filter(header => header.startsWith(EXTRA_PREFIX));
  if (!name) {
    if (groups.length === 0 && !uid && extras.length === 0) return user;
    throw statusError(
      400,
      'BadRequest',
      'requested impersonation of groups, uid or extra without impersonating a user',
    );
  }
  const account = serviceAccountOf(name);
  if (account) check(authorizer, user, { resource: 'serviceaccounts', namespace: account[0], name: account[1] });
  else check(authorizer, user, { resource: 'users', name });
  for (const group of groups) check(authorizer, user, { resource: 'groups', name: group });
  if (uid) check(authorizer, user, { group: 'authentication.k8s.io', resource: 'uids', name: uid });
  const extra: Record<string, readonly string[]> = Object.create(null) as Record<string, readonly string[]>;
  for (const header of extras) {
    const key = decodeKey(header.slice(EXTRA_PREFIX.length));
    const values = listOf(headers[header]);
    for (const value of values)
      check(authorizer, user, {
        group: 'authentication.k8s.io',
        resource: 'userextras',
        subresource: key,
        name: value,
      });
    extra[key] = values;
  }
  const implied =
    account && groups.length === 0 ? ['system:serviceaccounts', `system:serviceaccounts:${account[0]}`] : [];
  const all = new Set([...groups, ...implied]);
  all.add(name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated');
  return { name, groups: [...all], ...(uid ? { uid } : {}), ...(extras.length > 0 ? { extra } : {}) };
}
