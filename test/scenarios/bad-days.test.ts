/** Outages of everything that hai stands on. */
import { tellTogether } from '../support/shared-hai.js';
import { azureFaults } from './stories/azure-faults.js';
import { neverStuck } from './stories/never-stuck.js';

// A call that hangs is given up after a second of real time, so that nobody need wait for a hundred.
tellTogether([azureFaults, neverStuck], { settings: { HAI_CALL_DEADLINE_SECONDS: '1' } });
