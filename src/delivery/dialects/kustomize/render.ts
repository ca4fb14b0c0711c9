import { FaultError } from '../../../base/index.ts';
import type { KubeObject } from '../../../kernel/index.ts';
import type { Rendered, SourceTree, Wanted } from '../../model.ts';
import { writeYaml } from '../../engine/yaml-write.ts';
import { buildKustomization } from './build.ts';
import { hasKustomization } from './files.ts';

export { hasKustomization };

/** The objects of a kustomization, each with the place of the document it came from. */
export function renderKustomization(tree: SourceTree, folder: string): Rendered {
  try {
    const wanted = buildKustomization(tree, folder).map(
      ({ object, origin }): Wanted => ({
        object: JSON.parse(JSON.stringify(object)) as KubeObject,
        origin: {
          ...(tree.repository ? { repository: tree.repository } : {}),
          ...(tree.commit ? { commit: tree.commit } : {}),
          ...(origin.span ? { span: origin.span } : {}),
        },
      }),
    );
    return { wanted, faults: [] };
  } catch (error) {
    if (error instanceof FaultError) return { wanted: [], faults: [error.fault] };
    throw error;
  }
}

/** What `tenon kustomize build` prints: the objects as YAML documents. */
export function printKustomization(tree: SourceTree, folder: string): string {
  return buildKustomization(tree, folder)
    .map(({ object }) => writeYaml(object))
    .join('---\n');
}
