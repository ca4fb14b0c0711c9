import { joined } from '../base/index.ts';

/** metav1.Time: RFC 3339, seconds, UTC. */
export const formatTime = (at_ms: number): string => joined(new Date(at_ms).toISOString().slice(0, 19), 'Z');

/** metav1.MicroTime. */
export const formatMicroTime = (at_ms: number): string => joined(new Date(at_ms).toISOString().slice(0, 23), '000Z');

/** Milliseconds since the epoch; undefined for an absent or broken time. */
export function parseTime(text: string | null | undefined): number | undefined {
  if (!text) return undefined;
  const at_ms = Date.parse(text);
  return Number.isNaN(at_ms) ? undefined : at_ms;
}
