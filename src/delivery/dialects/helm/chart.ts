import type { SourceTree } from '../../model.ts';
import { readYamlValue } from './encode.ts';
import { refuseChart } from './refuse.ts';
import { type Dict, isDict, isNil, Struct } from './value.ts';

/** An entry of `dependencies`. */
export interface Dependency {
  readonly name: string;
  readonly alias: string;
  readonly condition: string;
  readonly tags: readonly string[];
  readonly imports: readonly unknown[];
}

/** A chart as it was read; `values` are its own defaults. */
export interface Chart {
  readonly name: string;
  readonly folder: string;
  readonly metadata: Dict;
  readonly dependencies: readonly Dependency[];
  readonly templates: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, string>;
  values: Dict;
  charts: Chart[];
  readonly schema: string | undefined;
}

const DEPTH_MAX = 16;

/** Whether a folder holds a chart. */
export function hasChart(tree: SourceTree, folder: string): boolean {
  return tree.files.has(folder === '' || folder === '.' ? 'Chart.yaml' : `${folder.replace(/\/$/, '')}/Chart.yaml`);
}

const word = (value: unknown): string => (isNil(value) ? '' : String(value));

function dependenciesOf(metadata: Dict, requirements: unknown): Dependency[] {
  const listed = isDict(requirements) ? requirements.get('dependencies') : metadata.get('dependencies');
  if (!Array.isArray(listed)) return [];
  return listed.filter(isDict).map(entry => ({
    name: word(entry.get('name')),
    alias: word(entry.get('alias')),
    condition: word(entry.get('condition')),
    tags: Array.isArray(entry.get('tags')) ? (entry.get('tags') as unknown[]).map(String) : [],
    imports: Array.isArray(entry.get('import-values')) ? (entry.get('import-values') as unknown[]) : [],
  }));
}

/** Reads the chart of a folder and those in its `charts`. */
export function loadChart(tree: SourceTree, folder: string, depth = 0): Chart {
  const prefix = folder === '' ? '' : `${folder}/`;
  if (depth > DEPTH_MAX) throw refuseChart(folder, `charts nest deeper than ${DEPTH_MAX}`);
  const own = new Map<string, string>();
  for (const [path, text] of tree.files) if (path.startsWith(prefix)) own.set(path.slice(prefix.length), text);
  const read = (file: string): unknown => {
    const text = own.get(file);
    if (text === undefined) return undefined;
    try {
      return readYamlValue(text);
    } catch (error) {
      throw refuseChart(folder, (error as Error).message, `${prefix}${file}`);
    }
  };
  const metadata = read('Chart.yaml');
  if (!isDict(metadata) || word(metadata.get('name')) === '')
    throw refuseChart(folder, 'Chart.yaml needs a name', `${prefix}Chart.yaml`);
  const values = read('values.yaml');
  const templates = new Map<string, string>();
  const files = new Map<string, string>();
  const folders = new Set<string>();
  for (const [path, text] of own) {
    const inCharts = /^charts\/([^/]+)\//.exec(path);
    if (inCharts) {
      if (/^[^._]/.test(inCharts[1]!)) folders.add(inCharts[1]!);
    } else if (path.startsWith('templates/')) templates.set(path, text);
    else if (
      !/^(Chart\.(yaml|lock)|values\.(yaml|schema\.json)|requirements\.(yaml|lock)|crds\/.*|\.helmignore)$/.test(path)
    )
      files.set(path, text);
  }
  const charts = [...folders]
    .sort()
    .filter(name => own.has(`charts/${name}/Chart.yaml`))
    .map(name => loadChart(tree, `${prefix}charts/${name}`, depth + 1));
  return {
    name: word(metadata.get('name')),
    folder,
    metadata,
    dependencies: dependenciesOf(metadata, read('requirements.yaml')),
    templates,
    files,
    values: isDict(values) ? values : new Map(),
    charts,
    schema: own.get('values.schema.json'),
  };
}

const FIELDS: readonly (readonly [go: string, yaml: string, zero: unknown])[] = [
  ['Name', 'name', ''],
  ['Home', 'home', ''],
  ['Sources', 'sources', []],
  ['Version', 'version', ''],
  ['Description', 'description', ''],
  ['Keywords', 'keywords', []],
  ['Maintainers', 'maintainers', []],
  ['Icon', 'icon', ''],
  ['APIVersion', 'apiVersion', ''],
  ['Condition', 'condition', ''],
  ['Tags', 'tags', ''],
  ['AppVersion', 'appVersion', ''],
  ['Deprecated', 'deprecated', false],
  ['Annotations', 'annotations', new Map()],
  ['KubeVersion', 'kubeVersion', ''],
  ['Dependencies', 'dependencies', []],
  ['Type', 'type', ''],
];

/** `.Chart` as templates see it. */
export function chartStruct(chart: Chart, root: boolean): Struct {
  const fields: Record<string, unknown> = { IsRoot: root };
  for (const [go, yaml, zero] of FIELDS) {
    const value = chart.metadata.get(yaml);
    fields[go] = isNil(value) ? zero : typeof zero === 'string' ? String(value) : value;
  }
  return new Struct({ ...fields, Name: chart.name });
}
