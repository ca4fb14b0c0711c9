import type { KubeObject } from '../../../kernel/index.ts';

/** Whether policies for nodes hold: `audit` tells what they would refuse and lets it pass. */
export type HostFirewall = 'on' | 'off' | 'audit' | 'always';

/**
 * What the agents' settings say of the host firewall; undefined for other objects ("Host Policies", "Policy Audit Mode"
 * and "Policy Enforcement Modes": enable-host-firewall is off where it is not written).
 */
export function readHostFirewall({ kind, metadata, data }: KubeObject): HostFirewall | undefined {
  if (kind !== 'ConfigMap' || metadata.name !== 'cilium-config') return undefined;
  const said = (data ?? {}) as Readonly<Record<string, unknown>>;
  const isOn = (key: string): boolean => String(said[key] ?? '').toLowerCase() === 'true';
  if (!isOn('enable-host-firewall') || said['enable-policy'] === 'never') return 'off';
  if (isOn('policy-audit-mode')) return 'audit';
  return said['enable-policy'] === 'always' ? 'always' : 'on';
}
