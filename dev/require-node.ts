/** Imported first by every entry point: says in one sentence what is wrong before a missing built-in module says it in ten lines. */
import { requireSupportedNode } from '../local/node-version.js';

requireSupportedNode();
