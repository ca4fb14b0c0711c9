import type { Json, JsonObject } from '../../../../kernel/index.ts';
import { jsonText, type Value } from '../../rego/index.ts';
import { pemBlocks } from '../../rego/builtins/pem.ts';
import { certificateOf, requestOf } from '../../rego/builtins/x509.ts';
import { BuiltinError } from '../../rego/runtime.ts';
import { objectOf } from '../../rego/value.ts';
import { JmesError } from '../value.ts';

const RSA = 1;

/** Numbers as doubles, as Go decodes JSON into anything; the modulus keeps every digit, as text. */
const plain = (value: Value): JsonObject =>
  JSON.parse(jsonText(value), (name, member: Json, context?: { source?: string }) =>
    name === 'N' && typeof member === 'number' ? (context?.source ?? String(member)) : member,
  ) as JsonObject;

function fieldsOf(type: string, der: Uint8Array): JsonObject {
  try {
    if (type === 'CERTIFICATE') return plain(objectOf(certificateOf(der).fields));
    if (type === 'CERTIFICATE REQUEST') return plain(requestOf(der));
  } catch (error) {
    if (error instanceof BuiltinError) throw new JmesError(error.message);
    throw error;
  }
  throw new JmesError('PEM block neither contains a CERTIFICATE or CERTIFICATE REQUEST');
}

/**
 * The first block of a PEM text, a certificate or a request for one, in the fields of Go's x509 package; the key is
 * told as modulus (in decimal digits) and exponent (Kyverno documentation, "JMESPath", x509_decode: RSA keys only).
 */
export function decodeX509(pem: string): Json {
  const [block] = pemBlocks(pem);
  if (block === undefined) throw new JmesError('failed to decode PEM block');
  const { URIStrings: _own, ...fields } = fieldsOf(block.type, block.bytes);
  const key = fields.PublicKey as JsonObject | null;
  if (fields.PublicKeyAlgorithm !== RSA || key === null) throw new JmesError('certificate should use rsa algorithm');
  return { ...fields, PublicKey: { N: key.N!, E: key.E! } };
}
