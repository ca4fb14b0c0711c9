import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Json } from '../kernel/index.ts';
import { compileJmes, JmesError } from '../policy/index.ts';
import { goJson, JMES_FUNCTIONS } from '../policy/engine/jmespath/index.ts';
import { EXIT, type Invocation } from './command.ts';
import { cliFaults } from './faults.ts';
import { documentsOf, testPorts } from './kyverno-files.ts';
import { type Flags, JP_FLAGS, readFlags, textOf, textsOf } from './kyverno-flags.ts';

function inputOf(flags: Flags): Json {
  const file = textOf(flags, 'input');
  const text = readFileSync(file ?? 0, 'utf8');
  if (text.trim() === '') return null;
  return (/^\s*[{[]/.test(text) ? parse(text) : (documentsOf(text)[0] ?? parse(text) ?? null)) as Json;
}

function query(flags: Flags, { terminal }: Invocation): number {
  const expressions = [...flags.words, ...textsOf(flags, 'query').map(file => readFileSync(file, 'utf8').trim())];
  if (expressions.length === 0)
    throw cliFaults.error('missing-argument', { command: 'kyverno jp query', what: 'EXPRESSION ...' });
  const value = inputOf(flags);
  for (const expression of expressions) {
    try {
      const found = compileJmes(expression).evaluate(value, testPorts);
      const plain = flags.on.has('unquoted') && typeof found === 'string';
      terminal.out(`# ${expression}`);
      terminal.out(plain ? found : goJson(found as Json, flags.on.has('compact') ? '' : '  '));
    } catch (error) {
      if (!(error instanceof JmesError)) throw error;
      terminal.err(`Error: error evaluating JMESPath expression: ${error.message}`);
      return EXIT.no;
    }
  }
  return EXIT.yes;
}

function functions(flags: Flags, { terminal }: Invocation): number {
  const wanted = new Set(flags.words);
  for (const { name, signature } of JMES_FUNCTIONS.values())
    if (wanted.size === 0 || wanted.has(name)) terminal.out(`Name: ${name}\n  Signature: ${signature}\n`);
  return EXIT.yes;
}

/** `kyverno jp query|function`; without a verb the words are expressions. */
export function kyvernoJp(words: readonly string[], invocation: Invocation): number {
  const [verb = '', ...rest] = words;
  if (verb === 'parse') throw cliFaults.error('not-done', { flag: 'jp parse', command: 'kyverno' });
  if (verb === 'function') return functions(readFlags('jp function', rest, JP_FLAGS), invocation);
  return query(readFlags('jp query', verb === 'query' ? rest : words, JP_FLAGS), invocation);
}
