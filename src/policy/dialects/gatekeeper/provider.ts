import type { Json, JsonObject, KubeObject } from '../../../kernel/index.ts';
import type { Value } from '../../engine/rego/index.ts';
import type { PolicyWorld } from '../../model.ts';
import type { PolicyNeed } from '../../need.ts';
import { DocumentError } from './faults.ts';
import { fields, list, text } from './read.ts';

export const isProvider = (object: KubeObject): boolean =>
  object.kind === 'Provider' && text(object.apiVersion).startsWith('externaldata.gatekeeper.sh/');

/** Where data of others is asked for (Gatekeeper docs, "External Data"). */
export interface Provider {
  readonly name: string;
  readonly url: string;
  /** Authorities in PEM, in base64. */
  readonly caBundle: string;
  readonly timeout_s: number;
  /** Changes whenever the provider does: answers of another one are not its own. */
  readonly revision: string;
}

const TIMEOUT_S = 5;
const TIMEOUT_S_MAX = 30;
const KEYS_MAX = 1_000;

/** Reads a Provider. Throws a {@link DocumentError}. */
export function readProvider(object: KubeObject): Provider {
  const fail = (why: string): never => {
    throw new DocumentError(object, why);
  };
  const spec = fields(object.spec);
  const url = text(spec.url);
  const caBundle = text(spec.caBundle);
  const timeout = spec.timeout ?? 0;
  if (url.startsWith('http://'))
    fail('only HTTPS scheme is supported for Providers. To enable HTTP scheme, set insecureTLSSkipVerify to true');
  if (!url.startsWith('https://') || !URL.canParse(url)) fail(`invalid provider url. value: ${url}`);
  if (!Number.isInteger(timeout) || (timeout as number) < 0)
    fail(`provider timeout should be a positive integer. value: ${JSON.stringify(timeout)}`);
  if (caBundle === '') fail('caBundle should be set for HTTPS scheme');
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(caBundle)) fail('caBundle is not a valid base64 encoding');
  return {
    name: text(object.metadata?.name),
    url,
    caBundle,
    timeout_s: Math.min(TIMEOUT_S_MAX, (timeout as number) || TIMEOUT_S),
    revision: `${text(object.metadata?.uid)}/${object.metadata?.generation ?? 0}`,
  };
}

/** What a provider said of one key. */
export interface ProvidedItem {
  readonly value: Json;
  /** Empty where there is a value. */
  readonly error: string;
}

/** What came of asking a provider: items by key, or why there are none. */
export interface Provided {
  readonly items: Readonly<Record<string, ProvidedItem>>;
  readonly systemError: string;
  readonly status: number;
  /** False where the same question may be answered otherwise the next time: nothing a mutation may use. */
  readonly idempotent: boolean;
}

/** A question to a provider, as whoever drives decisions gets it. */
export interface ProviderNeed extends PolicyNeed {
  readonly kind: 'external-data';
  readonly provider: Provider;
  readonly keys: readonly string[];
}

/** Providers in force. */
export class ProviderSet {
  readonly #providers = new Map<string, Provider>();

  /** Takes in a Provider. Throws a DocumentError; what stood there before is gone then. */
  set(object: KubeObject): void {
    this.#providers.delete(text(object.metadata?.name));
    const provider = readProvider(object);
    this.#providers.set(provider.name, provider);
  }

  remove(object: KubeObject): void {
    this.#providers.delete(text(object.metadata?.name));
  }

  get(name: string): Provider | undefined {
    return this.#providers.get(name);
  }
}

/** Answers of providers as far as a decision has them: undefined is one it still waits for. */
export type AskProvider = (name: string, keys: readonly string[]) => Provided | undefined;

const failed = (systemError: string): Provided => ({ items: {}, systemError, status: 500, idempotent: true });

/** Asks by way of the world; where nobody can be asked, that is what every question comes to. */
export function askingBy(world: PolicyWorld, providers: ProviderSet): AskProvider {
  return (name, keys) => {
    const provider = providers.get(name);
    if (provider === undefined) return failed(`key is not found in provider cache: provider ${name}`);
    if (keys.length > KEYS_MAX) return failed(`at most ${KEYS_MAX} keys can be asked for at once, got ${keys.length}`);
    if (world.answer === undefined) return failed('external data providers cannot be asked here');
    const wanted = [...new Set(keys)].sort();
    const need: ProviderNeed = {
      kind: 'external-data',
      key: JSON.stringify([provider.name, provider.revision, ...wanted]),
      provider,
      keys: wanted,
    };
    return world.answer(need) as Provided | undefined;
  };
}

/** `external_data`'s answer in the form templates read: pairs of key and value, pairs of key and error. */
export function regoAnswer({ items, systemError, status }: Provided, keys: readonly string[]): Value {
  const responses: Json[] = [];
  const errors: Json[] = [];
  for (const key of keys) {
    const item = Object.hasOwn(items, key) ? items[key] : undefined;
    if (item === undefined) continue;
    if (item.error === '') responses.push([key, item.value]);
    else errors.push([key, item.error]);
  }
  return { responses, errors, status_code: status, system_error: systemError } as unknown as Value;
}

/** The provider and keys a call of `external_data` names; undefined where it names none. */
export function regoQuestion(
  argument: unknown,
): { readonly name: string; readonly keys: readonly string[] } | undefined {
  const question = fields(argument);
  const keys = list(question.keys);
  if (typeof question.provider !== 'string' || !keys.every(key => typeof key === 'string')) return undefined;
  return { name: question.provider, keys: keys as string[] };
}

/** What the object of a ProviderRequest says (externaldata.gatekeeper.sh/v1beta1). */
export const providerRequest = (keys: readonly string[]): JsonObject => ({
  apiVersion: 'externaldata.gatekeeper.sh/v1beta1',
  kind: 'ProviderRequest',
  request: { keys: [...keys] },
});
