/** Names and marks of the objects that make up a shared model on the cluster. */

/** Label of the agent pools that the KAITO add-on makes. */
export const KAITO_POOL_LABEL = 'kaito.sh/workspace';

export const workspaceNameOf = (model: string): string => `workspace-${model}`;

const MANAGED_BY = 'app.kubernetes.io/managed-by';
const MODEL_LABEL = 'app.kubernetes.io/instance';

/** Labels that say whose an object is. `owner` is `model <name>`; label values hold no spaces. */
export const ownerLabels = (owner: string): Record<string, string> => ({
  [MANAGED_BY]: 'hai',
  [MODEL_LABEL]: owner.slice('model '.length),
});

export const ownerOfLabels = (labels: Record<string, string>): string | undefined =>
  labels[MANAGED_BY] === 'hai' && labels[MODEL_LABEL] ? `model ${labels[MODEL_LABEL]}` : undefined;
