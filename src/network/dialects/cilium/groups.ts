import type { KubeObject, ResourceRef } from '../../../kernel/index.ts';
import type { PolicyContext } from '../context.ts';
import { readStringMap } from '../kubernetes/read.ts';

/** CiliumCIDRGroup by the versions it is served in. */
export const CIDR_GROUP_REFS: readonly ResourceRef[] = ['v2alpha1', 'v2'].map(version => ({
  group: 'cilium.io',
  version,
  resource: 'ciliumcidrgroups',
}));

/** The prefixes of a CiliumCIDRGroup; undefined for other kinds. */
export function readCidrGroup(object: KubeObject): PolicyContext['groups'][number] | undefined {
  if (object.kind !== 'CiliumCIDRGroup') return undefined;
  const { externalCIDRs = [] } = (object.spec ?? {}) as { externalCIDRs?: unknown };
  const cidrs = Array.isArray(externalCIDRs) ? externalCIDRs.filter(cidr => typeof cidr === 'string') : [];
  return { name: object.metadata.name ?? '', labels: readStringMap(object.metadata.labels), cidrs };
}

/** True for policies that name Services or groups of prefixes. */
export const refersToOthers = ({ spec, specs }: KubeObject): boolean =>
  /"(toServices|cidrGroupRef|cidrGroupSelector)":/.test(JSON.stringify([spec, specs]));
