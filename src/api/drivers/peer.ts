import type { TLSSocket } from 'node:tls';
import type { UserInfo } from '../../kernel/index.ts';
import type { Connection } from '../serve/exchange.ts';

const listOf = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** Reads the user out of a verified client certificate: CN is the name, each O a group (Kubernetes, "X509 client certificates"). */
function certificateUser(socket: TLSSocket): UserInfo | undefined {
  if (!socket.authorized) return undefined;
  const subject = socket.getPeerCertificate()?.subject as { CN?: string | string[]; O?: string | string[] } | undefined;
  const name = listOf(subject?.CN)[0];
  if (!name) return undefined;
  return { name, groups: [...listOf(subject?.O), 'system:authenticated'] };
}

/** What is known of a connection's other end; a certificate that did not verify counts as none. */
export function connectionOf(socket: TLSSocket): Connection {
  let user: UserInfo | undefined;
  let read = false;
  const remoteAddress = socket.remoteAddress ?? '';
  return {
    remoteAddress,
    // Read on the first request: renegotiation is off, so that the certificate never changes.
    get certificateUser() {
      if (!read) {
        read = true;
        user = certificateUser(socket);
      }
      return user;
    },
  };
}
