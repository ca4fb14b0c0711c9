import { createHmac } from 'node:crypto';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import type { Random } from '../../../base/index.ts';
import { BYTES, VARINT, WireReader, WireWriter } from '../../proto/wire.ts';
import type { EncryptionProvider } from '../transform.ts';
import { openGcm, sealGcm } from './aes.ts';

export interface KmsOptions {
  readonly name: string;
  readonly endpoint: string;
  readonly timeout_ms: number;
}

/** EncryptedObject of the KMS v2 provider: what is stored (k8s.io/kms, "EncryptedObject"). */
interface Sealed {
  data: Uint8Array;
  keyId: string;
  source: Uint8Array;
  annotations: [string, Uint8Array][];
  isSeed: boolean;
}

const SEED_BYTES = 32;
const INFO_BYTES = 32;
/** A seed is asked for again this often, so that a key rotated in the KMS is noticed. */
const SEED_MS_MAX = 60_000;
const SOURCES_MAX = 1_000;

type Field = (tag: number, value: bigint, block: WireReader | undefined) => void;

function fields(bytes: Uint8Array, field: Field): void {
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { tag, wire } = reader.key();
    if (wire === VARINT) field(tag, reader.varint(), undefined);
    else if (wire === BYTES) field(tag, 0n, reader.block());
    else reader.skip(wire);
  }
}

function annotationOf(block: WireReader): [string, Uint8Array] {
  let name = '';
  let value: Uint8Array = new Uint8Array();
  fields(block.take(), (tag, _, inner) => {
    if (tag === 1 && inner) name = inner.text();
    else if (tag === 2 && inner) value = inner.take();
  });
  return [name, value];
}

function writeAnnotations(writer: WireWriter, tag: number, annotations: readonly [string, Uint8Array][]): void {
  for (const [name, value] of annotations) {
    const entry = new WireWriter();
    entry.text(1, name);
    entry.bytes(2, value);
    writer.bytes(tag, entry.finish());
  }
}

function writeSealed({ data, keyId, source, annotations }: Sealed): Uint8Array {
  const writer = new WireWriter();
  writer.bytes(1, data);
  writer.text(2, keyId);
  writer.bytes(3, source);
  writeAnnotations(writer, 4, annotations);
  writer.integer(5, 1);
  return writer.finish();
}

function readSealed(bytes: Uint8Array): Sealed {
  const sealed: Sealed = {
    data: new Uint8Array(),
    keyId: '',
    source: new Uint8Array(),
    annotations: [],
    isSeed: false,
  };
  fields(bytes, (tag, value, block) => {
    if (tag === 1 && block) sealed.data = block.take();
    else if (tag === 2 && block) sealed.keyId = block.text();
    else if (tag === 3 && block) sealed.source = block.take();
    else if (tag === 4 && block) sealed.annotations.push(annotationOf(block));
    else if (tag === 5) sealed.isSeed = value === 1n;
  });
  return sealed;
}

/** The key of one value: HKDF-Expand with SHA-256, one block (RFC 5869 §2.3). */
const derive = (seed: Uint8Array, info: Uint8Array): Uint8Array =>
  createHmac('sha256', seed).update(info).update(Uint8Array.of(1)).digest();

interface Seed {
  readonly seed: Uint8Array;
  readonly source: Uint8Array;
  readonly keyId: string;
  readonly annotations: [string, Uint8Array][];
  readonly since: number;
}

/** Calls of the key management plugin (k8s.io/kms v2.KeyManagementService). */
class KmsPlugin {
  readonly #client: Client;
  readonly #timeout_ms: number;

  constructor({ endpoint, timeout_ms }: KmsOptions) {
    this.#client = new Client(endpoint.replace(/^unix:\/\//, 'unix:'), credentials.createInsecure());
    this.#timeout_ms = timeout_ms;
  }

  #call(method: string, request: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest<Uint8Array, Buffer>(
        `/v2.KeyManagementService/${method}`,
        bytes => Buffer.from(bytes),
        bytes => bytes,
        request,
        { deadline: Date.now() + this.#timeout_ms },
        (error: ServiceError | null, answer) =>
          error
            ? reject(new Error(`the key management service did not ${method}: ${error.message}`))
            : resolve(answer!),
      );
    });
  }

  async keyId(): Promise<string> {
    let keyId = '';
    fields(await this.#call('Status', new Uint8Array()), (tag, _, block) => {
      if (tag === 3 && block) keyId = block.text();
    });
    return keyId;
  }

  async encrypt(plain: Uint8Array, uid: string): Promise<Omit<Seed, 'seed' | 'since'>> {
    const request = new WireWriter();
    request.bytes(1, plain);
    request.text(2, uid);
    const answer: { source: Uint8Array; keyId: string; annotations: [string, Uint8Array][] } = {
      source: new Uint8Array(),
      keyId: '',
      annotations: [],
    };
    fields(await this.#call('Encrypt', request.finish()), (tag, _, block) => {
      if (tag === 1 && block) answer.source = block.take();
      else if (tag === 2 && block) answer.keyId = block.text();
      else if (tag === 3 && block) answer.annotations.push(annotationOf(block));
    });
    return answer;
  }

  async decrypt({ source, keyId, annotations }: Sealed, uid: string): Promise<Uint8Array> {
    const request = new WireWriter();
    request.bytes(1, source);
    request.text(2, uid);
    request.text(3, keyId);
    writeAnnotations(request, 4, annotations);
    let plain: Uint8Array = new Uint8Array();
    fields(await this.#call('Decrypt', request.finish()), (tag, _, block) => {
      if (tag === 1 && block) plain = block.take();
    });
    return plain;
  }
}

/** KMS v2: values are sealed by keys derived from a seed that only the key management service can open. */
export function kmsProvider(options: KmsOptions, random: Random): EncryptionProvider {
  const plugin = new KmsPlugin(options);
  const sources = new Map<string, Promise<Uint8Array>>();
  let current: Promise<Seed> | undefined;
  let since = 0;
  const uid = (): string => Buffer.from(random.bytes(16)).toString('hex');

  const renew = async (before: Promise<Seed> | undefined): Promise<Seed> => {
    const known = await before?.catch(() => undefined);
    if (known && (await plugin.keyId()) === known.keyId) return known;
    const seed = random.bytes(SEED_BYTES);
    return { seed, ...(await plugin.encrypt(seed, uid())), since: performance.now() };
  };
  const seedNow = (): Promise<Seed> => {
    const now = performance.now();
    if (current && now - since < SEED_MS_MAX) return current;
    since = now;
    const asked: Promise<Seed> = renew(current);
    current = asked;
    asked.catch(() => {
      if (current === asked) current = undefined;
    });
    return asked;
  };
  const sourceOf = (sealed: Sealed): Promise<Uint8Array> => {
    const id = Buffer.from(sealed.source).toString('base64');
    let known = sources.get(id);
    if (!known) {
      if (sources.size >= SOURCES_MAX) sources.clear();
      sources.set(id, (known = plugin.decrypt(sealed, uid())));
      known.catch(() => sources.delete(id));
    }
    return known;
  };
  return {
    prefix: `k8s:enc:kms:v2:${options.name}:`,
    seal: async (plain, context) => {
      const { seed, source, keyId, annotations } = await seedNow();
      const info = random.bytes(INFO_BYTES);
      const data = Buffer.concat([info, sealGcm(derive(seed, info), plain, context, random)]);
      return writeSealed({ data, keyId, source, annotations, isSeed: true });
    },
    open: async (stored, context) => {
      const sealed = readSealed(stored);
      const secret = await sourceOf(sealed);
      const info = sealed.data.subarray(0, INFO_BYTES);
      const plain = sealed.isSeed
        ? openGcm(derive(secret, info), sealed.data.subarray(INFO_BYTES), context)
        : openGcm(secret, sealed.data, context);
      return { plain, fresh: sealed.keyId === (await seedNow()).keyId };
    },
  };
}
