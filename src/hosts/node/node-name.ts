import type { ResourceRef } from '../../kernel/index.ts';

export const NODES: ResourceRef = { group: '', version: 'v1', resource: 'nodes' };

/** RFC 1123: what a node may be called. */
export const nodeNameOf = (host: string): string =>
  host
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '') || 'node';
