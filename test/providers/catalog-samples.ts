/** What a connection must say at least, for each manifest of the catalogue that has a required setting. */
export const SAMPLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  dockerhub: { username: "moby" },
  grafana: { host: "example.grafana.net" },
  planetscale: { tokenId: "abcdef123456" },
  scaleway: { accessKey: "SCWXXXXXXXXXXXXXXXXX" },
  trello: { apiKey: "0123456789abcdef0123456789abcdef" },
  twilio: { accountSid: `AC${"0123456789abcdef".repeat(2)}` },
};
