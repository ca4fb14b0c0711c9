export * from './client.ts';
export * from './object.ts';
export * from './registry/registry.ts';
export * from './resource.ts';
export * from './schema/schema.ts';
export * from './status.ts';
