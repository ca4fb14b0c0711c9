export const BACKOFF_MS_MIN = 10_000;
export const BACKOFF_MS_MAX = 300_000;
/** A container that ran this long since its last back-off starts over. */
const FORGET_MS = 2 * BACKOFF_MS_MAX;

/** kubelet's flow control: the first restart is at once, then 10 s doubling to 5 min, forgotten after 10 min. */
export function nextBackoff(backoff_ms: number, since_ms: number, failedAt_ms: number): number {
  if (backoff_ms === 0 || failedAt_ms - since_ms > FORGET_MS) return BACKOFF_MS_MIN;
  return Math.min(backoff_ms * 2, BACKOFF_MS_MAX);
}

/** When the next try is allowed; in the past when none is pending. */
export function backoffEnd(backoff_ms: number, since_ms: number, failedAt_ms: number): number {
  if (backoff_ms === 0 || failedAt_ms - since_ms > FORGET_MS) return 0;
  return failedAt_ms + backoff_ms;
}

/** Go's Duration text for whole seconds: `10s`, `1m20s`, `5m0s`. */
export function formatDelay(delay_ms: number): string {
  const seconds = Math.round(delay_ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
