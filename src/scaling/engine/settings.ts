import type { Settings } from '../model.ts';

/** kube-controller-manager's defaults (--horizontal-pod-autoscaler-*). */
export const DEFAULT_SETTINGS: Settings = {
  tolerance: 0.1,
  cpuInitialization_ms: 300_000,
  initialReadiness_ms: 30_000,
  downscaleWindow_ms: 300_000,
};
