import type { OciDialect } from '../oci.ts';

/** runc: the reference; everything else is told as a difference from it. */
export const runc: OciDialect = {
  handler: 'runc',
  binary: 'runc',
  install: 'apt-get install runc',
  appArmor: true,
  globalFlags: [],
  unmount: [],
  start_ms_max: 60_000,
  toleratesOomScore: false,
  checkpoint: 'criu',
};
