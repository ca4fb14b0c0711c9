import type { OciDialect } from '../oci.ts';

/** youki was seen to hang at start: a short limit, so that the pod says so instead of waiting. */
export const youki: OciDialect = {
  handler: 'youki',
  binary: 'youki',
  install: 'cargo install youki --no-default-features --features v1,v2,systemd,seccomp',
  globalFlags: [],
  unmount: [],
  start_ms_max: 15_000,
  toleratesOomScore: false,
};
