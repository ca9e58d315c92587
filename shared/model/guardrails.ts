/** Guardrails (`config/guardrails.yaml`): what a team may ask for without a person looking at it. */
import { z } from 'zod';

const LimitsSchema = z.strictObject({
  tokensPerMinuteMax: z.int().positive(),
  dailyTokenQuotaMax: z.int().positive(),
});

export const GuardrailsSchema = z.strictObject({
  foundry: LimitsSchema,
  kaito: LimitsSchema,
  /** Overrides for single models. */
  models: z.record(z.string(), LimitsSchema.partial()).default({}),
  /** GPU node pools that shared models may hold on the cluster together. */
  gpuPoolsMax: z.int().positive(),
});
export type Guardrails = z.infer<typeof GuardrailsSchema>;

/** The limits that hold for one model. */
export function limitsFor(guardrails: Guardrails, provider: 'foundry' | 'kaito', model: string) {
  return { ...guardrails[provider], ...guardrails.models[model] };
}
