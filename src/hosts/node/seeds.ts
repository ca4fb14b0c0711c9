import { type Client, isAlreadyExists, isNotFound, type KubeObject, type ResourceRef } from '../../kernel/index.ts';

/** Creates what is missing; what somebody changed stays as they made it. */
export async function seedObjects(
  client: Client,
  objects: readonly (readonly [ResourceRef, KubeObject])[],
): Promise<void> {
  await Promise.all(
    objects.map(async ([ref, object]) => {
      const { name = '', namespace } = object.metadata;
      try {
        await client.get(ref, { name, ...(namespace ? { namespace } : {}) });
      } catch (error) {
        if (!isNotFound(error)) throw error;
        await client.create(ref, object).catch((again: unknown) => {
          if (!isAlreadyExists(again)) throw again;
        });
      }
    }),
  );
}
