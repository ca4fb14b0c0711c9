import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { BYTES, WireReader, WireWriter } from '../proto/wire.ts';

/** A key management plugin for tests: seals with a key it derives from the id of its current key. */
export interface TestKms extends AsyncDisposable {
  readonly endpoint: string;
  /** Changing it is what a rotation in the key management service looks like. */
  keyId: string;
  readonly calls: { encrypt: number; decrypt: number };
}

function blocks(bytes: Uint8Array): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { tag, wire } = reader.key();
    if (wire === BYTES) found.set(tag, Buffer.from(reader.block().take()));
    else reader.skip(wire);
  }
  return found;
}

const secretOf = (keyId: string): Buffer => createHash('sha256').update(keyId).digest();

function seal(keyId: string, plain: Buffer): Buffer {
  const vector = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', secretOf(keyId), vector);
  return Buffer.concat([vector, cipher.update(plain), cipher.final()]);
}

function open(keyId: string, sealed: Buffer): Buffer {
  const cipher = createDecipheriv('aes-256-cbc', secretOf(keyId), sealed.subarray(0, 16));
  return Buffer.concat([cipher.update(sealed.subarray(16)), cipher.final()]);
}

export async function testKms(): Promise<TestKms> {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-kernel-kms-'));
  const server = new Server();
  const calls = { encrypt: 0, decrypt: 0 };
  const state = { keyId: 'one' };
  type Answer = (fields: Map<number, Buffer>, writer: WireWriter) => void;
  const verb = (name: string, answer: Answer): object => ({
    [name]: {
      path: `/v2.KeyManagementService/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
      run: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
        const writer = new WireWriter();
        try {
          answer(blocks(call.request), writer);
          done(null, Buffer.from(writer.finish()));
        } catch (error) {
          done(error as Error);
        }
      },
    },
  });
  const verbs: object[] = [
    verb('Status', (_, writer) => {
      writer.text(1, 'v2');
      writer.text(2, 'ok');
      writer.text(3, state.keyId);
    }),
    verb('Encrypt', (fields, writer) => {
      calls.encrypt++;
      writer.bytes(1, seal(state.keyId, fields.get(1)!));
      writer.text(2, state.keyId);
    }),
    verb('Decrypt', (fields, writer) => {
      calls.decrypt++;
      writer.bytes(1, open(fields.get(3)!.toString(), fields.get(1)!));
    }),
  ];
  for (const each of verbs) {
    const [[name, definition]] = Object.entries(each) as [[string, { run: unknown }]];
    server.addService({ [name]: definition } as never, { [name]: definition.run } as never);
  }
  const path = join(folder, 'kms.sock');
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), error => (error ? reject(error) : resolve())),
  );
  return {
    endpoint: `unix://${path}`,
    calls,
    get keyId() {
      return state.keyId;
    },
    set keyId(id: string) {
      state.keyId = id;
    },
    [Symbol.asyncDispose]: async () => {
      server.forceShutdown();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
