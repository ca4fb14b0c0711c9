/** API groups whose objects decide about traffic in layers that are not built yet, by layer. */
export const UNBUILT_GROUPS: readonly (readonly [RegExp, string])[] = [
  [/^(security|networking|telemetry|extensions)\.istio\.io$/, 'mesh'],
  [/^policy\.linkerd\.io$/, 'mesh'],
  [/(^|\.)kuma\.io$/, 'mesh'],
  [/^networkservicemesh\.io$/, 'nsm'],
  [/^crd\.projectcalico\.org$|^projectcalico\.org$/, 'network'],
];

/** Namespaces whose mesh objects count everywhere. */
export const ROOT_NAMESPACES = new Set(['istio-system', 'linkerd', 'kuma-system']);
