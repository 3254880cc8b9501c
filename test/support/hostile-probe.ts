/** Prints what a hostile current folder made of it. */
export {};

await Bun.write(Bun.stdout, `${process.env.HOSTILE ?? "untouched"}\n`);
