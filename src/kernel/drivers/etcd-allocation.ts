import { decodeProtobuf, encodeProtobuf } from '../proto/index.ts';
import type { KubeObject } from '../object.ts';
import type { Allocation, AllocationRecord } from '../store/port.ts';
import type { EtcdClient } from './etcd-client.ts';

const ATTEMPTS_MAX = 64;

const encoder = new TextEncoder();

/** A RangeAllocation (core/v1) under `PREFIX/ranges/NAME`, as kube-apiserver keeps the numbers it gave away. */
export function etcdAllocation(client: EtcdClient, prefix: string, name: string): AllocationRecord {
  const key = `${prefix}/ranges/${name}`;
  return async build => {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const { pairs } = await client.range(encoder.encode(key), undefined);
      const next = build(pairs[0] && allocationOf(pairs[0].value));
      if (!next) return;
      const { succeeded } = await client.txn({ key, expected: pairs[0]?.modRevision ?? 0, value: bytesOf(next) });
      if (succeeded) return;
    }
    throw new Error(`${key} was changed by others ${ATTEMPTS_MAX} times in a row`);
  };
}

function allocationOf(value: Uint8Array): Allocation {
  const { range, data } = decodeProtobuf(value) as { range?: string; data?: string };
  return { range: range ?? '', data: Buffer.from(data ?? '', 'base64') };
}

function bytesOf({ range, data }: Allocation): Uint8Array {
  const written = {
    apiVersion: 'v1',
    kind: 'RangeAllocation',
    metadata: {},
    range,
    data: Buffer.from(data).toString('base64'),
  };
  return encodeProtobuf(written as unknown as KubeObject)!;
}
