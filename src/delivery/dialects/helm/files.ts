import { toYaml } from './encode.ts';
import { type Dict, Struct, text } from './value.ts';

/** A glob as charts write it: `*` and `?` stay in a folder, `**` does not, `{a,b}` and `[a-z]` choose. */
export function globPattern(glob: string): RegExp {
  let pattern = '';
  let braces = 0;
  for (let at = 0; at < glob.length; at++) {
    const character = glob[at]!;
    if (character === '*' && glob[at + 1] === '*') {
      pattern += '.*';
      at++;
    } else if (character === '*') pattern += '[^/]*';
    else if (character === '?') pattern += '[^/]';
    else if (character === '{') {
      pattern += '(?:';
      braces++;
    } else if (character === '}' && braces > 0) {
      pattern += ')';
      braces--;
    } else if (character === ',' && braces > 0) pattern += '|';
    else if (character === '[') {
      const end = glob.indexOf(']', at);
      pattern +=
        end < 0
          ? '\\['
          : `[${glob
              .slice(at + 1, end)
              .replace(/^!/, '^')
              .replaceAll('\\', '\\\\')}]`;
      if (end >= 0) at = end;
    } else pattern += character.replace(/[.+^$()|\\\]{}]/, '\\$&');
  }
  return new RegExp(`^${pattern}${')'.repeat(braces)}$`, 's');
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** `.Files` of a chart: what is neither template nor value. Walked like a map of paths. */
export function filesOf(files: ReadonlyMap<string, string>): Dict {
  return new FileDict(files);
}

/** A map that also has the methods of `.Files`. */
class FileDict extends Map<string, unknown> {
  readonly struct: Struct;
  constructor(files: ReadonlyMap<string, string>) {
    super(files);
    const entries = (encode: (content: string) => string): string =>
      files.size === 0 ? '' : toYaml(new Map([...files].map(([path, content]) => [baseName(path), encode(content)])));
    this.struct = new Struct(
      {},
      {
        Get: path => files.get(text(path)) ?? '',
        GetBytes: path => files.get(text(path)) ?? '',
        Lines: path => {
          const content = files.get(text(path));
          if (content === undefined) return [];
          const lines = content.split('\n');
          return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
        },
        Glob: pattern => {
          const matches = globPattern(text(pattern));
          return filesOf(new Map([...files].filter(([path]) => matches.test(path))));
        },
        AsConfig: () => entries(content => content),
        AsSecrets: () => entries(content => Buffer.from(content).toString('base64')),
      },
    );
  }
}

/** The methods of a value that is a map and more. */
export function methodsOf(value: unknown): Struct | undefined {
  return value instanceof FileDict ? value.struct : undefined;
}
