import { isNumber, toBigInt } from '../number.ts';
import { type BuiltinContext, BuiltinError } from '../runtime.ts';
import { entriesOf, isObject, jsonText, lookup, objectOf, type Value } from '../value.ts';
import { bytesOf, toHex } from './bytes.ts';
import { civilOf } from './calendar.ts';
import { cryptoOf } from './crypto.ts';
import { queryEscape, unescapeUrl } from './encoding.ts';
import { formatTime } from './layouts.ts';
import { type Entry, entry, object, wrong } from './operands.ts';

function required(value: Value, names: readonly string[], position: number, what: string): void {
  const missing = names.filter(name => lookup(value, name) === undefined);
  const list = (wanted: readonly string[]): string =>
    `{${[...wanted]
      .sort()
      .map(name => JSON.stringify(name))
      .join(', ')}}`;
  if (missing.length > 0)
    throw new BuiltinError(`operand ${position} missing required ${what} parameters(s): ${list(missing)}`, true);
  const bad = names.filter(name => typeof lookup(value, name) !== 'string');
  if (bad.length > 0)
    throw new BuiltinError(`operand ${position} invalid values for required ${what} parameters(s): ${list(bad)}`, true);
}

/** The body as it will go out: raw, or the JSON of `body`. */
function bodyOf(request: Value): string {
  const raw = lookup(request, 'raw_body');
  if (raw !== undefined) return typeof raw === 'string' ? raw : wrong(1, 'string', raw);
  const body = lookup(request, 'body');
  return body === undefined ? '' : jsonText(body);
}

interface Target {
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

function targetOf(url: string): Target {
  const found = /^[A-Za-z][\w+.-]*:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/.exec(url);
  if (!found) throw new BuiltinError('failed to parse request URL');
  const query = (found[3] ?? '')
    .split('&')
    .filter(part => part !== '')
    .map(part => {
      const [name, ...rest] = part.split('=');
      return [unescapeUrl(name!), unescapeUrl(rest.join('='))] as const;
    })
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${queryEscape(name)}=${queryEscape(value)}`.replaceAll('+', '%20'))
    .join('&');
  return { host: found[1]!, path: found[2] ?? '', query };
}

/** Never signed: proxies change them (AWS Signature Version 4). */
const UNSIGNED = new Set(['authorization', 'user-agent', 'x-amzn-trace-id']);

/** AWS Signature Version 4 over an http.send request. */
function signRequest(request: Value, config: Value, time: Value, context: BuiltinContext): Value {
  object(request, 1);
  object(config, 2);
  required(request, ['method', 'url'], 1, 'request');
  required(config, ['aws_access_key', 'aws_secret_access_key', 'aws_region', 'aws_service'], 2, 'AWS config');
  if (!isNumber(time)) return wrong(3, 'number', time);
  const nanos = toBigInt(time);
  if (nanos !== undefined && nanos < 0n)
    throw new BuiltinError('operand 3 could not convert time_ns value into a unix timestamp', true);
  if (nanos === undefined) throw new BuiltinError('operand 3 must be integer number', true);
  const crypto = cryptoOf(context);
  const field = (name: string): string => String(lookup(config, name));
  const stamp = formatTime(civilOf(nanos, 'UTC'), '20060102T150405Z');
  const day = stamp.slice(0, 8);
  const target = targetOf(String(lookup(request, 'url')));
  const bodyHash =
    lookup(config, 'disable_payload_signing') === true
      ? 'UNSIGNED-PAYLOAD'
      : toHex(crypto.digest('sha256', bytesOf(bodyOf(request))));
  const given = lookup(request, 'headers');
  const own = new Map<string, Value>(
    given !== undefined && isObject(given) ? entriesOf(given).map(([key, value]) => [String(key), value]) : [],
  );
  const signed = new Map<string, string>();
  for (const [name, value] of own) {
    if (UNSIGNED.has(name.toLowerCase())) continue;
    signed.set(name.toLowerCase(), Array.isArray(value) ? value.map(String).join(',') : String(value));
  }
  const added: [string, string][] = [
    ['host', target.host],
    ['x-amz-date', stamp],
  ];
  if (field('aws_service') === 's3' || lookup(config, 'disable_payload_signing') === true)
    added.push(['x-amz-content-sha256', bodyHash]);
  const session = lookup(config, 'aws_session_token');
  if (typeof session === 'string' && session !== '') added.push(['x-amz-security-token', session]);
  for (const [name, value] of added) if (!signed.has(name)) signed.set(name, value);
  const names = [...signed.keys()].sort();
  const canonical = [
    String(lookup(request, 'method')),
    target.path,
    target.query,
    ...names.map(name => `${name}:${signed.get(name)!.trim()}`),
    '',
    names.join(';'),
    bodyHash,
  ].join('\n');
  const scope = `${day}/${field('aws_region')}/${field('aws_service')}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', stamp, scope, toHex(crypto.digest('sha256', bytesOf(canonical)))].join('\n');
  let key = bytesOf(`AWS4${field('aws_secret_access_key')}`);
  for (const part of [day, field('aws_region'), field('aws_service'), 'aws4_request', toSign])
    key = crypto.hmac('sha256', key, bytesOf(part)) as Uint8Array<ArrayBuffer>;
  const authorization = `AWS4-HMAC-SHA256 Credential=${field('aws_access_key')}/${scope},SignedHeaders=${names.join(';')},Signature=${toHex(key)}`;
  const headers = new Map<string, Value>([...own, ...added, ['Authorization', authorization]]);
  return objectOf([
    ...entriesOf(object(request, 1)).filter(([key]) => key !== 'headers'),
    ['headers', objectOf(headers)] as const,
  ]);
}

/** Signing of requests to AWS. */
export const aws: Readonly<Record<string, Entry>> = {
  'providers.aws.sign_req': entry(3, ([request, config, time], context) =>
    signRequest(request!, config!, time!, context),
  ),
};
