import type { Clock, Timer } from '../../base/index.ts';
import type { Registry } from '../../kernel/index.ts';
import { LOOPBACK } from './feed.ts';
import { type PolicyRule, type RoleObject, selects } from './rules.ts';

const DELAY_ms = 5;
const RETRY_ms = 500;
const REF = { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterroles' };

/** Keeps the rules of aggregated ClusterRoles (RBAC reference, "Aggregated ClusterRoles"). */
export interface Aggregation extends Disposable {
  set(role: RoleObject): void;
  remove(name: string): void;
}

export function rulesOf(role: RoleObject, all: ReadonlyMap<string, RoleObject>): PolicyRule[] {
  const rules: PolicyRule[] = [];
  const seen = new Set<string>();
  const names = [...all.keys()].sort();
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    for (const name of names) {
      const other = all.get(name)!;
      if (name === role.metadata.name || !selects(selector, other.metadata.labels ?? {})) continue;
      for (const rule of other.rules ?? []) {
        const text = JSON.stringify(rule);
        if (seen.has(text)) continue;
        seen.add(text);
        rules.push(rule);
      }
    }
  }
  return rules;
}

/** Starts the aggregation; writes go out shortly after a change, one at a time a role. */
export function aggregate(registry: Registry, clock: Clock): Aggregation {
  const roles = new Map<string, RoleObject>();
  let timer: Timer | undefined;
  let stopped = false;
  let running = false;
  const schedule = (delay_ms: number): void => {
    if (stopped || timer) return;
    timer = clock.after(delay_ms, () => {
      timer = undefined;
      void run();
    });
  };
  const run = async (): Promise<void> => {
    if (running) return schedule(DELAY_ms);
    running = true;
    try {
      for (const role of roles.values()) {
        if (!role.aggregationRule) continue;
        const rules = rulesOf(role, roles);
        if (stopped || JSON.stringify(rules) === JSON.stringify(role.rules ?? [])) continue;
        const updated = { ...role, rules } as RoleObject;
        await registry.update(LOOPBACK, REF, { name: role.metadata.name! }, structuredClone(updated), {
          fieldManager: 'clusterrole-aggregation-controller',
        });
      }
    } catch {
      schedule(RETRY_ms);
    } finally {
      running = false;
    }
  };
  return {
    set: role => {
      roles.set(role.metadata.name!, role);
      schedule(DELAY_ms);
    },
    remove: name => {
      roles.delete(name);
      schedule(DELAY_ms);
    },
    [Symbol.dispose]: () => {
      stopped = true;
      timer?.cancel();
    },
  };
}
