import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import { objectKey } from '../../kernel/indexer.ts';
import type { ClusterEnv } from '../driver.ts';
import { canonicalJson, sameJson } from '../hash.ts';
import { CLUSTER_ROLES } from '../refs.ts';
import { matchesSelector } from '../selector.ts';
import type { ClusterRole, PolicyRule } from '../types.ts';

/** The rules an aggregated ClusterRole has: those of all roles its selectors match, in order of name, each once. */
export function aggregatedRules(role: ClusterRole, all: Iterable<ClusterRole>): PolicyRule[] {
  const selectors = role.aggregationRule?.clusterRoleSelectors ?? [];
  const matching = [...all]
    .filter(
      other =>
        other.metadata.name !== role.metadata.name &&
        selectors.some(selector => matchesSelector(selector, other.metadata.labels)),
    )
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const rules = new Map<string, PolicyRule>();
  for (const other of matching)
    for (const rule of other.rules ?? []) if (!rules.has(canonicalJson(rule))) rules.set(canonicalJson(rule), rule);
  return [...rules.values()];
}

/** Keeps aggregated ClusterRoles (admin, edit, view and users' own) at the sum of their parts. */
export function startRoleAggregationController(env: ClusterEnv): Controller {
  const roles = env.informers.of<ClusterRole>(CLUSTER_ROLES);
  const name = 'clusterrole-aggregation-controller';
  return runController({
    name,
    clock: env.clock,
    watches: [watchOf(roles, () => [...roles.list()].filter(role => role.aggregationRule).map(objectKey))],
    report: (error, key) => env.report(error, `${name} ${key}`),
    reconcile: async key => {
      const role = roles.get(key);
      if (!role?.aggregationRule) return undefined;
      const rules = aggregatedRules(role, roles.list());
      if (!sameJson(rules, role.rules ?? [])) await env.client.update(CLUSTER_ROLES, { ...role, rules } as ClusterRole);
      return undefined;
    },
  });
}
