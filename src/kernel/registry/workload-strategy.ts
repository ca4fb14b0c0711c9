import type { KubeObject } from '../object.ts';
import { cloneJson, equalJson } from '../merge/json.ts';
import type { JsonObject } from '../object.ts';

const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid';
const JOB_NAME = 'batch.kubernetes.io/job-name';
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

interface JobSpec {
  manualSelector?: boolean;
  selector?: { matchLabels?: Record<string, string> };
  template?: { metadata?: { labels?: Record<string, string> } };
}

/**
 * A new Job selects its pods by its own uid, unless its author brings a selector (batch registry strategy, `generateSelector`).
 */
export function selectOwnPods(object: KubeObject): void {
  const spec = object.spec as JobSpec | undefined;
  if (!spec || spec.manualSelector === true) return;
  const { name = '', uid = '' } = object.metadata;
  const template = (spec.template ??= {});
  const metadata = (template.metadata ??= {});
  const labels = { ...metadata.labels };
  labels['job-name'] ??= name;
  labels[JOB_NAME] ??= name;
  labels['controller-uid'] ??= uid;
  labels[CONTROLLER_UID] ??= uid;
  metadata.labels = labels;
  spec.selector ??= {};
  spec.selector.matchLabels = { ...spec.selector.matchLabels };
  spec.selector.matchLabels[CONTROLLER_UID] ??= uid;
}

/** A job without labels of its own wears those of its template. */
export function wearTemplateLabels(object: KubeObject): void {
  const labels = (object.spec as JobSpec | undefined)?.template?.metadata?.labels;
  if (labels && object.metadata.labels === undefined) object.metadata.labels = { ...labels };
}

const generationOf = (object: KubeObject): number =>
  Number(object.metadata.annotations?.[TEMPLATE_GENERATION] ?? 0) || 0;

function setTemplateGeneration(object: KubeObject, generation: number): void {
  object.metadata.annotations = { ...object.metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

/** What was `spec.templateGeneration` before apps/v1 lives on as an annotation (conversion of DaemonSet). */
export const firstTemplateGeneration = (object: KubeObject): void => setTemplateGeneration(object, 1);

/** Counts changes of a DaemonSet's template; writers cannot set it. */
export function countTemplateGeneration(object: KubeObject, old: KubeObject): void {
  const template = (of: KubeObject): JsonObject => ((of.spec as JsonObject | undefined)?.template ?? {}) as JsonObject;
  const before = generationOf(old);
  if (before === 0 && generationOf(object) === 0) return;
  setTemplateGeneration(object, equalJson(template(object), template(old)) ? before : before + 1);
}

/** When a volume's phase last changed, unless the writer said it (persistentvolume registry strategy). */
export function notePhaseChange(object: KubeObject, old: KubeObject | undefined, now: string): void {
  const status = object.status as JsonObject | undefined;
  const before = old?.status as JsonObject | undefined;
  if (!status || status.phase === before?.phase) return;
  if (
    status.lastPhaseTransitionTime !== undefined &&
    status.lastPhaseTransitionTime !== before?.lastPhaseTransitionTime
  )
    return;
  object.status = { ...cloneJson(status), lastPhaseTransitionTime: now };
}
