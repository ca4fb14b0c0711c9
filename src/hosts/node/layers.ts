import type { Layer } from './layer.ts';

/** A layer by name; its code is loaded only where it is started. */
export interface LayerEntry {
  readonly name: string;
  load(): Promise<Layer>;
}

/** Every layer this host can start beside kernel and api, in start order. */
export const LAYERS: readonly LayerEntry[] = [
  { name: 'cluster', load: async () => (await import('./cluster-layer.ts')).clusterLayer },
  { name: 'node', load: async () => (await import('./node-layer.ts')).nodeLayer },
  { name: 'scaling', load: async () => (await import('./scaling-layer.ts')).scalingLayer },
  { name: 'mesh', load: async () => (await import('./mesh-layer.ts')).meshLayer },
];
