import type { EtcdClient } from './etcd-client.ts';

/** How long an Event is kept (kube-apiserver --event-ttl). */
const EVENT_TTL_S = 3_600;
/** Events of one minute share a lease: a lease each would be more work than the Events. */
const SHARED_MS = 60_000;
const SHARED_MAX = 1_000;

/** Hands out leases under which Events are written, so that etcd removes them when their time is over. */
export function eventLeases(client: EtcdClient): () => Promise<bigint> {
  let lease: Promise<bigint> | undefined;
  let since = 0;
  let used = 0;
  return async () => {
    const now = performance.now();
    if (!lease || now - since > SHARED_MS || used >= SHARED_MAX) {
      since = now;
      used = 0;
      lease = client.grant(EVENT_TTL_S + SHARED_MS / 1_000);
      // A lease that was not granted is not kept.
      lease.catch(() => (lease = undefined));
    }
    used++;
    return lease;
  };
}
