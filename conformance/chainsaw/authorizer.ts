import { rulesOf } from '../../src/api/authz/aggregation.ts';
import { Rbac } from '../../src/api/authz/rbac.ts';
import type { BindingObject, RoleObject } from '../../src/api/authz/rules.ts';
import type { Informers, KubeObject, ResourceRef } from '../../src/kernel/index.ts';
import type { PolicySource } from '../../src/policy/index.ts';

type Authorize = PolicySource['world']['authorize'];

const rbacRef = (resource: string): ResourceRef => ({ group: 'rbac.authorization.k8s.io', version: 'v1', resource });

/**
 * Role-based authorization over what informers hold, aggregated roles put together as they are read: the API's own
 * authorizer follows with delays of real time, which a cluster in virtual time has none of.
 */
export function authorizerOf(informers: Informers): Authorize {
  const [roles, clusterRoles, bindings, clusterBindings] = [
    'roles',
    'clusterroles',
    'rolebindings',
    'clusterrolebindings',
  ].map(resource => {
    const objects = new Map<string, KubeObject>();
    informers.of(rbacRef(resource)).onChange(({ type, object }) => {
      current = undefined;
      const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
      if (type === 'deleted') objects.delete(key);
      else objects.set(key, object);
    });
    return objects;
  }) as [Map<string, KubeObject>, Map<string, KubeObject>, Map<string, KubeObject>, Map<string, KubeObject>];
  let current: Rbac | undefined;
  const build = (): Rbac => {
    const rbac = new Rbac();
    const all = new Map([...clusterRoles.values()].map(role => [role.metadata.name!, role as RoleObject]));
    for (const role of roles.values()) rbac.setRole(role as RoleObject);
    for (const role of all.values())
      rbac.setRole(role.aggregationRule ? ({ ...role, rules: rulesOf(role, all) } as RoleObject) : role);
    for (const binding of [...bindings.values(), ...clusterBindings.values()])
      rbac.setBinding(binding as BindingObject);
    return rbac;
  };
  return (request, question) => {
    const { allowed, reason } = (current ??= build()).authorize({
      user: question.user === undefined ? request.user : userOf(question.user),
      verb: question.verb,
      isResource: question.path === undefined,
      group: question.group ?? '',
      version: '*',
      resource: question.resource ?? '',
      subresource: question.subresource ?? '',
      namespace: question.namespace ?? '',
      name: question.name ?? '',
      path: question.path ?? '',
    });
    return { allowed, reason };
  };
}

const userOf = (name: string): { name: string; groups: string[] } => ({ name, groups: ['system:authenticated'] });
