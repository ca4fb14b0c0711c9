import type { OciDialect } from '../oci.ts';

/** youki was seen to hang at start: a short limit, so that the pod says so instead of waiting. */
export const youki: OciDialect = {
  handler: 'youki',
  binary: 'youki',
  install: 'cargo install youki --no-default-features --features v1,v2,systemd,seccomp',
  appArmor: true,
  globalFlags: [],
  unmount: [],
  start_ms_max: 15_000,
  toleratesOomScore: false,
  // It knows the propagations by the specification's own words, which name no recursive ones.
  adapt: config => {
    const linux = config.linux as { readonly rootfsPropagation?: string };
    return { ...config, linux: { ...linux, rootfsPropagation: linux.rootfsPropagation?.replace(/^r/, '') } };
  },
};
