import type { ResourceCatalog } from '../resource.ts';
import { type OpenApi, openApi } from './openapi.ts';

/** The documents of a catalogue that changes: they are written anew when `generation` has moved. */
export function liveOpenApi(catalog: ResourceCatalog, generation: () => number): OpenApi {
  let at = generation();
  let current = openApi(catalog);
  const now = (): OpenApi => {
    if (generation() !== at) {
      at = generation();
      current = openApi(catalog);
    }
    return current;
  };
  return {
    index: () => now().index(),
    group: path => now().group(path),
    v2: () => now().v2(),
    v2Protobuf: () => now().v2Protobuf(),
  };
}
