import type { Layer } from './layer.ts';

/** Every layer this host can start beside kernel and api, in start order. */
export const LAYERS: readonly Layer[] = [];
