/** Changes values on their way to and from the place they are kept; `context` is the object's key there. */
export interface ValueTransform {
  /** Collections in which a value was found that the writing provider and key did not make. */
  readonly stale: ReadonlySet<string>;
  /** True for collections whose values are changed. */
  applies(collection: string): boolean;
  seal(collection: string, plain: Uint8Array, context: string): Promise<Uint8Array>;
  /** Throws where no provider can read the value. */
  open(collection: string, stored: Uint8Array, context: string): Promise<Uint8Array>;
}

/** One way of sealing: what it makes begins with its prefix. */
export interface EncryptionProvider {
  /** `k8s:enc:aesgcm:v1:`; empty for plain values. */
  readonly prefix: string;
  seal(plain: Uint8Array, context: string): Promise<Uint8Array>;
  /** `fresh` is false where another key than the writing one made it. */
  open(stored: Uint8Array, context: string): Promise<{ readonly plain: Uint8Array; readonly fresh: boolean }>;
}

/** Providers for the resources a rule names; the first one writes. */
export interface EncryptionRule {
  readonly resources: readonly string[];
  readonly providers: readonly EncryptionProvider[];
}

const encoder = new TextEncoder();

/** `secrets`, `deployments.apps`, `*.apps`, `*.` (core) and `*.*` (apiserver config, ResourceConfiguration.resources). */
function names(pattern: string, collection: string): boolean {
  const slash = collection.indexOf('/');
  const group = slash < 0 ? '' : collection.slice(0, slash);
  const resource = collection.slice(slash + 1);
  if (pattern === '*.*') return true;
  const dot = pattern.indexOf('.');
  const wantedGroup = dot < 0 ? '' : pattern.slice(dot + 1);
  const wanted = dot < 0 ? pattern : pattern.slice(0, dot);
  return wantedGroup === group && (wanted === '*' || wanted === resource);
}

const startsWith = (value: Uint8Array, prefix: Uint8Array): boolean =>
  prefix.length <= value.length && prefix.every((byte, at) => value[at] === byte);

function concat(prefix: Uint8Array, body: Uint8Array): Uint8Array {
  const joined = new Uint8Array(prefix.length + body.length);
  joined.set(prefix);
  joined.set(body, prefix.length);
  return joined;
}

/** Applies the first rule that names a collection: its first provider writes, any of them reads. */
export function ruleTransform(rules: readonly EncryptionRule[]): ValueTransform {
  const known = new Map<string, EncryptionRule | undefined>();
  const stale = new Set<string>();
  const ruleOf = (collection: string): EncryptionRule | undefined => {
    if (!known.has(collection)) {
      known.set(
        collection,
        rules.find(({ resources }) => resources.some(pattern => names(pattern, collection))),
      );
    }
    return known.get(collection);
  };
  return {
    stale,
    applies: collection => ruleOf(collection) !== undefined,
    seal: async (collection, plain, context) => {
      const [writer] = ruleOf(collection)!.providers;
      return concat(encoder.encode(writer!.prefix), await writer!.seal(plain, context));
    },
    open: async (collection, stored, context) => {
      const { providers } = ruleOf(collection)!;
      let problem: Error | undefined;
      for (const [at, provider] of providers.entries()) {
        const prefix = encoder.encode(provider.prefix);
        const isSealed = startsWith(stored, encoder.encode('k8s:enc:'));
        if (provider.prefix === '' ? isSealed : !startsWith(stored, prefix)) continue;
        try {
          const { plain, fresh } = await provider.open(stored.subarray(prefix.length), context);
          if (at > 0 || !fresh) stale.add(collection);
          return plain;
        } catch (error) {
          problem = error as Error;
        }
      }
      throw problem ?? new Error('no provider of the encryption configuration made this value');
    },
  };
}
