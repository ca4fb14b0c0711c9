import { BuiltinError } from '../runtime.ts';

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });

/** UTF-8. */
export const bytesOf = (text: string): Uint8Array => ENCODER.encode(text);
export const textOfBytes = (bytes: Uint8Array): string => DECODER.decode(bytes);

export function toHex(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += byte.toString(16).padStart(2, '0');
  return out;
}

export function fromHex(text: string): Uint8Array {
  const bad = /[^0-9a-fA-F]/u.exec(text);
  if (bad) throw new BuiltinError(`encoding/hex: invalid byte: ${goRune(bad[0])}`);
  if (text.length % 2 !== 0) throw new BuiltinError('encoding/hex: odd length hex string');
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(index * 2, index * 2 + 2), 16),
  );
}

const goRune = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')} '${character}'`;

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}

/** Standard alphabet with padding; line breaks are skipped (Go's encoding/base64). Undefined for anything else. */
export function tryBase64(text: string): Uint8Array | undefined {
  const clean = text.replace(/[\r\n]/g, '');
  if (clean.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(clean)) return undefined;
  const binary = atob(clean);
  return Uint8Array.from(binary, character => character.charCodeAt(0));
}

export function fromBase64(text: string): Uint8Array {
  return tryBase64(text) ?? badBase64(text, /[^A-Za-z0-9+/\r\n]/);
}

function badBase64(text: string, outside: RegExp): never {
  const at = text.search(outside);
  throw new BuiltinError(
    `illegal base64 data at input byte ${at < 0 ? Math.max(0, text.length - (text.length % 4)) : at}`,
  );
}

export const toBase64Url = (bytes: Uint8Array): string => toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_');
export const toBase64UrlNoPad = (bytes: Uint8Array): string => toBase64Url(bytes).replace(/=+$/, '');

/** URL alphabet, with or without padding. */
export function fromBase64Url(text: string): Uint8Array {
  const clean = text.replace(/[\r\n]/g, '');
  if (/[+/]/.test(clean)) badBase64(text, /[^A-Za-z0-9_\-\r\n]/);
  const padded = clean.endsWith('=') ? clean : clean + '='.repeat((4 - (clean.length % 4)) % 4);
  return tryBase64(padded.replaceAll('-', '+').replaceAll('_', '/')) ?? badBase64(text, /[^A-Za-z0-9_\-\r\n]/);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
