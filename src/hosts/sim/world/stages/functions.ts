/** What templates of stages may call beside the usual functions (kwok documentation, "Go Template in kwok"). */

/** Conditions of a healthy node, as kwok gives them to templates. */
export const NODE_CONDITIONS: readonly Readonly<Record<'type' | 'status' | 'reason' | 'message', string>>[] = [
  ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
  ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  ['NetworkUnavailable', 'False', 'RouteCreated', 'RouteController created a route'],
].map(([type = '', status = '', reason = '', message = '']) => ({ type, status, reason, message }));
