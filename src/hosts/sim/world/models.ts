/** How a pod and its images behave, put together from the scenario's entries. */
import type { kinds } from '../../../kernel/index.ts';
import type { ImageModel, PodMatch, WorkloadModel } from '../scenario/model.ts';

/** A pod's behaviour: the fields of every entry that matches, later ones before earlier ones. */
export type Behaviour = Omit<WorkloadModel, 'match' | 'where'>;

const HASH_LABELS = ['pod-template-hash', 'controller-revision-hash'];

/** `web` for the pods of Deployment web: their owner's name without what its controller added. */
export function workloadOf(pod: kinds.Pod): string {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller);
  if (!owner) return pod.metadata.name ?? '';
  const hash = pod.metadata.labels?.[HASH_LABELS[0]!];
  if (owner.kind === 'ReplicaSet' && hash && owner.name.endsWith(`-${hash}`))
    return owner.name.slice(0, -hash.length - 1);
  return owner.name;
}

/** A star stands for any text. */
export function globMatches(pattern: string, text: string): boolean {
  if (!pattern.includes('*')) return pattern === text;
  const parts = pattern.split('*');
  const [first, last] = [parts[0]!, parts.at(-1)!];
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

function matches(match: PodMatch, pod: kinds.Pod, node: string, zone: string): boolean {
  const { namespace, name, labels = {}, image } = match;
  if (namespace !== undefined && !globMatches(namespace, pod.metadata.namespace ?? '')) return false;
  if (name !== undefined && !globMatches(name, workloadOf(pod))) return false;
  if (Object.entries(labels).some(([key, value]) => pod.metadata.labels?.[key] !== value)) return false;
  if (match.node !== undefined && !globMatches(match.node, node)) return false;
  if (match.zone !== undefined && !globMatches(match.zone, zone)) return false;
  return image === undefined || (pod.spec?.containers ?? []).some(each => globMatches(image, each.image ?? ''));
}

/** Behaviour of a pod on a node. */
export function behaviourOf(models: readonly WorkloadModel[], pod: kinds.Pod, node: string, zone: string): Behaviour {
  const behaviour: Record<string, unknown> = {};
  for (const { match, where: _, ...fields } of models) {
    if (!matches(match, pod, node, zone)) continue;
    for (const [field, value] of Object.entries(fields)) if (value !== undefined) behaviour[field] = value;
  }
  return behaviour as Behaviour;
}

/** What the scenario says of an image; the first entry that matches. */
export function imageOf(models: readonly ImageModel[], image: string): ImageModel | undefined {
  return models.find(({ match }) => globMatches(match, image) || globMatches(match, image.replace(/[:@][^/]*$/, '')));
}
