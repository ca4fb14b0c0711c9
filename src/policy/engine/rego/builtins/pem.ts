import type { KeySource } from '../ports.ts';
import { BuiltinError } from '../runtime.ts';
import { fromBase64, textOfBytes, tryBase64 } from './bytes.ts';

export interface PemBlock {
  readonly type: string;
  readonly bytes: Uint8Array;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\s]*?)-----END \1-----/g;

/** Blocks of RFC 7468 in a text; anything between them is skipped. */
export function pemBlocks(text: string): PemBlock[] {
  const found: PemBlock[] = [];
  for (const [, type, body] of text.matchAll(BLOCK)) {
    const bytes = tryBase64(body!.replace(/\s/g, ''));
    if (bytes) found.push({ type: type!, bytes });
  }
  return found;
}

/** PEM as it stands or in base64; else DER in base64 as one block of the wanted type. */
export function blocksOf(source: string, type: string): PemBlock[] {
  if (source.includes('-----BEGIN')) return pemBlocks(source);
  const bytes = fromBase64(source);
  const text = textOfBytes(bytes);
  if (text.includes('-----BEGIN')) return pemBlocks(text);
  return [{ type, bytes }];
}

const PRIVATE: Readonly<Record<string, KeySource['format']>> = {
  'RSA PRIVATE KEY': 'pkcs1',
  'EC PRIVATE KEY': 'sec1',
  'PRIVATE KEY': 'pkcs8',
};

/** A private key of a block; undefined for other blocks. */
export function privateKeyOf({ type, bytes }: PemBlock): KeySource | undefined {
  const format = Object.hasOwn(PRIVATE, type) ? PRIVATE[type] : undefined;
  return format ? ({ format, der: bytes } as KeySource) : undefined;
}

export function noPem(): never {
  throw new BuiltinError('invalid PEM-encoded data');
}
