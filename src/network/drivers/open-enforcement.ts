import { networkFaults } from '../faults.ts';
import { EbpfEnforcement } from './ebpf-enforcement.ts';
import type { Enforcement, EnforcementOptions } from './enforcement.ts';
import { NftEnforcement } from './nft-enforcement.ts';

/** Policy as eBPF, or as nftables where bpf(2) is refused: the reason is reported. */
export function openEnforcement(options: EnforcementOptions): Enforcement {
  if (options.prefer === 'nftables') return new NftEnforcement(options);
  try {
    return new EbpfEnforcement(options);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    options.report(networkFaults.make('ebpf-refused', { detail }));
    return new NftEnforcement(options);
  }
}
