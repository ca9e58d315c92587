/** What the specs of all kinds share: a full id and an owner, and what is read out of ids. */
import { z } from 'zod';
import { modelNames, teamNames } from '../model/naming.js';

/** ARM ids, vault URLs and `subject/…` ids of hai's own; bounded, and without anything that a URL would have to escape twice. */
const fullId = z.string().regex(/^[A-Za-z0-9/][A-Za-z0-9/:._()-]{1,500}$/);

export const specFields = { id: fullId, owner: z.string().regex(/^(team-|model )[a-z0-9-]{1,60}$/) };

/** Last segment of an id. */
export const nameOf = (id: string): string => id.slice(id.lastIndexOf('/') + 1);

/** The id `segments` segments up: a parent's. */
export const above = (id: string, segments = 2): string => id.split('/').slice(0, -segments).join('/');

/** The slug of a team, or the name of a model, that names everything it holds. */
export const slugOfOwner = (owner: string): string => owner.replace(/^(team-|model )/, '');

/** The names that a team's things have, whatever the platform's settings were when they were made. */
export const teamNamesOf = (owner: string) => teamNames(slugOfOwner(owner), '');

/** The names that a model's things have. */
export const modelNamesOf = (owner: string) => modelNames(slugOfOwner(owner), '');
