#!/usr/bin/env bash
# After provisioning: installs what ARM cannot in cluster (apply-cluster.sh) and Grafana (import-dashboards.sh), and writes local.settings.json so that `func start` runs
# against the real environment with the developer's own sign-in. Its variables are the outputs of main.bicep; azd sets them.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${HAI_APP_SETTINGS:?Run this through azd, or export the outputs of main.bicep as variables.}"

bicep/scripts/apply-cluster.sh
bicep/scripts/import-dashboards.sh

# The apps act with identities of their own; a person at a desk acts as himself, on the storage emulator, and signs in to nothing.
node --input-type=module <<'JS'
import { writeFileSync } from 'node:fs';

const values = {
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  FUNCTIONS_WORKER_RUNTIME: 'node',
  ...JSON.parse(process.env.HAI_APP_SETTINGS),
  ServiceBusConnection__fullyQualifiedNamespace: process.env.SERVICE_BUS_HOST,
  AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
  HAI_AUTH: 'none',
  HAI_TIER: 'all',
};
const file = { IsEncrypted: false, Values: values, Host: { LocalHttpPort: 7071 } };
writeFileSync('local.settings.json', `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
console.log(`Wrote local.settings.json with ${Object.keys(values).length} settings and no secret: sign in with "az login", then "func start".`);
JS
