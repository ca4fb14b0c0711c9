import type { Annotation, Module } from './syntax.ts';
import type { PlacedRule } from './tree.ts';
import { objectOf, type Value } from './value.ts';

type Scope = Annotation['scope'];

/** The scope an annotation has: as written, else by what follows it (OPA, "Annotations"). */
const scopeOf = (annotation: Annotation, module: Module): Scope =>
  (annotation.value.scope as Scope | undefined) ?? (annotation.at.start < module.packageAt.start ? 'package' : 'rule');

function author(item: unknown): unknown {
  if (typeof item !== 'string') return item;
  const email = /^(.*?)\s*<([^>]+)>\s*$/.exec(item);
  if (!email) return { name: item };
  return email[1] ? { email: email[2], name: email[1] } : { email: email[2] };
}

function valueOf(annotation: Annotation, scope: Scope): Value {
  const entries = Object.entries(annotation.value).map(([name, item]): [string, unknown] => {
    if (name === 'authors' && Array.isArray(item)) return [name, item.map(author)];
    if (name === 'related_resources' && Array.isArray(item))
      return [name, item.map(each => (typeof each === 'string' ? { ref: each } : each))];
    return [name, item];
  });
  return objectOf(new Map([...entries, ['scope', scope]] as [string, Value][]));
}

const entryOf = (path: readonly string[], annotations?: Value): Value =>
  objectOf([['path', [...path]], ...(annotations === undefined ? [] : [['annotations', annotations] as const])]);

function rulePath({ rule, module }: PlacedRule): string[] {
  const [name, ...rest] = rule.head.path;
  const path = [...module.package, (name as { name: string }).name];
  for (const key of rest) {
    if (key.kind !== 'scalar' || typeof key.value !== 'string') break;
    path.push(key.value);
  }
  return path;
}

function own(placed: PlacedRule, scope: Scope): Annotation[] {
  return (placed.rule.annotations ?? []).filter(annotation => scopeOf(annotation, placed.module) === scope);
}

/** What is written about a rule: its own, its document's, its package's and those of packages around it. */
export function metadataChain(placed: PlacedRule, modules: readonly Module[]): Value {
  const path = rulePath(placed);
  const rules = own(placed, 'rule').reverse();
  const chain: Value[] = rules.length > 0 ? rules.map(item => entryOf(path, valueOf(item, 'rule'))) : [entryOf(path)];
  const sameDocument = modules.flatMap(module =>
    module.rules
      .map((rule): PlacedRule => ({ rule, module, keys: [] }))
      .filter(other => rulePath(other).join('\u0000') === path.join('\u0000')),
  );
  const document = sameDocument.flatMap(other => own(other, 'document'))[0];
  if (document) chain.push(entryOf(path, valueOf(document, 'document')));
  const around = (scope: Scope, name: readonly string[]): void => {
    for (const module of modules) {
      if (module.package.join('\u0000') !== name.join('\u0000')) continue;
      for (const item of module.annotations)
        if (scopeOf(item, module) === scope) chain.push(entryOf(name, valueOf(item, scope)));
    }
  };
  const name = placed.module.package;
  around('package', name);
  for (let length = name.length; length > 0; length--) around('subpackages', name.slice(0, length));
  return chain;
}

/** The annotations of the rule itself. */
export function metadataRule(placed: PlacedRule): Value {
  const last = own(placed, 'rule').at(-1);
  return last ? valueOf(last, 'rule') : objectOf([]);
}
