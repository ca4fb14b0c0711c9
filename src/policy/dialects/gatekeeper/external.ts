import { type Json, type JsonObject } from '../../../kernel/index.ts';
import type { AskProvider, Provided } from './provider.ts';
import { isObject, text } from './read.ts';

/** Where a mutator takes a value from that somebody else gives (Gatekeeper docs, "External Data", mutation). */
export interface ExternalSource {
  readonly provider: string;
  readonly dataSource: 'ValueAtLocation' | 'Username';
  readonly failurePolicy: 'Fail' | 'Ignore' | 'UseDefault';
  readonly fallback: string;
}

/** Reads `assign.externalData`; `fail` throws. */
export function readExternal(value: unknown, fail: (why: string) => never): ExternalSource {
  const source = isObject(value) ? value : fail('assign.externalData must be an object');
  const provider = text(source.provider);
  const dataSource = text(source.dataSource) || 'ValueAtLocation';
  const failurePolicy = text(source.failurePolicy) || 'Fail';
  if (provider === '') fail('assign.externalData.provider cannot be empty');
  if (dataSource !== 'ValueAtLocation' && dataSource !== 'Username')
    fail(`assign.externalData.dataSource "${dataSource}" is unknown`);
  if (!['Fail', 'Ignore', 'UseDefault'].includes(failurePolicy))
    fail(`assign.externalData.failurePolicy "${failurePolicy}" is unknown`);
  if (failurePolicy === 'UseDefault' && typeof source.default !== 'string')
    fail('assign.externalData.default must not be empty when failurePolicy is set to UseDefault');
  return {
    provider,
    dataSource: dataSource as ExternalSource['dataSource'],
    failurePolicy: failurePolicy as ExternalSource['failurePolicy'],
    fallback: text(source.default),
  };
}

interface Wanted {
  readonly source: ExternalSource;
  readonly key: string;
}

/** Values of one mutation that others give: each stands as a mark until everything else is done, then all are asked for. */
export class ExternalValues {
  readonly #wanted: Wanted[] = [];

  /** Stands for a value until it is known; a mark that stands already is kept. */
  mark(source: ExternalSource, old: Json | undefined, username: string): string | undefined {
    if (typeof old === 'string' && this.#at(old) !== undefined) return undefined;
    const key = source.dataSource === 'Username' ? username : old;
    if (key === undefined) return undefined;
    if (typeof key !== 'string') throw new Error('the value at the location is no text, only texts are asked for');
    return `${MARK}${this.#wanted.push({ source, key }) - 1}`;
  }

  #at(value: string): Wanted | undefined {
    return value.startsWith(MARK) ? this.#wanted[Number(value.slice(MARK.length))] : undefined;
  }

  /**
   * The object with every mark replaced; undefined while a provider has not answered. Throws an Error where a value is not
   * to be had and its failure policy is Fail.
   */
  resolve<T extends object>(object: T, ask: AskProvider | undefined): T | undefined {
    if (this.#wanted.length === 0) return object;
    const keys = new Map<string, Set<string>>();
    for (const { source, key } of this.#wanted)
      keys.set(source.provider, (keys.get(source.provider) ?? new Set()).add(key));
    const answers = new Map<string, Provided>();
    for (const [provider, wanted] of keys) {
      const provided = ask === undefined ? UNASKED : ask(provider, [...wanted]);
      if (provided !== undefined) answers.set(provider, provided);
    }
    if (answers.size < keys.size) return undefined;
    return this.#replaced(object as unknown as Json, answers) as unknown as T;
  }

  #replaced(value: Json, answers: ReadonlyMap<string, Provided>): Json {
    if (Array.isArray(value)) return value.map(item => this.#replaced(item, answers));
    if (isObject(value)) {
      const out: JsonObject = Object.create(null) as JsonObject;
      for (const [name, member] of Object.entries(value)) out[name] = this.#replaced(member, answers);
      return { ...out };
    }
    const wanted = typeof value === 'string' ? this.#at(value) : undefined;
    return wanted === undefined ? value : valueOf(wanted, answers.get(wanted.source.provider)!);
  }
}

const MARK = '\u0000external:';
const UNASKED: Provided = {
  items: {},
  systemError: 'external data providers cannot be asked here',
  status: 500,
  idempotent: true,
};

function valueOf({ source, key }: Wanted, provided: Provided): string {
  const given = failureOf(source.provider, key, provided);
  if (typeof given === 'string') return given;
  if (source.failurePolicy === 'Fail') throw given;
  return source.failurePolicy === 'Ignore' ? key : source.fallback;
}

/** The value a provider gave for a key, or an Error that tells why there is none. */
function failureOf(provider: string, key: string, { items, systemError, idempotent }: Provided): string | Error {
  const refused = (why: string): Error =>
    new Error(`failed to validate external data response from provider ${provider}: ${why}`);
  if (systemError !== '') return refused(`non-empty system error: ${systemError}`);
  if (!idempotent) return refused('non-idempotent response');
  const item = Object.hasOwn(items, key) ? items[key] : undefined;
  if (item === undefined) return new Error(`failed to find external data item in response for provider ${provider}`);
  if (item.error !== '')
    return new Error(`failed to retrieve external data item from provider ${provider}: ${item.error}`);
  if (typeof item.value !== 'string')
    return new Error(`failed to convert external data item value from provider ${provider} to string`);
  return item.value;
}
