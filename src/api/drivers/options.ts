import type { Clock, Random } from '../../base/index.ts';
import type { Registry, ResourceCatalog, UserInfo } from '../../kernel/index.ts';
import type { AuditPolicy } from '../audit/policy.ts';
import type { Authentication } from '../authn/configuration.ts';
import type { TokenSigner } from '../authn/serviceAccount.ts';
import type { RoleGuard } from '../authz/guard.ts';
import type { ComputedResource } from '../serve/computed.ts';
import type { HealthCheck, LogEntry, OpenApiDocuments } from '../serve/services.ts';
import type { Pki } from './pki.ts';

/** What the API server needs from its host. */
export interface ApiOptions {
  readonly registry: Registry;
  readonly catalog: ResourceCatalog;
  readonly clock: Clock;
  readonly random: Random;
  /** Folder for certificates and the kubeconfig. */
  readonly state: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Loopback unless told. */
  readonly host?: string;
  /** More addresses and names the server certificate covers. */
  readonly addresses?: readonly string[];
  readonly names?: readonly string[];
  /** Several servers on one store: given this server's authorities and token key, answers those all of them use. */
  readonly agree?: (mine: string) => Promise<string>;
  /** Moves whenever the catalogue changes. */
  readonly catalogGeneration?: () => number;
  readonly openapi?: OpenApiDocuments;
  readonly health?: ReadonlyMap<string, HealthCheck>;
  readonly log?: (entry: LogEntry) => void;
  /** Collections that are computed when asked for, beside those of the catalogue. */
  readonly computed?: readonly ComputedResource[];
  /** The guard whose step the kernel's admission chain holds. */
  readonly guard?: RoleGuard;
  /** Static bearer tokens. */
  readonly tokens?: ReadonlyMap<string, UserInfo>;
  /** Issuers of ID tokens, and whether anybody may ask without a credential. */
  readonly authentication?: Authentication;
  /** `iss` of service-account tokens. */
  readonly issuer?: string;
  /** The audit policy and the file its events go to. */
  readonly audit?: { readonly policy: AuditPolicy; readonly file: string };
}

/** A running API server; disposing drains it. */
export interface RunningApi extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly kubeconfig: string;
  readonly pki: Pki;
  /** Signs service-account tokens, for the controller that fills token secrets. */
  readonly signer: TokenSigner;
  /** Looks at the certificates' age and renews what is worn out; open connections go on. True when something changed. */
  rotate(): Promise<boolean>;
  /** Answers at one more address of this machine, at the same port; one that certificates do not name yet needs `addresses`. */
  listenAlso(host: string): Promise<void>;
}
