const ROWS_UNCOUNTED_MAX = 10;

/**
 * Columns between bars, as the real tool draws them: long ones say in their first heading how long; `color` sets
 * headings in green.
 */
export function barTable(named: readonly string[], rows: readonly (readonly string[])[], color: boolean): string {
  const counted = rows.length > ROWS_UNCOUNTED_MAX ? ` (${rows.length})` : '';
  const heads = named.map((head, at) => (at === 0 ? `${head}${counted}` : head));
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map(row => [...(row[at] ?? '')].length)));
  const pad = (text: string, at: number): string => text + ' '.repeat(Math.max(0, widths[at]! - [...text].length));
  const rule = `│${widths.map(width => '─'.repeat(width + 2)).join('│')}│`;
  const line = (cells: readonly string[], paint: (text: string) => string): string =>
    `│${cells.map((cell, at) => ` ${paint(pad(cell, at))} `).join('│')}│`;
  const head = line(heads, text => (color ? `\u001b[40;32m${text}\u001b[0m` : text));
  return [rule, head, rule, ...rows.map(row => line(row, text => text)), rule].join('\n');
}
