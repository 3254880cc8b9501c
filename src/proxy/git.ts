/**
 * What git clones and fetches with: a POST, whose body says what it has already, and which changes nothing (Git's HTTP
 * protocol, "Smart Service git-upload-pack"). To push is `git-receive-pack`.
 */
export function isGitFetch(asked: {
  readonly method: string;
  readonly target: string;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, unknown>>;
}): boolean {
  const { method, target, headers } = asked;
  return (
    method === "POST" &&
    /^[^?#]*\/git-upload-pack$/.test(target) &&
    headers["content-type"] === "application/x-git-upload-pack-request"
  );
}
