/** The model catalog (`config/model-catalog.yaml`): which models exist, which are offered, and what it takes to run them. */
import { z } from 'zod';
import { DNS_LABEL, MODEL_NAME } from './naming.js';

const FoundryModelSchema = z
  .strictObject({
    name: z.string().regex(MODEL_NAME),
    enabled: z.boolean(),
    /** Version and format that the connection's static model list names. */
    version: z.string().min(1),
    format: z.string().min(1).default('OpenAI'),
  })
  .meta({ id: 'FoundryModel' });

const KaitoModelSchema = z
  .strictObject({
    name: z.string().regex(DNS_LABEL),
    enabled: z.boolean(),
    /** Preset of the KAITO Workspace; aliases have moved between releases, so it is spelled out. */
    preset: z.string().min(1),
    /** Model name that the inference server answers to; read back from `GET /v1/models` at deployment. */
    servedName: z.string().min(1),
    /** Names of other KAITO releases, which count as well. */
    formerServedNames: z.array(z.string().min(1)).default([]),
    instanceType: z.string().regex(/^Standard_[A-Za-z0-9_]+$/),
    /** Private address of the model's load balancer, in subnet `models`. */
    staticAddress: z.ipv4(),
  })
  .meta({ id: 'KaitoModel' });

export const CatalogSchema = z
  .strictObject({
    foundry: z.array(FoundryModelSchema),
    kaito: z.array(KaitoModelSchema),
  })
  .superRefine((catalog, context) => {
    const report = (message: string, path: (string | number)[]) => context.addIssue({ code: 'custom', message, path });
    for (const provider of ['foundry', 'kaito'] as const)
      forEachRepeated(
        catalog[provider].map((model) => model.name),
        (index, name) => report(`The name "${name}" stands twice`, [provider, index, 'name']),
      );
    forEachRepeated(
      catalog.kaito.map((model) => model.staticAddress),
      (index, address) => report(`The address ${address} is given twice`, ['kaito', index, 'staticAddress']),
    );
  });

export type Catalog = z.infer<typeof CatalogSchema>;

export type KaitoModel = z.infer<typeof KaitoModelSchema>;

function forEachRepeated(values: string[], visit: (index: number, value: string) => void): void {
  values.forEach((value, index) => {
    if (values.indexOf(value) !== index) visit(index, value);
  });
}
