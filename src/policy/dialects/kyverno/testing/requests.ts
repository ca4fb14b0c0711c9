import { builtinCatalog, type KubeObject } from '../../../../kernel/index.ts';
import type { PolicyRequest, PolicyWorld } from '../../../model.ts';
import type { KyvernoPorts } from '../set.ts';

const none = (): never => {
  throw new Error('not asked here');
};

/** Ports of tests that ask for neither digests nor parsers. */
export const BARE_PORTS: KyvernoPorts = {
  now: () => 0,
  random: () => 0.5,
  digest: none,
  hmac: none,
  parseYaml: none,
  gunzip: none,
  resourceOf: kind => builtinCatalog().kind(kind),
};

/** A world in which nothing is. */
export const EMPTY_WORLD: PolicyWorld = {
  parameter: () => undefined,
  parameters: () => [],
  authorize: () => ({ allowed: false }),
};

/** The request that creates a pod, `x` where it has no name of its own. */
export function creatingPod(pod: object, user: Partial<PolicyRequest['user']> = {}): PolicyRequest {
  const { metadata, ...rest } = pod as { metadata?: Record<string, unknown> };
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x', namespace: 'default', ...metadata },
    spec: {},
    ...rest,
  } as unknown as KubeObject;
  return {
    uid: '1',
    operation: 'CREATE',
    group: '',
    version: 'v1',
    resource: 'pods',
    subresource: '',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    namespaced: true,
    name: object.metadata.name!,
    namespace: object.metadata.namespace!,
    object,
    oldObject: undefined,
    namespaceObject: undefined,
    user: { name: 'alice', groups: [], ...user },
    dryRun: false,
    options: {},
  };
}
