import type { Rendered, SourceTree } from '../model.ts';
import { hasChart, renderDelivered } from './helm/render.ts';
import { hasKustomization, renderKustomization } from './kustomize/render.ts';
import { renderPlain } from './plain/render.ts';

/** One way of writing what should run. `claims` says whether a folder of a tree is written in it. */
export interface Renderer {
  readonly name: string;
  claims(tree: SourceTree, folder: string): boolean;
  render(tree: SourceTree, folder: string): Rendered;
}

/** First that claims a folder renders it; plain manifests claim everything. */
export const RENDERERS: readonly Renderer[] = [
  { name: 'kustomize', claims: hasKustomization, render: renderKustomization },
  { name: 'helm', claims: hasChart, render: renderDelivered },
  { name: 'plain', claims: () => true, render: renderPlain },
];

/** Renders one folder of a tree. */
export function render(tree: SourceTree, folder: string): Rendered {
  return RENDERERS.find(renderer => renderer.claims(tree, folder))!.render(tree, folder);
}
