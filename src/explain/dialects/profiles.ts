import type { Text } from '../../base/index.ts';

const KUBERNETES = ['NetworkPolicy'] as const;
const CILIUM = [...KUBERNETES, 'CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy'] as const;

/** What a network plugin really does with NetworkPolicy objects. */
export interface NetworkProfile {
  readonly name: string;
  /** `all` known kinds, the kinds that are named, `none`, or it depends on how the plugin was installed. */
  readonly enforces: 'all' | readonly string[] | 'none' | 'depends';
  readonly why: Text;
  /** `anyone`: an ipBlock is compared with the packet's address, a pod's too; else pods are known by who they are. */
  readonly blocks?: 'anyone';
  /** Protocols that it filters only where that was switched on. */
  readonly perhaps?: readonly string[];
}

const profile = (
  name: string,
  enforces: NetworkProfile['enforces'],
  en: string,
  zh: string,
  more: Pick<NetworkProfile, 'blocks' | 'perhaps'> = {},
): NetworkProfile => ({ name, enforces, why: { en, zh }, ...more });

/** Facts from each plugin's own documentation; docs/cni-profiles.md says which. */
export const PROFILES: readonly NetworkProfile[] = [
  profile('tenon', 'all', 'Tenon enforces every policy kind it models', 'Tenon 执行其建模的全部策略类型'),
  profile(
    'flannel',
    'none',
    'flannel does not enforce NetworkPolicy: every flow passes',
    'flannel 不执行 NetworkPolicy:所有流量放行',
  ),
  profile(
    'kindnet',
    KUBERNETES,
    'kindnet enforces NetworkPolicy since kind 0.24',
    'kindnet 自 kind 0.24 起执行 NetworkPolicy',
    { blocks: 'anyone' },
  ),
  profile('calico', KUBERNETES, 'Calico enforces NetworkPolicy', 'Calico 执行 NetworkPolicy', { blocks: 'anyone' }),
  profile(
    'cilium',
    CILIUM,
    'Cilium enforces NetworkPolicy and its own kinds',
    'Cilium 执行 NetworkPolicy 及其自有策略',
    {
      perhaps: ['SCTP'],
    },
  ),
  profile(
    'gke',
    'depends',
    'GKE enforces NetworkPolicy with Dataplane V2 or when network policy is switched on',
    'GKE 仅在 Dataplane V2 或启用网络策略时执行 NetworkPolicy',
  ),
  profile(
    'aws',
    'depends',
    'The VPC CNI enforces NetworkPolicy only when enableNetworkPolicy is set',
    'VPC CNI 仅在设置 enableNetworkPolicy 时执行 NetworkPolicy',
  ),
];
