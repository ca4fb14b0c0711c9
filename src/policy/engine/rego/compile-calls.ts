import type { Bindings, BodyCompiler, Continue } from './compile-body.ts';
import { reference } from './compile-references.ts';
import type { Term } from './syntax.ts';

const INLINE: Readonly<Record<string, (args: readonly string[], context: string) => string>> = {
  equal: ([a, b]) => `R.equal(${a},${b})`,
  neq: ([a, b]) => `!R.equal(${a},${b})`,
  lt: ([a, b]) => `R.lt(${a},${b})`,
  gt: ([a, b]) => `R.lt(${b},${a})`,
  lte: ([a, b]) => `!R.lt(${b},${a})`,
  gte: ([a, b]) => `!R.lt(${a},${b})`,
  plus: ([a, b], c) => `R.plus(${c},${a},${b})`,
  minus: ([a, b], c) => `R.minus(${c},${a},${b})`,
  mul: ([a, b], c) => `R.mul(${c},${a},${b})`,
  div: ([a, b], c) => `R.div(${c},${a},${b})`,
  rem: ([a, b], c) => `R.rem(${c},${a},${b})`,
  and: ([a, b], c) => `R.and(${c},${a},${b})`,
  or: ([a, b], c) => `R.or(${c},${a},${b})`,
  'internal.member_2': ([a, b]) => `R.member(${a},${b})`,
  'internal.member_3': ([a, b, d]) => `R.memberAt(${a},${b},${d})`,
};

/** Comparisons: they are true or false and never fail. */
const TESTS: ReadonlySet<string> = new Set(['equal', 'neq', 'lt', 'gt', 'lte', 'gte']);

/** Whether a call can stand as a condition of JavaScript. */
export const isTest = (term: Extract<Term, { kind: 'call' }>, parts: BodyCompiler['parts']): boolean =>
  term.name.length === 1 && term.args.length === 2 && TESTS.has(term.name[0]!) && !parts.isMocked(term.name[0]!);

/** Text, truth values and doubles have one form each: they are equal when they are the same. */
const isPlain = (term: Term): boolean =>
  term.kind === 'scalar' && (typeof term.value !== 'object' || term.value === null);

/** The condition a comparison is. */
export function testCode(name: string, args: readonly Term[], codes: readonly string[]): string {
  if ((name === 'equal' || name === 'neq') && args.some(isPlain))
    return `${codes[0]}${name === 'equal' ? '===' : '!=='}${codes[1]}`;
  return INLINE[name]!(codes, '');
}

/** The results of a call. */
export function call(
  compiler: BodyCompiler,
  term: Extract<Term, { kind: 'call' }>,
  bindings: Bindings,
  context: string,
  next: Continue,
): void {
  const name = term.name.join('.');
  if (name === 'rego.metadata.chain' || name === 'rego.metadata.rule') {
    const value = compiler.parts.metadata(name === 'rego.metadata.chain' ? 'chain' : 'rule');
    return next(compiler.parts.constant(value), bindings);
  }
  if (term.args.length === 0 && term.name[0] === 'data' && !compiler.parts.functionDocument(term.name)) {
    // `f()` of a rule without arguments is the rule.
    const head: Term = { kind: 'var', name: 'data', at: term.at };
    const path = term.name.slice(1).map((value): Term => ({ kind: 'scalar', value, at: term.at }));
    return reference(compiler, { kind: 'ref', head, path, at: term.at }, bindings, context, next);
  }
  if (name === 'print') return print(compiler, term, bindings, context, next);
  const arity = compiler.parts.arity(term.name);
  if (arity === undefined) compiler.parts.fail(`undefined function ${name}`, term);
  if (arity >= 0 && term.args.length !== arity) compiler.parts.fail(`${name}: arity mismatch`, term);
  compiler.terms(term.args, bindings, context, (args, inner) => {
    if (name === 'walk') return walk(compiler, args[0]!, inner, next);
    const result = compiler.fresh();
    compiler.emit(`const ${result}=${callCode(compiler, term.name, args, context)};if(${result}!==undefined){`);
    next(result, inner);
    compiler.emit('}');
  });
}

function callCode(compiler: BodyCompiler, path: readonly string[], args: readonly string[], context: string): string {
  const name = path.join('.');
  const document = compiler.parts.functionDocument(path);
  const inline = Object.hasOwn(INLINE, name) ? INLINE[name] : undefined;
  let code: string;
  if (document) {
    compiler.parts.uses(document);
    code = `d${document.id}(${[context, ...args].join(',')})`;
  } else if (inline) code = inline(args, context);
  else code = `R.callBuiltin(${context},${JSON.stringify(name)},${compiler.parts.builtin(name)},[${args.join(',')}])`;
  if (!compiler.parts.isMocked(name)) return code;
  const key = JSON.stringify(name);
  return `(${context}.x!==undefined&&${context}.x.has(${key})?${context}.x.get(${key})([${args.join(',')}]):${code})`;
}

/** The one relation among the builtins: every [path, value] below a value. */
function walk(compiler: BodyCompiler, value: string, bindings: Bindings, next: Continue): void {
  const pair = compiler.fresh();
  compiler.emit(
    `for(const ${pair} of ${compiler.parts.builtin('walk')}([${value}],c.b)){if(--c.b.fuel.left<0)R.exhausted();`,
  );
  next(pair, bindings);
  compiler.emit('}');
}

/** `print` shows what its arguments are, also when they are undefined, and never fails. */
function print(
  compiler: BodyCompiler,
  term: Extract<Term, { kind: 'call' }>,
  bindings: Bindings,
  context: string,
  next: Continue,
): void {
  const found = term.args.map(arg => {
    const [value, label] = [compiler.fresh(), compiler.fresh('L')];
    compiler.emit(`let ${value};${label}:{`);
    compiler.term(arg, bindings, context, code => compiler.emit(`${value}=${code};break ${label};`));
    compiler.emit('}');
    return value;
  });
  compiler.emit(`R.print(${context},[${found.join(',')}]);`);
  next('true', bindings);
}

/** A comprehension: its own loops, collected. */
export function comprehension(
  compiler: BodyCompiler,
  term: Extract<Term, { kind: 'comprehension' }>,
  bindings: Bindings,
  context: string,
  next: Continue,
): void {
  const made = compiler.fresh();
  const start = { array: '[]', set: 'R.newSet()', object: 'R.newObject()' }[term.of];
  compiler.emit(`const ${made}=${start};{`);
  compiler.body(term.body, bindings, context, inner => {
    compiler.terms(term.key ? [term.key, term.value] : [term.value], inner, context, codes => {
      if (term.of === 'array') compiler.emit(`${made}.push(${codes[0]});`);
      else if (term.of === 'set') compiler.emit(`${made}.add(${codes[0]});`);
      else compiler.emit(`${made}.put([${codes[0]}],${codes[1]});`);
    });
  });
  compiler.emit('}');
  if (term.of !== 'object') return next(made, bindings);
  const done = compiler.fresh();
  compiler.emit(`const ${done}=${made}.done();`);
  next(done, bindings);
}

/** A template string: expressions without a value leave a mark. */
export function template(
  compiler: BodyCompiler,
  term: Extract<Term, { kind: 'template' }>,
  bindings: Bindings,
  context: string,
  next: Continue,
): void {
  const text = compiler.fresh();
  compiler.emit(`let ${text}="";`);
  for (const part of term.parts) {
    if (typeof part === 'string') {
      compiler.emit(`${text}+=${compiler.parts.constant(part)};`);
      continue;
    }
    const [found, label] = [compiler.fresh(), compiler.fresh('L')];
    compiler.emit(`let ${found};${label}:{`);
    const value = part.kind === 'term' ? part.term : compiler.parts.fail('invalid template-string expression', term);
    compiler.withModifiers(part.kind === 'term' ? part.with : [], bindings, context, (inner, known) =>
      compiler.term(value, known, inner, code => compiler.emit(`${found}=${code};break ${label};`)),
    );
    compiler.emit(`}${text}+=R.templateText(${found});`);
  }
  next(text, bindings);
}
