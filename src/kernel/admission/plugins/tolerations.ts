import type { AdmissionStep } from '../admission.ts';

interface Toleration {
  key?: string;
  operator?: string;
  effect?: string;
  tolerationSeconds?: number;
}

/** How long a pod stays bound to a node that is not ready or not reachable. */
const SECONDS = 300;
const KEYS: readonly string[] = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

const covers = ({ key, effect }: Toleration, taint: string): boolean =>
  (!key || key === taint) && (!effect || effect === 'NoExecute');

/** Pods tolerate a lost node for five minutes unless they say otherwise (DefaultTolerationSeconds). */
export function defaultTolerationSeconds(): AdmissionStep {
  return {
    name: 'DefaultTolerationSeconds',
    plain: true,
    handles: (operation, definition, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      definition.resource === 'pods' &&
      definition.group === '' &&
      subresource === '',
    mutate: ({ object, oldObject }) => {
      const spec = object!.spec as { tolerations?: Toleration[] };
      const given = spec.tolerations ?? (oldObject?.spec as typeof spec | undefined)?.tolerations ?? [];
      const missing = KEYS.filter(key => !given.some(toleration => covers(toleration, key)));
      if (missing.length === 0) return false;
      spec.tolerations = [
        ...given,
        ...missing.map(key => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: SECONDS })),
      ];
      return true;
    },
  };
}
