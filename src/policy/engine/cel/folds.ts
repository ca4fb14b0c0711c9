import type { Comprehension, Expr, Fold } from './ast.ts';
import { COSTS } from './cost-model.ts';
import type { Code, Writer } from './writer.ts';

/** What folds need of the generator. */
export interface ExpressionWriter {
  readonly writer: Writer;
  visit(expr: Expr): Code;
  /** Source of a value that must be a bool. */
  bool(expr: Expr): string;
}

interface Accumulator {
  readonly value: string;
  readonly error: string;
}

export interface FoldWriter {
  start(): Accumulator;
  each(expr: Comprehension, names: readonly string[], result: Accumulator): void;
  end(result: Accumulator): Code;
}

/** How a fold is written: what stands before, inside and after its loop. */
export function foldWriter(fold: Fold, source: ExpressionWriter): FoldWriter {
  const w = source.writer;
  const quantifier = (all: boolean): FoldWriter => ({
    start: () => {
      const names = { value: w.name(), error: w.name('e') };
      w.line(`let ${names.value} = ${all}, ${names.error} = null;`);
      return names;
    },
    each: (expr, _, result) => {
      w.block('try', () =>
        w.line(`if (${all ? '!' : ''}${source.bool(expr.body)}) { ${result.value} = ${!all}; break; }`),
      );
      w.line(`catch (x) { ${result.error} = soft(x); }`);
    },
    end: result => {
      w.line(`if (${result.error} !== null && ${result.value} === ${all}) throw ${result.error};`);
      return { text: result.value, known: 'bool' };
    },
  });
  const collector = (start: string, each: FoldWriter['each'], end = (value: string): string => value): FoldWriter => ({
    start: () => ({ value: w.keep(start).text, error: '' }),
    each,
    end: result => ({ text: end(result.value) }),
  });
  const filtered = (expr: Comprehension): void => {
    if (expr.filter) w.line(`if (!${source.bool(expr.filter)}) continue;`);
  };
  const push: FoldWriter['each'] = (expr, _, result) => {
    filtered(expr);
    w.charge(COSTS.append);
    w.line(`${result.value}.push(${source.visit(expr.body).text});`);
  };
  const writers: Readonly<Record<Fold, FoldWriter>> = {
    all: quantifier(true),
    exists: quantifier(false),
    existsOne: {
      start: () => {
        const value = w.name();
        w.line(`let ${value} = 0;`);
        return { value, error: '' };
      },
      each: (expr, _, result) => w.line(`if (${source.bool(expr.body)}) ${result.value}++;`),
      end: result => w.keep(`${result.value} === 1`, 'bool'),
    },
    map: collector('[]', push),
    transformList: collector('[]', push),
    filter: collector('[]', (expr, names, result) => {
      w.charge(COSTS.append);
      w.line(`if (${source.bool(expr.body)}) ${result.value}.push(${names[0]});`);
    }),
    sortBy: collector(
      '[[], []]',
      (expr, names, result) => {
        w.line(`${result.value}[0].push(${names[0]}); ${result.value}[1].push(${source.visit(expr.body).text});`);
      },
      value => w.keep(`sortByKeys(${value}[0], ${value}[1], compare)`).text,
    ),
    transformMap: collector('new CelMap(new Map())', (expr, names, result) => {
      filtered(expr);
      w.line(`addEntry(${result.value}.entries, ${names[0]}, ${source.visit(expr.body).text});`);
    }),
    transformMapEntry: collector('new CelMap(new Map())', (expr, _, result) => {
      filtered(expr);
      w.line(`mergeEntry(${result.value}.entries, ${source.visit(expr.body).text});`);
    }),
  };
  return writers[fold];
}
