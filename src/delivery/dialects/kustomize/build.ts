import type { SourceTree } from '../../model.ts';
import { configWith, emptyConfig, mergeConfig } from './config.ts';
import type { TransformerConfig } from './defaults.ts';
import { Files, hasKustomization, normalise, relative } from './files.ts';
import { generate } from './generators.ts';
import { type Kustomization, readKustomization, strings, text, tree, trees } from './kustomization.ts';
import { gvkOf } from './kinds.ts';
import { loadFile, objectsIn } from './load.ts';
import type { MergeType } from './merge.ts';
import { addHashes, fixReferences } from './names.ts';
import { readOpenApi } from './openapi.ts';
import { sortResources } from './order.ts';
import { runGeneratorPlugin, runPlugin } from './plugins.ts';
import { readDocuments } from './read.ts';
import { refuse } from './refuse.ts';
import { Resource, ResourceMap } from './resource.ts';
import { type Place, transform } from './transformers.ts';
import { ensureTree, isTree, type Tree } from './tree.ts';
import { addVariables, resolveVariables, type Variable } from './vars.ts';

const DEPTH_MAX = 64;
const REMOTE = /^(https?:\/\/|git@|git::|ssh:\/\/|github\.com[/:])|\?ref=/;

/** Inflates an entry of `helmCharts`; the chart dialect gives it. */
export type ChartInflator = (chart: Tree, globals: Tree, files: Files) => Resource[];

interface Accumulator {
  readonly map: ResourceMap;
  readonly variables: Variable[];
  config: TransformerConfig;
}

const empty = (): Accumulator => ({ map: new ResourceMap(), variables: [], config: emptyConfig() });

class Build {
  readonly #tree: SourceTree;
  readonly #types = new Map<string, MergeType>();
  readonly #stack: string[] = [];
  readonly #charts: ChartInflator | undefined;

  constructor(source: SourceTree, charts: ChartInflator | undefined) {
    this.#tree = source;
    this.#charts = charts;
  }

  run(folder: string): Resource[] {
    const { accumulator, kustomization } = this.#target(folder, empty(), false);
    const { map, config, variables } = accumulator;
    addHashes(map);
    fixReferences(map, config);
    resolveVariables(map, variables, config);
    const { fields } = kustomization;
    map.items = map.items.filter(resource => !isLocal(resource));
    this.#metadata(map, strings(fields, 'buildMetadata'), folder);
    return sortResources(map.items, fields.sortOptions ?? undefined);
  }

  /** Everything a folder makes; a component changes what is there instead of making its own. */
  #target(
    folder: string,
    accumulator: Accumulator,
    component: boolean,
  ): { accumulator: Accumulator; kustomization: Kustomization } {
    if (this.#stack.includes(folder)) throw refuse(`cycle detected: ${[...this.#stack, folder].join(' -> ')}`);
    if (this.#stack.length >= DEPTH_MAX) throw refuse(`kustomizations nest deeper than ${DEPTH_MAX}`);
    this.#stack.push(folder);
    const files = new Files(this.#tree, folder);
    const kustomization = readKustomization(files);
    if (component && !kustomization.component)
      throw refuse(`expected kind != 'Component' for path '${folder}'`, kustomization.file);
    if (!component && kustomization.component && this.#stack.length > 1) {
      throw refuse(`expected kind 'Kustomization' for path '${folder}' but got 'Component'`, kustomization.file);
    }
    this.#accumulate(accumulator, kustomization, files);
    this.#stack.pop();
    return { accumulator, kustomization };
  }

  #accumulate(accumulator: Accumulator, { fields, file }: Kustomization, files: Files): void {
    if (isTree(fields.openapi)) readOpenApi(fields.openapi, files, this.#types);
    for (const entry of [...strings(fields, 'resources'), ...strings(fields, 'bases')])
      this.#resource(accumulator, entry, files);
    for (const entry of strings(fields, 'components')) this.#component(accumulator, entry, files);
    const configurations = strings(fields, 'configurations').flatMap(path => {
      const { text: content, file: name } = files.read(path);
      return readDocuments(content, name).map(document => {
        if (!isTree(document.value)) throw refuse('a configuration is a map', document.span);
        return document.value;
      });
    });
    accumulator.config = mergeConfig(accumulator.config, configWith(configurations));
    const place: Place = { map: accumulator.map, config: accumulator.config, files, types: this.#types };
    this.#generate(place, fields, file);
    transform(place, fields);
    for (const plugin of this.#plugins(fields, 'transformers', files)) runPlugin(place, plugin);
    for (const plugin of this.#plugins(fields, 'validators', files)) runPlugin(place, plugin);
    addVariables(accumulator.map, accumulator.variables, trees(fields, 'vars').map(readVariable));
  }

  #resource(accumulator: Accumulator, entry: string, files: Files): void {
    if (files.has(entry)) {
      for (const resource of loadFile(files, entry)) accumulator.map.append(resource);
      return;
    }
    if (REMOTE.test(entry)) throw refuse(`"${entry}" is remote; fetch it into the source first`);
    const folder = files.resolve(entry);
    if (!hasKustomization(this.#tree, folder)) {
      throw refuse(
        `accumulating resources from '${entry}': no such file, and no kustomization in a folder of that name`,
        files.kustomization().file,
      );
    }
    const sub = this.#target(folder, empty(), false).accumulator;
    accumulator.map.appendAll(sub.map);
    accumulator.config = mergeConfig(accumulator.config, sub.config);
    for (const variable of sub.variables) {
      if (accumulator.variables.some(one => one.name === variable.name))
        throw refuse(`var '${variable.name}' already encountered`);
      accumulator.variables.push(variable);
    }
  }

  #component(accumulator: Accumulator, entry: string, files: Files): void {
    if (REMOTE.test(entry)) throw refuse(`"${entry}" is remote; fetch it into the source first`);
    this.#target(files.resolve(entry), accumulator, true);
  }

  #generate(place: Place, fields: Tree, file: string): void {
    const options = tree(fields, 'generatorOptions');
    const absorb = (resource: Resource, configuredIn = file): void => {
      resource.origin = {
        ...resource.origin,
        configuredIn,
        ...(resource.origin.span ? {} : { span: { file, line: 1, column: 1 } }),
      };
      place.map.absorb(resource);
    };
    for (const entry of trees(fields, 'configMapGenerator')) absorb(generate('ConfigMap', entry, options, place.files));
    for (const entry of trees(fields, 'secretGenerator')) absorb(generate('Secret', entry, options, place.files));
    for (const entry of [...trees(fields, 'helmCharts'), ...trees(fields, 'helmChartInflationGenerator')]) {
      if (!this.#charts) throw refuse('helmCharts cannot be inflated here', file);
      for (const resource of this.#charts(entry, tree(fields, 'helmGlobals'), place.files)) absorb(resource);
    }
    for (const plugin of this.#plugins(fields, 'generators', place.files)) {
      const made = runGeneratorPlugin(place, plugin);
      made.origin = { ...made.origin, configuredBy: { ...made.origin.configuredBy!, name: plugin.name } };
      absorb(made, plugin.origin.path);
    }
  }

  /** Configurations of transformers and generators: files, folders or inline text. */
  #plugins(fields: Tree, name: string, files: Files): Resource[] {
    return strings(fields, name).flatMap(entry => {
      if (files.has(entry)) return loadFile(files, entry);
      if (entry.includes('\n')) return objectsIn(entry, `inline ${name}`).map(({ object }) => new Resource(object));
      return this.#target(files.resolve(entry), empty(), false).accumulator.map.items;
    });
  }

  #metadata(map: ResourceMap, wanted: readonly string[], folder: string): void {
    for (const resource of map.items) {
      if (wanted.includes('managedByLabel')) {
        ensureTree(resource.object, 'metadata', 'labels')['app.kubernetes.io/managed-by'] = 'kustomize-v5.7.1';
      }
      if (!wanted.includes('originAnnotations')) continue;
      const { path, configuredIn, configuredBy } = resource.origin;
      const annotations = ensureTree(resource.object, 'metadata', 'annotations');
      const at = normalise(folder) ?? '';
      annotations['config.kubernetes.io/origin'] = path
        ? `path: ${relative(at, path)}\n`
        : `configuredIn: ${relative(at, configuredIn ?? '')}\nconfiguredBy:\n  apiVersion: ${configuredBy?.apiVersion ?? ''}\n  kind: ${configuredBy?.kind ?? ''}\n${configuredBy?.name ? `  name: ${configuredBy.name}\n` : ''}`;
    }
  }
}

const isLocal = (resource: Resource): boolean => {
  const local = resource.annotation('config.kubernetes.io/local-config');
  return local !== undefined && local !== 'false';
};

function readVariable(entry: Tree): Variable {
  const target = tree(entry, 'objref');
  const reference = Object.keys(target).length > 0 ? target : tree(entry, 'objRef');
  const fieldRef = tree(entry, 'fieldref');
  const api =
    text(reference, 'apiVersion') || [text(reference, 'group'), text(reference, 'version')].filter(Boolean).join('/');
  return {
    name: text(entry, 'name'),
    target: {
      ...gvkOf(api, text(reference, 'kind')),
      name: text(reference, 'name'),
      namespace: text(reference, 'namespace'),
    },
    field:
      text(fieldRef, 'fieldpath') ||
      text(fieldRef, 'fieldPath') ||
      text(tree(entry, 'fieldRef'), 'fieldPath') ||
      'metadata.name',
  };
}

/** Builds the kustomization of a folder of a tree; throws a FaultError that says why it cannot. */
export function buildKustomization(source: SourceTree, folder: string, charts?: ChartInflator): Resource[] {
  const at = normalise(folder);
  if (at === undefined) throw refuse(`"${folder}" leads out of "${source.name}"`);
  return new Build(source, charts).run(at);
}
