/** Hash functions policies may ask for. */
export type HashName = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** JOSE algorithms of signatures with a key pair (RFC 7518 §3.1, RFC 8037). */
export type SignatureName =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA';

/** A key as it came: DER or the text of a JSON Web Key. */
export type KeySource =
  | { readonly format: 'spki' | 'pkcs1-public' | 'pkcs8' | 'pkcs1' | 'sec1'; readonly der: Uint8Array }
  | { readonly format: 'jwk'; readonly jwk: string };

/** Cryptography the host lends to policies; every call answers at once. */
export interface RegoCrypto {
  digest(hash: HashName, data: Uint8Array): Uint8Array;
  hmac(hash: HashName, key: Uint8Array, data: Uint8Array): Uint8Array;
  /** False also when the key does not fit the algorithm; undefined when the key cannot be read. */
  verify(name: SignatureName, key: KeySource, data: Uint8Array, signature: Uint8Array): boolean | undefined;
  /** Undefined when the key cannot be read or does not fit. */
  sign(name: SignatureName, key: KeySource, data: Uint8Array): Uint8Array | undefined;
  /** Signature over a certificate or request: the algorithm's object identifier tells how. */
  verifyCertificate(algorithm: string, spki: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean;
  /** The key as a JSON Web Key; undefined when it cannot be read. */
  jwkOf(key: KeySource): { readonly [name: string]: unknown } | undefined;
}
