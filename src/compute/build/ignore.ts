/** Decides which files of a build context are left out; paths are relative, with `/`. */
export type Ignore = (path: string) => boolean;

/** The wildcards of Dockerfiles as the source of a regular expression. */
function pattern(text: string): string {
  let source = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '*' && text[i + 1] === '*') {
      source += text[i + 2] === '/' ? '(?:.*/)?' : '.*';
      i += text[i + 2] === '/' ? 2 : 1;
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else source += char.replace(/[\\^$.|+()[\]{}/]/, '\\$&');
  }
  return source;
}

/** Reads a .dockerignore: the last line that matches a path (or a folder above it) decides, `!` takes back. */
export function parseIgnore(text: string): Ignore {
  const rules = text
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => {
      const glob = line
        .replace(/^!/, '')
        .replace(/^\.?\/+/, '')
        .replace(/\/+$/, '');
      // A rule for a folder holds for everything in it.
      const fits = new RegExp(`^${pattern(glob)}(?:/|$)`, 'u');
      return { keep: line.startsWith('!'), matches: (path: string) => fits.test(path) };
    });
  return path => {
    let ignored = false;
    for (const rule of rules) if (rule.matches(path)) ignored = !rule.keep;
    return ignored;
  };
}

/** Matches one path against a COPY wildcard (`*`, `?`, `**`). */
export const globMatcher = (glob: string): ((path: string) => boolean) => {
  const exact = new RegExp(`^${pattern(glob)}$`, 'u');
  return path => exact.test(path);
};
