/** The built-in Azure roles that hai assigns, by id: names have changed, ids have not. */
export const ROLES = {
  /** Was "Azure AI User": reads the project and uses all its data actions. */
  foundryUser: '53ca6127-db72-4b80-b1b0-d745d6d5456d',
  reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6',
} as const;
