import { compareNumbers, fromBigInt, isNumber, multiply, type RegoNumber } from '../number.ts';
import type { HashName, SignatureName } from '../ports.ts';
import { type BuiltinContext, BuiltinError } from '../runtime.ts';
import { entriesOf, fromJsonText, isArray, isObject, jsonText, lookup, objectOf, type Value } from '../value.ts';
import { bytesOf, fromBase64Url, textOfBytes, toBase64UrlNoPad, toHex } from './bytes.ts';
import { cryptoOf } from './crypto.ts';
import { marshal } from './json.ts';
import { isSignatureName, type JwtKey, jwtKeys } from './jwt-keys.ts';
import { type Entry, entry, object, text } from './operands.ts';

interface Token {
  readonly header: Value;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  readonly signed: Uint8Array;
}

function section(part: string, what: string): Uint8Array {
  try {
    return fromBase64Url(part);
  } catch (error) {
    throw new BuiltinError(`JWT ${what} had invalid encoding: ${(error as Error).message}`);
  }
}

function parts(token: string): [string, string, string] {
  const found = token.split('.');
  if (found.length === 1) throw new BuiltinError('encoded JWT had no period separators');
  if (found.length !== 3) throw new BuiltinError(`encoded JWT must have 3 sections, found ${found.length}`);
  return found as [string, string, string];
}

function jsonOf(bytes: Uint8Array, what: string): Value {
  try {
    return fromJsonText(textOfBytes(bytes));
  } catch {
    throw new BuiltinError(`JWT ${what} is not JSON`);
  }
}

function tokenOf(source: string): Token {
  const [header, payload, signature] = parts(source);
  const read = jsonOf(section(header, 'header'), 'header');
  if (!isObject(read)) throw new BuiltinError('JWT header is not an object');
  if (lookup(read, 'enc') !== undefined) throw new BuiltinError('JWT is a JWE object, which is not supported');
  return {
    header: read,
    payload: section(payload, 'payload'),
    signature: section(signature, 'signature'),
    signed: bytesOf(`${header}.${payload}`),
  };
}

const isNested = (header: Value): boolean => {
  const type = lookup(header, 'cty');
  return typeof type === 'string' && type.toUpperCase() === 'JWT';
};

/** A nested token is the payload itself, bare or as a JSON string. */
function nestedIn(payload: Uint8Array): string {
  const source = textOfBytes(payload);
  return source.startsWith('"') ? String(jsonOf(payload, 'payload')) : source;
}

const NESTED_MAX = 100;

function decode(source: string): Value {
  let token = tokenOf(source);
  for (let depth = 0; isNested(token.header); depth++) {
    if (depth > NESTED_MAX) throw new BuiltinError('JWT is nested too deeply');
    token = tokenOf(nestedIn(token.payload));
  }
  const payload = jsonOf(token.payload, 'payload');
  if (!isObject(payload)) throw new BuiltinError('JWT payload is not an object');
  return [token.header, payload, toHex(token.signature)];
}

const textField = (value: Value, name: string): string | undefined => {
  const found = lookup(value, name);
  return typeof found === 'string' ? found : undefined;
};

const hashOf = (name: string): HashName => `sha${name.slice(2)}` as HashName;

/** Constant in the number of equal bytes, as far as JavaScript lets it. */
function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  let differs = left.length ^ right.length;
  for (let i = 0; i < left.length; i++) differs |= left[i]! ^ (right[i] ?? 0);
  return differs === 0;
}

/** The key the token names, else every key that suits the algorithm. */
function candidates(keys: readonly JwtKey[], header: Value): readonly JwtKey[] {
  const id = textField(header, 'kid');
  const named = id === undefined ? undefined : keys.find(key => key.id === id);
  const algorithm = textField(header, 'alg');
  return named ? [named] : keys.filter(key => key.algorithm === undefined || key.algorithm === algorithm);
}

function verifies(name: SignatureName, token: Token, keys: readonly JwtKey[], context: BuiltinContext): boolean {
  return candidates(keys, token.header).some(
    ({ source }) => cryptoOf(context).verify(name, source, token.signed, token.signature) === true,
  );
}

const verifyWith = (name: SignatureName): Entry =>
  entry(2, ([source, key], context) => {
    const keys = jwtKeys(text(key!, 2), cryptoOf(context));
    return verifies(name, tokenOf(text(source!, 1)), keys, context);
  });

const verifySecret = (name: string): Entry =>
  entry(2, ([source, secret], context) => {
    const token = tokenOf(text(source!, 1));
    return sameBytes(cryptoOf(context).hmac(hashOf(name), bytesOf(text(secret!, 2)), token.signed), token.signature);
  });

interface Constraints {
  readonly keys?: readonly JwtKey[];
  readonly secret?: string;
  readonly algorithm?: string;
  readonly issuer?: string;
  readonly audience?: string;
  readonly now: RegoNumber;
}

function constraintsOf(value: Value, context: BuiltinContext): Constraints {
  const found: { -readonly [K in keyof Constraints]: Constraints[K] } = { now: fromBigInt(context.now_ns) };
  for (const [key, item] of entriesOf(object(value, 2))) {
    const asText = (): string => {
      if (typeof item !== 'string') throw new BuiltinError(`${String(key)} constraint: must be a string`);
      return item;
    };
    if (key === 'cert') found.keys = jwtKeys(asText(), cryptoOf(context));
    else if (key === 'secret') found.secret = asText();
    else if (key === 'alg') found.algorithm = asText();
    else if (key === 'iss') found.issuer = asText();
    else if (key === 'aud') found.audience = asText();
    else if (key === 'time') {
      if (!isNumber(item)) throw new BuiltinError('token time constraint: must be a number');
      found.now = item;
    } else throw new BuiltinError(`unexpected ${jsonText(key)} in token constraints`);
  }
  if ((found.keys !== undefined) === (found.secret !== undefined))
    throw new BuiltinError(found.keys ? 'duplicate key constraints' : 'no key constraint');
  return found;
}

function isSigned(token: Token, constraints: Constraints, context: BuiltinContext): boolean {
  const name = textField(token.header, 'alg');
  if (name === undefined || (constraints.algorithm !== undefined && constraints.algorithm !== name)) return false;
  if (/^HS(?:256|384|512)$/.test(name)) {
    if (constraints.secret === undefined) return false;
    const wanted = cryptoOf(context).hmac(hashOf(name), bytesOf(constraints.secret), token.signed);
    return sameBytes(wanted, token.signature);
  }
  return constraints.keys !== undefined && isSignatureName(name) && verifies(name, token, constraints.keys, context);
}

/** RFC 7519 §4.1: issuer, audience, expiry, not before. */
function claimsHold(payload: Value, { issuer, audience, now }: Constraints): boolean {
  if (issuer !== undefined && textField(payload, 'iss') !== issuer) return false;
  const theirs = lookup(payload, 'aud');
  if (
    audience === undefined
      ? theirs !== undefined
      : !(theirs === audience || (isArray(theirs) && theirs.includes(audience)))
  )
    return false;
  const moment = (name: string): RegoNumber | false | undefined => {
    const value = lookup(payload, name);
    return value === undefined ? undefined : isNumber(value) && multiply(value, 1_000_000_000);
  };
  const [expiry, start] = [moment('exp'), moment('nbf')];
  if (expiry === false) throw new BuiltinError('exp value must be a number');
  if (start === false) throw new BuiltinError('nbf value must be a number');
  return (
    (expiry === undefined || compareNumbers(now, expiry) < 0) &&
    (start === undefined || compareNumbers(now, start) >= 0)
  );
}

function decodeVerify(source: string, wanted: Value, context: BuiltinContext): Value {
  const refused = [false, objectOf([]), objectOf([])];
  const constraints = constraintsOf(wanted, context);
  let token = tokenOf(source);
  for (let depth = 0; ; depth++) {
    if (depth > NESTED_MAX || !isSigned(token, constraints, context)) return refused;
    if (!isNested(token.header)) break;
    token = tokenOf(nestedIn(token.payload));
  }
  const payload = jsonOf(token.payload, 'payload');
  return isObject(payload) && claimsHold(payload, constraints) ? [true, token.header, payload] : refused;
}

/** The algorithm a header asks for. */
function algorithmOf(header: string): { name: string; type: string | undefined } {
  let value: Value;
  try {
    value = fromJsonText(header);
  } catch {
    throw new BuiltinError("missing or invalid 'alg' header: cannot parse JSON");
  }
  const name = textField(value, 'alg');
  if (name === undefined) throw new BuiltinError('missing or invalid \'alg\' header: jwsbb: header "alg" not found');
  if (!/^HS(?:256|384|512)$/.test(name) && !isSignatureName(name))
    throw new BuiltinError(`unknown JWS algorithm: ${name}`);
  return { name, type: textField(value, 'typ') };
}

function encodeSign(header: string, payload: string, jwk: string, context: BuiltinContext): Value {
  const { name, type } = algorithmOf(header);
  if ((type === undefined || type === 'JWT') && !isJson(payload))
    throw new BuiltinError('type is JWT but payload is not JSON');
  let key: Value;
  try {
    key = fromJsonText(jwk);
  } catch {
    throw new BuiltinError('failed to parse a JWK key (set)');
  }
  const signed = `${toBase64UrlNoPad(bytesOf(header))}.${toBase64UrlNoPad(bytesOf(payload))}`;
  let signature: Uint8Array | undefined;
  if (name.startsWith('HS')) {
    const secret = textField(key, 'kty') === 'oct' ? textField(key, 'k') : undefined;
    if (secret === undefined) throw new BuiltinError('failed to parse a JWK key (set)');
    signature = cryptoOf(context).hmac(hashOf(name), fromBase64Url(secret), bytesOf(signed));
  } else signature = cryptoOf(context).sign(name as SignatureName, { format: 'jwk', jwk }, bytesOf(signed));
  if (!signature) throw new BuiltinError('failed to sign: key does not fit the algorithm');
  return `${signed}.${toBase64UrlNoPad(signature)}`;
}

function isJson(source: string): boolean {
  try {
    JSON.parse(source);
    return true;
  } catch {
    return false;
  }
}

const SIGNATURES: readonly SignatureName[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
];

/** JSON Web Tokens (RFC 7519). */
export const jwt: Readonly<Record<string, Entry>> = {
  ...Object.fromEntries(SIGNATURES.map(name => [`io.jwt.verify_${name.toLowerCase()}`, verifyWith(name)])),
  ...Object.fromEntries(
    ['HS256', 'HS384', 'HS512'].map(name => [`io.jwt.verify_${name.toLowerCase()}`, verifySecret(name)]),
  ),
  'io.jwt.decode': entry(1, ([source]) => decode(text(source!, 1))),
  'io.jwt.decode_verify': entry(2, ([source, constraints], context) =>
    decodeVerify(text(source!, 1), constraints!, context),
  ),
  'io.jwt.encode_sign': entry(3, ([header, payload, key], context) =>
    encodeSign(marshal(object(header!, 1)), marshal(object(payload!, 2)), jsonText(object(key!, 3)), context),
  ),
  'io.jwt.encode_sign_raw': entry(3, ([header, payload, key], context) =>
    encodeSign(text(header!, 1), text(payload!, 2), text(key!, 3), context),
  ),
};
