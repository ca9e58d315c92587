/** Registers every orchestration under its name. */
import * as df from 'durable-functions';
import { PROCESSES } from '../orchestrations/processes.js';

for (const [name, process] of Object.entries(PROCESSES)) df.app.orchestration(name, process);
