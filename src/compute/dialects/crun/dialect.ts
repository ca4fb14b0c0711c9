import type { OciDialect } from '../oci.ts';

/** crun refuses machines where v1 controllers and a unified hierarchy are both mounted (containers/crun#1338). */
export const crun: OciDialect = {
  handler: 'crun',
  binary: 'crun',
  install: 'apt-get install crun',
  appArmor: true,
  globalFlags: ['--cgroup-manager=cgroupfs'],
  unmount: ['/sys/fs/cgroup/unified'],
  start_ms_max: 60_000,
  toleratesOomScore: false,
  checkpoint: 'criu',
};
