import type { rego } from '../../policy/index.ts';
import { DataError } from '../opa-data.ts';
import type { Manifest } from '../opa-bundle.ts';

/** A bundle that is active: what of data and policies is its own. */
export interface ActiveBundle {
  readonly name: string;
  readonly manifest: Manifest;
  readonly roots: readonly (readonly string[])[];
  readonly modules: readonly rego.Module[];
  readonly data: rego.Value;
}

export const partsOfRoot = (root: string): readonly string[] => root.split('/').filter(part => part !== '');

const leadsTo = (path: readonly string[], to: readonly string[]): boolean => path.every((part, at) => to[at] === part);

/** Whether one path is the other or leads to it. */
export const overlaps = (left: readonly string[], right: readonly string[]): boolean =>
  leadsTo(left, right) || leadsTo(right, left);

/** Which bundle owns which part of the document tree; their roots must not overlap (OPA, "Bundle Manifest"). */
export class Ownership {
  readonly #bundles = new Map<string, ActiveBundle>();

  get active(): ReadonlyMap<string, ActiveBundle> {
    return this.#bundles;
  }

  /** Throws for a bundle whose roots meet those of another. */
  admit({ name, roots }: ActiveBundle): void {
    for (const other of this.#bundles.values()) {
      const meet = other.roots.some(root => roots.some(own => overlaps(root, own)));
      if (other.name !== name && meet)
        throw new Error(
          `detected overlapping roots in manifests for these bundles: [${[other.name, name].sort().join(', ')}]`,
        );
    }
  }

  set(bundle: ActiveBundle): void {
    this.#bundles.set(bundle.name, bundle);
  }

  delete(name: string): void {
    this.#bundles.delete(name);
  }

  /** Throws DataError where a write would change what a bundle owns. */
  guard(path: readonly string[]): void {
    if (path.length === 0 && this.#bundles.size > 0)
      throw new DataError(400, 'invalid_parameter', "can't write to document root with bundle roots configured");
    for (const { name, roots } of this.#bundles.values())
      if (roots.some(root => overlaps(root, path)))
        throw new DataError(400, 'invalid_parameter', `path ${path.join('/')} is owned by bundle "${name}"`);
  }

  revisions(): { readonly [name: string]: { readonly revision: string } } {
    return Object.fromEntries(
      [...this.#bundles].map(([name, { manifest }]) => [name, { revision: manifest.revision ?? '' }]),
    );
  }
}
