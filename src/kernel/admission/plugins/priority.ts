import type { KubeObject } from '../../object.ts';
import { forbidden } from '../../status.ts';
import type { AdmissionAttributes, AdmissionStep } from '../admission.ts';
import type { AdmissionReads } from '../reads.ts';

interface PriorityClass extends KubeObject {
  value: number;
  globalDefault?: boolean;
  preemptionPolicy?: string;
}
interface PodSpec {
  priorityClassName?: string;
  priority?: number;
  preemptionPolicy?: string;
}

const CLASSES = 'scheduling.k8s.io/priorityclasses';

/** The class of pods that name none: of several global defaults the one with the lowest value counts. */
function defaultClass(reads: AdmissionReads): PriorityClass | undefined {
  const defaults = (reads.list(CLASSES, '') as readonly PriorityClass[]).filter(
    ({ globalDefault }) => globalDefault === true,
  );
  return [...defaults].sort((left, right) => left.value - right.value)[0];
}

/** Turns a pod's priority class into its priority (Priority admission). */
export function priority(reads: AdmissionReads): AdmissionStep {
  const mutate = ({ object, definition }: AdmissionAttributes): boolean => {
    const pod = object!;
    const spec = pod.spec as PodSpec;
    const refuse = (why: string): Error => forbidden(definition, pod.metadata.name ?? '', why);
    const named = spec.priorityClassName;
    const chosen = named ? (reads.get(CLASSES, named) as PriorityClass | undefined) : defaultClass(reads);
    if (named && !chosen) throw refuse(`no PriorityClass with name ${named} was found`);
    const value = chosen?.value ?? 0;
    if (spec.priority !== undefined && spec.priority !== value) {
      throw refuse(
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      );
    }
    const policy = chosen?.preemptionPolicy ?? 'PreemptLowerPriority';
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
      throw refuse(
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
      );
    }
    const changed = spec.priority !== value || spec.preemptionPolicy !== policy || (chosen !== undefined && !named);
    if (chosen && !named) spec.priorityClassName = chosen.metadata.name!;
    spec.priority = value;
    spec.preemptionPolicy = policy;
    return changed;
  };
  return {
    name: 'Priority',
    plain: true,
    handles: (operation, definition, subresource) =>
      operation === 'CREATE' && definition.resource === 'pods' && definition.group === '' && subresource === '',
    mutate,
  };
}
