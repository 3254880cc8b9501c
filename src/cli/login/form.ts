/** `login --web`: a one-shot form in a browser asks for what a login lacks, so that no terminal is needed. */
import type { MissingClient } from "../../connections/login/missing-client.ts";
import type { LoginRequest } from "../../connections/login/request.ts";
import type { Answers } from "../../oauth/form.ts";
import type { Field, FormPage } from "../../oauth/form-page.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Secret } from "../../platform/secret.ts";
import type { Cli } from "../context.ts";
import { sshLine } from "./far-browser.ts";

export interface AskByForm {
  /** A client id, its secret, a key. */
  missing(missing: MissingClient, request: LoginRequest): Promise<Partial<LoginRequest>>;
  /** A token or API key. @param create the page on which to make one */
  token(title: string, create: string | null): Promise<Secret | null>;
}

export interface FormDisplay {
  /** Open the browser. */
  readonly browser: boolean;
  readonly port: number | null;
  /** Milliseconds. */
  readonly timeout: number | null;
}

export function askByForm(cli: Cli, how: FormDisplay): AskByForm {
  return {
    async missing({ title, lacks, id, mayHaveSecret, steps }, request) {
      const fields: Field[] = [];
      if (lacks.includes("id")) fields.push({ name: "client_id", label: "Client id", kind: "text", required: true });
      if (lacks.includes("key"))
        fields.push({ name: "key", label: "Private key or key file", kind: "key", required: true });
      const needed = lacks.includes("secret");
      if (request.clientSecret === null && (needed || (mayHaveSecret && !lacks.includes("key"))))
        fields.push({ name: "client_secret", label: "Client secret", kind: "secret", required: needed });
      const text = `The login to ${title} needs this to go on.`;
      const answers = await showForm(cli, how, { title: `Log in to ${title}`, text, steps, fields });
      const key = answers.get("key");
      return {
        clientId: answers.get("client_id")?.reveal() ?? id ?? request.clientId,
        clientSecret: answers.get("client_secret") ?? request.clientSecret,
        ...(key !== undefined && { credential: { ...request.credential, key } }),
      };
    },
    async token(title, create) {
      const fields: Field[] = [{ name: "token", label: "Token or API key", kind: "secret", required: true }];
      const steps = create === null ? [] : [`Make one: ${create}`];
      const text = "It is kept sealed on this machine, and handed to the programs that you run.";
      return (await showForm(cli, how, { title: `A token for ${title}`, text, steps, fields })).get("token") ?? null;
    },
  };
}

async function showForm(cli: Cli, { browser, port, timeout }: FormDisplay, page: FormPage): Promise<Answers> {
  const { env } = cli.context;
  const { openForm } = await import("../../oauth/form.ts");
  const form = openForm({ page, port, timeout: timeout ?? LIMITS.browserLogin });
  try {
    if (cli.output.isJson) await cli.output.event({ event: "form", url: form.url });
    else {
      cli.output.notice(["Fill in this form to go on:", "", `  ${form.url}`, ""]);
      const forward = sshLine(env, form.url);
      if (forward !== null) cli.output.notice(forward.split("\n"));
      await cli.output.done();
      const { canOpenBrowser, openBrowser } = await import("../../platform/browser.ts");
      if (browser && canOpenBrowser(env)) openBrowser(form.url, env);
    }
    return await form.answers;
  } finally {
    form.close();
  }
}
