import type { JsonObject, KindRef, KubeObject } from '../../../kernel/index.ts';
import { apiVersionOf } from '../../../kernel/index.ts';
import { DocumentError } from './faults.ts';
import { MutatorSet } from './mutations.ts';
import { type ApplyTo, appliesTo, readApplyTo } from './mutator.ts';
import { fields, isObject, member, text } from './read.ts';

export const isExpansion = (object: KubeObject): boolean =>
  object.kind === 'ExpansionTemplate' && text(object.apiVersion).startsWith('expansion.gatekeeper.sh/');

/** An ExpansionTemplate: what a generator such as a Deployment is going to make. */
interface Expansion {
  readonly name: string;
  readonly object: KubeObject;
  readonly applyTo: readonly ApplyTo[];
  readonly source: readonly string[];
  readonly enforcementAction: string;
  readonly generated: KindRef;
}

/** An object that a generator implies. */
export interface Resultant {
  readonly object: KubeObject;
  readonly template: string;
  /** What to do about its violations instead of what the constraints say; empty for nothing else. */
  readonly enforcementAction: string;
}

/** Generators of generators: no deeper. */
const DEPTH_MAX = 30;

function readExpansion(object: KubeObject): Expansion {
  const spec = fields(object.spec);
  const generated = fields(spec.generatedGVK);
  const source = text(spec.templateSource);
  const name = text(object.metadata?.name);
  if (name === '') throw new DocumentError(object, 'ExpansionTemplate has empty name field');
  if (source === '') throw new DocumentError(object, `ExpansionTemplate ${name} has empty source field`);
  const kind = {
    group: text(generated.group),
    version: text(generated.version),
    kind: text(generated.kind),
  };
  if (kind.kind === '' || kind.version === '')
    throw new DocumentError(object, `ExpansionTemplate ${name} has empty generatedGVK field`);
  return {
    name,
    object,
    applyTo: readApplyTo(spec.applyTo),
    source: source.split('.'),
    enforcementAction: text(spec.enforcementAction),
    generated: kind,
  };
}

/** Expansion templates in force, with the mutators that run over what they make. */
export class ExpansionSet {
  readonly mutators: MutatorSet;
  readonly #templates = new Map<string, Expansion>();
  #cyclic: ReadonlySet<string> | undefined;

  constructor(mutators: MutatorSet = new MutatorSet()) {
    this.mutators = mutators;
  }

  /** Takes in an ExpansionTemplate. Throws a DocumentError. */
  add(object: KubeObject): void {
    const expansion = readExpansion(object);
    this.#templates.set(expansion.name, expansion);
    this.#cyclic = undefined;
  }

  remove(object: KubeObject): void {
    this.#templates.delete(text(object.metadata?.name));
    this.#cyclic = undefined;
  }

  /** Templates whose generated kinds lead back to themselves: none of them is expanded until the cycle is broken. */
  get cyclic(): ReadonlySet<string> {
    return (this.#cyclic ??= cycles([...this.#templates.values()]));
  }

  get size(): number {
    return this.#templates.size;
  }

  /** The documents of templates by name. */
  documents(names: Iterable<string>): KubeObject[] {
    return [...names].flatMap(name => this.#templates.get(name)?.object ?? []);
  }

  /** Everything a generator implies, generators among that expanded too. Throws an Error where that cannot be told. */
  expand(object: KubeObject, namespace: KubeObject | undefined): Resultant[] {
    if (this.#templates.size === 0) return [];
    let base = object;
    try {
      base = this.mutators.mutate({ object, namespace, source: 'Original' });
    } catch (error) {
      throw new Error(`error mutating base resource ${object.metadata?.name ?? ''}: ${(error as Error).message}`, {
        cause: error,
      });
    }
    const made: Resultant[] = [];
    this.#expand(base, namespace, made, 0);
    return made;
  }

  #expand(object: KubeObject, namespace: KubeObject | undefined, made: Resultant[], depth: number): void {
    if (depth >= DEPTH_MAX) throw new Error(`maximum recursion depth of ${DEPTH_MAX} reached`);
    const templates = [...this.#templates.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
    for (const template of templates) {
      if (!appliesTo(template.applyTo, object) || this.cyclic.has(template.name)) continue;
      const resultant = resultantOf(template, object);
      const mutated = this.mutators.mutate({ object: resultant, namespace, source: 'Generated' });
      made.push({ object: mutated, template: template.name, enforcementAction: template.enforcementAction });
      this.#expand(mutated, namespace, made, depth + 1);
    }
  }
}

const generates = ({ generated: { group, version, kind } }: Expansion, { applyTo }: Expansion): boolean =>
  applyTo.some(each => each.groups.includes(group) && each.versions.includes(version) && each.kinds.includes(kind));

/** Names of templates from which a way leads back to them. */
function cycles(templates: readonly Expansion[]): Set<string> {
  const next = new Map(templates.map(from => [from, templates.filter(to => generates(from, to))]));
  const found = new Set<string>();
  for (const start of templates) {
    const seen = new Set<Expansion>();
    const open = [...next.get(start)!];
    for (let one = open.pop(); one !== undefined && !found.has(start.name); one = open.pop()) {
      if (one === start) found.add(start.name);
      if (seen.has(one)) continue;
      seen.add(one);
      open.push(...next.get(one)!);
    }
  }
  return found;
}

function resultantOf(template: Expansion, parent: KubeObject): KubeObject {
  let source: unknown = parent;
  for (const name of template.source) source = member(source, name);
  if (!isObject(source))
    throw new Error(
      `could not find source field "${template.source.join('.')}" in Generator ${parent.metadata?.name ?? ''}`,
    );
  const { kind } = template.generated;
  const parentName = text(parent.metadata?.name);
  const own = text(parent.metadata?.namespace);
  const metadata: JsonObject = {
    ...fields(structuredClone(source.metadata)),
    name: parentName === '' ? kind.toLowerCase() : `${parentName}-${kind.toLowerCase()}`,
    ...(own === '' ? {} : { namespace: own }),
    ownerReferences: [
      { apiVersion: parent.apiVersion, kind: parent.kind, name: parentName, uid: text(parent.metadata?.uid) },
    ],
  };
  return {
    ...(structuredClone(source) as object),
    apiVersion: apiVersionOf(template.generated),
    kind,
    metadata,
  } as unknown as KubeObject;
}
