import { createHash, createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { readTar } from '../hosts/node/tar.ts';
import { nodeCrypto, rego } from '../policy/index.ts';

/** `.manifest` of a bundle (OPA, "Bundle File Format"). */
export interface Manifest {
  readonly revision: string;
  readonly roots?: readonly string[];
  readonly rego_version?: 0 | 1;
  readonly metadata?: unknown;
}

export interface Bundle {
  readonly manifest: Manifest;
  /** Files by name without a leading `/`; the manifest and signatures are not among them. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** `.manifest` as it is written: signatures are over it too. */
  readonly manifestText?: Buffer;
  readonly signatures?: { readonly signatures: readonly string[]; readonly plugin?: string };
}

/** A bundle that is not what its signature or its form says; the message is OPA's. */
export class BundleError extends Error {}

const BLOCK = 512;
const ARCHIVE_MAX = 512 * 1024 * 1024;

function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const path = Buffer.from(name, 'utf8');
  // ustar: a long path is split at a slash between prefix and name.
  const cut = path.length > 100 ? name.indexOf('/', name.length - 100) : -1;
  if (path.length > 100 && cut < 0) throw new BundleError(`${name}: path too long for an archive`);
  block.write(cut < 0 ? name : name.slice(cut + 1), 0);
  if (cut >= 0) block.write(name.slice(0, cut), 345);
  block.write('0000600\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** A gzipped tar archive of files in their order; equal files give equal bytes. */
export function packBundle(files: Iterable<readonly [string, Buffer]>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, content] of files) {
    parts.push(header(`/${name}`, content.length), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK));
  }
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]), { level: 9 });
}

const jsonOf = (content: Buffer, name: string): unknown => {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch (error) {
    throw new BundleError(`bundle load failed on ${name} decode: ${(error as Error).message}`);
  }
};

/** Reads an archive. Throws BundleError. */
export function unpackBundle(archive: Buffer): Bundle {
  const files = new Map<string, Buffer>();
  for (const [name, content] of readTar(gunzipSync(archive, { maxOutputLength: ARCHIVE_MAX })))
    files.set(name.replace(/^\/+/, ''), content);
  return bundleOf(files);
}

/** Files of a bundle, told apart. */
export function bundleOf(files: Map<string, Buffer>): Bundle {
  const manifest = files.get('.manifest');
  const signatures = files.get('.signatures.json');
  const plain = new Map([...files].filter(([name]) => name !== '.signatures.json' && name !== '.manifest'));
  return {
    manifest: manifest ? (jsonOf(manifest, '.manifest') as Manifest) : { revision: '' },
    files: plain,
    ...(manifest ? { manifestText: manifest } : {}),
    ...(signatures ? { signatures: jsonOf(signatures, '.signatures.json') as NonNullable<Bundle['signatures']> } : {}),
  };
}

/** Keys in order and no white space: what is hashed of documents (OPA, "Signing Policy Bundles"). */
const canonical = (content: Buffer): string => rego.jsonText(rego.fromJsonText(content.toString('utf8')));

const isDocument = (name: string): boolean => name.endsWith('.json') || name === '.manifest';

export const digest = (name: string, content: Buffer): string =>
  createHash('sha256')
    .update(isDocument(name) ? canonical(content) : content)
    .digest('hex');

export interface SigningKey {
  /** `HS256`, `RS256`, `ES256`, … */
  readonly algorithm: string;
  /** The secret, or the path of a PEM file. */
  readonly key: string;
  readonly id?: string;
}

const world = (): rego.BuiltinContext => rego.builtinContext({ fuel: 1_000_000, crypto: nodeCrypto, strict: true });

const pemOf = (key: string): string => (existsSync(key) ? readFileSync(key, 'utf8') : key);

function jwkOf({ algorithm, key }: SigningKey): object {
  if (algorithm.startsWith('HS'))
    return { kty: 'oct', k: Buffer.from(existsSync(key) ? readFileSync(key) : key).toString('base64url') };
  try {
    return createPrivateKey(pemOf(key)).export({ format: 'jwk' });
  } catch {
    throw new BundleError('failed to parse PEM block containing the key');
  }
}

/** `.signatures.json` over files and claims. */
export function signFiles(files: Iterable<readonly [string, Buffer]>, key: SigningKey, claims: object): string {
  const listed = [...files].map(([name, content]) => ({ name, hash: digest(name, content), algorithm: 'SHA-256' }));
  const head = { alg: key.algorithm, ...(key.id === undefined ? {} : { kid: key.id }), typ: 'JWT' };
  const payload = { files: listed, ...claims };
  const sign = rego.BUILTINS.get('io.jwt.encode_sign_raw')!;
  const token = sign.call([JSON.stringify(head), JSON.stringify(payload), JSON.stringify(jwkOf(key))], world());
  return JSON.stringify({ signatures: [token] }, undefined, 1);
}

/** Refuses a bundle whose signature is missing, wrong, or of other files. */
export function verifyBundle(bundle: Bundle, key: SigningKey, where: string | undefined, scope?: string): void {
  const refuse = (why: string): never => {
    throw new BundleError(where === undefined ? why : `load error: bundle ${where}: ${why}`);
  };
  const token = bundle.signatures?.signatures[0] ?? refuse('bundle missing .signatures.json file');
  const verify = rego.BUILTINS.get(`io.jwt.verify_${key.algorithm.toLowerCase()}`);
  if (!verify) refuse(`unknown signature algorithm: ${key.algorithm}`);
  const head = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8')) as { alg?: string };
  // The header must not choose the algorithm.
  if (head.alg !== key.algorithm || verify!.call([token, pemOf(key.key)], world()) !== true)
    refuse('failed to verify JWT signature');
  const payload = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString('utf8')) as {
    readonly files?: readonly { readonly name: string; readonly hash: string }[];
    readonly scope?: string;
  };
  if ((scope ?? '') !== (payload.scope ?? '')) refuse('scope mismatch');
  const wanted = new Map((payload.files ?? []).map(file => [file.name, file.hash]));
  const manifest = bundle.manifestText ? [['.manifest', bundle.manifestText] as const] : [];
  for (const [name, content] of [...bundle.files, ...manifest]) {
    const hash = wanted.get(name);
    if (hash === undefined) refuse(`file ${name} not included in bundle signature`);
    if (hash !== digest(name, content))
      refuse(`${name}: digest mismatch (want: ${hash}, got: ${digest(name, content)})`);
    wanted.delete(name);
  }
  if (wanted.size > 0)
    refuse(
      `file(s) [${[...wanted.keys()].join(' ')}] specified in bundle signatures but not found in the target bundle`,
    );
}
