/** A file of application default credentials, which a variable names (AIP-4117). */
import { usage } from "../../platform/errors.ts";
import { joined } from "../../platform/places.ts";
import { requireConnection } from "../needs.ts";
import { helperWords, plainLine } from "../program.ts";
import type { Tool } from "../tool.ts";

const HINT =
  "For example: --audience //iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/it";

export default {
  async plan(call) {
    const connection = requireConnection(call, "adc");
    const { audience } = call;
    if (audience === null) throw usage("It isn't said by what the token is taken.", HINT);
    const path = joined(call, call.files, `adc-${connection.replace(/[^\w.-]+/g, "-")}.json`);
    const kind = call.rest.includes("--id-token") ? "id_token" : "jwt";
    const document = {
      type: "external_account",
      audience,
      subject_token_type: `urn:ietf:params:oauth:token-type:${kind}`,
      token_url: "https://sts.googleapis.com/v1/token",
      credential_source: {
        executable: { command: plainLine(helperWords(call, "adc"), "This program"), timeout_millis: 30_000 },
      },
    };
    const text = `${JSON.stringify(document, null, 2)}\n`;
    return {
      wanted: [{ name: connection, path, change: { kind: "whole", text, mode: 0o600 } }],
      notes: [
        `The libraries read it by: GOOGLE_APPLICATION_CREDENTIALS=${path}`,
        "They run it where GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1 is set.",
      ],
    };
  },
} satisfies Tool;
