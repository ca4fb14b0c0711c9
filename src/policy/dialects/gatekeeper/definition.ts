import type { JsonObject, KubeObject } from '../../../kernel/index.ts';
import { CONSTRAINT_GROUP, type Template } from './template.ts';

const VERSIONS = ['v1beta1', 'v1alpha1'] as const;

/** The CustomResourceDefinition of a template's constraints. */
export function constraintDefinition(template: Template): KubeObject {
  const plural = template.kind.toLowerCase();
  const column = (name: string, jsonPath: string): JsonObject => ({
    name,
    type: name === 'TOTAL-VIOLATIONS' ? 'integer' : 'string',
    jsonPath,
    description: name === 'TOTAL-VIOLATIONS' ? 'Total number of violations' : 'Type of enforcement action',
  });
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${CONSTRAINT_GROUP}`,
      labels: { 'gatekeeper.sh/constraint': 'yes' },
      ...(template.object.metadata.uid
        ? {
            ownerReferences: [
              {
                apiVersion: template.object.apiVersion,
                kind: template.object.kind,
                name: template.name,
                uid: template.object.metadata.uid,
                controller: true,
                blockOwnerDeletion: true,
              },
            ],
          }
        : {}),
    },
    spec: {
      group: CONSTRAINT_GROUP,
      scope: 'Cluster',
      names: {
        kind: template.kind,
        listKind: `${template.kind}List`,
        plural,
        singular: plural,
        categories: ['constraint', 'constraints'],
      },
      versions: VERSIONS.map(name => ({
        name,
        served: true,
        storage: name === 'v1beta1',
        subresources: { status: {} },
        additionalPrinterColumns: [
          column('ENFORCEMENT-ACTION', '.spec.enforcementAction'),
          column('TOTAL-VIOLATIONS', '.status.totalViolations'),
        ],
        schema: { openAPIV3Schema: template.openAPI },
      })),
    },
  };
}
