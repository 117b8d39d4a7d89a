/** Letters that a reader does not see, and that part what is read as one word: as they stand in a class of a pattern. */
export const UNSEEN = '\\u00ad\\u200b-\\u200d\\u2060\\ufeff'
