/**
 * Attributes that hold URLs, by element (HTML 4.01 and HTML5, as kube-apiserver's proxy rewrites them), so that pages behind
 * `/proxy` link to pages behind `/proxy`.
 */
const URL_ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'formaction', 'usemap'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

/** Elements whose content is text, not tags. */
const RAW_TEXT: ReadonlySet<string> = new Set(['script', 'style', 'textarea', 'title', 'xmp', 'iframe', 'noscript']);

/** Where the page comes from, and the path it is shown under. */
export interface Shown {
  readonly host: string;
  /** `/api/v1/namespaces/n/pods/p/proxy`. */
  readonly prefix: string;
}

/** An absolute path of the same host moves below the prefix; other hosts and relative paths stay. */
export function shownUrl(url: string, { host, prefix }: Shown): string {
  const [, authority, path = ''] = /^(?:(?:https?:)?\/\/([^/?#]*))?([^]*)$/i.exec(url) ?? [];
  if (authority !== undefined && authority !== '' && authority !== host) return url;
  if (!path.startsWith('/') || (path.startsWith('//') && authority === undefined)) return url;
  const rest = authority === undefined ? url : path;
  return rest === prefix || rest.startsWith(`${prefix}/`) ? rest : `${prefix}${rest}`;
}

const NAME = /^<([a-z][a-z0-9]*)/i;
const SPACE = /[\s/]*/y;
const ATTRIBUTE_NAME = /[^\s"'>/=]+/y;
const EQUALS = /\s*=\s*/y;
const BARE = /[^\s"'>]+/y;

/** Matches at one place; moves nothing. */
function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** Reads attributes one after the other, each character once: a hostile tag may be as long as the page. */
function shownTag(tag: string, shown: Shown): string {
  const name = NAME.exec(tag)?.[1]?.toLowerCase() ?? '';
  const wanted = Object.hasOwn(URL_ATTRIBUTES, name) ? URL_ATTRIBUTES[name]! : [];
  if (wanted.length === 0) return tag;
  const out: string[] = [];
  let kept = 0;
  for (let at = 1 + name.length; at < tag.length; ) {
    at += matchAt(SPACE, tag, at)?.length ?? 0;
    const attribute = matchAt(ATTRIBUTE_NAME, tag, at);
    if (attribute === undefined) {
      at++;
      continue;
    }
    at += attribute.length;
    const equals = matchAt(EQUALS, tag, at);
    if (equals === undefined) continue;
    at += equals.length;
    const quote = tag[at] === '"' || tag[at] === "'" ? tag[at]! : '';
    const end = quote ? tag.indexOf(quote, at + 1) : at + (matchAt(BARE, tag, at)?.length ?? 0);
    if (end < 0) break;
    const url = tag.slice(at + quote.length, end);
    const next = wanted.includes(attribute.toLowerCase()) ? shownUrl(url, shown) : url;
    if (next !== url) {
      out.push(tag.slice(kept, at), quote || '"', next, quote || '"');
      kept = end + quote.length;
    }
    at = end + quote.length;
  }
  return out.length === 0 ? tag : `${out.join('')}${tag.slice(kept)}`;
}

/** The end of a tag that starts at `from`: the first `>` outside quotes. */
function tagEnd(html: string, from: number): number {
  let quote = '';
  for (let at = from + 1; at < html.length; at++) {
    const character = html[at]!;
    if (quote) {
      if (character === quote) quote = '';
    } else if (character === '>') return at + 1;
    else if ((character === '"' || character === "'") && html[at - 1] === '=') quote = character;
  }
  return html.length;
}

/** A page with its links moved below the prefix; everything that is no link stays byte for byte. One pass over the text. */
export function shownHtml(html: string, shown: Shown): string {
  const out: string[] = [];
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    if (open < 0) break;
    out.push(html.slice(at, open));
    if (html.startsWith('<!--', open)) {
      const end = html.indexOf('-->', open + 4);
      at = end < 0 ? html.length : end + 3;
      out.push(html.slice(open, at));
      continue;
    }
    at = tagEnd(html, open);
    const tag = html.slice(open, at);
    out.push(shownTag(tag, shown));
    const name = NAME.exec(tag)?.[1]?.toLowerCase() ?? '';
    if (!RAW_TEXT.has(name) || tag.endsWith('/>')) continue;
    const close = new RegExp(`</${name}`, 'gi');
    close.lastIndex = at;
    const end = close.exec(html)?.index ?? html.length;
    out.push(html.slice(at, end));
    at = end;
  }
  out.push(html.slice(at));
  return out.join('');
}
