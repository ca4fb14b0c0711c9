/** `kubectl rollout undo` of a Deployment: the template of the revision before. */
import { type Client, type JsonObject, type KubeObject, type ResourceRef } from '../../kernel/index.ts';
import type { ObjectRef } from './scenario/model.ts';

const DEPLOYMENTS: ResourceRef = { group: 'apps', version: 'v1', resource: 'deployments' };
const REPLICA_SETS: ResourceRef = { group: 'apps', version: 'v1', resource: 'replicasets' };
const REVISION = 'deployment.kubernetes.io/revision';
const HASH = 'pod-template-hash';

const revisionOf = ({ metadata }: KubeObject): number => Number(metadata.annotations?.[REVISION] ?? 0);

/** Rejects where the Deployment is not there or has no revision before (kubectl "rollout undo": "no rollout history found"). */
export async function undoRollout(client: Client, { namespace = 'default', name }: ObjectRef): Promise<void> {
  const deployment = await client.get(DEPLOYMENTS, { namespace, name });
  const { items } = await client.list(REPLICA_SETS, { namespace });
  const current = revisionOf(deployment);
  const before = items
    .filter(({ metadata }) =>
      metadata.ownerReferences?.some(owner => owner.controller && owner.uid === deployment.metadata.uid),
    )
    .filter(set => revisionOf(set) < current)
    .sort((left, right) => revisionOf(right) - revisionOf(left))[0];
  if (!before) throw new Error(`no rollout history found for deployment "${name}"`);
  const template = structuredClone((before.spec as { template: JsonObject }).template);
  const labels = (template.metadata as JsonObject | undefined)?.labels;
  if (typeof labels === 'object' && labels !== null) delete (labels as JsonObject)[HASH];
  const operations: JsonObject[] = [{ op: 'replace', path: '/spec/template', value: template }];
  await client.patch(
    DEPLOYMENTS,
    { namespace, name },
    { type: 'json', operations },
    { fieldManager: 'kubectl-rollout' },
  );
}
