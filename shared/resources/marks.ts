/** How hai marks what it makes where a service has no tags: a fixed sentence at the end of a description. */

/** `text`, with the mark of the subject that holds the thing. */
export const marked = (text: string, owner: string): string => `${text} Kept by hai for ${owner}.`;

/** The subject that a description's mark names; undefined when it carries none. */
export const ownerIn = (description: string): string | undefined =>
  /Kept by hai for ((?:team-|model )[a-z0-9-]+)\.$/.exec(description)?.[1];
