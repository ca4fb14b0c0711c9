import type { AdmissionStep } from '../admission.ts';

const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

interface Taint {
  key?: string;
  effect?: string;
}

/** Nothing is placed on a new node before it said it is ready: whoever registers it (TaintNodesByCondition). */
export function taintNodesByCondition(): AdmissionStep {
  return {
    name: 'TaintNodesByCondition',
    handles: (operation, definition, subresource) =>
      operation === 'CREATE' && definition.resource === 'nodes' && definition.group === '' && subresource === '',
    mutate: ({ object }) => {
      const spec = (object!.spec ??= {}) as { taints?: Taint[] };
      const has = spec.taints?.some(({ key, effect }) => key === NOT_READY.key && effect === NOT_READY.effect);
      if (has) return false;
      spec.taints = [...(spec.taints ?? []), { ...NOT_READY }];
      return true;
    },
  };
}
