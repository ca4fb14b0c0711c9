import type { SourceTree } from '../../model.ts';
import { readYamlValue } from './encode.ts';
import { refuseChart } from './refuse.ts';
import { printRelease, renderRelease } from './render.ts';
import type { ChartPorts } from './sprig-world.ts';
import { type Dict, isDict, isNil } from './value.ts';
import { overlay } from './values.ts';

/** What `helm template` is asked for; values are texts of YAML, later ones win. */
export interface TemplateRequest {
  readonly name: string;
  readonly namespace: string;
  readonly kubeVersion: string;
  readonly values: readonly string[];
}

/** Renders the chart at the root of a tree as text. */
export function templateChart(tree: SourceTree, request: TemplateRequest, ports: ChartPorts): string {
  const values: Dict = new Map();
  for (const source of request.values) {
    const given = readYamlValue(source);
    if (isNil(given)) continue;
    if (!isDict(given)) throw refuseChart(tree.name, 'values must be a map');
    overlay(values, given);
  }
  return printRelease(renderRelease(tree, '', { ...request, values }, ports));
}
