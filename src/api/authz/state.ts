import type { Clock } from '../../base/index.ts';
import type { Registry, ResourceRef } from '../../kernel/index.ts';
import { aggregate } from './aggregation.ts';
import { type Follower, follow } from './feed.ts';
import { NodeAuthorizer } from './node.ts';
import { Rbac } from './rbac.ts';
import type { BindingObject, RoleObject } from './rules.ts';

const RBAC_GROUP = 'rbac.authorization.k8s.io';
const rbacRef = (resource: string): ResourceRef => ({ group: RBAC_GROUP, version: 'v1', resource });
const coreRef = (resource: string): ResourceRef => ({ group: '', version: 'v1', resource });

/** The authorizers' view of the cluster, kept current. */
export interface AuthorizationState extends Disposable {
  readonly rbac: Rbac;
  readonly node: NodeAuthorizer;
}

/** Reads roles, bindings, pods and volumes, and follows them. */
export async function authorizationState(registry: Registry, clock: Clock): Promise<AuthorizationState> {
  const rbac = new Rbac();
  const node = new NodeAuthorizer();
  const aggregation = aggregate(registry, clock);
  const roles = (resource: string): Follower => ({
    ref: rbacRef(resource),
    set: object => {
      rbac.setRole(object as RoleObject);
      if (resource === 'clusterroles') aggregation.set(object as RoleObject);
    },
    remove: (namespace, name) => {
      rbac.removeRole(namespace, name);
      if (resource === 'clusterroles') aggregation.remove(name);
    },
  });
  const bindings = (resource: string): Follower => ({
    ref: rbacRef(resource),
    set: object => rbac.setBinding(object as BindingObject),
    remove: (namespace, name) => rbac.removeBinding(namespace, name),
  });
  const followers = await Promise.all(
    [
      roles('roles'),
      roles('clusterroles'),
      bindings('rolebindings'),
      bindings('clusterrolebindings'),
      {
        ref: coreRef('pods'),
        set: pod => node.setPod(pod),
        remove: (namespace, name) => node.removePod(namespace, name),
      } satisfies Follower,
      {
        ref: coreRef('persistentvolumes'),
        set: volume => node.setVolume(volume),
        remove: (_namespace, name) => node.removeVolume(name),
      } satisfies Follower,
    ].map(follower => follow(registry, clock, follower)),
  );
  return {
    rbac,
    node,
    [Symbol.dispose]: () => {
      aggregation[Symbol.dispose]();
      for (const follower of followers) follower[Symbol.dispose]();
    },
  };
}
