import type { KubeObject } from '../../kernel/index.ts';

/** `redacted` in base64: a Secret stays a valid Secret. */
const REDACTED = Buffer.from('redacted').toString('base64');
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** An object as a document: without what only its server needs, and without secret values. */
export function documentOf(object: KubeObject): KubeObject {
  const { managedFields: _fields, resourceVersion: _version, selfLink: _link, ...metadata } = object.metadata;
  const document: KubeObject = { ...object, metadata };
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1') return document;
  if (metadata.annotations) {
    const { [LAST_APPLIED]: _applied, ...annotations } = metadata.annotations;
    document.metadata = { ...metadata, annotations };
  }
  const names = Object.keys((object.data as Record<string, string> | undefined) ?? {});
  delete document.stringData;
  if (names.length > 0) document.data = Object.fromEntries(names.map(name => [name, REDACTED]));
  return document;
}
