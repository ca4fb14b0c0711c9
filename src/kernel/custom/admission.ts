import type { AdmissionAttributes, AdmissionStep } from '../admission/admission.ts';
import { equalJson } from '../merge/json.ts';
import { invalid, statusError } from '../status.ts';
import type { CustomCatalog } from './catalog.ts';
import { checkDefinition } from './check.ts';
import { CLEANUP_FINALIZER, CRD_GROUP, CRD_RESOURCE, type CustomResourceDefinition, conditionOf } from './document.ts';
import type { RuleCompiler } from './ports.ts';

/** Defaults and checks of CustomResourceDefinitions, and no new objects of a kind that is going away. */
export function customKindsStep(catalog: CustomCatalog, compiler: RuleCompiler | undefined): AdmissionStep {
  const isDefinition = (group: string, resource: string): boolean => group === CRD_GROUP && resource === CRD_RESOURCE;
  return {
    name: 'CustomResourceDefinition',
    handles: (operation, definition, subresource) =>
      operation !== 'CONNECT' &&
      ((isDefinition(definition.group, definition.resource) && operation !== 'DELETE' && subresource !== 'status') ||
        (definition.custom === true && operation === 'CREATE')),
    mutate: attributes =>
      isDefinition(attributes.definition.group, attributes.definition.resource) && complete(attributes),
    validate: attributes => {
      const { definition } = attributes;
      if (!isDefinition(definition.group, definition.resource)) {
        const crd = catalog.sourceOf(definition);
        if (crd && conditionOf(crd, 'Terminating') === 'True') {
          throw statusError(
            405,
            'MethodNotAllowed',
            'create not allowed while custom resource definition is terminating',
          );
        }
        return;
      }
      const crd = attributes.object as CustomResourceDefinition;
      const causes = checkDefinition(crd, attributes.oldObject as CustomResourceDefinition | undefined, compiler);
      if (causes.length > 0) throw invalid('CustomResourceDefinition', CRD_GROUP, crd.metadata.name ?? '', causes);
    },
  };
}

/** Fills names and conversion (apiextensions/v1 defaults), and the finalizer that waits for the objects. */
function complete(attributes: AdmissionAttributes): boolean {
  const crd = attributes.object as CustomResourceDefinition;
  const { names } = crd.spec ?? {};
  if (names === undefined || !names.kind) return false;
  const wanted: CustomResourceDefinition = {
    ...crd,
    metadata:
      attributes.operation === 'CREATE' && !crd.metadata.finalizers?.includes(CLEANUP_FINALIZER)
        ? { ...crd.metadata, finalizers: [...(crd.metadata.finalizers ?? []), CLEANUP_FINALIZER] }
        : crd.metadata,
    spec: {
      ...crd.spec,
      names: {
        ...names,
        singular: names.singular || names.kind.toLowerCase(),
        listKind: names.listKind || `${names.kind}List`,
      },
      conversion: crd.spec.conversion ?? { strategy: 'None' },
    },
  };
  if (equalJson(wanted, crd)) return false;
  attributes.object = wanted;
  return true;
}
