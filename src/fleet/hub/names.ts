import { MOST_BATCH_BYTES } from '../../schema/words.ts';

/** The stream of batches; each host publishes to `SUBJECT.WORD`. */
export const STREAM = 'tscope-fleet';
export const SUBJECT = 'tscope.fleet.batch';
/** Messages that could not be read, with their reason. */
export const REFUSED_STREAM = 'tscope-fleet-refused';
export const REFUSED_SUBJECT = 'tscope.fleet.refused';
/** The consumer that collectors share. */
export const CONSUMER = 'collect';
/** The registry of hosts: who they are, under the word that they publish as. */
export const REGISTRY = 'tscope-hosts';

/** What a stream of ours says of itself; one of this name that says something else is somebody else's. */
export const DESCRIPTION = 'tscope fleet';
export const isOurs = ({ description }: { readonly description?: string }): boolean =>
  description?.startsWith(DESCRIPTION) === true;

/** A message with its headers: their names, the message id, the stream expected. */
export const MOST_MESSAGE_BYTES = MOST_BATCH_BYTES + 1_024;

export const subjectOf = (word: string): string => `${SUBJECT}.${word}`;
export const registryKey = (word: string): string => `$KV.${REGISTRY}.${word}`;
/** Where answers to this client come: no other host may listen there. */
export const inboxOf = (word: string): string => `_INBOX_${word}`;
