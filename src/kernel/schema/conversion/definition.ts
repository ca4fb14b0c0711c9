import type { KindRef, KubeObject } from '../../object.ts';

/** Fields a v1beta1 definition may say once for all its versions (apiextensions v1beta1, CustomResourceDefinitionSpec). */
const COMMON = ['subresources', 'additionalPrinterColumns', 'selectableFields'] as const;

type Fields = Record<string, unknown>;

/** A JSON path is spelt `JSONPath` in v1beta1. */
const column = ({ JSONPath, ...rest }: Fields): Fields => ({
  ...rest,
  ...(JSONPath === undefined ? {} : { jsonPath: JSONPath }),
});

function versionsOf(spec: Fields): Fields[] {
  const versions = (spec.versions as Fields[] | undefined) ?? [{ name: spec.version, served: true, storage: true }];
  return versions.map(version => {
    const merged: Fields = { ...version };
    for (const name of COMMON) merged[name] ??= spec[name];
    merged.schema ??= spec.validation;
    if (Array.isArray(merged.additionalPrinterColumns)) {
      merged.additionalPrinterColumns = (merged.additionalPrinterColumns as Fields[]).map(column);
    }
    return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
  });
}

function conversionOf(conversion: Fields): Fields {
  const { webhookClientConfig: clientConfig, conversionReviewVersions, ...rest } = conversion;
  if (rest.strategy !== 'Webhook') return rest;
  return { ...rest, webhook: { ...(clientConfig ? { clientConfig } : {}), conversionReviewVersions } };
}

/** A CustomResourceDefinition as kube-apiserver stores it, v1beta1 inside, as the served v1. */
export function convertDefinition(object: KubeObject, to: KindRef): KubeObject {
  const apiVersion = `${to.group}/${to.version}`;
  if (!object.apiVersion.endsWith('/v1beta1')) return { ...object, apiVersion };
  const { version: _version, validation: _validation, ...spec } = object.spec as Fields;
  const kept = Object.fromEntries(
    Object.entries(spec).filter(([name]) => !(COMMON as readonly string[]).includes(name)),
  );
  if (kept.preserveUnknownFields === false) delete kept.preserveUnknownFields;
  const conversion = kept.conversion ? { conversion: conversionOf(kept.conversion as Fields) } : {};
  return { ...object, apiVersion, spec: { ...kept, ...conversion, versions: versionsOf(object.spec as Fields) } };
}
