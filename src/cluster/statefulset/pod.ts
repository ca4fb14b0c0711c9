import type { JsonObject, OwnerReference } from '../../kernel/object.ts';
import { type Effect, keyOf } from '../effect.ts';
import { sameJson } from '../hash.ts';
import { REVISION_LABEL } from '../history.ts';
import { controllerReference, podFromTemplate } from '../pods.ts';
import { CLAIMS } from '../refs.ts';
import type { PersistentVolumeClaim, Pod, PodTemplateSpec, StatefulSet } from '../types.ts';

const NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
const INDEX_LABEL = 'apps.kubernetes.io/pod-index';

/** `web-3` of StatefulSet `web` is 3; undefined for pods that are none of its. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const match = /^(.*)-(\d+)$/.exec(pod.metadata.name);
  return match && match[1] === set.metadata.name ? Number(match[2]) : undefined;
}

const claimName = (template: string, set: StatefulSet, ordinal: number): string =>
  `${template}-${set.metadata.name}-${ordinal}`;

/** The pod of one ordinal: stable name, host name and claims (StatefulSet, "Pod Identity"). */
export function podOf(set: StatefulSet, template: PodTemplateSpec, revision: string, ordinal: number): Pod {
  const name = `${set.metadata.name}-${ordinal}`;
  const pod = podFromTemplate(template, set, { name });
  const claims = (set.spec.volumeClaimTemplates ?? []).map(each => each.metadata?.name ?? '');
  const volumes = [
    ...(pod.spec.volumes ?? []).filter(volume => !claims.includes(volume.name)),
    ...claims.map(claim => ({ name: claim, persistentVolumeClaim: { claimName: claimName(claim, set, ordinal) } })),
  ];
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata.labels,
        [NAME_LABEL]: name,
        [INDEX_LABEL]: String(ordinal),
        [REVISION_LABEL]: revision,
      },
    },
    spec: {
      ...pod.spec,
      hostname: name,
      ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...(volumes.length > 0 ? { volumes } : {}),
    },
  };
}

export type ClaimLookup = (name: string) => PersistentVolumeClaim | undefined;

/** Creates the claims of an ordinal that do not exist yet. */
export function missingClaims(set: StatefulSet, ordinal: number, lookup: ClaimLookup): Effect[] {
  return (set.spec.volumeClaimTemplates ?? []).flatMap(template => {
    const name = claimName(template.metadata?.name ?? '', set, ordinal);
    if (lookup(name)) return [];
    const pod = `${set.metadata.name}-${ordinal}`;
    const { labels, annotations } = template.metadata ?? {};
    const object = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name,
        namespace: set.metadata.namespace ?? '',
        labels: { ...labels, ...set.spec.selector.matchLabels },
        ...(annotations ? { annotations } : {}),
        ...(retention(set).whenDeleted === 'Delete' ? { ownerReferences: [controllerReference(set)] } : {}),
      },
      spec: template.spec,
    };
    const told = `Claim ${name} Pod ${pod} in StatefulSet ${set.metadata.name}`;
    return [
      {
        do: 'create' as const,
        ref: CLAIMS,
        object,
        done: { about: set, type: 'Normal' as const, reason: 'SuccessfulCreate', message: `create ${told} success` },
        failed: {
          about: set,
          type: 'Warning' as const,
          reason: 'FailedCreate',
          message: `create ${told} failed error: {error}`,
        },
      },
    ];
  });
}

const retention = (set: StatefulSet): { whenDeleted: string; whenScaled: string } => ({
  whenDeleted: set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted ?? 'Retain',
  whenScaled: set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled ?? 'Retain',
});

/**
 * Owner references by which the garbage collector carries out persistentVolumeClaimRetentionPolicy: to the set for
 * whenDeleted, to the pod that is scaled away for whenScaled (KEP-1847).
 */
export function retainClaims(
  set: StatefulSet,
  ordinal: number,
  condemned: Pod | undefined,
  lookup: ClaimLookup,
): Effect[] {
  const policy = retention(set);
  return (set.spec.volumeClaimTemplates ?? []).flatMap(template => {
    const claim = lookup(claimName(template.metadata?.name ?? '', set, ordinal));
    if (!claim || claim.metadata.deletionTimestamp) return [];
    const present = claim.metadata.ownerReferences ?? [];
    const others = present.filter(
      each =>
        each.uid !== set.metadata.uid && !(each.kind === 'Pod' && each.name === `${set.metadata.name}-${ordinal}`),
    );
    const wanted: OwnerReference[] = [...others];
    if (condemned && policy.whenScaled === 'Delete')
      wanted.push({ apiVersion: 'v1', kind: 'Pod', name: condemned.metadata.name, uid: condemned.metadata.uid });
    else if (policy.whenDeleted === 'Delete') wanted.push(controllerReference(set));
    if (sameJson(present, wanted)) return [];
    const ownerReferences = wanted.length > 0 ? (wanted as unknown as JsonObject[]) : null;
    return [{ do: 'patch' as const, ref: CLAIMS, key: keyOf(claim), patch: { metadata: { ownerReferences } } }];
  });
}
