export { type Delivery, type DeliveryOptions, startDelivery } from './controller.ts';
export { render, RENDERERS } from './dialects/index.ts';
export { readFolder, watchFolder } from './drivers/folder.ts';
export { openTree, readKustomizationTree } from './drivers/open-tree.ts';
export { hasKustomization, printKustomization } from './dialects/kustomize/render.ts';
export { isGitUrl, parseGitUrl, readGit } from './drivers/git.ts';
export { deliveryFaults } from './faults.ts';
export type { Delivered, DeliveryStatus, Rendered, SourceTree, Wanted } from './model.ts';
export type { DeliveryListener, Source } from './ports.ts';
