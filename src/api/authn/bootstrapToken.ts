import { isNotFound, type Registry } from '../../kernel/index.ts';
import { LOOPBACK } from '../authz/feed.ts';
import type { TokenReader } from './authenticator.ts';

const FORM = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const RECHECK_ms = 10_000;

const text = (value: string | undefined): string =>
  value === undefined ? '' : Buffer.from(value, 'base64').toString('utf8');

/** Compares without telling by its time how much was right. */
function same(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  let different = 0;
  for (let i = 0; i < left.length; i++) different |= left.charCodeAt(i) ^ right.charCodeAt(i);
  return different === 0;
}

/** Bootstrap tokens: secrets `kube-system/bootstrap-token-ID` (Kubernetes, "Authenticating with Bootstrap Tokens"). */
export function bootstrapTokenReader(registry: Registry, now: () => number): TokenReader {
  return {
    read: async token => {
      const match = FORM.exec(token);
      if (!match) return undefined;
      const [, id, secret] = match;
      let data: Record<string, string>;
      try {
        const stored = await registry.get(
          LOOPBACK,
          { group: '', version: 'v1', resource: 'secrets' },
          { namespace: 'kube-system', name: `bootstrap-token-${id}` },
        );
        if (stored.object.type !== 'bootstrap.kubernetes.io/token' || stored.object.metadata.deletionTimestamp)
          return undefined;
        data = (stored.object.data ?? {}) as Record<string, string>;
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
      if (text(data['token-id']) !== id || !same(text(data['token-secret']), secret!)) return undefined;
      if (text(data['usage-bootstrap-authentication']) !== 'true') return undefined;
      const expiration = text(data.expiration);
      if (expiration !== '' && !(Date.parse(expiration) > now())) return undefined;
      const extra = text(data['auth-extra-groups'])
        .split(',')
        .filter(group => GROUP.test(group));
      return {
        user: { name: `system:bootstrap:${id}`, groups: ['system:bootstrappers', ...extra, 'system:authenticated'] },
        audiences: [],
        until_ms: now() + RECHECK_ms,
      };
    },
  };
}
