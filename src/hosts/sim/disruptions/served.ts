/** Disruptions as API objects of a run: creating one disrupts, its status tells, deleting it heals. */
import { FaultError, reportFault } from '../../../base/index.ts';
import {
  CRD_REF,
  isAlreadyExists,
  type Json,
  type JsonObject,
  type KubeObject,
  type ResourceRef,
} from '../../../kernel/index.ts';
import type { Commit, Disruption } from '../model.ts';
import type { Simulation } from '../simulation.ts';
import { settingsOf } from '../scenario/disrupt.ts';
import { readDuration } from '../scenario/units.ts';
import { DISRUPTION_KINDS } from './kinds.ts';

export const DISRUPTIONS: ResourceRef = { group: 'tenon.dev', version: 'v1', resource: 'disruptions' };
const COLLECTION = 'tenon.dev/disruptions';

export const isDisruptionObject = ({ apiVersion, kind }: { apiVersion: string; kind: string }): boolean =>
  apiVersion === 'tenon.dev/v1' && kind === 'Disruption';

/** The kind's definition: what every kind of disruption has is checked by the API, its settings when it begins. */
const DEFINITION = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'disruptions.tenon.dev' },
  spec: {
    group: 'tenon.dev',
    scope: 'Cluster',
    names: { plural: 'disruptions', singular: 'disruption', kind: 'Disruption', listKind: 'DisruptionList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Kind', type: 'string', jsonPath: '.spec.kind' },
          { name: 'Target', type: 'string', jsonPath: '.spec.target' },
          { name: 'State', type: 'string', jsonPath: '.status.state' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            required: ['spec'],
            properties: {
              spec: {
                type: 'object',
                required: ['kind'],
                'x-kubernetes-preserve-unknown-fields': true,
                properties: {
                  kind: { type: 'string', enum: [...DISRUPTION_KINDS.keys()] },
                  target: { type: 'string' },
                  for: { type: 'string' },
                },
              },
              status: {
                type: 'object',
                properties: { state: { type: 'string' }, message: { type: 'string' } },
              },
            },
          },
        },
      },
    ],
  },
};

interface Served extends KubeObject {
  spec: JsonObject & { kind: string; target?: string; for?: string };
}

/** What the object asks for. A duration that is none is left to the check as not a time. */
function disruptionOf({ metadata: { name = '' }, spec }: Served, at_ms: number): Disruption {
  const { kind, target, for: lasting, ...settings } = spec;
  const for_ms = lasting === undefined ? undefined : (readDuration(lasting as Json) ?? -1);
  return {
    name,
    kind,
    at_ms,
    ...(target === undefined ? {} : { target }),
    ...(for_ms === undefined ? {} : { for_ms }),
    settings: settingsOf(kind, settings as Readonly<Record<string, Json>>),
  };
}

export interface ServeOptions {
  readonly simulation: Simulation;
  /** Throws a Fault where it cannot be. */
  readonly begin: (disruption: Disruption) => void;
  readonly heal: (name: string) => void;
}

/** Serves the kind from now on; resolves when it is. */
export async function serveDisruptions({ simulation, begin, heal }: ServeOptions): Promise<void> {
  const client = simulation.client('disruptions', 'world');
  const tell = (name: string, state: string, message = ''): void => {
    const patch = { status: { state, message } };
    void client
      .patch(DISRUPTIONS, { name }, { type: 'merge', patch }, { subresource: 'status' })
      .catch(() => undefined);
  };
  const created = (object: Served): void => {
    const disruption = disruptionOf(object, simulation.t);
    try {
      begin(disruption);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      return tell(disruption.name, 'Refused', reportFault(error.fault, 'en').message);
    }
    tell(disruption.name, 'Active');
  };
  simulation.observers.push({
    commit: ({ collection, path, object, before }: Commit) => {
      if (collection !== COLLECTION || (object && before)) return;
      // Outside the commit: what a disruption does may be a commit itself, or the end of the server.
      simulation.at(simulation.t, () => (object ? created(object as Served) : heal(path)));
    },
    disrupted: ({ name }, active, t) => {
      if (!active) simulation.at(t, () => tell(name, 'Over'));
    },
  });
  await client.create<KubeObject>(CRD_REF, DEFINITION as unknown as KubeObject).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}
