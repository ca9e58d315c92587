/** The project's connection to one API of the gateway: where it is, which models it offers, and the team's key, which nobody can read back. */
import { z } from 'zod';
import { busy, QUICK, REMOVAL } from '../model/outcome.js';
import { foundryProject } from './foundry-project.js';
import { above, nameOf, specFields, teamNamesOf } from './names.js';
import { resource, written } from './resource.js';

const ModelSchema = z.object({ name: z.string(), version: z.string(), format: z.string() });

export const foundryConnection = resource({
  kind: 'foundry-connection',
  spec: z.object({
    ...specFields,
    target: z.url(),
    models: z.array(ModelSchema),
    secret: specFields.id,
    keyGeneration: z.int(),
  }),
  belongs: ({ id, owner, secret }) =>
    nameOf(above(id, 4)) === teamNamesOf(owner).foundryAccount && nameOf(secret) === teamNamesOf(owner).secret,
  title: ({ id }) => `Connect the project to the gateway (${nameOf(id)})`,
  parent: ({ id }) => ({ kind: foundryProject.kind, id: above(id) }),
  wanted: ({ target, models }) => ({ target, metadata: metadataOf(models) }),
  async read({ id, owner }, { foundry }) {
    const found = await foundry.readConnection(id);
    return found && { body: found, owner };
  },
  /** The key as the vault has it; it never leaves this function. */
  async write({ id, target, models, secret }, found, { foundry, keyVault }) {
    const key = await keyVault.readSecretValue(secret);
    if (!key) return busy('SecretNotFound');
    await foundry.writeConnection(id, { target, metadata: { ...found?.body.metadata, ...metadataOf(models) } }, key);
    return written;
  },
  remove: ({ id }, _found, { foundry }) => foundry.deleteConnection(id),
  compares: { create: false, write: false, remove: false },
  patience: QUICK,
  removal: REMOVAL,
  armWrites: 1,
});

/** A static list in the shape of Foundry's connection objects; the model travels in the body, not in the path. */
const metadataOf = (models: z.infer<typeof ModelSchema>[]): Record<string, string> => ({
  deploymentInPath: 'false',
  models: JSON.stringify(
    models.map(({ name, version, format }) => ({ name, properties: { model: { name, version, format } } })),
  ),
});
