import type { KubeObject } from '../../object.ts';
import { equalJson } from '../../merge/json.ts';
import { Quantity } from '../../quantity.ts';
import { forbidden } from '../../status.ts';
import type { AdmissionAttributes, AdmissionStep } from '../admission.ts';
import type { AdmissionReads } from '../reads.ts';

type Amounts = Readonly<Record<string, string>>;
type Toleration = Readonly<Record<string, unknown>>;

interface RuntimeClass extends KubeObject {
  overhead?: { podFixed?: Amounts };
  scheduling?: { nodeSelector?: Readonly<Record<string, string>>; tolerations?: readonly Toleration[] };
}
interface PodSpec {
  runtimeClassName?: string;
  overhead?: Amounts;
  nodeSelector?: Record<string, string>;
  tolerations?: Toleration[];
}

const CLASSES = 'node.k8s.io/runtimeclasses';

const isEmpty = (amounts: object | undefined): boolean => amounts === undefined || Object.keys(amounts).length === 0;

function sameAmounts(left: Amounts, right: Amounts): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every(name => {
      const [one, other] = [Quantity.parse(left[name]!), Quantity.parse(right[name] ?? '')];
      return one !== undefined && other !== undefined && one.compare(other) === 0;
    })
  );
}

/** The class's tolerations beside the pod's own, none of them twice. */
function withTolerations(own: readonly Toleration[] = [], more: readonly Toleration[] = []): Toleration[] {
  return [...own, ...more.filter(each => !own.some(known => equalJson(known, each)))];
}

/**
 * Gives pods what their RuntimeClass says of overhead and scheduling, and refuses those whose class does not exist or disagrees
 * (RuntimeClass admission; KEP-585, KEP-688).
 */
export function runtimeClass(reads: AdmissionReads): AdmissionStep {
  const classOf = ({ object, definition }: AdmissionAttributes): RuntimeClass | undefined => {
    const { runtimeClassName } = object!.spec as PodSpec;
    if (!runtimeClassName) return undefined;
    const found = reads.get(CLASSES, runtimeClassName) as RuntimeClass | undefined;
    if (found) return found;
    const why = `pod rejected: RuntimeClass "${runtimeClassName}" not found`;
    throw forbidden(definition, object!.metadata.name ?? '', why);
  };
  const mutate = (attributes: AdmissionAttributes): boolean => {
    const { object, definition } = attributes;
    const chosen = classOf(attributes);
    if (!chosen) return false;
    const spec = object!.spec as PodSpec;
    const refuse = (why: string): Error => forbidden(definition, object!.metadata.name ?? '', `pod rejected: ${why}`);
    const before = structuredClone(spec);
    const fixed = chosen.overhead?.podFixed;
    if (fixed && !isEmpty(fixed)) {
      if (spec.overhead && !isEmpty(spec.overhead) && !sameAmounts(spec.overhead, fixed))
        throw refuse("Pod's Overhead doesn't match RuntimeClass's defined Overhead");
      spec.overhead = { ...fixed };
    }
    for (const [name, value] of Object.entries(chosen.scheduling?.nodeSelector ?? {})) {
      const own = spec.nodeSelector?.[name];
      if (own !== undefined && own !== value)
        throw refuse(
          `conflict: runtimeClass.scheduling.nodeSelector[${name}] = ${value}; pod.spec.nodeSelector[${name}] = ${own}`,
        );
      spec.nodeSelector = { ...spec.nodeSelector, [name]: value };
    }
    const { tolerations } = chosen.scheduling ?? {};
    if (tolerations?.length) spec.tolerations = withTolerations(spec.tolerations, tolerations);
    return !equalJson(before, spec);
  };
  return {
    name: 'RuntimeClass',
    plain: true,
    handles: (operation, definition, subresource) =>
      operation === 'CREATE' && definition.resource === 'pods' && definition.group === '' && subresource === '',
    mutate,
    validate: attributes => {
      const { object, definition } = attributes;
      const chosen = classOf(attributes);
      if (!isEmpty(chosen?.overhead?.podFixed) || isEmpty((object!.spec as PodSpec).overhead)) return;
      const why = 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead';
      throw forbidden(definition, object!.metadata.name ?? '', why);
    },
  };
}
