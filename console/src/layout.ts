/** Places the boxes of the map: who calls stands left of who is called. Pure, so that it can be tested without a page. */

export interface Edge {
  readonly from: string;
  readonly to: string;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

export const BOX = { width: 168, height: 56, gapX: 72, gapY: 22, margin: 24 } as const;

/** Longest path from a box nobody calls; edges that close a circle are left out of the count. */
function columnsOf(names: readonly string[], edges: readonly Edge[]): Map<string, number> {
  const callees = new Map<string, string[]>();
  for (const { from, to } of edges) if (from !== to) callees.set(from, [...(callees.get(from) ?? []), to]);
  const column = new Map<string, number>();
  const visit = (name: string, depth: number, path: ReadonlySet<string>): void => {
    if (path.has(name) || depth > names.length) return;
    if ((column.get(name) ?? -1) >= depth) return;
    column.set(name, depth);
    const next = new Set(path).add(name);
    for (const callee of callees.get(name) ?? []) visit(callee, depth + 1, next);
  };
  const called = new Set(edges.filter(({ from, to }) => from !== to).map(({ to }) => to));
  for (const name of names) if (!called.has(name)) visit(name, 0, new Set());
  for (const name of names) if (!column.has(name)) visit(name, 0, new Set());
  return column;
}

/** Where every box goes, and how large the drawing is. Boxes nobody is connected to are wrapped into rows. */
export function layout(
  names: readonly string[],
  edges: readonly Edge[],
  rows_max = 8,
): { places: Map<string, Place>; width: number; height: number } {
  const known = new Set(names);
  const inside = edges.filter(({ from, to }) => known.has(from) && known.has(to));
  const column = columnsOf(names, inside);
  const columns: string[][] = [];
  for (const name of [...names].sort()) {
    let at = column.get(name) ?? 0;
    while ((columns[at]?.length ?? 0) >= rows_max && inside.length === 0) at++;
    (columns[at] ??= []).push(name);
  }
  const places = new Map<string, Place>();
  let height = 0;
  columns.forEach((members, x) =>
    members?.forEach((name, y) => {
      const place = { x: BOX.margin + x * (BOX.width + BOX.gapX), y: BOX.margin + y * (BOX.height + BOX.gapY) };
      places.set(name, place);
      height = Math.max(height, place.y + BOX.height + BOX.margin);
    }),
  );
  return { places, width: BOX.margin * 2 + columns.length * (BOX.width + BOX.gapX), height: Math.max(height, 160) };
}
