import type { TLSSocket } from 'node:tls';
import type { UserInfo } from '../../kernel/index.ts';
import type { Connection } from '../serve/exchange.ts';

const listOf = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

interface Shown {
  readonly user: UserInfo | undefined;
  readonly rejected: boolean;
}

const NOTHING: Shown = { user: undefined, rejected: false };

/** Reads the user out of a client certificate: CN is the name, each O a group (Kubernetes, "X509 client certificates"). */
function shownBy(socket: TLSSocket): Shown {
  const certificate = socket.getPeerCertificate() as
    | { subject?: { CN?: string | string[]; O?: string | string[] } }
    | undefined;
  if (!certificate || Object.keys(certificate).length === 0) return NOTHING;
  const name = listOf(certificate.subject?.CN)[0];
  if (!socket.authorized || !name) return { user: undefined, rejected: true };
  return { user: { name, groups: [...listOf(certificate.subject?.O), 'system:authenticated'] }, rejected: false };
}

/** What is known of a connection's other end. */
export function connectionOf(socket: TLSSocket): Connection {
  let shown: Shown | undefined;
  const remoteAddress = socket.remoteAddress ?? '';
  // Read on the first request: renegotiation is off, so that the certificate never changes.
  return {
    remoteAddress,
    get certificateUser() {
      return (shown ??= shownBy(socket)).user;
    },
    get certificateRejected() {
      return (shown ??= shownBy(socket)).rejected;
    },
  };
}
