import {
  apiVersionOf,
  convertBuiltin,
  type KubeObject,
  type ResourceCatalog,
  type ResourceDefinition,
} from '../../kernel/index.ts';
import type { PolicyRequest } from '../model.ts';

/** Shows a write in the other versions of its resource; kinds that a webhook converts stay in the version they came in. */
export function equivalentsOf(
  catalog: ResourceCatalog,
  convertsInPlace: (definition: ResourceDefinition) => boolean = () => true,
): (request: PolicyRequest) => PolicyRequest {
  return request => {
    const definition = catalog.resource(request);
    if (definition === undefined || !convertsInPlace(definition)) return request;
    let versions: readonly string[] | undefined;
    const inVersion = (version: string): PolicyRequest | undefined => {
      const target = catalog.resource({ ...request, version });
      if (target === undefined || version === request.version) return undefined;
      const convert = (object: KubeObject | undefined): KubeObject | undefined =>
        object && (target.custom ? { ...object, apiVersion: apiVersionOf(target) } : convertBuiltin(object, target));
      return {
        ...request,
        version,
        kind: { ...request.kind, version },
        object: convert(request.object),
        oldObject: convert(request.oldObject),
        requestVersion: request.version,
      };
    };
    return {
      ...request,
      equivalents: {
        get versions() {
          return (versions ??= otherVersions(catalog, request));
        },
        inVersion,
      },
    };
  };
}

function otherVersions(catalog: ResourceCatalog, request: PolicyRequest): string[] {
  const versions: string[] = [];
  for (const { group, resource, version } of catalog.all()) {
    if (group === request.group && resource === request.resource && version !== request.version) versions.push(version);
  }
  return versions;
}
