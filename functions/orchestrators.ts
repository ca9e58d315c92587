/** Registers every orchestration under its name. */
import * as df from 'durable-functions';
import { ORCHESTRATIONS } from '../orchestrations/index.js';

for (const [name, process] of Object.entries(ORCHESTRATIONS)) df.app.orchestration(name, process);
