import { CLUSTER_CHECKS } from './cluster-checks.ts';
import { COMPONENT_CHECKS } from './component-checks.ts';
import type { Check } from './model.ts';
import { POD_CHECKS } from './pod-checks.ts';
import { RBAC_CHECKS } from './role-checks.ts';

/** Everything that can be proved from API objects, by name. */
export const CHECKS: ReadonlyMap<string, Check> = new Map(
  [...POD_CHECKS, ...RBAC_CHECKS, ...CLUSTER_CHECKS, ...COMPONENT_CHECKS].map(each => [each.id, each]),
);
