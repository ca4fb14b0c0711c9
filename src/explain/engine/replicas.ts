import type { Answer, Edit, Text } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { applicationsOf, type Scaler, scalersOf } from '../dialects/scalers.ts';
import { explainReplicas } from '../../scaling/index.ts';
import { explainFaults } from '../faults.ts';
import type { Journey, Place } from '../model.ts';
import { admissionHop, type Change, changed, editOf } from './admission-edits.ts';
import { withFidelity } from './fidelity.ts';
import { findBackend, nobody } from './parties.ts';
import type { Prepared } from './prepared.ts';
import { unseenHops } from './unread.ts';
import { outcomeOf } from './why.ts';
import { type Backend, fieldsOf, podFrom } from './workload.ts';

const both = (en: string, zh: string): Text => ({ en, zh });
const NONE = { because: [], nearMisses: [], unmodelled: [] } as const;

interface Asked {
  readonly prepared: Prepared;
  readonly workload: KubeObject;
  readonly backend: Backend;
  readonly wanted: number;
}

/** An edit that is told only when the same question then has another outcome. */
function verified({ prepared, workload, backend, wanted }: Asked, change: Change, enforcer: string): { flip?: Edit } {
  const again = changed(prepared, change);
  if (!again) return {};
  const at = prepared.documents.objects.indexOf(workload);
  const object = again.documents.objects[at] ?? workload;
  const next = { prepared: again, workload: object, backend: { ...backend, object }, wanted };
  const hop = hopsOf(next, false).find(each => each.enforcer === enforcer);
  return !hop || hop.outcome !== 'deny' ? { flip: editOf(prepared, change) } : {};
}

function specHop(asked: Asked, scaled: boolean, edits: boolean): Answer {
  const { prepared, workload, wanted } = asked;
  const written = fieldsOf(workload.spec).replicas;
  const now = typeof written === 'number' ? written : 1;
  const base = { layer: 'cluster', enforcer: 'controller', ...NONE } as const;
  const by = prepared.ruleOf(workload, 'spec.replicas', '/spec/replicas');
  const says = both(
    written === undefined ? 'spec.replicas is not written: 1 by default' : `spec.replicas is ${now}`,
    written === undefined ? '未写 spec.replicas:默认为 1' : `spec.replicas 为 ${now}`,
  );
  // Where something scales, what is written is only where it began.
  if (now === wanted || scaled) return { ...base, outcome: 'allow', by, because: [says] };
  const change = { object: workload, path: '/spec/replicas', action: 'set', value: wanted } as const;
  return { ...base, outcome: 'deny', by, because: [says], ...(edits ? verified(asked, change, 'controller') : {}) };
}

function scalerHop(asked: Asked, scaler: Scaler, edits: boolean): Answer {
  const { prepared, wanted } = asked;
  const { object, min, max, minPath, maxPath } = scaler;
  const base = { layer: 'scaling', enforcer: object.kind, ...NONE } as const;
  const bounds = both(`Scales between ${min} and ${max}`, `伸缩范围 ${min} 到 ${max}`);
  const beyond = wanted > max ? maxPath : wanted < min ? minPath : undefined;
  if (beyond !== undefined) {
    const change = { object, path: beyond, action: 'set', value: wanted } as const;
    const flip = edits ? verified(asked, change, object.kind) : {};
    return {
      ...base,
      outcome: 'deny',
      by: prepared.ruleOf(object, beyond.slice(1).replaceAll('/', '.'), beyond),
      because: [bounds],
      ...flip,
    };
  }
  const decided = explainReplicas(object, wanted);
  if (decided)
    return {
      ...base,
      outcome: decided.outcome,
      by: prepared.ruleOf(object, 'status', '/status'),
      because: [bounds, ...decided.because],
    };
  const { name = '', namespace } = object.metadata;
  const named = { kind: object.kind, name: namespace ? `${namespace}/${name}` : name };
  const code = object.kind === 'HorizontalPodAutoscaler' ? 'unmeasured' : 'unbuilt-layer';
  const fault = explainFaults.make(code, named, prepared.documents.originOf(object)?.span);
  return { ...base, outcome: 'unknown', by: prepared.ruleOf(object), because: [bounds], unmodelled: [fault] };
}

function conflictHop(prepared: Prepared, scalers: readonly Scaler[]): Answer {
  const names = scalers.map(({ object }) => `${object.kind} ${object.metadata.name}`).join(', ');
  const text = both(
    `${names} all set the replicas of one workload: each undoes the other`,
    `${names} 同时设置同一工作负载的副本数:相互覆盖`,
  );
  const unmodelled = scalers.map(({ object }) =>
    explainFaults.make(
      'unbuilt-layer',
      { kind: object.kind, name: object.metadata.name ?? '' },
      prepared.documents.originOf(object)?.span,
    ),
  );
  return {
    ...NONE,
    outcome: 'unknown',
    layer: 'scaling',
    enforcer: 'scalers',
    by: { default: text },
    because: [text],
    unmodelled,
  };
}

/** Of several autoscalers whose pods are the same none acts: each finds its selector ambiguous (autoscaling/v2 status). */
function ambiguousHop(prepared: Prepared, scalers: readonly Scaler[]): Answer {
  const names = scalers.map(({ object }) => object.metadata.name).join(', ');
  const text = both(
    `The autoscalers ${names} are of the same pods: none of them acts (AmbiguousSelector), and replicas stay as written`,
    `自动伸缩器 ${names} 作用于相同的 Pod：均不生效（AmbiguousSelector），副本数保持清单中的值`,
  );
  const by = prepared.ruleOf(scalers[0]!.object, 'spec.scaleTargetRef', '/spec/scaleTargetRef');
  return { ...NONE, outcome: 'allow', layer: 'scaling', enforcer: 'HorizontalPodAutoscaler', by, because: [text] };
}

/** A delivery that puts written replicas back fights with what scales. */
function healingHops({ prepared, workload }: Asked, scaled: boolean): Answer[] {
  if (fieldsOf(workload.spec).replicas === undefined) return [];
  const namespace = workload.metadata.namespace ?? 'default';
  return applicationsOf(prepared.documents.objects)
    .filter(
      application =>
        application.heals &&
        (application.namespace === undefined || application.namespace === namespace) &&
        !application.ignored.some(
          ({ kind, pointer }) =>
            (kind === '' || kind === '*' || kind === workload.kind) && pointer === '/spec/replicas',
        ),
    )
    .map(({ object }) => {
      const text = scaled
        ? both(
            'It puts spec.replicas back as written, and the scaler sets it again',
            '它会把 spec.replicas 恢复为清单中的值,而伸缩器又会改写',
          )
        : both('It puts spec.replicas back as written', '它会把 spec.replicas 恢复为清单中的值');
      const fault = explainFaults.make(
        'unbuilt-layer',
        { kind: object.kind, name: object.metadata.name ?? '' },
        prepared.documents.originOf(object)?.span,
      );
      return {
        ...NONE,
        outcome: 'unknown',
        layer: 'delivery',
        enforcer: object.kind,
        by: prepared.ruleOf(object),
        because: [text],
        unmodelled: [fault],
      } as const;
    });
}

function hopsOf(asked: Asked, edits: boolean): Answer[] {
  const { prepared, workload, wanted } = asked;
  const scalers = scalersOf(workload, prepared.documents.objects);
  const none = scalers.length > 1 && scalers.every(({ object }) => object.kind === 'HorizontalPodAutoscaler');
  const scaled = scalers.length > 0 && !none;
  const { availableReplicas } = fieldsOf(workload.status);
  const available: Answer[] =
    typeof availableReplicas === 'number'
      ? [
          {
            ...NONE,
            outcome: availableReplicas >= wanted ? 'allow' : 'deny',
            layer: 'compute',
            enforcer: 'runtime',
            by: prepared.ruleOf(workload, 'status'),
            because: [both(`${availableReplicas} replicas are available`, `可用副本数 ${availableReplicas}`)],
          },
        ]
      : [];
  return [
    ...unseenHops(prepared.documents, 'replicas'),
    specHop(asked, scaled, edits),
    ...(none ? [ambiguousHop(prepared, scalers)] : []),
    ...(scaled && scalers.length > 1 ? [conflictHop(prepared, scalers)] : []),
    ...(scaled ? scalers.map(scaler => scalerHop(asked, scaler, edits)) : []),
    ...healingHops(asked, scaled),
    ...admissionWith(asked),
    ...available,
  ];
}

/** Pods that count against quotas: those that ended do not (ResourceQuota reference). */
const isOver = (pod: KubeObject): boolean => ['Succeeded', 'Failed'].includes(String(fieldsOf(pod.status).phase));

/** Would admission let that many pods in? Quotas count all of them; where some are there, only the others are asked about. */
function admissionWith({ prepared, workload, wanted, backend }: Asked): Answer[] {
  const change = { object: workload, path: '/spec/replicas', action: 'set', value: wanted } as const;
  const again = changed(prepared, change);
  const at = prepared.documents.objects.indexOf(workload);
  const next = again?.documents.objects[at];
  if (!prepared.documents.live) return [again && next ? admissionHop(again, next) : admissionHop(prepared, workload)];
  const there = prepared.podsOf(backend).filter(pod => !isOver(pod)).length;
  const pod = wanted > there ? podFrom(workload) : undefined;
  if (!pod) return [admissionHop(prepared, workload)];
  return [...unseenHops(prepared.documents, 'admission'), prepared.rehearsal.admitPods(pod, wanted - there)];
}

/** Why a workload has this many replicas, or cannot have them. */
export function whyReplicas(prepared: Prepared, place: Place, wanted: number): Journey {
  const backend = findBackend(prepared, place);
  if (!backend?.object) return nobody(prepared, place);
  const hops = hopsOf({ prepared, workload: backend.object, backend, wanted }, true).map(hop =>
    withFidelity(prepared, hop),
  );
  return { outcome: outcomeOf(hops), hops };
}
