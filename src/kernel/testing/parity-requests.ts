import type { JsonObject } from '../object.ts';
import type { Http2Transport } from '../remote/drivers/http2Transport.ts';
import { type Answer, comparable, differences } from './parity.ts';
import { readDocument } from './parity-documents.ts';

/** One request of a scene: `PATCH /path merge` and its body as YAML (JSON is YAML). */
export type SceneRequest = readonly [line: string, body?: string];

/** Requests that are sent in order to two servers, which must answer alike. */
export interface Scene {
  readonly name: string;
  readonly requests: readonly SceneRequest[];
  /** Set where the servers draw addresses, which are then told by family and order. */
  readonly addresses?: true;
}

const PATCHES: Readonly<Record<string, string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** Sends one request; an answer that is no JSON is told as text. */
export async function ask(to: Http2Transport, [line, text]: SceneRequest): Promise<Answer> {
  const [method = '', path = '', how = ''] = line.split(' ');
  const document = text === undefined ? undefined : readDocument(text);
  const answer = await to.send({
    method,
    path,
    contentType: PATCHES[how] ?? 'application/json',
    ...(document === undefined ? {} : { body: JSON.stringify(document) }),
  });
  try {
    return { status: answer.status, json: JSON.parse(answer.text) as JsonObject };
  } catch {
    return { status: answer.status, json: { text: answer.text } };
  }
}

/** Addresses are drawn by chance: which family they are of is compared, and which are the same. */
const ADDRESSES: readonly (readonly [RegExp, string])[] = [
  [/\b10\.0\.\d+\.\d+\b/g, '4'],
  [/\bfd00:9::[0-9a-f]*(?::[0-9a-f]+)*/g, '6'],
];

/** Replaces drawn addresses by what is the same on both servers: the family and the order in which they were first seen. */
export class AddressNames {
  readonly #known = new Map<string, string>();

  plain(value: JsonObject): JsonObject {
    const text = ADDRESSES.reduce(
      (all, [pattern, family]) => all.replace(pattern, found => this.#nameOf(found, family)),
      JSON.stringify(value),
    );
    return JSON.parse(text) as JsonObject;
  }

  #nameOf(found: string, family: string): string {
    const known = this.#known.get(found);
    if (known) return known;
    const name = `address${family}-${this.#known.size}`;
    this.#known.set(found, name);
    return name;
  }
}

/** What differs between the answers of two servers to one scene, a line each. */
export async function playScene(
  { requests, addresses }: Scene,
  [here, there]: readonly [Http2Transport, Http2Transport],
): Promise<string[]> {
  const found: string[] = [];
  const [ours, theirs] = [new AddressNames(), new AddressNames()];
  for (const request of requests) {
    const [one, other] = [await ask(here, request), await ask(there, request)];
    const lines = addresses
      ? differences(ours.plain(comparable(one, true)), theirs.plain(comparable(other, true)))
      : differences(comparable(one), comparable(other));
    found.push(...lines.map(line => `${request[0]} ${request[1] ?? ''}: ${line}`));
  }
  return found;
}
