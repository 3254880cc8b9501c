import { defineProvider } from "auth/provider";

/** Any static key: `auth login apikey:openai --token - --env OPENAI_API_KEY --pattern 'sk-.*'`. */
export default defineProvider({
  id: "apikey",
  title: "API key",
  aliases: ["api-key"],
  quirks: [
    "Any name will do: apikey:openai, apikey:stripe-test.",
    "A key never refreshes, and it isn't asked whose it is: 'auth login apikey:<name> --token -' replaces it.",
    "With --pattern a key that was cut off on the way is refused at once.",
    "Without --env, programs get it as APIKEY_TOKEN: name a variable where there are several.",
  ],
  settings: {
    env: { title: "The variable that programs read the key from", kind: "variable" },
    header: {
      title: "The header that carries the key, with {token} in its place",
      kind: "header",
      default: "Authorization: Bearer {token}",
    },
    pattern: { title: "What a key looks like, as a pattern", kind: "pattern" },
  },
  environment: { write: { "{env}": "{token}" } },
  header: "{header}",
  apiKey: { pattern: "{pattern}" },
  flows: ["token"],
});
