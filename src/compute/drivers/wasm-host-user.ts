import koffi from 'koffi';

const PR_SET_KEEPCAPS = 8;
const PR_SET_NO_NEW_PRIVS = 38;
/** capabilities(7): binding ports below 1024, the one thing servers of pods need beyond a plain user. */
const CAP_NET_BIND_SERVICE = 10;
const CAPABILITY_VERSION_3 = 0x20080522;

/** Gives up root for good, but for low ports. */
export function becomeNobody(id: number): void {
  const libc = koffi.load('libc.so.6');
  const prctl = libc.func('int prctl(int op, ulong a, ulong b, ulong c, ulong d)');
  const capset = libc.func('int capset(const void *header, const void *data)');
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  process.setgroups!([]);
  process.setgid!(id);
  process.setuid!(id);
  const header = Buffer.alloc(8);
  header.writeUInt32LE(CAPABILITY_VERSION_3, 0);
  // Effective, permitted, inheritable of the lower 32, then of the upper (capset(2)).
  const data = Buffer.alloc(24);
  data.writeUInt32LE(1 << CAP_NET_BIND_SERVICE, 0);
  data.writeUInt32LE(1 << CAP_NET_BIND_SERVICE, 4);
  // Where root never had that one, none is kept.
  if (capset(header, data) !== 0) capset(header, Buffer.alloc(24));
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}
