import type { Chart } from './chart.ts';
import { refuseChart } from './refuse.ts';
import { deepCopy, type Dict, isDict, isNil } from './value.ts';

/** Lays defaults under values: what is set stays, maps are merged, and null takes a default away. */
export function coalesceTables(into: Dict, defaults: Dict): Dict {
  for (const [key, value] of defaults) {
    if (!into.has(key)) into.set(key, value);
    else {
      const before = into.get(key);
      if (isNil(before)) into.delete(key);
      else if (isDict(before) && isDict(value)) coalesceTables(before, value);
    }
  }
  return into;
}

/** Values given on the command line over those of a file: maps are merged, everything else is replaced. */
export function overlay(into: Dict, over: Dict): Dict {
  for (const [key, value] of over) {
    const before = into.get(key);
    if (isDict(before) && isDict(value)) overlay(before, value);
    else into.set(key, value);
  }
  return into;
}

function shareGlobals(into: Dict, from: Dict): void {
  const own = into.get('global');
  const given = from.get('global');
  const globals: Dict = isDict(own) ? own : new Map();
  if (isDict(given)) {
    for (const [key, value] of given) {
      if (!isDict(value)) globals.set(key, value);
      else {
        const copy = deepCopy(value) as Dict;
        const before = globals.get(key);
        globals.set(key, isDict(before) ? coalesceTables(copy, before) : copy);
      }
    }
  }
  into.set('global', globals);
}

/** A chart's values with its defaults and those of its subcharts under them. */
export function coalesceValues(chart: Chart, values: Dict): Dict {
  coalesceTables(values, deepCopy(chart.values) as Dict);
  for (const sub of chart.charts) {
    const given = values.get(sub.name);
    if (!isNil(given) && !isDict(given)) throw refuseChart(chart.name, `values of subchart "${sub.name}" are no map`);
    const own: Dict = isDict(given) ? given : new Map();
    values.set(sub.name, own);
    shareGlobals(own, values);
    coalesceValues(sub, own);
  }
  return values;
}

/** The value at `a.b.c`. */
export function pathValue(values: Dict, path: string): unknown {
  let at: unknown = values;
  for (const part of path.split('.')) {
    if (!isDict(at)) return undefined;
    at = at.get(part);
  }
  return at;
}

/** Copies of the charts that are listed, under their aliases; those only lying there come as they are. */
function named(chart: Chart): Chart[] {
  const found: Chart[] = chart.charts.filter(sub => !chart.dependencies.some(one => one.name === sub.name));
  for (const dependency of chart.dependencies) {
    const sub = chart.charts.find(one => one.name === dependency.name);
    if (!sub) continue;
    found.push({ ...sub, name: dependency.alias || sub.name, charts: [...sub.charts] });
  }
  return found;
}

/** Refuses a chart whose dependencies are listed but not there. */
export function checkDependencies(chart: Chart): void {
  const missing = chart.dependencies
    .filter(one => !chart.charts.some(sub => sub.name === one.name))
    .map(one => one.name);
  if (missing.length > 0)
    throw refuseChart(chart.name, `found in Chart.yaml, but missing in charts/ directory: ${missing.join(', ')}`);
}

/** Takes away the subcharts that conditions and tags switch off, and gives aliases their names. */
export function enableDependencies(chart: Chart, values: Dict, path = ''): void {
  const merged = coalesceValues({ ...chart, charts: [] }, deepCopy(values) as Dict);
  const root = path === '' ? merged : values;
  chart.charts = named(chart).filter(sub => {
    const dependency = chart.dependencies.find(one => (one.alias || one.name) === sub.name);
    return dependency === undefined || enabled(dependency, merged, root);
  });
  for (const sub of chart.charts) {
    const given = merged.get(sub.name);
    const below: Dict = isDict(given) ? given : new Map();
    shareGlobals(below, merged);
    if (merged.has('tags') && !below.has('tags')) below.set('tags', merged.get('tags'));
    enableDependencies(sub, below, `${path}${sub.name}.`);
  }
}

function enabled(dependency: Chart['dependencies'][number], values: Dict, root: Dict): boolean {
  for (const condition of dependency.condition.split(',').map(one => one.trim())) {
    if (condition === '') continue;
    const value = pathValue(values, condition);
    if (typeof value === 'boolean') return value;
  }
  const tags = root.get('tags');
  if (!isDict(tags)) return true;
  const told = dependency.tags.map(tag => tags.get(tag)).filter(value => typeof value === 'boolean');
  return told.length === 0 || told.includes(true);
}

/** `import-values`: tables of subcharts become defaults of their parent. */
export function importValues(chart: Chart): void {
  for (const sub of chart.charts) importValues(sub);
  const all = coalesceValues(chart, new Map());
  for (const dependency of chart.dependencies) {
    const name = dependency.alias || dependency.name;
    if (!chart.charts.some(sub => sub.name === name)) continue;
    for (const entry of dependency.imports) {
      const child = isDict(entry) ? String(entry.get('child') ?? '') : `exports.${String(entry)}`;
      const parent = isDict(entry) ? String(entry.get('parent') ?? '.') : '.';
      const table = pathValue(all, `${name}.${child}`);
      if (isDict(table)) coalesceTables(chart.values, nested(parent, deepCopy(table) as Dict));
    }
  }
}

function nested(path: string, table: Dict): Dict {
  if (path === '.' || path === '') return table;
  return path.split('.').reduceRight<Dict>((inner, part) => new Map<string, unknown>([[part, inner]]), table);
}
