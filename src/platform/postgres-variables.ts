/** Bun's PostgreSQL client sends the server what PGOPTIONS has for other programs, and can't be told not to. */

/** Programs that are started get it all the same: theirs is the environment as it was. */
export function withholdPostgresOptions(): void {
  delete process.env.PGOPTIONS;
}
