/** Scenarios of tests: texts in memory. */
import { decodeDocuments } from '../../../kernel/index.ts';
import { scenarioFaults } from './faults.ts';
import type { ScenarioFiles } from './files.ts';
import type { Scenario } from './model.ts';
import { readScenarios } from './parse.ts';

export const memoryFiles = (
  files: Readonly<Record<string, string>>,
): ScenarioFiles & { digest(text: string): string } => {
  const textOf = (path: string, where: Parameters<ScenarioFiles['lines']>[1]): string => {
    const text = Object.hasOwn(files, path) ? files[path] : undefined;
    if (text === undefined) throw scenarioFaults.error('file-missing', { path, reason: 'no such file' }, where);
    return text;
  };
  return {
    manifests: (path, where) =>
      decodeDocuments(textOf(path, where), { file: path }).value.map(document => ({
        object: document.value as never,
        where: document.spanOf([]),
      })),
    texts: path =>
      new Map(
        Object.entries(files)
          .filter(([name]) => name.startsWith(path.replace(/\/?$/, '/')))
          .map(([name, text]) => [name.slice(path.replace(/\/?$/, '/').length), text]),
      ),
    lines: (path, where) => ({ name: path, lines: textOf(path, where).split('\n') }),
    digest: text => String(text.length),
  };
};

/** Reads one scenario of a text. */
export function scenarioOf(text: string, files: Readonly<Record<string, string>> = {}): Scenario {
  const [scenario] = readScenarios(text, 'test.yaml', memoryFiles(files));
  if (!scenario) throw new Error('no scenario');
  return scenario;
}

/** A scenario of these parts of `spec`, in YAML's flow form. */
export const scenarioText = (spec: string): string =>
  `apiVersion: tenon.dev/v1\nkind: Scenario\nmetadata: {name: test}\nspec:\n${spec.replaceAll(/^/gm, '  ')}\n`;
