/** Accounts of the machine that stand for a pod's own: its 0 is `start` there (KEP-127). Users and groups alike. */
export interface UserRange {
  readonly start: number;
  readonly length: number;
}

/** What every pod gets, as kubelet gives it: enough for `nobody`. */
export const RANGE_LENGTH = 65_536;
/** Account numbers end before 2^31 for many file systems. */
const RANGES_MAX = 32_767;

/** The first range nobody has; the machine's own accounts are below all of them. Undefined when all are given away. */
export function freeRange(used: Iterable<UserRange>): UserRange | undefined {
  const taken = new Set([...used].map(({ start }) => start));
  for (let index = 1; index < RANGES_MAX; index++)
    if (!taken.has(index * RANGE_LENGTH)) return { start: index * RANGE_LENGTH, length: RANGE_LENGTH };
  return undefined;
}

/**
 * What a pod on accounts of its own may do without rights over the machine's network: low ports and echo requests, which its
 * root has everywhere else.
 */
export const UNPRIVILEGED_NETWORK: Readonly<Record<string, string>> = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0 2147483647',
};
