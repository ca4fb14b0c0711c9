import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Random } from '../../../base/index.ts';
import type { EncryptionProvider } from '../transform.ts';

/** A key of an EncryptionConfiguration; the first of a list writes. */
export interface NamedKey {
  readonly name: string;
  readonly secret: Uint8Array;
}

export const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const BLOCK_BYTES = 16;

/** AES-GCM bound to a context: nonce, ciphertext, tag (NIST SP 800-38D). */
export function sealGcm(key: Uint8Array, plain: Uint8Array, context: string, random: Random): Uint8Array {
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv(`aes-${key.length * 8}-gcm` as 'aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Opens what {@link sealGcm} made; throws where key, context or bytes are others. */
export function openGcm(key: Uint8Array, stored: Uint8Array, context: string): Uint8Array {
  if (stored.length < NONCE_BYTES + TAG_BYTES) throw new Error('the sealed value is too short');
  const tag = stored.length - TAG_BYTES;
  const cipher = createDecipheriv(`aes-${key.length * 8}-gcm` as 'aes-256-gcm', key, stored.subarray(0, NONCE_BYTES));
  cipher.setAAD(Buffer.from(context));
  cipher.setAuthTag(stored.subarray(tag));
  return Buffer.concat([cipher.update(stored.subarray(NONCE_BYTES, tag)), cipher.final()]);
}

function sealCbc(key: Uint8Array, plain: Uint8Array, random: Random): Uint8Array {
  const vector = random.bytes(BLOCK_BYTES);
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, vector);
  return Buffer.concat([vector, cipher.update(plain), cipher.final()]);
}

function openCbc(key: Uint8Array, stored: Uint8Array): Uint8Array {
  const cipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, stored.subarray(0, BLOCK_BYTES));
  return Buffer.concat([cipher.update(stored.subarray(BLOCK_BYTES)), cipher.final()]);
}

/** Sealed values begin with their key's name. */
function keyed(
  prefix: string,
  keys: readonly NamedKey[],
  seal: (key: Uint8Array, plain: Uint8Array, context: string) => Uint8Array,
  open: (key: Uint8Array, stored: Uint8Array, context: string) => Uint8Array,
): EncryptionProvider {
  return {
    prefix,
    seal: async (value, context) => {
      const { name, secret } = keys[0]!;
      return Buffer.concat([Buffer.from(`${name}:`), seal(secret, value, context)]);
    },
    open: async (stored, context) => {
      const colon = stored.indexOf(0x3a);
      const name = Buffer.from(stored.subarray(0, Math.max(0, colon))).toString('utf8');
      const at = keys.findIndex(key => key.name === name);
      if (at < 0) throw new Error(`the encryption configuration has no key "${name}"`);
      return { plain: open(keys[at]!.secret, stored.subarray(colon + 1), context), fresh: at === 0 };
    },
  };
}

export const aesGcm = (keys: readonly NamedKey[], random: Random): EncryptionProvider =>
  keyed('k8s:enc:aesgcm:v1:', keys, (key, value, context) => sealGcm(key, value, context, random), openGcm);

export const aesCbc = (keys: readonly NamedKey[], random: Random): EncryptionProvider =>
  keyed('k8s:enc:aescbc:v1:', keys, (key, value) => sealCbc(key, value, random), openCbc);

/** `identity`: values as they are. */
export const plain: EncryptionProvider = {
  prefix: '',
  seal: async value => value,
  open: async stored => ({ plain: stored, fresh: true }),
};
