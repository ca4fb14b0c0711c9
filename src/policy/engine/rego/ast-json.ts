import type { Body, Literal, Module, Rule, Term } from './syntax.ts';
import { isNumber } from './number.ts';
import { objectOf, type Value } from './value.ts';

const node = (fields: { readonly [name: string]: Value | undefined }): Value =>
  objectOf(Object.entries(fields).filter((entry): entry is [string, Value] => entry[1] !== undefined));

const typed = (type: string, value: Value): Value => node({ type, value });

function pathTerm(path: readonly string[]): Value {
  return path.map((name, index) => typed(index === 0 ? 'var' : 'string', name));
}

/** A term as OPA's parser tells it in JSON. */
export function termJson(term: Term): Value {
  switch (term.kind) {
    case 'scalar': {
      const { value } = term;
      if (value === null) return node({ type: 'null' });
      return typed(isNumber(value) ? 'number' : typeof value, value);
    }
    case 'var':
      return typed('var', term.name);
    case 'ref':
      return typed('ref', [termJson(term.head), ...term.path.map(termJson)]);
    case 'array':
    case 'set':
      return typed(term.kind, term.items.map(termJson));
    case 'object':
      return typed(
        'object',
        term.entries.map(([key, value]) => [termJson(key), termJson(value)]),
      );
    case 'call':
      return typed('call', [typed('ref', pathTerm(term.name)), ...term.args.map(termJson)]);
    case 'template':
      return typed(
        'templatestring',
        term.parts.map((part, index) => (typeof part === 'string' ? typed('string', part) : literalJson(part, index))),
      );
    case 'comprehension':
      return typed(
        `${term.of}comprehension`,
        node({
          ...(term.key ? { key: termJson(term.key), value: termJson(term.value) } : { term: termJson(term.value) }),
          body: bodyJson(term.body),
        }),
      );
  }
}

const operator = (name: string, ...args: Value[]): Value => [typed('ref', [typed('var', name)]), ...args];

/** An expression of a body as OPA tells it in JSON. */
export function literalJson(literal: Literal, index: number): Value {
  const shared = { index, ...('negated' in literal && literal.negated ? { negated: true } : {}) };
  switch (literal.kind) {
    case 'term': {
      const shown = termJson(literal.term);
      return node({
        ...shared,
        terms: literal.term.kind === 'call' ? ((shown as { value: Value }).value as Value) : shown,
      });
    }
    case 'unify':
      return node({ ...shared, terms: operator('eq', termJson(literal.left), termJson(literal.right)) });
    case 'assign':
      return node({ ...shared, terms: operator('assign', termJson(literal.left), termJson(literal.right)) });
    case 'some':
      return node({ ...shared, terms: node({ symbols: literal.names.map(name => typed('var', name)) }) });
    case 'someIn': {
      const args = [...(literal.key ? [literal.key] : []), literal.value, literal.domain].map(termJson);
      const name = typed('ref', pathTerm(['internal', literal.key ? 'member_3' : 'member_2']));
      return node({ ...shared, terms: node({ symbols: [typed('call', [name, ...args])] }) });
    }
    case 'every':
      return node({
        ...shared,
        terms: node({
          key: literal.key === undefined ? null : typed('var', literal.key),
          value: typed('var', literal.value),
          domain: termJson(literal.domain),
          body: bodyJson(literal.body),
        }),
      });
    case 'notBody':
      return node({ index, negated: true, terms: bodyJson(literal.body) });
  }
}

const bodyJson = (body: Body): Value => body.map(literalJson);

function ruleJson(rule: Rule): Value {
  const { head } = rule;
  const path = head.path.map(termJson);
  return node({
    ...(rule.isDefault ? { default: true } : {}),
    head: node({
      name: head.path.length === 1 ? (head.path[0] as { name: string }).name : undefined,
      args: head.args?.map(termJson),
      key: head.key ? termJson(head.key) : undefined,
      value: head.value ? termJson(head.value) : head.key ? undefined : typed('boolean', true),
      assign: head.assigned ? true : undefined,
      ref: path,
    }),
    body: bodyJson(rule.body),
    else: rule.else ? ruleJson(rule.else) : undefined,
  });
}

/** A module as OPA's parser tells it in JSON. */
export function moduleJson(module: Module): Value {
  return node({
    package: node({ path: pathTerm(['data', ...module.package]) }),
    imports:
      module.imports.length === 0
        ? undefined
        : module.imports.map(({ path, alias }) => node({ path: typed('ref', pathTerm(path)), alias })),
    rules: module.rules.length === 0 ? undefined : module.rules.map(ruleJson),
  });
}
