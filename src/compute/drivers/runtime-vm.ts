import type { Clock } from '../../base/index.ts';
import { ACCELERATION_VARIABLE, MACHINE_BINARY, MACHINE_INSTALL } from '../dialects/microvm/machine.ts';
import { computeFaults } from '../faults.ts';
import type { Cgroups } from './cgroup.ts';
import type { Keeper } from './keeper-client.ts';
import { findBinary } from './runtime-oci.ts';
import { installStage } from './stage.ts';
import { VmRuntime, type VmRuntimeOptions } from './vm-runtime.ts';

export interface OpenVmOptions extends Pick<VmRuntimeOptions, 'measured' | 'cold' | 'logBytes_max' | 'logFiles_max'> {
  readonly keeper: Keeper;
  readonly cgroups: Cgroups;
  readonly clock: Clock;
  readonly folder: string;
}

/** Opens the `microvm` runtime; needs root. Machines are made when the first pod comes. */
export async function openVmRuntime(options: OpenVmOptions): Promise<VmRuntime> {
  const binary = findBinary(MACHINE_BINARY);
  if (!binary)
    throw computeFaults.error('runtime-missing', {
      handler: 'microvm',
      binary: MACHINE_BINARY,
      install: MACHINE_INSTALL,
    });
  const stage = installStage(options.folder);
  const accelerated = process.env[ACCELERATION_VARIABLE] === 'yes';
  return VmRuntime.open({ ...options, stage, binary, accelerated });
}
