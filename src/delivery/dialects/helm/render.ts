import { FaultError, seededRandom } from '../../../base/index.ts';
import { sha256 } from '../../engine/sha256.ts';
import { renderPlain } from '../plain/render.ts';
import type { KubeObject } from '../../../kernel/index.ts';
import { parseYaml } from '../../../kernel/index.ts';
import type { Rendered, SourceTree, Wanted } from '../../model.ts';
import { BUILTINS } from './builtins.ts';
import { capabilities } from './capabilities.ts';
import { type Chart, chartStruct, hasChart, loadChart } from './chart.ts';
import { ENCODE_FUNCTIONS } from './encode.ts';
import { Budget, execute, type Library } from './execute.ts';
import type { Call } from './value.ts';
import { filesOf } from './files.ts';
import { compareKinds } from './order.ts';
import { parseTemplate, type Template } from './parse.ts';
import { refuseChart, TemplateError } from './refuse.ts';
import { semverCompare } from './semver.ts';
import { DATA_FUNCTIONS } from './sprig-data.ts';
import { TEXT_FUNCTIONS } from './sprig-text.ts';
import { type ChartPorts, worldFunctions } from './sprig-world.ts';
import { type Dict, isDict, isNil, text } from './value.ts';
import { checkDependencies, coalesceValues, enableDependencies, importValues } from './values.ts';

export { hasChart };

/** How a chart is installed. */
export interface Release {
  readonly name: string;
  readonly namespace: string;
  /** `v1.34.0`. */
  readonly kubeVersion: string;
  readonly apiVersions?: readonly string[];
  readonly values: Dict;
  readonly isUpgrade?: boolean;
  readonly includeCrds?: boolean;
}

/** One document a chart made. */
export interface Manifest {
  readonly path: string;
  readonly text: string;
  readonly kind: string;
  readonly hook: boolean;
  readonly object: KubeObject | undefined;
}

interface Source {
  readonly path: string;
  readonly text: string;
  readonly scope: Dict;
  readonly base: string;
}

function collect(chart: Chart, at: string, scope: Dict, values: Dict, root: boolean, into: Source[]): Dict {
  const next: Dict = new Map<string, unknown>([
    ['Chart', chartStruct(chart, root)],
    ['Files', filesOf(chart.files)],
    ['Release', scope.get('Release')],
    ['Capabilities', scope.get('Capabilities')],
    ['Values', values],
  ]);
  const subcharts: Dict = new Map();
  next.set('Subcharts', subcharts);
  for (const sub of chart.charts) {
    const own = values.get(sub.name);
    subcharts.set(
      sub.name,
      collect(sub, `${at}/charts/${sub.name}`, scope, isDict(own) ? own : new Map(), false, into),
    );
  }
  const library = chart.metadata.get('type') === 'library';
  for (const [path, source] of chart.templates) {
    const base = path.slice(path.lastIndexOf('/') + 1);
    if (library && !base.startsWith('_')) continue;
    into.push({ path: `${at}/${path}`, text: source, scope: next, base: `${at}/templates` });
  }
  return next;
}

/** Deepest first, then by name backwards: what a parent defines wins over its subcharts. */
function byDepth(left: Source, right: Source): number {
  const depth = right.path.split('/').length - left.path.split('/').length;
  return depth || (left.path < right.path ? 1 : left.path > right.path ? -1 : 0);
}

function libraryOf(templates: Map<string, Template>, ports: ChartPorts, budget: Budget): Library {
  const functions = new Map<string, Call>([
    ...Object.entries(BUILTINS),
    ...Object.entries(TEXT_FUNCTIONS),
    ...Object.entries(DATA_FUNCTIONS),
    ...Object.entries(ENCODE_FUNCTIONS),
    ...Object.entries(worldFunctions(ports)),
  ]);
  const slice = functions.get('slice')!;
  functions.set('slice', (item, ...bounds) =>
    typeof item === 'string' ? BUILTINS.slice!(item, ...bounds) : slice(item, ...bounds),
  );
  const library: Library = { functions, templates };
  functions.set('include', (name, data) => execute(library, text(name), data, budget));
  functions.set('tpl', (source, data) => {
    const own = new Map(templates);
    for (const template of parseTemplate('gotpl', text(source))) own.set(template.name, template);
    const inner: Library = { functions: new Map(functions), templates: own };
    (inner.functions as Map<string, Call>).set('include', (name, with_) => execute(inner, text(name), with_, budget));
    return execute(inner, 'gotpl', data, budget).replaceAll('<no value>', '');
  });
  functions.set('required', (message, value) => {
    if (isNil(value) || value === '') throw new TemplateError(text(message));
    return value;
  });
  functions.set('lookup', () => new Map());
  return library;
}

function renderSources(sources: readonly Source[], ports: ChartPorts): Map<string, string> {
  const templates = new Map<string, Template>();
  const budget = new Budget();
  for (const source of sources) {
    // A file that defines nothing but white space does not take a definition away.
    for (const template of parseTemplate(source.path, source.text)) templates.set(template.name, template);
  }
  const library = libraryOf(templates, ports, budget);
  const rendered = new Map<string, string>();
  for (const { path, scope, base } of sources) {
    if (path.slice(path.lastIndexOf('/') + 1).startsWith('_')) continue;
    scope.set(
      'Template',
      new Map([
        ['Name', path],
        ['BasePath', base],
      ]),
    );
    rendered.set(path, execute(library, path, scope, budget).replaceAll('<no value>', ''));
  }
  return rendered;
}

function documents(path: string, content: string): Manifest[] {
  return content
    .trim()
    .split(/(?:^|\s*\n)---\s*/)
    .map(part => part.trim())
    .filter(part => part !== '')
    .flatMap(part => {
      let value: unknown;
      try {
        value = parseYaml(part).value;
      } catch (error) {
        throw new TemplateError(`YAML parse error on ${path}: ${(error as Error).message}`);
      }
      const object =
        typeof value === 'object' && value !== null && !Array.isArray(value)
          ? (value as unknown as KubeObject)
          : undefined;
      const hook = object?.metadata?.annotations?.['helm.sh/hook'] !== undefined;
      return [{ path, text: part, kind: String(object?.kind ?? ''), hook, object }];
    });
}

/** Renders a chart: manifests in the order of installation, then hooks. Throws a FaultError that says why it cannot. */
export function renderRelease(tree: SourceTree, folder: string, release: Release, ports: ChartPorts): Manifest[] {
  const chart = loadChart(tree, folder);
  try {
    return manifestsOf(chart, release, ports);
  } catch (error) {
    if (error instanceof TemplateError) throw refuseChart(chart.name, error.message);
    if (error instanceof RangeError) throw refuseChart(chart.name, 'the templates nest too deep');
    throw error;
  }
}

function manifestsOf(chart: Chart, release: Release, ports: ChartPorts): Manifest[] {
  if (chart.metadata.get('type') === 'library') throw refuseChart(chart.name, 'library charts are not installable');
  checkDependencies(chart);
  const wanted = chart.metadata.get('kubeVersion');
  if (typeof wanted === 'string' && wanted !== '' && !semverCompare(wanted, release.kubeVersion)) {
    throw refuseChart(
      chart.name,
      `chart requires kubeVersion: ${wanted} which is incompatible with Kubernetes ${release.kubeVersion}`,
    );
  }
  enableDependencies(chart, release.values);
  importValues(chart);
  const values = coalesceValues(chart, release.values);
  const scope: Dict = new Map<string, unknown>([
    [
      'Release',
      new Map<string, unknown>([
        ['Name', release.name],
        ['Namespace', release.namespace],
        ['IsUpgrade', release.isUpgrade ?? false],
        ['IsInstall', !release.isUpgrade],
        ['Revision', 1n],
        ['Service', 'Helm'],
      ]),
    ],
    ['Capabilities', capabilities(release.kubeVersion, release.apiVersions ?? [])],
  ]);
  const sources: Source[] = [];
  collect(chart, chart.name, scope, values, true, sources);
  const rendered = renderSources(sources.sort(byDepth), ports);
  const made = [...rendered]
    .filter(([path]) => !path.endsWith('NOTES.txt'))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([path, content]) => documents(path, content));
  const sorted = made.toSorted((left, right) => compareKinds(left.kind, right.kind));
  return [...sorted.filter(one => !one.hook), ...sorted.filter(one => one.hook)];
}

/** What `tenon helm template` prints. */
export function printRelease(manifests: readonly Manifest[]): string {
  const write = (one: Manifest): string => `---\n# Source: ${one.path}\n${one.text}\n`;
  const plain = manifests
    .filter(one => !one.hook)
    .map(write)
    .join('')
    .trim();
  return `${plain}\n${manifests
    .filter(one => one.hook)
    .map(write)
    .join('')}`;
}

/** The objects of a chart folder, installed under the chart's own name with its default values. */
function renderChart(tree: SourceTree, folder: string, ports: ChartPorts): Rendered {
  const at = folder === '.' ? '' : folder.replace(/\/$/, '');
  const source = {
    ...(tree.repository ? { repository: tree.repository } : {}),
    ...(tree.commit ? { commit: tree.commit } : {}),
  };
  try {
    const { name } = loadChart(tree, at);
    const release = { name, namespace: 'default', kubeVersion: 'v1.34.0', values: new Map<string, unknown>() };
    const crds = renderPlain(tree, at === '' ? 'crds' : `${at}/crds`);
    const wanted = renderRelease(tree, at, release, ports).flatMap(({ object, path, hook }): Wanted[] => {
      if (!object?.kind || hook) return [];
      const file = `${at === '' ? '' : `${at}/`}${path.slice(path.indexOf('/') + 1)}`;
      return [{ object, origin: { ...source, span: { file, line: 1, column: 1 } } }];
    });
    return { wanted: [...crds.wanted, ...wanted], faults: crds.faults };
  } catch (error) {
    if (error instanceof FaultError) return { wanted: [], faults: [error.fault] };
    throw error;
  }
}

/** Chance that is the same at every reading of a source: a password that changed with every look would never settle. */
export function renderDelivered(tree: SourceTree, folder: string): Rendered {
  const random = seededRandom(Number.parseInt(sha256(`${tree.name}/${folder}`).slice(0, 8), 16));
  return renderChart(tree, folder, { chance: limit => Math.floor(random.next() * limit), now_ms: () => 0 });
}
