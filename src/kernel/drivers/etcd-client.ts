import { readFileSync } from 'node:fs';
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  compactRequest,
  type GuardedWrite,
  leaseId,
  leaseRequest,
  type RangeAnswer,
  rangeAnswer,
  rangeRequest,
  type TxnAnswer,
  txnAnswer,
  txnRequest,
  versionedPut,
} from '../etcd/wire.ts';
import { kernelFaults } from '../faults.ts';

/** Where an etcd is: `etcd://host:port[,host:port][/prefix]`, with TLS `?ca=FILE[&cert=FILE&key=FILE]`. */
export interface EtcdTarget {
  readonly address: string;
  /** `/registry` unless told. */
  readonly prefix: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** A store of 100k objects must fit into one answer's page; etcd itself limits requests to 1.5 MB. */
const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;
const CALL_MS_MAX = 10_000;
const PORT = 2379;

/** Reads a store address. Faults: `store-address`. */
export function parseEtcdAddress(text: string): EtcdTarget {
  const match = /^etcd:\/\/([^/?]+)(\/[^?]*)?(?:\?(.*))?$/.exec(text);
  if (!match) throw kernelFaults.error('store-address', { address: text });
  const hosts = match[1]!.split(',').map(host => (/:\d+$/.test(host) ? host : `${host}:${PORT}`));
  const isIp = hosts.every(host => /^\d+\.\d+\.\d+\.\d+:\d+$/.test(host));
  if (!isIp && hosts.length > 1) throw kernelFaults.error('store-address', { address: text });
  const query = new URLSearchParams(match[3] ?? '');
  const file = (name: 'ca' | 'cert' | 'key'): object => (query.has(name) ? { [name]: query.get(name)! } : {});
  const prefix = (match[2] ?? '').replace(/\/+$/, '') || '/registry';
  return {
    address: isIp ? `ipv4:${hosts.join(',')}` : `dns:${hosts[0]}`,
    prefix,
    ...file('ca'),
    ...file('cert'),
    ...file('key'),
  };
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The calls of etcd v3 that a store needs, over gRPC. */
export class EtcdClient {
  readonly #client: Client;

  constructor({ address, ca, cert, key }: EtcdTarget) {
    const read = (file: string | undefined): Buffer | null => (file === undefined ? null : readFileSync(file));
    const security = ca || cert ? credentials.createSsl(read(ca), read(key), read(cert)) : credentials.createInsecure();
    this.#client = new Client(address, security, {
      'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
      'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5_000,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2_000,
    });
  }

  async range(
    from: Uint8Array,
    end: Uint8Array | undefined,
    options: { limit?: number; revision?: number; countOnly?: boolean } = {},
  ): Promise<RangeAnswer> {
    return rangeAnswer(await this.#call('KV/Range', rangeRequest(from, end, options)));
  }

  async txn(write: GuardedWrite): Promise<TxnAnswer> {
    return txnAnswer(await this.#call('KV/Txn', txnRequest(write)));
  }

  /** Puts while the key was written `version` times: of several servers one gets through. */
  async putAtVersion(key: string, version: number, value: string): Promise<TxnAnswer> {
    return txnAnswer(await this.#call('KV/Txn', versionedPut(key, version, value)));
  }

  async compact(revision: number): Promise<void> {
    await this.#call('KV/Compact', compactRequest(revision));
  }

  async grant(ttl_s: number): Promise<bigint> {
    return leaseId(await this.#call('Lease/LeaseGrant', leaseRequest(ttl_s)));
  }

  /** An open watch stream; requests and answers are encoded messages. */
  watch(): ClientDuplexStream<Uint8Array, Buffer> {
    return this.#client.makeBidiStreamRequest('/etcdserverpb.Watch/Watch', asBuffer, bytes => bytes, leaderRequired());
  }

  close(): void {
    this.#client.close();
  }

  #call(method: string, request: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest<Uint8Array, Buffer>(
        `/etcdserverpb.${method}`,
        asBuffer,
        bytes => bytes,
        request,
        leaderRequired(),
        { deadline: Date.now() + CALL_MS_MAX },
        (error: ServiceError | null, answer) => (error ? reject(error) : resolve(answer!)),
      );
    });
  }
}

/** Members without a leader refuse instead of answering late. */
function leaderRequired(): Metadata {
  const metadata = new Metadata();
  metadata.set('hasleader', 'true');
  return metadata;
}
