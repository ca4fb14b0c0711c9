import { type BuiltinContext, BuiltinError } from '../runtime.ts';
import { entriesOf, jsonText, keyOf, lookup, objectOf, type Value } from '../value.ts';
import { type Entry, entry, object } from './operands.ts';

/** The name of a call to the outside, by which its answer is handed in. */
export const effectKey = (name: string, args: readonly Value[]): string => `${name}${keyOf(args)}`;

/** The answer the host gave for this call; without one the need is noted and the call has no value yet. */
export function needed(context: BuiltinContext, name: string, args: readonly Value[]): Value {
  const key = effectKey(name, args);
  const answer = context.answers.get(key);
  if (answer !== undefined) return answer;
  context.needs.set(key, { name, args });
  throw new BuiltinError('not answered');
}

const METHODS = /^[A-Za-z]+$/;

/** Everything http.send understands (OPA, "HTTP"). */
const REQUEST_KEYS: ReadonlySet<string> = new Set(
  (
    'method url body enable_redirect force_json_decode force_yaml_decode headers raw_body tls_use_system_certs ' +
    'tls_ca_cert tls_ca_cert_file tls_ca_cert_env_variable tls_client_cert tls_client_cert_file ' +
    'tls_client_cert_env_variable tls_client_key tls_client_key_file tls_client_key_env_variable ' +
    'tls_insecure_skip_verify tls_server_name timeout cache force_cache force_cache_duration_seconds raise_error ' +
    'caching_mode max_retry_attempts cache_ignored_headers'
  ).split(' '),
);

/** Calls that leave the process: evaluation tells what it needs, the host answers and evaluates again. */
export const effects: Readonly<Record<string, Entry>> = {
  'http.send': entry(1, (args, context) => {
    const request = object(args[0]!, 1);
    for (const name of ['url', 'method'])
      if (lookup(request, name) === undefined)
        throw new BuiltinError(`operand 1 missing required request parameters(s): {"${name}"}`, true);
    const unknown = entriesOf(request).filter(([key]) => typeof key !== 'string' || !REQUEST_KEYS.has(key));
    if (unknown.length > 0)
      throw new BuiltinError(
        `operand 1 invalid request parameters(s): {${unknown.map(([key]) => jsonText(key)).join(', ')}}`,
        true,
      );
    const method = lookup(request, 'method');
    if (typeof method !== 'string' || !METHODS.test(method)) throw new BuiltinError('invalid method');
    return needed(context, 'http.send', args);
  }),
  'rego.metadata.chain': entry(0, () => []),
  'rego.metadata.rule': entry(0, () => objectOf([])),
  'opa.runtime': entry(0, (_args, context) => context.environment ?? objectOf([])),
};
