import { literalJson, moduleJson } from '../ast-json.ts';
import type { Context } from '../runtime.ts';
import type { Body, Module, Rule } from '../syntax.ts';
import type { Value } from '../value.ts';
import { residue } from './residue.ts';
import { type Inlining, type PartialSource, SHOWN, Solver } from './solver.ts';
import { START } from './state.ts';
import { mapBody, mapTerm, NOWHERE, variable } from './terms.ts';
import { literalText, ruleText } from './text.ts';

export type { PartialSource } from './solver.ts';

export interface PartialOptions extends Inlining {
  /** Paths of documents that are not known: `['input']`, `['data', 'users']`. */
  readonly unknowns: readonly (readonly string[])[];
}

/** What is left of a query: it holds where one of the queries does. No query: it never holds; an empty one: it always does. */
export interface PartialResult {
  readonly queries: readonly Body[];
  /** Rules the queries ask, as modules of packages below `partial`. */
  readonly support: readonly Module[];
}

/** Evaluates a resolved query as far as it is known. Throws RegoError and EvaluationError. */
export function partially(
  source: PartialSource,
  query: Body,
  { unknowns, ...inlining }: PartialOptions,
  context: Context,
): PartialResult {
  const solver = new Solver(source, unknowns, inlining, context);
  const queries: Body[] = [];
  solver.body(query, START, state => void queries.push(named(residue(state))));
  return { queries, support: modulesOf(solver) };
}

function modulesOf(solver: Solver): Module[] {
  const packages = new Map<string, { path: readonly string[]; rules: Rule[] }>();
  for (const { package: path, rule } of solver.support.rules) {
    const key = JSON.stringify(path);
    const own = packages.get(key) ?? { path, rules: [] };
    packages.set(key, own);
    own.rules.push(namedRule(rule));
  }
  return [...packages.values()].map(({ path, rules }) => ({
    file: '',
    text: '',
    package: path,
    packageAt: NOWHERE,
    imports: [],
    rules,
    annotations: [],
    version: 'v1',
  }));
}

/** Names for people: `x#0%3` is `__local0__3`, `i%3` is `i3`, a wildcard that is used once is `_`. */
function naming(names: readonly string[]): (name: string) => string {
  const made = new Map<string, string>();
  let wildcards = 0;
  for (const name of new Set(names)) {
    if (!name.startsWith('$')) made.set(name, plainName(name));
    else
      made.set(
        name,
        names.filter(each => each === name).length === 1 ? `$${wildcards++}` : `_${name.replace(/\W+/g, '')}`,
      );
  }
  return name => made.get(name) ?? plainName(name);
}

function plainName(name: string): string {
  const [, shown, text, local, use] = /^(!?)(.*?)(?:#(\d+))?(?:%(\d+))?$/.exec(name)!;
  if (shown !== '' || use === undefined) return text!;
  return local === undefined ? `${text}${use}` : `__local${local}__${use}`;
}

/** Every use of a variable, one entry each. */
function uses(part: { body: Body; heads: readonly (Rule['head']['value'] | undefined)[] }): string[] {
  const found: string[] = [];
  const note = (name: string): ReturnType<typeof variable> => {
    found.push(name);
    return variable(name);
  };
  mapBody(part.body, note);
  for (const term of part.heads) if (term) mapTerm(term, note);
  return found;
}

function named(body: Body): Body {
  const nameOf = naming(uses({ body, heads: [] }));
  return mapBody(body, name => variable(nameOf(name)));
}

function namedRule(rule: Rule): Rule {
  const { head } = rule;
  const [name, ...keys] = head.path;
  const heads = [...keys, ...(head.args ?? []), head.key, head.value];
  const nameOf = naming(uses({ body: rule.body, heads }));
  const go = <T extends Rule['head']['value']>(term: T): NonNullable<T> =>
    mapTerm(term!, each => variable(nameOf(each))) as NonNullable<T>;
  return {
    ...rule,
    head: {
      ...head,
      path: [name!, ...keys.map(go)],
      ...(head.args ? { args: head.args.map(go) } : {}),
      ...(head.key ? { key: go(head.key) } : {}),
      ...(head.value ? { value: go(head.value) } : {}),
    },
    body: mapBody(rule.body, each => variable(nameOf(each))),
  };
}

const shown = (name: string): string => (name.startsWith('$') ? '_' : name.replace(SHOWN, ''));

/** A query as Rego: one literal a line. */
export const queryText = (body: Body): string => body.map(each => literalText(each, shown)).join('\n');

/** A support module as Rego. */
export const supportText = (module: Module): string =>
  [`package ${module.package.join('.')}`, ...module.rules.map(rule => ruleText(rule, shown))].join('\n\n');

/** `{queries, support}` as OPA's compile API tells them. */
export function partialJson({ queries, support }: PartialResult): { queries: Value[]; support: Value[] } {
  return {
    queries: queries.map(body => body.map((literal, index) => literalJson(literal, index))),
    support: support.map(moduleJson),
  };
}
