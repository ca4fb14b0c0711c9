import { isObject, type Json, type JsonObject, type UserInfo } from '../../../kernel/index.ts';
import { type Requester, textAt } from './model.ts';

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** Who makes a request, with the roles that bindings give them: `namespace:role` and names of cluster roles. */
export function requesterOf(
  user: UserInfo,
  roleBindings: Iterable<JsonObject> = [],
  clusterRoleBindings: Iterable<JsonObject> = [],
): Requester {
  const roles: string[] = [];
  const clusterRoles: string[] = [];
  for (const binding of roleBindings) {
    if (!binds(binding, user)) continue;
    const name = textAt(binding, 'roleRef', 'name');
    if (textAt(binding, 'roleRef', 'kind') === 'ClusterRole') clusterRoles.push(name);
    else roles.push(`${textAt(binding, 'metadata', 'namespace')}:${name}`);
  }
  for (const binding of clusterRoleBindings)
    if (binds(binding, user)) clusterRoles.push(textAt(binding, 'roleRef', 'name'));
  return {
    userInfo: {
      username: user.name,
      uid: user.uid ?? '',
      groups: [...user.groups],
      extra: { ...user.extra } as unknown as JsonObject,
    },
    roles,
    clusterRoles,
  };
}

function binds(binding: JsonObject, user: UserInfo): boolean {
  return list(binding.subjects)
    .filter(isObject)
    .some(subject => {
      const name = textAt(subject, 'name');
      if (subject.kind === 'Group') return user.groups.includes(name);
      if (subject.kind === 'User') return user.name === name;
      return user.name === `system:serviceaccount:${textAt(subject, 'namespace')}:${name}`;
    });
}
