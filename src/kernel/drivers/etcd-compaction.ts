import type { EtcdClient } from './etcd-client.ts';

/** The key servers on one etcd agree by, kube-apiserver's included (etcd3 compactor). */
const KEY = 'compact_rev_key';

/** How often history is given back: what is older than one to two periods goes (--etcd-compaction-interval). */
export const COMPACTION_MS = 300_000;

/**
 * One turn of compaction. Of all servers that share an etcd, the one that gets its turn into the key first compacts to the
 * revision it saw a turn ago; the others learn from the key that it was done.
 */
export function compactor(client: EtcdClient): () => Promise<void> {
  let turn = 0;
  let seen = 0;
  return async () => {
    const before = seen;
    const { succeeded, revision } = await client.putAtVersion(KEY, turn, String(before));
    seen = revision;
    if (!succeeded) {
      const { pairs } = await client.range(new TextEncoder().encode(KEY), undefined);
      turn = pairs[0]?.version ?? 0;
      return;
    }
    turn++;
    if (before > 0) await client.compact(before);
  };
}
