/**
 * The provider of `npm run bench`, in a process of its own: approves every device code at once, and answers a refresh
 * after as many milliseconds as the first argument says. Prints its URL, and serves until it is killed.
 */
export {};

const delay = Number(process.argv[2] ?? 0);
let minted = 0;

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request) {
    if (new URL(request.url).pathname === "/device")
      return Response.json({
        device_code: "device",
        user_code: "AAAA-BBBB",
        verification_uri: "http://127.0.0.1/device",
        expires_in: 60,
        interval: 1,
      });
    const isRefresh = new URLSearchParams(await request.text()).get("grant_type") === "refresh_token";
    if (isRefresh && delay > 0) await Bun.sleep(delay);
    minted++;
    return Response.json({
      access_token: `access-${minted}`,
      refresh_token: `refresh-${minted}`,
      token_type: "bearer",
      // The first one is as good as dead: each caller has to refresh it.
      expires_in: isRefresh ? 3600 : 1,
    });
  },
});
await Bun.write(Bun.stdout, `http://127.0.0.1:${server.port}\n`);
