/** Letters five rows high, drawn with half blocks: a device code that is read across a room. */

/** Five rows of five dots each, a row as one digit to base 32 (bit 4 is the leftmost dot). */
const GLYPHS: Readonly<Record<string, string>> = {
  A: "ehvhh",
  B: "uhuhu",
  C: "fgggf",
  D: "uhhhu",
  E: "vgugv",
  F: "vgugg",
  G: "fgjhf",
  H: "hhvhh",
  I: "e444e",
  J: "7222s",
  K: "hjsih",
  L: "ggggv",
  M: "hrlhh",
  N: "hpljh",
  O: "ehhhe",
  P: "uhugg",
  Q: "ehlid",
  R: "uhuih",
  S: "fge1u",
  T: "v4444",
  U: "hhhhe",
  V: "hhha4",
  W: "hhlrh",
  X: "ha4ah",
  Y: "ha444",
  Z: "v248v",
  0: "ejlpe",
  1: "4c44e",
  2: "eh24v",
  3: "u1e1u",
  4: "6aiv2",
  5: "vgu1u",
  6: "eguhe",
  7: "v2488",
  8: "ehehe",
  9: "ehf1e",
  "-": "00e00",
};

export function isDrawable(text: string): boolean {
  return text !== "" && [...text].every((letter) => letter in GLYPHS);
}

/** Three lines: two rows of dots in each. */
export function largeText(text: string): string[] {
  const lines = ["", "", ""];
  for (const letter of text) {
    const rows = [...(GLYPHS[letter] ?? ""), "0"].map((digit) => Number.parseInt(digit, 32));
    for (let line = 0; line < lines.length; line++) {
      const upper = rows[line * 2] ?? 0;
      const lower = rows[line * 2 + 1] ?? 0;
      for (let dot = 16; dot > 0; dot >>= 1)
        lines[line] += upper & dot ? (lower & dot ? "█" : "▀") : lower & dot ? "▄" : " ";
      lines[line] += " ";
    }
  }
  return lines.map((line) => line.trimEnd());
}
