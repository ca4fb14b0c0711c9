import { rememberObject } from '../../../../base/index.ts';
import { isObject, type Json, type JsonObject, type KubeObject } from '../../../../kernel/index.ts';
import type { CelValue } from '../../../engine/cel/index.ts';
import type { PolicyRequest, PolicyWorld } from '../../../model.ts';
import { podSpecOf } from '../images.ts';
import { asKube, type KyvernoWorld, resourceOf, type Review, textAt } from '../model.ts';
import { plural } from './plural.ts';

/** A review as CEL policies see requests, made once for all of them. */
export const requestOf = (review: Review, world: KyvernoWorld): PolicyRequest => requestsIn(world)(review);

const requestsIn = rememberObject((world: KyvernoWorld) =>
  rememberObject((review: Review) => readReview(review, world)),
);

function readReview(review: Review, world: KyvernoWorld): PolicyRequest {
  const resource = resourceOf(review);
  const type = world.resourceOf(review.kind);
  const namespaced = type?.namespaced ?? true;
  const namespace = namespaced ? textAt(resource, 'metadata', 'namespace') || 'default' : '';
  const user = review.requester?.userInfo ?? {};
  return {
    uid: textAt(resource, 'metadata', 'uid'),
    operation: review.operation,
    group: review.kind.group,
    version: review.kind.version,
    resource: type?.resource ?? plural(review.kind.kind),
    subresource: review.subresource,
    kind: review.kind,
    namespaced,
    name: textAt(resource, 'metadata', 'name'),
    namespace,
    object: review.object === undefined ? undefined : asKube(review.object),
    oldObject: review.oldObject === undefined ? undefined : asKube(review.oldObject),
    namespaceObject: namespaced ? namespaceObject(namespace, review, world) : undefined,
    user: {
      name: textAt(user, 'username'),
      uid: textAt(user, 'uid'),
      groups: Array.isArray(user.groups) ? user.groups.map(String) : [],
      ...(isObject(user.extra) ? { extra: user.extra as Record<string, string[]> } : {}),
    },
    dryRun: false,
    options: {},
  };
}

function namespaceObject(name: string, review: Review, world: KyvernoWorld): KubeObject {
  const found = world.get('v1', 'namespaces', '', name);
  if (found !== undefined) return asKube(found);
  const labels = { 'kubernetes.io/metadata.name': name, ...review.namespaceLabels };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

/** `images`: names of the images of each list of containers. */
export const imageLists = rememberObject((resource: JsonObject): CelValue => {
  const spec = podSpecOf(resource);
  const lists: Record<string, CelValue> = {};
  for (const name of ['containers', 'initContainers', 'ephemeralContainers']) {
    const members: readonly Json[] = spec && Array.isArray(spec[name]) ? spec[name] : [];
    lists[name] = members.flatMap(each => (isObject(each) && typeof each.image === 'string' ? [each.image] : []));
  }
  return lists;
});

/** Without an authorizer nothing is allowed; parameters are what the world has of the kind. */
export function celWorld(world: KyvernoWorld, parameters: readonly JsonObject[] = []): PolicyWorld {
  const named = (name: string, namespace: string | undefined): KubeObject | undefined => {
    const found = parameters.find(
      each =>
        textAt(each, 'metadata', 'name') === name &&
        (namespace === undefined || (textAt(each, 'metadata', 'namespace') || namespace) === namespace),
    );
    return found && asKube(found);
  };
  return {
    parameter: (kind, namespace, name) => {
      const api = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
      const found = named(name, namespace) ?? world.get(api, kind.kind, namespace ?? '', name);
      return found && asKube(found as JsonObject);
    },
    parameters: kind =>
      [...parameters, ...world.list(kind.group === '' ? kind.version : `${kind.group}/${kind.version}`, kind.kind, '')]
        .filter(each => each.kind === kind.kind)
        .map(asKube),
    authorize: () => ({ allowed: false }),
  };
}

/** A world without parameters of its own, made once. */
export const plainWorld = rememberObject((world: KyvernoWorld) => celWorld(world));
