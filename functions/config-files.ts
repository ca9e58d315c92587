/** Reads what operators edit: the model catalog and the guardrails. A mistake in them stops the app with a sentence that says where. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { z } from 'zod';
import { type Catalog, CatalogSchema } from '../shared/model/catalog.js';
import { type Guardrails, GuardrailsSchema } from '../shared/model/guardrails.js';

export const readCatalog = (folder: string): Catalog => readYamlFile(folder, 'model-catalog.yaml', CatalogSchema);
export const readGuardrails = (folder: string): Guardrails => readYamlFile(folder, 'guardrails.yaml', GuardrailsSchema);

/** `config/` beside `host.json`: the compiled code stands one level deeper than the sources. */
export function defaultConfigFolder(): string {
  let folder = __dirname;
  while (!existsSync(path.join(folder, 'host.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error(`No host.json above "${__dirname}"`);
    folder = parent;
  }
  return path.join(folder, 'config');
}

function readYamlFile<Value>(folder: string, name: string, schema: z.ZodType<Value>): Value {
  const parsed = schema.safeParse(parse(readFileSync(path.join(folder, name), 'utf8')));
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`config/${name} is wrong:\n${mistakes.join('\n')}`);
}
