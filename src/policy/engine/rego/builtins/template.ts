import { BuiltinError, textOf } from '../runtime.ts';
import { isArray, isObject, entriesOf, lookup, type Value } from '../value.ts';
import { type Entry, entry, object, text } from './operands.ts';

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly pipe: string }
  | {
      readonly kind: 'if' | 'range' | 'with';
      readonly pipe: string;
      readonly body: Node[];
      readonly otherwise: Node[];
    };

const ACTION = /\{\{(-\s)?\s*((?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^}"`]|\}(?!\}))*?)\s*(\s-)?\}\}/g;
const OUTPUT_MAX = 10_000_000;

/** Splits Go's text/template into texts and actions; `{{-` and `-}}` take the white space beside them. */
function tokens(source: string): { readonly text?: string; readonly action?: string }[] {
  const found: { text?: string; action?: string }[] = [];
  let at = 0;
  let trim = false;
  for (const match of source.matchAll(ACTION)) {
    let before = source.slice(at, match.index);
    if (trim) before = before.trimStart();
    if (match[1]) before = before.trimEnd();
    if (before) found.push({ text: before });
    found.push({ action: match[2]! });
    trim = match[3] !== undefined;
    at = match.index + match[0].length;
  }
  const rest = trim ? source.slice(at).trimStart() : source.slice(at);
  if (rest.includes('{{')) throw new BuiltinError('template: unclosed action');
  if (rest) found.push({ text: rest });
  return found;
}

function parse(list: ReturnType<typeof tokens>): Node[] {
  let at = 0;
  const block = (top: boolean): [Node[], string] => {
    const nodes: Node[] = [];
    while (at < list.length) {
      const token = list[at++]!;
      if (token.text !== undefined) {
        nodes.push({ kind: 'text', text: token.text });
        continue;
      }
      const action = token.action!;
      if (/^(end|else)\b/.test(action)) {
        if (top) throw new BuiltinError(`template: unexpected {{${action}}}`);
        return [nodes, action];
      }
      const opened = /^(if|range|with)\s+(.*)$/s.exec(action);
      if (action.startsWith('/*')) continue;
      if (!opened) {
        nodes.push({ kind: 'value', pipe: action });
        continue;
      }
      const [body, closed] = block(false);
      let otherwise: Node[] = [];
      if (/^else\s+if\b/.test(closed)) {
        list.splice(at, 0, { action: closed.replace(/^else\s+/, '') });
        otherwise = block1();
      } else if (closed === 'else') [otherwise] = block(false);
      nodes.push({ kind: opened[1] as 'if', pipe: opened[2]!, body, otherwise });
    }
    if (!top) throw new BuiltinError('template: unexpected EOF');
    return [nodes, ''];
  };
  /** `else if` shares the one end with what it belongs to. */
  const block1 = (): Node[] => {
    const opened = /^if\s+(.*)$/s.exec(list[at++]!.action!)!;
    const [body, closed] = block(false);
    let otherwise: Node[] = [];
    if (/^else\s+if\b/.test(closed)) {
      list.splice(at, 0, { action: closed.replace(/^else\s+/, '') });
      otherwise = block1();
    } else if (closed === 'else') [otherwise] = block(false);
    return [{ kind: 'if', pipe: opened[1]!, body, otherwise }];
  };
  return block(true)[0];
}

interface Scope {
  readonly dot: Value | undefined;
  readonly root: Value;
  readonly variables: ReadonlyMap<string, Value>;
}

function valueOf(term: string, scope: Scope): Value | undefined {
  if (term === '.') return scope.dot;
  if (/^"(?:[^"\\]|\\.)*"$/.test(term)) return JSON.parse(term) as string;
  if (/^`[^`]*`$/.test(term)) return term.slice(1, -1);
  if (/^-?\d+(\.\d+)?$/.test(term)) return Number(term);
  if (term === 'true' || term === 'false') return term === 'true';
  const path = /^(\$\w*|)((?:\.\w+)*)$/.exec(term);
  if (!path || (path[1] === '' && path[2] === ''))
    throw new BuiltinError(`template: function ${JSON.stringify(term)} not defined`);
  let value: Value | undefined =
    path[1] === '' ? scope.dot : path[1] === '$' ? scope.root : scope.variables.get(path[1]!);
  for (const name of path[2]!.split('.').slice(1)) value = value === undefined ? undefined : lookup(value, name);
  return value;
}

const isTrue = (value: Value | undefined): boolean =>
  !(value === undefined || value === null || value === false || value === 0 || value === '') &&
  !(isArray(value) && value.length === 0) &&
  !(isObject(value) && entriesOf(value).length === 0);

function shown(value: Value | undefined): string {
  if (value === undefined) return '<undefined>';
  if (typeof value === 'string') return value;
  if (isArray(value)) return `[${value.map(shown).join(' ')}]`;
  if (isObject(value))
    return `map[${entriesOf(value)
      .map(([key, item]) => `${shown(key)}:${shown(item)}`)
      .join(' ')}]`;
  return value === null ? '<no value>' : textOf(value);
}

function render(nodes: readonly Node[], scope: Scope, fuel: { left: number }): string {
  let out = '';
  for (const node of nodes) {
    if (--fuel.left < 0 || out.length > OUTPUT_MAX) throw new BuiltinError('template: output too large');
    if (node.kind === 'text') out += node.text;
    else if (node.kind === 'value') out += shown(valueOf(node.pipe, scope));
    else if (node.kind === 'range') out += range(node, scope, fuel);
    else {
      const value = valueOf(node.pipe, scope);
      const inner = node.kind === 'with' && isTrue(value) ? { ...scope, dot: value } : scope;
      out += render(isTrue(value) ? node.body : node.otherwise, inner, fuel);
    }
  }
  return out;
}

function range(node: Extract<Node, { kind: 'range' | 'if' | 'with' }>, scope: Scope, fuel: { left: number }): string {
  const found = /^(?:(\$\w+)(?:\s*,\s*(\$\w+))?\s*:=\s*)?(.+)$/s.exec(node.pipe)!;
  const value = valueOf(found[3]!.trim(), scope);
  const pairs: (readonly [Value, Value])[] = isArray(value)
    ? value.map((item, index) => [index, item] as const)
    : value !== undefined && isObject(value)
      ? entriesOf(value)
      : [];
  if (pairs.length === 0) return render(node.otherwise, scope, fuel);
  return pairs
    .map(([key, item]) => {
      const variables = new Map(scope.variables);
      if (found[1]) variables.set(found[1], found[2] ? key : item);
      if (found[2]) variables.set(found[2], item);
      return render(node.body, { ...scope, dot: item, variables }, fuel);
    })
    .join('');
}

/** Templates. */
export const template: Readonly<Record<string, Entry>> = {
  'strings.render_template': entry(2, ([source, values], context) => {
    const root = object(values!, 2);
    return render(parse(tokens(text(source!, 1))), { dot: root, root, variables: new Map() }, context.fuel);
  }),
};
