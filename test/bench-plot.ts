/** The bench as a picture: one bar a program, on a linear scale, readable on light and dark pages. */
import { cpus } from "node:os";

export interface Bar {
  readonly name: string;
  /** Milliseconds. */
  readonly ms: number;
  readonly ours: boolean;
}

const ROW = 26;
const LABELS = 250;
const WIDTH = 760;
const TOP = 44;

/** @returns an SVG document */
export function plot(bars: readonly Bar[], date: Date): string {
  const longest = Math.max(...bars.map(({ ms }) => ms));
  const scale = (WIDTH - LABELS - 80) / longest;
  const height = TOP + bars.length * ROW + 40;
  const rows = bars.map(({ name, ms, ours }, index) => {
    const y = TOP + index * ROW;
    const width = Math.max(ms * scale, 1).toFixed(1);
    return [
      `  <text x="${LABELS - 10}" y="${y + 14}" text-anchor="end">${escapeXml(name)}</text>`,
      `  <rect class="${ours ? "ours" : "other"}" x="${LABELS}" y="${y}" width="${width}" height="${ROW - 8}" rx="2"/>`,
      `  <text x="${(LABELS + Number(width) + 8).toFixed(1)}" y="${y + 14}">${shown(ms)} ms</text>`,
    ].join("\n");
  });
  const machine = `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${cpus().length} cores, ${process.platform}-${process.arch}`;
  const day = date.toISOString().slice(0, 10);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="How long a token takes">
  <style>
    text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1f2328; }
    .title { font-weight: 600; font-size: 15px; }
    .small { font-size: 11px; }
    .ours { fill: #1a7f37; }
    .other { fill: #8c959f; }
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .ours { fill: #3fb950; } .other { fill: #6e7681; } }
  </style>
  <text class="title" x="10" y="22">From start to exit, median (shorter is better)</text>
${rows.join("\n")}
  <text class="small" x="10" y="${height - 12}">${escapeXml(`npm run bench, ${day}: ${machine}`)}</text>
</svg>
`;
}

function shown(ms: number): string {
  return ms < 100 ? ms.toFixed(1) : ms.toFixed(0);
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
