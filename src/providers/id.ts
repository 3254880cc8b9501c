/** What a provider can be called. By itself in a file: the schema that it is part of loads a library. */
export const PROVIDER_ID = /^[a-z][a-z0-9-]{0,31}$/;
