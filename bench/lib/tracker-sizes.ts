/** A classic resolve request, and its answer with one record. */
export const RESOLVE_REQUEST_BYTES = 38
export const RESOLVE_ANSWER_BYTES = 101
