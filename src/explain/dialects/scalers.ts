import type { KubeObject } from '../../kernel/index.ts';

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});

/** An object that sets how many pods a workload has. */
export interface Scaler {
  readonly object: KubeObject;
  readonly min: number;
  readonly max: number;
  /** Where its bounds are written. */
  readonly minPath: string;
  readonly maxPath: string;
}

interface ScalerKind {
  readonly kind: string;
  readonly group: RegExp;
  readonly target: (spec: Fields) => Fields;
  readonly min: readonly [field: string, byDefault: number];
  readonly max: readonly [field: string, byDefault: number];
}

/** Kinds that scale, each with the defaults of its reference. */
const SCALERS: readonly ScalerKind[] = [
  {
    kind: 'HorizontalPodAutoscaler',
    group: /^autoscaling$/,
    target: spec => fields(spec.scaleTargetRef),
    min: ['minReplicas', 1],
    max: ['maxReplicas', Number.POSITIVE_INFINITY],
  },
  {
    kind: 'ScaledObject',
    group: /^keda\.sh$/,
    target: spec => ({ kind: 'Deployment', ...fields(spec.scaleTargetRef) }),
    min: ['minReplicaCount', 0],
    max: ['maxReplicaCount', 100],
  },
];

/** Everything that scales this workload. */
export function scalersOf(workload: KubeObject, objects: readonly KubeObject[]): Scaler[] {
  return objects.flatMap(object => {
    const known = SCALERS.find(
      ({ kind, group }) => kind === object.kind && group.test(object.apiVersion.split('/')[0]!),
    );
    if (!known || (object.metadata.namespace ?? 'default') !== (workload.metadata.namespace ?? 'default')) return [];
    const spec = fields(object.spec);
    const target = known.target(spec);
    if (target.kind !== workload.kind || target.name !== workload.metadata.name) return [];
    const bound = ([field, byDefault]: ScalerKind['min']): number =>
      typeof spec[field] === 'number' ? spec[field] : byDefault;
    return [
      {
        object,
        min: bound(known.min),
        max: bound(known.max),
        minPath: `/spec/${known.min[0]}`,
        maxPath: `/spec/${known.max[0]}`,
      },
    ];
  });
}

/** Kinds of other delivery systems that keep objects as a repository says. */
export const DELIVERY_GROUPS: readonly RegExp[] = [/^argoproj\.io$/, /toolkit\.fluxcd\.io$/];

/** An application of another delivery system. */
export interface Application {
  readonly object: KubeObject;
  readonly heals: boolean;
  /** Pointers it leaves alone, with the kinds they are of; an empty kind is every kind. */
  readonly ignored: readonly { readonly kind: string; readonly pointer: string }[];
  readonly namespace: string | undefined;
}

export function applicationsOf(objects: readonly KubeObject[]): Application[] {
  return objects.flatMap(object => {
    const group = object.apiVersion.split('/')[0]!;
    if (!DELIVERY_GROUPS.some(pattern => pattern.test(group))) return [];
    if (object.kind !== 'Application' && object.kind !== 'Kustomization' && object.kind !== 'HelmRelease') return [];
    const spec = fields(object.spec);
    const { selfHeal } = fields(fields(spec.syncPolicy).automated);
    const differences = Array.isArray(spec.ignoreDifferences) ? spec.ignoreDifferences.map(fields) : [];
    const destination = fields(spec.destination).namespace ?? spec.targetNamespace;
    return [
      {
        object,
        heals: object.kind === 'Application' ? selfHeal === true : true,
        ignored: differences.flatMap(({ kind, jsonPointers }) =>
          (Array.isArray(jsonPointers) ? jsonPointers : []).map(pointer => ({
            kind: String(kind ?? ''),
            pointer: String(pointer),
          })),
        ),
        namespace: typeof destination === 'string' ? destination : undefined,
      },
    ];
  });
}
