import { allVars } from './order.ts';
import { type Body, type Literal, type Module, type Place, RegoError, type Rule, type Term } from './syntax.ts';

/** Builtins a strict module may not use any more. */
const DEPRECATED: ReadonlySet<string> = new Set([
  'any',
  'all',
  're_match',
  'set_diff',
  'cast_array',
  'cast_set',
  'cast_string',
  'cast_boolean',
  'cast_null',
  'cast_object',
  'net.cidr_overlap',
]);

/** Everything below a node that `tell` may look at. */
function walk(part: unknown, tell: (node: Term | Literal) => void): void {
  if (typeof part !== 'object' || part === null) return;
  if (Array.isArray(part)) {
    for (const each of part) walk(each, tell);
    return;
  }
  if ('kind' in part) tell(part as Term | Literal);
  for (const each of Object.values(part)) walk(each, tell);
}

const withElse = (rule: Rule): Rule[] => [rule, ...(rule.else ? withElse(rule.else) : [])];
const rules = (module: Module): Rule[] => module.rules.flatMap(withElse);

function checkImports(module: Module, refuse: (message: string, at: Place) => never): void {
  const seen = new Set<string>();
  const used = new Set<string>();
  walk(module.rules, node => {
    if (node.kind === 'var') used.add(node.name);
    if (node.kind === 'call') used.add(node.name[0]!);
  });
  for (const { path, alias, at } of module.imports) {
    if (path[0] === 'rego' || path[0] === 'future') continue;
    const name = alias ?? path.at(-1)!;
    if (seen.has(name)) refuse(`import must not shadow import ${path.join('.')}`, at);
    seen.add(name);
    if (!used.has(name)) refuse(`import ${path.join('.')} unused`, at);
  }
}

/** `x := …` that nothing reads, in one body with what its rule says outside of it. */
function checkAssigned(body: Body, outside: unknown, refuse: (message: string, at: Place) => never): void {
  for (const [index, literal] of body.entries()) {
    if (literal.kind !== 'assign' || literal.left.kind !== 'var' || literal.left.name.startsWith('$')) continue;
    const { name } = literal.left;
    const others = new Set<string>();
    body.forEach((other, at) => void (at === index || allVars(other, others)));
    walk(outside, node => node.kind === 'var' && others.add(node.name));
    if (!others.has(name)) refuse(`assigned var ${name} unused`, literal.at);
  }
}

/** What `check --strict` refuses beyond the language itself (OPA, "Strict Mode"). */
export function checkStrict(modules: readonly Module[]): void {
  for (const module of modules) {
    const refuse = (message: string, at: Place): never => {
      throw new RegoError('rego_compile_error', message, at, module.file);
    };
    checkImports(module, refuse);
    for (const rule of rules(module)) checkAssigned(rule.body, [rule.head], refuse);
    walk(module.rules, node => {
      if (node.kind === 'call' && DEPRECATED.has(node.name.join('.')))
        refuse(`deprecated built-in function calls in expression: ${node.name.join('.')}`, node.at);
      if (node.kind === 'comprehension') checkAssigned(node.body, [node.key, node.value], refuse);
      if (node.kind === 'every') checkAssigned(node.body, [], refuse);
    });
  }
}
