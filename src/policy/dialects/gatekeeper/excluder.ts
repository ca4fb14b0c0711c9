import type { KubeObject } from '../../../kernel/index.ts';
import { isNamespace, matchesWildcard } from './match.ts';
import { fields, list, text, texts } from './read.ts';

/** A part of Gatekeeper's work that namespaces can be left out of (Gatekeeper docs, "Exempting Namespaces"). */
export type Process = 'audit' | 'webhook' | 'sync' | 'mutation-webhook';

const PROCESSES: readonly Process[] = ['audit', 'webhook', 'sync', 'mutation-webhook'];

export const isConfig = (object: KubeObject): boolean =>
  object.kind === 'Config' && text(object.apiVersion).startsWith('config.gatekeeper.sh/');

/** Namespaces that a Config leaves out, by process; only the one named `config` counts. */
export class Excluder {
  #patterns: ReadonlyMap<Process, readonly string[]> = new Map();

  set(config: KubeObject): void {
    if (config.metadata.name === 'config') this.#patterns = patternsOf(config);
  }

  remove(config: KubeObject): void {
    if (config.metadata.name === 'config') this.#patterns = new Map();
  }

  /** Whether a process leaves out an object: by its namespace, of a Namespace by its own name. */
  excludes(process: Process, object: KubeObject): boolean {
    const name = isNamespace(object) ? text(object.metadata?.name) : text(object.metadata?.namespace);
    return name !== '' && this.excludesNamespace(process, name);
  }

  excludesNamespace(process: Process, name: string): boolean {
    return this.#patterns.get(process)?.some(pattern => matchesWildcard(pattern, name)) ?? false;
  }
}

function patternsOf(config: KubeObject): Map<Process, readonly string[]> {
  const patterns = new Map<Process, string[]>();
  for (const entry of list(fields(config.spec).match)) {
    const { processes, excludedNamespaces } = fields(entry);
    for (const process of PROCESSES)
      if (texts(processes).some(each => each === '*' || each === process))
        patterns.set(process, [...(patterns.get(process) ?? []), ...texts(excludedNamespaces)]);
  }
  return patterns;
}
