import type { Entry, Severity } from './model.ts';

/** A page of findings: the text between its rows, and rows with what the entry does not hold. */
export type HtmlFrame = readonly (string | HtmlRow)[];

interface HtmlRow {
  readonly entry: Entry;
  /** The row's text around severity, package, id, version and fixed version. */
  readonly texts: readonly string[];
  readonly severity: string;
}

const ROW =
  /([ \t]*<tr class="severity-)([A-Z]+)(">\s*<td class="pkg-name">)([^<]*)(<\/td>\s*<td>)([^<]*)(<\/td>\s*<td class="severity">)\2(<\/td>\s*<td class="pkg-version">)([^<]*)(<\/td>\s*<td>)([^<]*)(<\/td>(?:(?!<\/tr>)[\s\S])*<\/tr>[ \t]*\n?)/g;

const LINK = /<a href="[^"]*">([^<]*)<\/a>/g;

/** Reads the table of the scanner's HTML template. Texts stay escaped as they are. */
export function readHtml(source: string): { entries: Entry[]; frame: HtmlFrame } {
  const frame: (string | HtmlRow)[] = [];
  let end = 0;
  for (const match of source.matchAll(ROW)) {
    const [
      ,
      a = '',
      severity = '',
      b = '',
      name = '',
      c = '',
      id = '',
      d = '',
      e = '',
      version = '',
      f = '',
      fixed = '',
      g = '',
    ] = match;
    frame.push(source.slice(end, match.index));
    end = match.index + match[0].length;
    const entry: Entry = {
      kind: 'vulnerability',
      id,
      severity: severity as Severity,
      packageName: name,
      packageVersion: version,
      fixedVersions: fixed === '' ? [] : fixed.split(', '),
      references: [...g.matchAll(LINK)].map(([, link = '']) => link),
    };
    frame.push({ entry, texts: [a, b, c, d, e, f, g], severity });
  }
  frame.push(source.slice(end));
  return { entries: frame.flatMap(part => (typeof part === 'string' ? [] : [part.entry])), frame };
}

/** The page with only the rows of the given entries. */
export function writeHtml(frame: HtmlFrame, entries: readonly Entry[]): string {
  const kept = new Set(entries);
  return frame
    .map(part => {
      if (typeof part === 'string') return part;
      const { entry, texts } = part;
      if (!kept.has(entry)) return '';
      const values = [
        entry.severity,
        entry.packageName,
        entry.id,
        entry.severity,
        entry.packageVersion,
        entry.fixedVersions?.join(', '),
      ];
      return texts.map((text, at) => `${text}${values[at] ?? ''}`).join('');
    })
    .join('');
}
