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
  /** Resolves when the node authorizer knows every pod; undefined once it does. */
  nodeReady(): Promise<void> | undefined;
}

/** What the node authorizer reads: every pod and volume, which a cluster whose nodes never ask need not parse. */
const nodeFollowers = (node: NodeAuthorizer): Follower[] => [
  {
    ref: coreRef('pods'),
    set: pod => node.setPod(pod),
    remove: (namespace, name) => node.removePod(namespace, name),
  },
  {
    ref: coreRef('persistentvolumes'),
    set: volume => node.setVolume(volume),
    remove: (_namespace, name) => node.removeVolume(name),
  },
];

/** Reads roles and bindings and follows them; pods and volumes from the first request of a node on. */
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
  const followAll = (followers: readonly Follower[]): Promise<Disposable[]> =>
    Promise.all(followers.map(follower => follow(registry, clock, follower)));
  const followed = await followAll([
    roles('roles'),
    roles('clusterroles'),
    bindings('rolebindings'),
    bindings('clusterrolebindings'),
  ]);
  let ready = false;
  let starting: Promise<void> | undefined;
  const startNodes = async (): Promise<void> => {
    try {
      followed.push(...(await followAll(nodeFollowers(node))));
      ready = true;
    } finally {
      starting = undefined;
    }
  };
  return {
    rbac,
    node,
    nodeReady: () => (ready ? undefined : (starting ??= startNodes())),
    [Symbol.dispose]: () => {
      aggregation[Symbol.dispose]();
      for (const follower of followed) follower[Symbol.dispose]();
    },
  };
}
