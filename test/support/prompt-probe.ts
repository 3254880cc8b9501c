/** Asks what its first argument says, and prints the answer as JSON on standard output. */
import { asAuthError, EXIT_CODES } from "../../src/cli/exit.ts";
import { choose } from "../../src/platform/menu.ts";
import { askSecret, askText, confirm } from "../../src/platform/prompt.ts";
import { secretFromStdin } from "../../src/platform/stdin.ts";

const CHOICES = [
  { label: "One", value: "1" },
  { label: "Two", value: "2" },
];
const questions: Readonly<Record<string, () => Promise<unknown>>> = {
  secret: async () => (await askSecret("Token: ", process.env)).reveal(),
  text: () => askText("Name", process.env, "default"),
  confirm: () => confirm("Really?"),
  choose: () => choose("Which?", CHOICES, process.env),
  stdin: async () => (await secretFromStdin("token")).reveal(),
};

try {
  const answer = await questions[process.argv[2] ?? ""]?.();
  await Bun.write(Bun.stdout, `answer: ${JSON.stringify(answer)}\n`);
  process.exit(0);
} catch (error) {
  const { code, message } = asAuthError(error);
  await Bun.write(Bun.stderr, `${code}: ${message}\n`);
  process.exit(EXIT_CODES[code]);
}
