import { describe, expect, test } from "bun:test";
import { plainJson, Secret } from "../../src/platform/secret.ts";

describe("JSON of a secret", () => {
  const held = { token: new Secret("s3cret"), deep: [{ refresh: new Secret("another") }] };

  test("is masked, and in plain only for what is sealed at once", () => {
    expect(JSON.stringify(held)).not.toContain("s3cret");
    expect(JSON.parse(plainJson(held))).toEqual({ token: "s3cret", deep: [{ refresh: "another" }] });
    expect(JSON.stringify(held)).not.toContain("s3cret");
  });

  test("attack: a value that can't be written as JSON leaves no secret in plain after it", () => {
    const circle: Record<string, unknown> = { ...held };
    circle.self = circle;
    expect(() => plainJson(circle)).toThrow();
    expect(() => plainJson({ count: 1n })).toThrow();
    expect(JSON.stringify(held)).not.toMatch(/s3cret|another/);
  });
});
