import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What Go's types know of one field and OpenAPI does not. */
export interface GoFact {
  /** `z`: left out of JSON when zero; `n`: an empty list or map is written; `p` or nothing: absent or meant. */
  readonly mark: string;
  /** The type's name in messages of Go's decoder, where it is a name: `v1.Protocol`. */
  readonly type?: string;
}

/** Facts by type and field. goFacts.txt is what `go run` of go/main.go prints, beside k8s.io/api of the release served. */
export function readGoFacts(): ReadonlyMap<string, ReadonlyMap<string, GoFact>> {
  const facts = new Map<string, ReadonlyMap<string, GoFact>>();
  for (const line of readFileSync(join(import.meta.dirname, 'goFacts.txt'), 'utf8').split('\n')) {
    const [name, ...fields] = line.split(' ');
    if (!name) continue;
    const parsed = fields.map(field => {
      const [key = '', fact = ''] = field.split('=');
      const [mark = '', type] = fact.split(':');
      return [key, { mark, ...(type ? { type } : {}) }] as const;
    });
    facts.set(name, new Map(parsed));
  }
  return facts;
}
