/**
 * The target of a request as a URL. Whatever starts with a slash is a path, also `//a`, which a URL constructor takes for a
 * host; what cannot be read is the root (RFC 9112 section 3.2). Never throws: targets come from anybody.
 */
export function targetUrl(target: string | undefined): URL {
  const text = target ?? '/';
  return (
    (text.startsWith('/') ? URL.parse(`http://localhost${text}`) : URL.parse(text)) ?? new URL('http://localhost/')
  );
}

/** The parts of a path between its slashes, decoded; undefined where an escape is broken. */
export function pathParts(pathname: string): string[] | undefined {
  try {
    return pathname.split('/').filter(Boolean).map(decodeURIComponent);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
