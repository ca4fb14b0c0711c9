import { clusterLayer } from './cluster-layer.ts';
import type { Layer } from './layer.ts';
import { meshLayer } from './mesh-layer.ts';
import { nodeLayer } from './node-layer.ts';

/** Every layer this host can start beside kernel and api, in start order. */
export const LAYERS: readonly Layer[] = [clusterLayer, nodeLayer, meshLayer];
