import type { Clock, Random } from '../../../base/index.ts';
import type {
  Client,
  Informer,
  JsonObject,
  KindRef,
  ResourceCatalog,
  ResourceRef,
  Schema,
} from '../../../kernel/index.ts';
import type { KyvernoPorts } from '../../dialects/kyverno/set.ts';
import type { Settings } from '../../dialects/kyverno/settings.ts';

/** What the work beside admission is done with. */
export interface BackgroundOptions {
  /** Acts as the identity that BACKGROUND_USER names. */
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly catalog: ResourceCatalog;
  readonly schemaOf: (kind: KindRef) => Schema | undefined;
  /** A started informer of a collection; asked once each. */
  readonly informer: (ref: ResourceRef) => Informer;
  readonly ports: KyvernoPorts;
  readonly report?: (error: unknown) => void;
}

/** Who generates and changes; its own requests cause no further work. */
export const BACKGROUND_USER = {
  name: 'system:serviceaccount:kyverno:kyverno-background-controller',
  groups: ['system:masters', 'system:serviceaccounts', 'system:serviceaccounts:kyverno', 'system:authenticated'],
};

/** The documents as they stand now, by group and kind. */
export interface Documents {
  of(...kinds: readonly string[]): readonly JsonObject[];
  /** False until the first document was seen. */
  seen(): boolean;
  /** Every document of every kind of the dialect. */
  all(): readonly JsonObject[];
  /** The API server's own policies that ask to be reported on. */
  admission(): readonly JsonObject[];
  /** Bindings of the kind that belongs to such a policy. */
  bindingsOf(policy: JsonObject): readonly JsonObject[];
  /** What Kyverno's controllers are told. */
  settings(): Settings;
  /** Exceptions that count and speak of policies of this API group. */
  exceptionsFor(policy: JsonObject): readonly JsonObject[];
}

/** What every part of the background work shares. */
export interface Background extends BackgroundOptions {
  readonly documents: Documents;
}
