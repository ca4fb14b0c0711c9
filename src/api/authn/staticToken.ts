import type { UserInfo } from '../../kernel/index.ts';
import type { TokenReader } from './authenticator.ts';

const DAY_ms = 86_400_000;

/**
 * Tokens that stand in a file: `token,user,uid,"group1,group2"` a line (Kubernetes, "Static token file"). Throws a TypeError
 * that names the line that is none.
 */
export function parseTokenFile(text: string): Map<string, UserInfo> {
  const users = new Map<string, UserInfo>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const match =
      /^\s*("[^"]*"|[^,"]+)\s*,\s*("[^"]*"|[^,"]+)\s*,\s*("[^"]*"|[^,"]*)\s*(?:,\s*("[^"]*"|[^"]*))?\s*$/.exec(line);
    if (!match) throw new TypeError(`line ${index + 1}: expected token,user,uid,"group1,group2"`);
    const [token, name, uid, groups] = match.slice(1).map(field => (field ?? '').replace(/^"|"$/g, '').trim());
    users.set(token!, {
      name: name!,
      ...(uid ? { uid } : {}),
      groups: [...(groups ? groups.split(',').map(group => group.trim()) : []), 'system:authenticated'],
    });
  }
  return users;
}

export function staticTokenReader(users: ReadonlyMap<string, UserInfo>, now: () => number): TokenReader {
  return {
    read: (token, audiences) => {
      const user = users.get(token);
      return user && { user, audiences, until_ms: now() + DAY_ms };
    },
  };
}
