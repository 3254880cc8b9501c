/** Fetches the address that it is given, with a credential, and prints whether the certificate was accepted. */
const answer = await fetch(process.argv[2] ?? "", { headers: { authorization: "Bearer probe-secret" } }).catch(
  (error: Error & { code?: string }) => error,
);
await Bun.write(Bun.stdout, answer instanceof Response ? `accepted ${await answer.text()}\n` : `${answer.code}\n`);

export {};
