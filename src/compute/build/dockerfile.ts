import { type Instruction, type Pair, type Recipe, RecipeError, type Step } from './recipe.ts';
import { jsonWords, splitWords } from './words.ts';

interface Line {
  readonly line: number;
  readonly keyword: string;
  readonly rest: string;
  readonly escape: string;
}

const LINES_MAX = 10_000;

/** Joins continued lines, drops comments; the `escape` directive may stand on top. */
function logicalLines(text: string): Line[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (lines.length > LINES_MAX) throw new RecipeError(1, '', `it has more than ${LINES_MAX} lines`);
  let escape = '\\';
  for (const line of lines) {
    const directive = /^#\s*([a-z]+)\s*=\s*(\S+)\s*$/i.exec(line);
    if (!directive) break;
    if (directive[1]!.toLowerCase() === 'escape' && directive[2] === '`') escape = '`';
  }
  const found: Line[] = [];
  for (let i = 0; i < lines.length; i++) {
    const start = i;
    if (/^\s*(#|$)/.test(lines[i]!)) continue;
    let joined = '';
    for (; i < lines.length; i++) {
      const line = lines[i]!;
      if (i > start && /^\s*(#|$)/.test(line)) continue;
      const continued = line.trimEnd().endsWith(escape);
      joined += continued ? line.trimEnd().slice(0, -1) : line;
      if (!continued) break;
    }
    const match = /^\s*([A-Za-z]+)\s*([\s\S]*)$/.exec(joined);
    if (!match) throw new RecipeError(start + 1, joined.trim(), 'it starts with no instruction');
    found.push({ line: start + 1, keyword: match[1]!.toUpperCase(), rest: match[2]!.trim(), escape });
  }
  return found;
}

/** `--name=value` words in front. */
function takeFlags(rest: string): { flags: Map<string, string>; rest: string } {
  const flags = new Map<string, string>();
  let left = rest;
  for (let match = /^--([a-z-]+)(?:=(\S+))?\s+/.exec(left); match; match = /^--([a-z-]+)(?:=(\S+))?\s+/.exec(left)) {
    flags.set(match[1]!, match[2] ?? 'true');
    left = left.slice(match[0].length);
  }
  return { flags, rest: left };
}

/** `A=1 B="two words"`, or the old `A value to the end`. */
function pairs(line: Line): Pair[] {
  const first = splitWords(line.rest, line.escape)[0] ?? '';
  if (!first.includes('=')) {
    const match = /^(\S+)\s+([\s\S]+)$/.exec(line.rest);
    if (!match) throw new RecipeError(line.line, line.rest, 'it needs NAME=value');
    return [[match[1]!, match[2]!]];
  }
  return splitWords(line.rest, line.escape).map(word => {
    const equals = word.indexOf('=');
    if (equals <= 0) throw new RecipeError(line.line, word, 'it needs NAME=value');
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

function command(line: Line): { words: readonly string[]; shell: boolean } {
  const json = jsonWords(line.rest);
  if (json) return { words: json, shell: false };
  if (line.rest === '') throw new RecipeError(line.line, line.keyword, 'it names no command');
  return { words: [line.rest], shell: true };
}

function from(line: Line): Instruction {
  const { flags, rest } = takeFlags(line.rest);
  const match = /^(\S+)(?:\s+as\s+([a-z0-9][a-z0-9_.-]*))?$/i.exec(rest);
  if (!match) throw new RecipeError(line.line, line.rest, 'it must read FROM image [AS name]');
  const platform = flags.get('platform');
  return {
    kind: 'from',
    image: match[1]!,
    ...(match[2] ? { name: match[2].toLowerCase() } : {}),
    ...(platform ? { platform } : {}),
  };
}

function copy(line: Line): Instruction {
  const { flags, rest } = takeFlags(line.rest);
  const words = jsonWords(rest) ?? splitWords(rest, line.escape);
  if (words.length < 2) throw new RecipeError(line.line, line.rest, 'it needs a source and a target');
  if (words.some(word => word.startsWith('<<')))
    throw new RecipeError(line.line, line.rest, 'here-documents are not supported');
  const remote = words.slice(0, -1).find(word => /^([a-z]+:\/\/|git@)/.test(word));
  if (remote) throw new RecipeError(line.line, remote, 'only local files can be added; download them before the build');
  const known = ['from', 'chown', 'chmod', 'link'];
  for (const flag of flags.keys())
    if (!known.includes(flag)) throw new RecipeError(line.line, `--${flag}`, 'this flag is not supported');
  const chmod = flags.get('chmod');
  if (chmod !== undefined && !/^0?[0-7]{3,4}$/.test(chmod))
    throw new RecipeError(line.line, chmod, 'the mode must be octal');
  const stage = flags.get('from');
  const chown = flags.get('chown');
  return {
    kind: 'copy',
    sources: words.slice(0, -1),
    target: words.at(-1)!,
    extract: line.keyword === 'ADD',
    ...(stage ? { from: stage } : {}),
    ...(chown ? { chown } : {}),
    ...(chmod ? { chmod: Number.parseInt(chmod, 8) } : {}),
  };
}

function shellWords(line: Line): readonly string[] {
  const words = jsonWords(line.rest);
  if (!words || words.length === 0) throw new RecipeError(line.line, line.rest, 'SHELL needs the JSON form');
  return words;
}

function instruction(line: Line): Instruction {
  const { rest, escape } = line;
  const words = (): string[] => jsonWords(rest) ?? splitWords(rest, escape);
  if (rest === '') throw new RecipeError(line.line, line.keyword, 'it says nothing');
  switch (line.keyword) {
    case 'FROM':
      return from(line);
    case 'COPY':
    case 'ADD':
      return copy(line);
    case 'ENV':
      return { kind: 'env', values: pairs(line) };
    case 'LABEL':
      return { kind: 'label', values: pairs(line) };
    case 'MAINTAINER':
      return { kind: 'label', values: [['maintainer', rest]] };
    case 'ARG': {
      const word = splitWords(rest, escape)[0] ?? '';
      const equals = word.indexOf('=');
      return equals < 0
        ? { kind: 'arg', name: word }
        : { kind: 'arg', name: word.slice(0, equals), value: word.slice(equals + 1) };
    }
    case 'WORKDIR':
      return { kind: 'workdir', path: splitWords(rest, escape).join(' ') };
    case 'USER':
      return { kind: 'user', user: rest };
    case 'EXPOSE':
      return { kind: 'expose', ports: words() };
    case 'VOLUME':
      return { kind: 'volume', paths: words() };
    case 'ENTRYPOINT':
      return { kind: 'entrypoint', ...command(line) };
    case 'CMD':
      return { kind: 'cmd', ...command(line) };
    case 'RUN':
      if (rest.startsWith('<<') || rest.startsWith('--mount'))
        throw new RecipeError(line.line, rest, 'here-documents and --mount are not supported');
      return { kind: 'run', ...command({ ...line, rest: takeFlags(rest).rest }) };
    case 'SHELL':
      return { kind: 'shell', words: shellWords(line) };
    case 'STOPSIGNAL':
      return { kind: 'stopsignal', signal: rest };
    default:
      throw new RecipeError(line.line, line.keyword, 'this instruction is not supported');
  }
}

/** Reads a Dockerfile. Throws a RecipeError at the first line that cannot be built. */
export function parseDockerfile(text: string): Recipe {
  const steps: Step[] = logicalLines(text).map(line => ({
    line: line.line,
    text: `${line.keyword} ${line.rest}`.slice(0, 300),
    instruction: instruction(line),
  }));
  const first = steps.find(step => step.instruction.kind !== 'arg');
  if (first?.instruction.kind !== 'from')
    throw new RecipeError(first?.line ?? 1, first?.text ?? '', 'the first instruction must be FROM');
  return { steps, names: [] };
}
